"""The state machine with its memory: what planner and odometry say goes in, orders come out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from go2_bridge.recovery.config import RecoveryConfig
from go2_bridge.recovery.last_seen import LastSeen, moved_on, remember
from go2_bridge.recovery.machine import Goal, Order, Stage, State, Task, View, advance, order_of, search_again
from track_common.geometry import transform_points
from track_common.pose_buffer import CLOCK_RESET, PoseBuffer
from track_common.types import Odometry, TargetReport, TargetStatus


@dataclass(frozen=True)
class Navigation:
    """What the navigator says: whether it is there, and what became of the goal of that number."""

    is_ready: bool = False
    task: Task = Task.FAILED
    number: int = 0


@dataclass(frozen=True, eq=False)
class _Said:
    """The planner's last word on its target, and when it came (s)."""

    arrived: float
    target: TargetReport


class Recovery:
    """One target, one robot; needs no ROS, takes time (s, the sensors' clock) as an argument.

    Args:
        config: how to search.
        status_timeout: a planner silent for longer has no word, s.
        odometry_timeout: oldest odometry, s.
    """

    def __init__(self, config: RecoveryConfig, status_timeout: float = 0.6, odometry_timeout: float = 0.3) -> None:
        self.config = config
        self.status_timeout, self.odometry_timeout = status_timeout, odometry_timeout
        self._state = State()
        self._poses = PoseBuffer()
        self._last_seen: LastSeen | None = None
        self._said: _Said | None = None
        self._deaf_until = -np.inf

    @property
    def stage(self) -> Stage:
        """What is being done now."""
        return self._state.stage

    @property
    def has_seen(self) -> bool:
        """There was a target since the last ``forget``."""
        return self._state.has_seen

    @property
    def goal(self) -> Goal | None:
        """The goal of the present leg, also while a silent planner keeps it from being driven to."""
        return self._state.legs[0].goal if self._state.legs else None

    def status(self, now: float) -> TargetStatus | None:
        """The planner's newest word, None where it is silent."""
        if self._said is None or not 0.0 <= now - self._said.arrived <= self.status_timeout:
            return None
        return self._said.target.status

    def forget(self, now: float) -> None:
        """Another target: what was known of the last one, and what is on its way about it, is not about this one."""
        self._state, self._last_seen, self._said = State(goals=self._state.goals), None, None
        self._deaf_until = now + self.status_timeout

    def search_again(self) -> None:
        """Lay a new plan, also after giving up; nothing happens unless the target is lost."""
        self._state = search_again(self._state)

    def on_odometry(self, odometry: Odometry) -> None:
        """Newest odometry; where it jumped, the place in it is void.

        Raises:
            ValueError: it is not finite.
        """
        if not self._poses.push(odometry):
            self._last_seen = None

    def on_target(self, now: float, target: TargetReport) -> None:
        """What the planner says of its target, come at ``now`` (s): its status and, where it is known, the position.

        A message slightly older than the last is one out of order and is ignored.
        """
        last = self._said.target.stamp if self._said is not None else -np.inf
        if now < self._deaf_until or 0.0 < last - target.stamp < CLOCK_RESET:
            return
        self._said = _Said(now, target)
        pose = self._poses.pose_at(target.stamp)
        if pose is None or target.position_base is None or not np.isfinite(target.position_base).all():
            return
        position = transform_points(pose, target.position_base[:2])
        if target.status is TargetStatus.TRACKED:
            self._last_seen = remember(self._last_seen, position, target.stamp)
        elif target.status.may_move and self._last_seen is not None:
            self._last_seen = moved_on(self._last_seen, position)

    def decide(self, now: float, navigation: Navigation, is_search_wanted: bool = False) -> Order:
        """The order at ``now``; call this at 10 Hz or more.

        Args:
            now: s, the sensors' clock.
            navigation: the navigator's state.
            is_search_wanted: a lost target is searched also where no detection has arrived yet.
        """
        newest = self._poses.newest
        is_fresh = newest is not None and now - newest.stamp <= self.odometry_timeout
        view = View(
            now=now,
            status=self.status(now),
            pose=newest.pose if newest is not None and is_fresh else None,
            last_seen=self._last_seen,
            task=navigation.task,
            task_number=navigation.number,
            has_navigator=navigation.is_ready,
            is_search_wanted=is_search_wanted,
        )
        self._state = advance(self._state, view, self.config)
        return order_of(self._state, view, self.config)

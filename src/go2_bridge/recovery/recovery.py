"""The state machine with its memory: what planner and odometry say goes in, orders come out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from go2_bridge.recovery.config import RecoveryConfig
from go2_bridge.recovery.last_seen import LastSeen, moved_on, remember
from go2_bridge.recovery.machine import Goal, Order, Stage, State, Task, View, advance, order_of, search_again
from track_common.geometry import transform_points
from track_common.pose_buffer import PoseBuffer
from track_common.types import Array, Odometry, TargetStatus


@dataclass(frozen=True)
class Navigation:
    """What the navigator says: whether it is there, and what became of the goal of that number."""

    is_ready: bool = False
    task: Task = Task.FAILED
    number: int = 0


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
        self._said: tuple[float, TargetStatus] | None = None
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
        if self._said is None or not 0.0 <= now - self._said[0] <= self.status_timeout:
            return None
        return self._said[1]

    def forget(self, now: float) -> None:
        """Another target: what was known of the last one, and what is on its way about it, is not about this one."""
        self._state, self._last_seen, self._said = State(goals=self._state.goals), None, None
        self._deaf_until = now + self.status_timeout

    def search_again(self) -> None:
        """Lay a new plan, also after giving up; nothing happens unless the target is lost."""
        self._state = search_again(self._state)

    def on_status(self, now: float, status: TargetStatus) -> None:
        """The planner's word, come at ``now``."""
        if now >= self._deaf_until:
            self._said = (now, status)

    def on_odometry(self, odometry: Odometry) -> None:
        """Newest odometry; where it jumped, the place in it is void.

        Raises:
            ValueError: it is not finite.
        """
        if not self._poses.push(odometry):
            self._last_seen = None

    def on_target(self, stamp: float, point_base: Array) -> None:
        """Where the planner has the target, (2,) m in base_link at the image's ``stamp``; said with its last word."""
        pose = self._poses.pose_at(stamp)
        if pose is None or self._said is None or not np.isfinite(point_base).all():
            return
        position = transform_points(pose, point_base)
        if self._said[1] is TargetStatus.TRACKED:
            self._last_seen = remember(self._last_seen, position, stamp)
        elif self._said[1] is not TargetStatus.LOST and self._last_seen is not None:
            self._last_seen = moved_on(self._last_seen, position)

    def decide(self, now: float, navigation: Navigation) -> Order:
        """What to do now; call at 10 Hz or more."""
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
        )
        self._state = advance(self._state, view, self.config)
        return order_of(self._state, view, self.config)

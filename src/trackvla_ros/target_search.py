"""Where a network sees its target no longer: go where the target should be, look round the corner, give up.

A network with a second of history forgets a target behind a corner. ``box_servo``'s filter keeps the positions that the
network gave while its target was in view; its search takes over until the network sees the target again.
"""

from __future__ import annotations

import dataclasses
from collections import deque

import numpy as np

from track_common.interfaces import Observation
from track_common.types import TargetStatus, Trajectory
from trackvla_ros.box_servo import BoxServoConfig, BoxServoPolicy
from trackvla_ros.target_range import Measurement
from trackvla_ros.target_watch import TargetWatchConfig

VANISHING = 0.4  # s before a target is out of view, in which a corner covers half of it: its range is then wrong
BEARING_SPREAD, RANGE_SPREAD = 0.08, 0.15  # rad, and share of the distance: trackvla-nano's errors on held-out frames


class TargetSearch:
    """Remembers the target of a policy that answers where its target is."""

    def __init__(self, config: TargetWatchConfig) -> None:
        self._servo = BoxServoPolicy(BoxServoConfig(**dataclasses.asdict(config)))
        self.reset("")

    def reset(self, instruction: str) -> None:
        """Another target."""
        self._servo.reset(instruction)
        self._is_placed = False
        self._waiting: deque[tuple[Observation, Measurement]] = deque()

    def completed(self, trajectory: Trajectory, observation: Observation) -> Trajectory:
        """The trajectory itself while its target is in view or was never placed by the policy, else the search's.

        Candidates and scores stay the network's.
        """
        looked = _measurement(trajectory)
        observation = dataclasses.replace(observation, sighting=None)
        if looked is not None:
            self._wait(observation, looked)
            return trajectory
        self._waiting.clear()
        if not self._is_placed or not trajectory.status.may_move:
            return trajectory
        answer = self._servo.infer(observation)
        return dataclasses.replace(answer, candidates_base=trajectory.candidates_base, scores=trajectory.scores)

    def _wait(self, observation: Observation, looked: Measurement) -> None:
        """Believe a measurement once the target has stayed in view for ``VANISHING`` s more; the first one at once."""
        self._waiting.append((observation, looked))
        while self._waiting and (
            not self._is_placed or self._waiting[0][0].frame.stamp <= observation.frame.stamp - VANISHING
        ):
            self._servo.infer(*self._waiting.popleft())
            self._is_placed = True


def _measurement(trajectory: Trajectory) -> Measurement | None:
    """The network's target as a look at it; None where it sees none or has no candidates (a tracker placed it)."""
    target = trajectory.target_base
    is_own = trajectory.scores is not None and trajectory.status is TargetStatus.TRACKED
    if target is None or not is_own:
        return None
    position = np.asarray(target[:2], float)
    distance = float(np.hypot(*position))
    ahead = position / max(distance, 1e-6)
    axes = np.array([[ahead[0], -ahead[1]], [ahead[1], ahead[0]]])
    spread = np.diag([(RANGE_SPREAD * distance) ** 2, (BEARING_SPREAD * distance) ** 2 + 1e-4])
    return Measurement(position, axes @ spread @ axes.T, "network", False, False)

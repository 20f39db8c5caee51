"""What a model answers as a ``Trajectory``: the best candidate, all of them with their scores, the target's place."""

from __future__ import annotations

import logging

import numpy as np

from track_common.types import Array, TargetStatus, Trajectory

IN_VIEW = 0.5  # chance from which the target counts as seen
NO_INSTRUCTION, NOT_FINITE = "no instruction", "the network's answer is not finite"
CHEST = 1.0  # m above the floor: the height of Trajectory.target_base


_log = logging.getLogger(__name__)


def trajectory_of(stamp: float, trajectories: Array, scores: Array, target: Array | None, period: float) -> Trajectory:
    """The best-scored trajectory; a standstill where a number is not finite.

    Args:
        stamp: of the image, s.
        trajectories: (K, H, 3) m and rad, base_link at the image stamp.
        scores: (K,) 0..1.
        target: (3,) chance of being in view, x and y in base_link (m); None where the model does not answer that.
        period: s between waypoints.
    """
    times = period * np.arange(1, trajectories.shape[1] + 1)
    if not np.all(np.isfinite(trajectories)) or not np.all(np.isfinite(scores)):
        _log.error("the network's answer to the image of %.3f s is not finite", stamp)
        return standstill(stamp, times, TargetStatus.STOPPED, NOT_FINITE)
    status, place = target_answer(target)
    best = trajectories[int(scores.argmax())]
    return Trajectory(stamp, best, times, status, place, candidates_base=trajectories, scores=scores)


def target_answer(target: Array | None) -> tuple[TargetStatus, Array | None]:
    """Status and place (3,) in base_link of what a model says of its target."""
    if target is None:
        return TargetStatus.TRACKED, None
    if not np.all(np.isfinite(target)) or target[0] < IN_VIEW:
        return TargetStatus.SEARCHING, None
    return TargetStatus.TRACKED, np.array([target[1], target[2], CHEST])


def standstill(stamp: float, times: Array, status: TargetStatus, reason: str) -> Trajectory:
    """A trajectory (one pose for each of ``times``, s) that stays where the robot is, and why."""
    return Trajectory(stamp, np.zeros((len(times), 3)), times, status, reason=reason)

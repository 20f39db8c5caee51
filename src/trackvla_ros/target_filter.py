"""Kalman filter of the target's place and velocity in odom, a step between box and trajectory.

Constant velocity driven by white acceleration (Bar-Shalom, Estimation with Applications to Tracking and Navigation,
2001, section 6.2.2); states are frozen, each function returns a new one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from track_common.types import Array

ACCELERATION_STD = 2.0  # m/s^2; a walker turns or stops within about a second
INITIAL_SPEED_STD = 1.0  # m/s; a person first seen may stand or walk
MAX_SPEED = 2.5  # m/s; walkers and joggers, faster is a wrong box
GATE = 16.0  # squared Mahalanobis distance, 2 degrees of freedom: 99.97 % of true measurements pass
VELOCITY_MEMORY = 4.0  # s; how long an unseen walker is taken to keep the pace


@dataclass(frozen=True, eq=False)
class TargetState:
    """Estimate at ``stamp``: mean (4,) x, y (m), vx, vy (m/s) in odom, covariance (4, 4); misses = looks gated away."""

    mean: Array
    covariance: Array
    stamp: float
    misses: int = 0

    @property
    def position(self) -> Array:
        """(2,) m in odom."""
        return self.mean[:2]

    @property
    def velocity(self) -> Array:
        """(2,) m/s in odom."""
        return self.mean[2:]


def start(position: Array, covariance: Array, stamp: float) -> TargetState:
    """First sight of a target: placed, pace unknown."""
    spread = np.zeros((4, 4))
    spread[:2, :2] = covariance
    spread[2:, 2:] = INITIAL_SPEED_STD**2 * np.eye(2)
    return TargetState(np.concatenate([position, [0.0, 0.0]]), spread, stamp)


def predict(state: TargetState, stamp: float) -> TargetState:
    """State at ``stamp``; the pace fades with VELOCITY_MEMORY. An earlier stamp returns the state as it is."""
    elapsed = stamp - state.stamp
    if elapsed <= 0.0:
        return state
    fade = math.exp(-elapsed / VELOCITY_MEMORY)
    step = np.eye(4)
    step[0, 2] = step[1, 3] = VELOCITY_MEMORY * (1.0 - fade)
    step[2, 2] = step[3, 3] = fade
    q = ACCELERATION_STD**2 * np.array([[elapsed**4 / 4, elapsed**3 / 2], [elapsed**3 / 2, elapsed**2]])
    covariance = step @ state.covariance @ step.T + np.kron(q, np.eye(2))
    return TargetState(step @ state.mean, covariance, stamp, state.misses)


def update(state: TargetState, position: Array, covariance: Array) -> TargetState:
    """State after a measured position (2,) m in odom at ``state.stamp``; one outside the gate counts as a miss."""
    innovation = position - state.position
    spread = state.covariance[:2, :2] + covariance
    if float(innovation @ np.linalg.solve(spread, innovation)) > GATE:
        return TargetState(state.mean, state.covariance, state.stamp, state.misses + 1)
    gain = np.linalg.solve(spread, state.covariance[:2]).T
    keep = np.eye(4) - gain @ np.eye(2, 4)
    mean = state.mean + gain @ innovation
    speed = float(np.linalg.norm(mean[2:]))
    mean[2:] *= min(1.0, MAX_SPEED / max(speed, 1e-9))
    fresh = keep @ state.covariance @ keep.T + gain @ covariance @ gain.T  # Joseph form stays symmetric
    return TargetState(mean, fresh, state.stamp)

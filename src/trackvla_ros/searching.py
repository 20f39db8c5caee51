"""What a policy goes by near and without its target: obstacles, the side it went to, people where it should be."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from track_common.geometry import transform_points
from track_common.types import Array

OWN_RETURNS = 0.6  # m round the target in which returns are its own
LOW, HIGH = 0.15, 1.2  # m above the floor between which a return stands in the robot's way
WATCH_RADIUS = 1.2  # m round where the target should be; a person there may be the target, not recognised
SIDEWAYS_SPEED = 0.2  # m/s across the line of sight from which the target goes to a side


def side_of(target: Array, velocity: Array) -> float:
    """+1 where a target in base_link goes to the left, else -1; a standing one goes to the side it is on."""
    across = float(target[0] * velocity[1] - target[1] * velocity[0]) / max(float(np.linalg.norm(target)), 1e-3)
    return math.copysign(1.0, across if abs(across) > SIDEWAYS_SPEED else float(target[1]))


def unclaimed_near(places: Sequence[Array], target: Array) -> Array | None:
    """Who stands nearest to where the target should be, of people whom the tracker does not take for it.

    Args:
        places: (2,) m each, people in base_link.
        target: (2,) m, where the target should be in base_link.

    Returns:
        (2,) m, or None where nobody is within ``WATCH_RADIUS``.
    """
    near = [place for place in places if float(np.linalg.norm(place - target)) < WATCH_RADIUS]
    return min(near, key=lambda place: float(np.linalg.norm(place - target)), default=None)


def obstacles_beside(target: Array, points: Array, pose: Array, base_height: float) -> Array:
    """(N, 2) m in odom, points that stand in the robot's way without the target's own.

    Args:
        target: (2,) m in odom.
        points: (M, 3) m in base_link.
        pose: (3,) of base_link in odom.
        base_height: base_link above the floor, m.
    """
    height = points[:, 2] + base_height
    places = transform_points(pose, points[(height > LOW) & (height < HIGH), :2])
    return places[np.hypot(*(places - target).T) > OWN_RETURNS]

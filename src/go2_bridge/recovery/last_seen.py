"""Where the target was last seen and where it was going, in odom: all that a search can start from."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from go2_bridge.recovery.config import Place
from track_common.geometry import wrap_angle
from track_common.types import Array

VELOCITY_TIME = 0.5  # s over which the target's velocity is averaged; the policy's place is filtered already
RESTART = 1.0  # s without a place, after which a difference of places is no velocity
WALKING = 0.3  # m/s; slower, and the way it faces is not the way it goes


@dataclass(frozen=True, eq=False)
class LastSeen:
    """position (2,) m and velocity (2,) m/s in odom at ``stamp``, s; stamps of one clock."""

    position: Array
    velocity: Array
    stamp: float


def remember(last: LastSeen | None, position: Array, stamp: float) -> LastSeen:
    """``last`` after the target was seen at ``position`` (2,) m in odom; one out of order changes nothing."""
    position = np.asarray(position, float)
    if last is None or stamp - last.stamp > RESTART:
        return LastSeen(position, np.zeros(2), stamp)
    elapsed = stamp - last.stamp
    if elapsed <= 0.0:
        return last
    share = 1.0 - math.exp(-elapsed / VELOCITY_TIME)
    velocity = last.velocity + share * ((position - last.position) / elapsed - last.velocity)
    return LastSeen(position, velocity, stamp)


def moved_on(last: LastSeen, position: Array) -> LastSeen:
    """``last`` at the place (2,) a policy predicts while it does not see the target; its velocity is kept."""
    return replace(last, position=np.asarray(position, float))


def bearing_to(last: LastSeen, pose: Array) -> float:
    """Angle (rad) by which a robot at ``pose`` (3,) in odom must turn to face the place."""
    dx, dy = last.position - pose[:2]
    return float(wrap_angle(math.atan2(dy, dx) - pose[2]))


def side_of(last: LastSeen, pose: Array) -> float:
    """+1 where the target left to the robot's left, -1 to its right; one that stood: the side it stood on."""
    dx, dy = last.position - pose[:2]
    across = (dx * last.velocity[1] - dy * last.velocity[0]) / max(math.hypot(dx, dy), 1e-3)
    return math.copysign(1.0, across if abs(across) > WALKING else bearing_to(last, pose))


def lookout(last: LastSeen, pose: Array, standoff: float) -> Place | None:
    """Place in odom ``standoff`` m before where the target was, looking the way it went; None where it is nearer.

    It lies on the line from the robot: what the camera saw along was open.
    """
    way = last.position - pose[:2]
    distance = float(np.hypot(*way))
    if distance <= standoff:
        return None
    x, y = pose[:2] + way * (1.0 - standoff / distance)
    speed = float(np.hypot(*last.velocity))
    ahead = last.velocity if speed > WALKING else way
    return float(x), float(y), math.atan2(ahead[1], ahead[0])

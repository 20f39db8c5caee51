"""How near to follow: closer before a corner or a doorway hides the target, so that the robot is there when it does.

A robot that keeps two metres in the open stands a room behind once its target has turned a corner.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from track_common.types import Array
from trackvla_ros.trail import IsOpen

LOOK_AHEAD = (0.4, 0.8, 1.2, 1.6)  # s of the target's walk looked at
DOORWAY = 0.75  # m to either side of the target; less on both is a doorway or a corridor's mouth
ROOM, STOPPING = 1.1, 0.5  # m, s: a robot that follows at the target's pace still stands before one who stops at once
WALKING = 0.25  # m/s; a slower target goes nowhere


@dataclass(frozen=True)
class Sight:
    """What of the place is free, asked for lines between two positions (2,) of one frame.

    Attributes:
        is_visible: whether a position can be seen from another.
        is_passable: whether a person can walk from one to the other.
    """

    is_visible: IsOpen
    is_passable: IsOpen


def standoff_before_corners(
    robot: Array, target: Array, velocity: Array, sight: Sight, standoff: float, nearest: float
) -> float:
    """Distance (m) to keep: ``standoff`` in the open, down to ``nearest`` the sooner the target will be out of sight.

    Args:
        robot, target: (2,) m, in the frame of ``sight``.
        velocity: (2,) m/s of the target.
        sight: lines of sight and of walking.
        standoff: m in the open.
        nearest: m where the target is just leaving the view.
    """
    pace = float(np.linalg.norm(velocity))
    nearest = max(nearest, ROOM + STOPPING * pace)
    if pace < WALKING or nearest >= standoff:
        return standoff
    share = _share_of_time_in_sight(robot, target, velocity, sight)
    if _is_in_doorway(target, velocity / pace, sight):
        share = min(share, 0.5)
    return nearest + share * (standoff - nearest)


def _share_of_time_in_sight(robot: Array, target: Array, velocity: Array, sight: Sight) -> float:
    """0..1 of the time looked ahead until the target, walking on as it does, is hidden; 1 where it is not."""
    for time in LOOK_AHEAD:
        place = target + velocity * time
        if not sight.is_passable(target, place):
            return 1.0  # it will have to turn or stop before: nobody knows where to
        if not sight.is_visible(robot, place):
            return (time - LOOK_AHEAD[0]) / (LOOK_AHEAD[-1] - LOOK_AHEAD[0] + 0.4)
    return 1.0


def _is_in_doorway(target: Array, along: Array, sight: Sight) -> bool:
    """True where something stands to either side of a target that walks along a unit vector (2,)."""
    side = DOORWAY * np.array([-along[1], along[0]])
    return not (sight.is_passable(target, target + side) or sight.is_passable(target, target - side))

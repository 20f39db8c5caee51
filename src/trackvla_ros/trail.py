"""The way a target has walked, as a way for the robot: straight where that is open, in its footsteps where not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.spatial import KDTree

from track_common.types import Array

SPACING = 0.1  # m between two footsteps that are kept
LONGEST = 300  # footsteps kept: 30 m

BESIDE_ROBOT = 0.3  # m from the start of a line in which nothing counts: what the robot stands next to it can leave
IsOpen = Callable[[Array, Array], bool]  # whether the robot can go straight from one place (2,) to another


class Trail:
    """Footsteps of one target in a frame that stands still; what the robot need not walk any more is forgotten."""

    def __init__(self) -> None:
        self._steps: list[Array] = []

    def way(self, robot: Array, target: Array, is_open: IsOpen) -> Array:
        """(M, 2) polyline from the robot to the target, M = 2 where the straight line is open.

        Else it goes over the latest footstep that can be reached, or the one after the nearest where none can.

        Args:
            robot, target: (2,) m where they are now; the target's place becomes the newest footstep.
            is_open: asked for lines that start at the robot.
        """
        if not self._steps or np.linalg.norm(target - self._steps[-1]) > SPACING:
            self._steps = [*self._steps[-LONGEST + 1 :], np.asarray(target, float).copy()]
        if is_open(robot, target):
            self._steps = self._steps[-1:]
            return np.array([robot, target])
        for index in range(len(self._steps) - 1, -1, -1):
            if is_open(robot, self._steps[index]):
                self._steps = self._steps[index:]
                return np.array([robot, *self._steps, target])
        nearest = int(np.argmin(np.linalg.norm(np.array(self._steps) - robot, axis=1)))
        self._steps = self._steps[nearest:]
        return np.array([robot, *self._steps[1:], target])


def open_between(obstacles: Array, room: float) -> IsOpen:
    """What ``Trail.way`` asks, answered from places (N, 2) of which a line must stay ``room`` m clear."""
    tree = KDTree(obstacles) if len(obstacles) else None

    def is_open(first: Array, second: Array) -> bool:
        length = float(np.linalg.norm(second - first))
        if tree is None or length <= BESIDE_ROBOT:
            return True
        along = np.linspace(BESIDE_ROBOT / length, 1.0, int(length / (0.5 * room)) + 2)[:, None]
        return bool(np.min(tree.query(first + along * (second - first))[0]) > room)

    return is_open

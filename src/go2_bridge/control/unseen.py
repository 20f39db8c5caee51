"""What stands where the LiDAR cannot look, as it was seen on the way there.

A LiDAR under the chin sees nothing low right behind the robot, where it steps to when it makes way.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial import KDTree

from go2_bridge.control.obstacles import thinned
from track_common.types import Array

REACH = 0.9  # m from the robot's middle; farther off the LiDAR sees for itself
MEMORY = 4.0  # s; who stood there may have gone since
SAME = 0.05  # m between a place and what is seen there now


class Unseen:
    """Remembers for a while, in odom, what stands near the robot."""

    def __init__(self) -> None:
        self.points, self._stamps = np.zeros((0, 2)), np.zeros(0)  # (K, 2) m in odom

    def on_sweep(self, standing: Array, robot: Array, stamp: float) -> None:
        """Take of a sweep in odom the returns (N, 2) of what has stood there for a while, seen from ``robot`` (2,)."""
        new = thinned(standing[np.hypot(*(standing - robot).T) < REACH])
        is_kept = (np.hypot(*(self.points - robot).T) < REACH) & (stamp - self._stamps < MEMORY)
        if len(new):
            is_kept &= KDTree(new).query(self.points, distance_upper_bound=SAME)[0] > SAME
        self.points = np.vstack([self.points[is_kept], new])
        self._stamps = np.append(self._stamps[is_kept], np.full(len(new), stamp))

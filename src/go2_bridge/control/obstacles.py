"""What stood around the robot in the last moments: recent LiDAR returns in odom, thinned, for the elastic band."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from track_common.types import Array

VOXEL = 0.05  # m; finer than the margin of the band, coarser than LiDAR noise
SIDE = 512  # slots along each side of a table of voxels: 26 m at VOXEL; a power of two


class ObstacleBuffer:
    """Returns (N, 2) in odom of the last ``duration`` seconds; one sweep alone misses thin things."""

    def __init__(self, duration: float) -> None:
        self._duration = duration
        self._sweeps: deque[tuple[float, Array]] = deque()

    def push(self, points_odom: Array, stamp: float) -> None:
        """Take one sweep, (N, 2); the newer of two with one stamp wins."""
        if self._sweeps and stamp <= self._sweeps[-1][0]:
            self._sweeps.clear()
        self._sweeps.append((stamp, thinned(points_odom)))
        while stamp - self._sweeps[0][0] > self._duration:
            self._sweeps.popleft()

    def clear(self) -> None:
        """Forget all sweeps."""
        self._sweeps.clear()

    def points(self) -> Array:
        """(M, 2) returns in odom, one a voxel; empty where nothing was seen."""
        if not self._sweeps:
            return np.zeros((0, 2))
        return thinned(np.vstack([points for _, points in self._sweeps]))


def thinned(points: Array, voxel: float = VOXEL) -> Array:
    """(M, 2) of the points (N, 2), one a voxel of that side (m).

    Without sorting: the last point of a slot holds it, others of its voxel go. Voxels ``SIDE`` apart share a slot; then
    one of them keeps all its points.
    """
    if not len(points):
        return np.zeros((0, 2))
    column = np.floor(points[:, 0] * (1.0 / voxel)).astype(np.int64)
    row = np.floor(points[:, 1] * (1.0 / voxel)).astype(np.int64)
    slot = slots_of(column, row)
    number = np.arange(len(points), dtype=np.int32)
    holder = np.empty(SIDE * SIDE, np.int32)
    holder[slot] = number
    holder = holder[slot]
    return points[(holder == number) | (column[holder] != column) | (row[holder] != row)]


def slots_of(columns: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """(N,) place in a table of ``SIDE`` x ``SIDE`` of each voxel; those ``SIDE`` apart share one."""
    return (columns & (SIDE - 1)) * SIDE + (rows & (SIDE - 1))

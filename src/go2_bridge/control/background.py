"""What has stood where it is for a while: walls and furniture, beside which legs could not be told apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from go2_bridge.control.obstacles import SIDE, slots_of
from track_common.types import Array

VOXEL = 0.1  # m
STOOD = 1.2  # s; a walker's foot stands on one place for half as long
FORGOTTEN = 1.0  # s without a return after which a place counts as empty
AROUND = tuple((down, right) for down in (-1, 0, 1) for right in (-1, 0, 1))  # LiDAR noise spills into the next voxel


class Background:
    """Since when each place has returned something; places ``SIDE`` voxels apart share a slot."""

    def __init__(self) -> None:
        self._since = np.full(SIDE * SIDE, np.inf)
        self._last = np.full(SIDE * SIDE, -np.inf)

    def on_sweep(self, points: Array, stamp: float) -> NDArray[np.bool_]:
        """Take one sweep (N, 2) in odom; (N,) True for returns from what has stood there for ``STOOD`` s."""
        cells = np.floor(points / VOXEL).astype(np.int64)
        slots, whose = np.unique(slots_of(cells[:, 0], cells[:, 1]), return_inverse=True)
        new = slots[stamp - self._last[slots] > FORGOTTEN]
        self._since[new] = stamp
        self._last[slots] = stamp
        is_old = np.zeros(len(slots), bool)
        for down, right in AROUND:
            beside = slots_of(slots // SIDE + down, slots % SIDE + right)
            is_old |= (stamp - self._since[beside] > STOOD) & (stamp - self._last[beside] <= FORGOTTEN)
        return is_old[whose]

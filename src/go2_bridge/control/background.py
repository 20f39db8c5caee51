"""What has stood where it is for a while, and what has come to where the floor was free a moment ago.

The first are walls and furniture, beside which legs could not be told apart; the second are legs, at whatever pace.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from go2_bridge.control.obstacles import SIDE, slots_of
from go2_bridge.safety.returns import Returns
from track_common.types import Array

VOXEL = 0.1  # m
STOOD = 1.2  # s; a walker's foot stands on one place for half as long
STAYED = 5.0  # s; the same for what has come to where the floor was free: somebody who stands about
FORGOTTEN = 1.0  # s without a return after which a place counts as empty
AROUND = tuple((down, right) for down in (-1, 0, 1) for right in (-1, 0, 1))  # LiDAR noise spills into the next voxel
FREE = 2.0  # s for which floor that was seen counts as free
TAKEN = 10.0  # s for which nothing comes to where something has stood: it was hidden
STAYS, LATELY = 0.4, 0.3  # s; what has been there longer, and a moment ago still, spills over: nothing comes beside it
CLAIM = 0.32  # m round a person; returns that are not background yet do not become it


class Background:
    """Since when each place has returned something; places ``SIDE`` voxels apart share a slot."""

    def __init__(self) -> None:
        self._since = np.full(SIDE * SIDE, np.inf)
        self._last, self._stood, self._floor = (np.full(SIDE * SIDE, -np.inf) for _ in range(3))
        self._was_free = np.zeros(SIDE * SIDE, bool)  # the floor, before what is there now came

    def on_sweep(self, returns: Returns, people: Array, stamp: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Take one sweep in odom, and where people (K, 2) are expected in it.

        Returns:
            (N,) True for solid returns of what has stood there for ``STOOD`` s, and (N,) True for those of what has
            come to where the floor was free.
        """
        points = returns.solid
        slots, whose = np.unique(_slots(points), return_inverse=True)
        new = slots[stamp - self._last[slots] > FORGOTTEN]
        self._since[new] = stamp
        self._was_free[new] = (stamp - self._floor[new] < FREE) & ~self._is_taken(new, stamp)
        is_old = self._is_old(slots, stamp)
        for place in people:
            theirs = whose[np.hypot(points[:, 0] - place[0], points[:, 1] - place[1]) < CLAIM]
            self._since[slots[theirs[~is_old[theirs]]]] = stamp
        self._last[slots] = stamp
        self._stood[slots[is_old]] = stamp
        self._on_ground(returns, stamp)
        return is_old[whose], self._was_free[slots][whose]

    def _is_old(self, slots: NDArray[np.int64], stamp: float) -> NDArray[np.bool_]:
        """(N,) True where something has stood for a while."""
        is_old = np.zeros(len(slots), bool)
        for slot in _around(slots):
            needed = np.where(self._was_free[slot], STAYED, STOOD)
            is_old |= (stamp - self._since[slot] > needed) & (stamp - self._last[slot] <= FORGOTTEN)
        return is_old

    def _is_taken(self, slots: NDArray[np.int64], stamp: float) -> NDArray[np.bool_]:
        """(N,) True where what stands, or stood and was hidden, spills over."""
        is_taken = np.zeros(len(slots), bool)
        for slot in _around(slots):
            is_taken |= stamp - self._stood[slot] < TAKEN
            stays = (stamp - self._since[slot] > STAYS) & (stamp - self._last[slot] <= LATELY)
            is_taken |= stays & ~self._was_free[slot]
        return is_taken

    def _on_ground(self, returns: Returns, stamp: float) -> None:
        """Note where the floor is seen; where something low stands by itself, what comes is only more of it."""
        self._floor[_slots(returns.floor)] = stamp
        low = np.unique(_slots(returns.low))
        is_alone = np.ones(len(low), bool)
        for slot in _around(low):
            is_alone &= stamp - self._last[slot] > FORGOTTEN
        self._stood[low[is_alone]] = stamp


def _slots(points: Array) -> NDArray[np.int64]:
    cells = np.floor(points * (1.0 / VOXEL)).astype(np.int64)
    return slots_of(cells[:, 0], cells[:, 1])


def _around(slots: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """The slots themselves and their eight neighbours, (N,) each."""
    columns, rows = slots // SIDE, slots % SIDE
    return [slots_of(columns + down, rows + right) for down, right in AROUND]

"""A way round what blocks the straight line, coarse but on the right side: where an elastic band starts from.

Forces alone never carry a band over an obstacle, of which a LiDAR sees one face only. So a blocked line is replaced by
the cheapest way through a small grid around robot and goal (E. W. Dijkstra 1959, scipy), then pulled taut by the band.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from track_common.types import Array

Cells = NDArray[np.intp]  # (N,) flat or (N, 2) row and column

CELL = 0.1  # m; a third of the robot's width
BORDER = 1.8  # m of grid beyond start and goal: the widest detour
MAX_SIDE = 90  # cells; bounds the time
NEAR_COST = 4.0  # a cell at the hard limit costs this much more than an open one
STEPS = ((1, 0), (0, 1), (1, 1), (1, -1))


@dataclass(frozen=True, eq=False)
class _Grid:
    corner: Array  # (2,) m, odom: centre of cell 0, 0
    shape: tuple[int, int]

    def cell_of(self, points: Array) -> Cells:
        return np.clip(np.round((points - self.corner) / CELL).astype(int), 0, np.array(self.shape) - 1)

    def centres(self, index: Cells) -> Array:
        return self.corner + CELL * np.stack(np.unravel_index(index, self.shape), axis=-1)


def detour(start: Array, goal: Array, obstacles: Array, hard: float, soft: float) -> Array | None:
    """(M, 2) polyline from ``start`` to ``goal``, or to the reachable place nearest to it; None where there is no way.

    Args:
        start, goal: (2,) m in odom.
        obstacles: (N, 2) m in odom.
        hard: clearance (m) no point of the way goes under, but near the start, where the robot already is.
        soft: clearance (m) from which on a place costs nothing extra.
    """
    grid = _grid_around(start, goal)
    room = _clearance(grid, obstacles, start, hard)
    cost = np.where(room < hard, np.inf, 1.0 + NEAR_COST * np.clip((soft - room) / max(soft - hard, 1e-6), 0.0, 1.0))
    source = int(np.ravel_multi_index(tuple(grid.cell_of(start)), grid.shape))
    distances, previous = dijkstra(_graph(cost), indices=source, return_predecessors=True)
    reached = np.flatnonzero(np.isfinite(distances))
    left = np.linalg.norm(grid.centres(reached) - goal, axis=1)
    end = int(reached[np.argmin(left + 0.02 * CELL * distances[reached])])
    if end == source:
        return None
    cells = [end]
    while cells[-1] != source:
        cells.append(int(previous[cells[-1]]))
    way = grid.centres(np.array(cells[::-1]))
    way[0] = start
    return np.vstack([way, goal]) if left.min() < CELL else way


def _grid_around(start: Array, goal: Array) -> _Grid:
    low, high = np.minimum(start, goal) - BORDER, np.maximum(start, goal) + BORDER
    middle = start + np.clip(0.5 * (low + high) - start, -0.4 * MAX_SIDE * CELL, 0.4 * MAX_SIDE * CELL)
    sides = np.minimum(np.ceil((high - low) / CELL).astype(int) + 1, MAX_SIDE)
    return _Grid(middle - 0.5 * CELL * (sides - 1), (int(sides[0]), int(sides[1])))


def _clearance(grid: _Grid, obstacles: Array, start: Array, hard: float) -> Array:
    """(rows, columns) distance (m) of each cell to the nearest obstacle; near the start no less than ``hard``."""
    is_open = np.ones(grid.shape, bool)
    cells = np.round((obstacles - grid.corner) / CELL).astype(int)
    cells = cells[np.all((cells >= 0) & (cells < grid.shape), axis=1)]
    is_open[cells[:, 0], cells[:, 1]] = False
    room = np.full(grid.shape, math.inf) if is_open.all() else CELL * np.asarray(distance_transform_edt(is_open))
    rows, columns = np.indices(grid.shape)
    away = np.hypot(rows * CELL + grid.corner[0] - start[0], columns * CELL + grid.corner[1] - start[1])
    return np.where((away <= hard + CELL) & is_open, np.maximum(room, hard), room)


def _graph(cost: Array) -> csr_array:
    """Graph of the passable cells and their eight neighbours; an edge costs its length times the mean of its ends."""
    index = np.arange(cost.size).reshape(cost.shape)
    ends, begins, weights = [], [], []
    for down, right in STEPS:
        here, there = _pairs(down, right)
        weight = 0.5 * math.hypot(down, right) * (cost[here] + cost[there])
        passable = np.isfinite(weight)
        begins.append(index[here][passable])
        ends.append(index[there][passable])
        weights.append(weight[passable])
    i, j, w = np.concatenate(begins), np.concatenate(ends), np.concatenate(weights)
    shape = (cost.size, cost.size)
    return csr_array((np.concatenate([w, w]), (np.concatenate([i, j]), np.concatenate([j, i]))), shape=shape)


def _pairs(down: int, right: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Slices of a grid that pair every cell with its neighbour ``down`` rows and ``right`` columns on."""
    rows = slice(None, -down or None), slice(down, None)
    if right >= 0:
        columns = slice(None, -right or None), slice(right, None)
    else:
        columns = slice(-right, None), slice(None, right)
    return (rows[0], columns[0]), (rows[1], columns[1])

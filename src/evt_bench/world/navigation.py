"""Walkable paths on a floor plan: a grid with a price for closeness, searched by scipy, then pulled straight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from evt_bench.world.footprints import Footprints
from track_common.geometry import arc_lengths
from track_common.types import Array

RESOLUTION = 0.15  # m; doorways are at least 1.2 m
CORNER_CUT = 0.3  # m; cuts a right angle by a fifth of a metre
COMFORT = 0.8  # m; closer to an obstacle than this a cell costs more
NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1))


@dataclass(frozen=True, eq=False)
class Grid:
    """Free floor: cell (i, j) has its middle at origin + RESOLUTION * (i, j).

    Attributes:
        origin: (2,) m.
        distance: (I, J) m to the nearest footprint.
        is_free: (I, J) where a walker of the grid's clearance fits, largest connected part only.
    """

    origin: Array
    distance: Array
    is_free: NDArray[np.bool_]

    def points(self) -> Array:
        """(P, 2) middles of the free cells."""
        return self.origin + RESOLUTION * np.argwhere(self.is_free)

    def is_free_at(self, point: Array) -> bool:
        """True where a point (2,) lies in a free cell."""
        i, j = (int(v) for v in np.round((np.asarray(point) - self.origin) / RESOLUTION))
        return 0 <= i < self.is_free.shape[0] and 0 <= j < self.is_free.shape[1] and bool(self.is_free[i, j])

    def cell(self, point: Array) -> tuple[int, int]:
        """Nearest free cell to a point (2,)."""
        cells = np.argwhere(self.is_free)
        nearest = cells[np.sum((self.origin + RESOLUTION * cells - point) ** 2, axis=1).argmin()]
        return int(nearest[0]), int(nearest[1])


def make_grid(footprints: Footprints, size: tuple[float, float], clearance: float) -> Grid:
    """Grid of a floor of ``size`` m about the origin for walkers that keep ``clearance`` m."""
    shape = (int(size[0] / RESOLUTION), int(size[1] / RESOLUTION))
    origin = -0.5 * RESOLUTION * (np.array(shape) - 1.0)
    cells = origin + RESOLUTION * np.argwhere(np.ones(shape, bool))
    distance = footprints.nearest(cells)[0].reshape(shape)
    parts = np.asarray(label(distance > clearance, structure=np.ones((3, 3)))[0])  # pyright: ignore[reportIndexIssue]
    if not parts.any():
        raise ValueError(f"no floor is {clearance} m clear of obstacles; use a smaller clearance or a larger room")
    largest = np.bincount(parts.ravel())[1:].argmax() + 1
    return Grid(origin, distance, parts == largest)


def plan(grid: Grid, footprints: Footprints, start: Array, goal: Array, clearance: float) -> Array:
    """(H, 2) path from start to goal that keeps off obstacles: straight where it can be, corners rounded.

    Start and goal are moved to their nearest free cells.
    """
    graph, number = _graph(grid)
    source, sink = number[grid.cell(start)], number[grid.cell(goal)]
    _, before = dijkstra(graph, directed=False, indices=source, return_predecessors=True)
    nodes = [int(sink)]
    while nodes[-1] != source:
        nodes.append(int(before[nodes[-1]]))
    cells = np.argwhere(grid.is_free)[nodes[::-1]]
    return _round(_pull_straight(grid.origin + RESOLUTION * cells, footprints, clearance))


def resample(path: Array, spacing: float) -> Array:
    """(H, 2) the same polyline with points about ``spacing`` m apart."""
    lengths = arc_lengths(path)
    wanted = np.linspace(0.0, lengths[-1], max(2, int(lengths[-1] / spacing) + 1))
    return np.stack([np.interp(wanted, lengths, path[:, k]) for k in range(2)], axis=1)


def _graph(grid: Grid) -> tuple[csr_matrix, NDArray[np.integer]]:
    """Weighted neighbourhood of the free cells and the number of each cell."""
    number = np.full(grid.is_free.shape, -1)
    number[grid.is_free] = np.arange(grid.is_free.sum())
    price = 1.0 + 2.0 * np.clip(1.0 - grid.distance / COMFORT, 0.0, 1.0)
    rows, columns, weights = [], [], []
    for di, dj in NEIGHBOURS:
        here = (slice(0, number.shape[0] - di), slice(max(0, -dj), number.shape[1] - max(0, dj)))
        there = (slice(di, None), slice(max(0, dj), number.shape[1] - max(0, -dj)))
        both = (number[here] >= 0) & (number[there] >= 0)
        rows.append(number[here][both])
        columns.append(number[there][both])
        weights.append(np.hypot(di, dj) * 0.5 * (price[here][both] + price[there][both]))
    count = int(grid.is_free.sum())
    entries = (np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns)))
    return csr_matrix(entries, shape=(count, count)), number


def _pull_straight(path: Array, footprints: Footprints, clearance: float) -> Array:
    """Corners only: from each one on to the farthest point in a clear straight line."""
    corners, index = [0], 0
    while index < len(path) - 1:
        step = len(path) - 1 - index
        while step > 1 and not footprints.is_clear(path[index], path[index + step], clearance):
            step //= 2
        index += step
        corners.append(index)
    return path[corners]


def _round(path: Array) -> Array:
    """Corners cut by up to ``CORNER_CUT`` on either side, twice; ends kept."""
    for cut in (CORNER_CUT, 0.25 * CORNER_CUT):
        points = [path[0]]
        for before, corner, after in zip(path[:-2], path[1:-1], path[2:], strict=True):
            for end in (before, after):
                way = end - corner
                length = max(float(np.hypot(*way)), 1e-9)
                points.append(corner + way * min(cut / length, 0.25))
        path = np.array([*points, path[-1]])
    return path

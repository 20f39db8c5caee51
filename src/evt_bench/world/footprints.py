"""Floor plans as footprints: signed distance to walls and furniture, for planning, contact and clearance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from track_common.types import Array


@dataclass(frozen=True, eq=False)
class Footprints:
    """Boxes with rounded corners on the floor; a round one has no half sides and a radius.

    Attributes:
        centres: (N, 2) m.
        halves: (N, 2) half sides along the box's own axes, without the radius, m.
        yaws: (N,) rad.
        radii: (N,) m.
    """

    centres: Array
    halves: Array
    yaws: Array
    radii: Array

    @classmethod
    def from_rows(cls, rows: list[tuple[float, float, float, float, float, float]]) -> Footprints:
        """Rows of x, y, half x, half y, yaw, radius; none is an empty floor."""
        table = np.array(rows, float).reshape(-1, 6)
        return cls(table[:, :2], table[:, 2:4], table[:, 4], table[:, 5])

    def nearest(self, points: Array) -> tuple[Array, Array]:
        """Signed distance (P,) of points (P, 2) to the nearest footprint (m) and the unit way out (P, 2).

        Inside a footprint the distance is negative; with no footprints it is infinite and the way out zero.
        """
        points = np.asarray(points, float)
        if not len(self.centres):
            return np.full(len(points), np.inf), np.zeros_like(points)
        c, s = np.cos(self.yaws), np.sin(self.yaws)
        delta = points[:, None] - self.centres  # (P, N, 2)
        local_x, local_y = c * delta[..., 0] + s * delta[..., 1], c * delta[..., 1] - s * delta[..., 0]
        over_x, over_y = np.abs(local_x) - self.halves[:, 0], np.abs(local_y) - self.halves[:, 1]
        outside = np.hypot(np.maximum(over_x, 0.0), np.maximum(over_y, 0.0))
        distance = outside + np.minimum(np.maximum(over_x, over_y), 0.0) - self.radii
        index = distance.argmin(axis=1)
        row = np.arange(len(points))
        ox, oy = over_x[row, index], over_y[row, index]
        is_out = (ox > 0.0) | (oy > 0.0)
        way_x = np.where(is_out, np.maximum(ox, 0.0), ox >= oy) * np.sign(local_x[row, index])
        way_y = np.where(is_out, np.maximum(oy, 0.0), ox < oy) * np.sign(local_y[row, index])
        length = np.maximum(np.hypot(way_x, way_y), 1e-9)
        ci, si = c[index], s[index]
        way = np.stack([ci * way_x - si * way_y, si * way_x + ci * way_y], axis=1) / length[:, None]
        return distance[row, index], way

    def is_clear(self, first: Array, second: Array, clearance: float) -> bool:
        """True where the straight line between two points (2,) keeps ``clearance`` m from every footprint."""
        steps = max(2, int(np.hypot(*(np.asarray(second) - first)) / 0.05) + 1)
        line = np.linspace(first, second, steps)
        return bool(self.nearest(line)[0].min() >= clearance)

"""Walls with doorways."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from track_common.types import Array


@dataclass(frozen=True)
class Wall:
    """A straight wall along x or y with openings.

    Attributes:
        x0, y0, x1, y1: its ends, m.
        doors: middles of openings as (distance from the first end, width), m.
    """

    x0: float
    y0: float
    x1: float
    y1: float
    doors: tuple[tuple[float, float], ...] = ()

    @property
    def length(self) -> float:
        """Distance between the ends, m."""
        return math.hypot(self.x1 - self.x0, self.y1 - self.y0)

    def at(self, distance: float) -> tuple[float, float]:
        """Point that far from the first end."""
        share = distance / self.length
        return (self.x0 + share * (self.x1 - self.x0), self.y0 + share * (self.y1 - self.y0))

    def solid(self) -> list[tuple[float, float]]:
        """What stands between the openings, as (from, to) in m from the first end."""
        pieces, begin = [], 0.0
        for middle, width in sorted(self.doors):
            pieces.append((begin, middle - 0.5 * width))
            begin = middle + 0.5 * width
        return [*pieces, (begin, self.length)]

    def is_passed(self, path: Array) -> bool:
        """Whether a path (M, 2) m leads through one of the doorways."""
        along = np.array([self.x1 - self.x0, self.y1 - self.y0]) / self.length
        offset = path - [self.x0, self.y0]
        distance, side = offset @ along, offset @ [-along[1], along[0]]
        crossings = distance[1:][side[:-1] * side[1:] <= 0.0]
        return any(bool(np.any(np.abs(crossings - middle) < 0.5 * width)) for middle, width in self.doors)


def passes_doorway(path: Array, walls: Iterable[Wall]) -> bool:
    """Whether a path (M, 2) m leads through a doorway of any of the walls."""
    return any(wall.is_passed(path) for wall in walls)

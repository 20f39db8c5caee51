"""Walls with doorways."""

from __future__ import annotations

import math
from dataclasses import dataclass


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

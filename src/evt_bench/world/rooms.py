"""Seeded floor plans: a hall, a flat of rooms or a corridor, with doorways and furniture.

A plan is numbers only: footprints for planning and contact, parts for drawing and LiDAR (``scene.py``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from evt_bench.world.footprints import Footprints
from evt_bench.world.furniture import Item, Part, make_item
from evt_bench.world.navigation import make_grid
from evt_bench.world.walls import Wall
from track_common.geometry import transform_points
from track_common.types import Array

WALL_HEIGHT, WALL_HALF = 2.6, 0.06  # m
DOOR_HEIGHT = 2.1  # m
STYLES = ("hall", "rooms", "corridor")
FURNITURE_GAP = 1.15  # m left between pieces: a person and a GO2 pass
DOOR_GAP = 1.2  # m kept free round the middle of a doorway
REACHABLE = 0.9  # share of the clear floor that must hang together


@dataclass(frozen=True, eq=False)
class FloorPlan:
    """A furnished floor about the origin; ``size`` is its width along x and depth along y, m.

    ``footprints`` is where nobody can walk, ``low_footprints`` what a GO2 meets: it fits under tables.
    """

    size: tuple[float, float]
    style: str
    walls: tuple[Wall, ...]
    items: tuple[Item, ...]
    footprints: Footprints
    low_footprints: Footprints

    @property
    def doors(self) -> list[tuple[float, float]]:
        """Middles of all doorways."""
        return [wall.at(middle) for wall in self.walls for middle, _ in wall.doors]


def draw_plan(rng: np.random.Generator, style: str = "", density: float = 1.0) -> FloorPlan:
    """A random plan whose free floor hangs together.

    Args:
        style: one of ``STYLES``; "" draws one.
        density: 1 gives about one piece of furniture for 7 m2, 0 none.
    """
    if style and style not in STYLES:
        raise ValueError(f"style '{style}' unknown; use {', '.join(STYLES)}")
    chosen = style or str(rng.choice(STYLES))
    while True:
        plan = _furnish(rng, chosen, density)
        grid = make_grid(plan.footprints, plan.size, 0.45)
        if grid.is_free.sum() >= REACHABLE * (grid.distance > 0.45).sum():
            return plan


def wall_parts(walls: tuple[Wall, ...]) -> list[Part]:
    """The walls' boxes for drawing: solid pieces and what is above each doorway."""
    parts = []
    for wall in walls:
        yaw = math.atan2(wall.y1 - wall.y0, wall.x1 - wall.x0)
        for begin, end in wall.solid():
            x, y = wall.at(0.5 * (begin + end))
            half = (0.5 * (end - begin) + WALL_HALF, WALL_HALF, 0.5 * WALL_HEIGHT)
            parts.append(Part("box", (x, y, 0.5 * WALL_HEIGHT), half, yaw, "wall"))
        for middle, width in wall.doors:
            x, y = wall.at(middle)
            rise = 0.5 * (WALL_HEIGHT - DOOR_HEIGHT)
            parts.append(Part("box", (x, y, DOOR_HEIGHT + rise), (0.5 * width, WALL_HALF, rise), yaw, "wall"))
    return parts


def _furnish(rng: np.random.Generator, style: str, density: float) -> FloorPlan:
    size, walls = {"hall": _hall, "rooms": _rooms, "corridor": _corridor}[style](rng)
    rows = [row for wall in walls for row in _wall_rows(wall)]
    bare = FloorPlan(size, style, walls, (), Footprints.from_rows(rows), Footprints.from_rows(rows))
    items: list[Item] = []
    wanted = int(density * size[0] * size[1] / 7.0)
    for _ in range(8 * wanted):
        item = make_item(rng, walls, size)
        if len(items) < wanted and _fits(item, items, bare):
            items.append(item)
    footprints = Footprints.from_rows(rows + [item.footprint for item in items])
    low_footprints = Footprints.from_rows(rows + [row for item in items for row in item.low_footprints])
    return FloorPlan(size, style, walls, tuple(items), footprints, low_footprints)


def _wall_rows(wall: Wall) -> list[tuple[float, float, float, float, float, float]]:
    yaw = math.atan2(wall.y1 - wall.y0, wall.x1 - wall.x0)
    rows = []
    for begin, end in wall.solid():
        x, y = wall.at(0.5 * (begin + end))
        rows.append((x, y, 0.5 * (end - begin) + WALL_HALF, WALL_HALF, yaw, 0.0))
    return rows


def _fits(item: Item, items: list[Item], bare: FloorPlan) -> bool:
    """True where the piece stands free of walls (or right at one), of the others and of doorways."""
    x, y, half_x, half_y, _, radius = item.footprint
    reach = math.hypot(half_x, half_y) + radius
    if any(math.hypot(x - dx, y - dy) < reach + DOOR_GAP for dx, dy in bare.doors):
        return False
    if not item.at_wall and bare.footprints.nearest(np.array([[x, y]]))[0][0] < reach + FURNITURE_GAP:
        return False
    if bare.footprints.nearest(_outline(item))[0].min() <= 0.0:
        return False
    for other in items:
        ox, oy, ohx, ohy, _, oradius = other.footprint
        if math.hypot(x - ox, y - oy) < reach + math.hypot(ohx, ohy) + oradius + FURNITURE_GAP:
            return False
    return True


def _outline(item: Item) -> Array:
    """(24, 2) points round the edge of a footprint."""
    x, y, half_x, half_y, yaw, radius = item.footprint
    edge = np.linspace(-1.0, 1.0, 7)[:-1]
    rim = np.concatenate([np.stack([edge, np.full(6, -1.0)], 1), np.stack([np.full(6, 1.0), edge], 1)])
    rim = np.concatenate([rim, -rim]) * [half_x + radius, half_y + radius]
    return transform_points(np.array([x, y, yaw]), rim)


def _outer(size: tuple[float, float]) -> list[Wall]:
    x, y = 0.5 * size[0], 0.5 * size[1]
    return [Wall(-x, -y, x, -y), Wall(-x, y, x, y), Wall(-x, -y, -x, y), Wall(x, -y, x, y)]


def _hall(rng: np.random.Generator) -> tuple[tuple[float, float], tuple[Wall, ...]]:
    """One large room, perhaps with a wall part of the way across."""
    size = (float(rng.uniform(11.0, 15.0)), float(rng.uniform(8.0, 11.0)))
    walls = _outer(size)
    if rng.random() < 0.6:
        x = float(rng.uniform(-0.2, 0.2)) * size[0]
        reach = float(rng.uniform(0.3, 0.55)) * size[1]
        walls.append(Wall(x, -0.5 * size[1], x, -0.5 * size[1] + reach))
    return size, tuple(walls)


def _rooms(rng: np.random.Generator) -> tuple[tuple[float, float], tuple[Wall, ...]]:
    """Two rooms, one of them split again, joined by doorways."""
    size = (float(rng.uniform(11.0, 15.0)), float(rng.uniform(8.0, 10.5)))
    x = float(rng.uniform(-0.12, 0.12)) * size[0]
    half = 0.5 * size[1]
    side = 1.0 if rng.random() < 0.5 else -1.0
    y = float(rng.uniform(-0.08, 0.08)) * size[1]
    first = y + half  # where the second wall meets the first, from the first's lower end
    low = (float(rng.uniform(1.2, first - 1.2)), _door_width(rng))
    high = (float(rng.uniform(first + 1.2, size[1] - 1.2)), _door_width(rng))
    doors = (low, high) if rng.random() < 0.7 else ((low,) if rng.random() < 0.5 else (high,))
    across = 0.5 * size[0] - side * x
    split = Wall(x, y, side * 0.5 * size[0], y, ((float(rng.uniform(1.4, across - 1.4)), _door_width(rng)),))
    return size, (*_outer(size), Wall(x, -half, x, half, doors), split)


def _corridor(rng: np.random.Generator) -> tuple[tuple[float, float], tuple[Wall, ...]]:
    """A long corridor with a room of doors on either side."""
    size = (float(rng.uniform(13.0, 17.0)), float(rng.uniform(8.5, 10.5)))
    y0 = float(rng.uniform(-1.6, -0.9))
    y1 = y0 + float(rng.uniform(2.2, 2.8))
    x = 0.5 * size[0]
    walls = _outer(size)
    for y, outer in ((y0, -0.5 * size[1]), (y1, 0.5 * size[1])):
        split = float(rng.uniform(-0.15, 0.15)) * size[0]
        left = float(rng.uniform(1.5, split + x - 1.5))
        right = float(rng.uniform(split + x + 1.5, size[0] - 1.5))
        walls.append(Wall(-x, y, x, y, ((left, _door_width(rng)), (right, _door_width(rng)))))
        walls.append(Wall(split, y, split, outer))
    return size, tuple(walls)


def _door_width(rng: np.random.Generator) -> float:
    return float(rng.uniform(1.25, 1.6))

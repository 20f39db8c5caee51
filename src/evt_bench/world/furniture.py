"""Pieces of furniture: what they look like (boxes, cylinders, spheres) and where they stand on the floor."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from evt_bench.world.walls import Wall

Row = tuple[float, float, float, float, float, float]  # x, y, half x, half y, yaw, radius of a footprint
HEADROOM = 0.55  # m; a GO2 is 0.40 m high, with its camera 0.50; the lowest table top is at 0.66
WOODS = ((150, 110, 70), (110, 74, 44), (190, 156, 112), (86, 60, 40), (205, 190, 165))
PAINTS = ((70, 88, 110), (120, 132, 120), (172, 90, 62), (62, 110, 104), (180, 176, 168), (96, 72, 100), (54, 58, 64))
LEAVES = ((52, 104, 46), (70, 124, 58), (38, 84, 50))


@dataclass(frozen=True)
class Part:
    """One drawn solid.

    Attributes:
        shape: "box", "cylinder" or "sphere".
        centre: m.
        half: half sides (box), (radius, -, half height) (cylinder), (radius, -, -) (sphere), m.
        paint: name of a material ("wall", "wood", "fabric") or "" for plain colour.
        colour: sRGB.
    """

    shape: str
    centre: tuple[float, float, float]
    half: tuple[float, float, float]
    yaw: float = 0.0
    paint: str = ""
    colour: tuple[int, int, int] = (200, 200, 200)


@dataclass(frozen=True)
class Item:
    """A piece of furniture: its kind, footprint and parts; ``at_wall`` where it stands with its back to one."""

    kind: str
    footprint: Row
    parts: tuple[Part, ...]
    at_wall: bool

    @property
    def low_footprints(self) -> tuple[Row, ...]:
        """What of it a robot lower than ``HEADROOM`` meets: of a table the legs, of all else the footprint."""
        if self.kind != "table":
            return (self.footprint,)
        legs = [part for part in self.parts if part.centre[2] - part.half[2] < HEADROOM]
        return tuple((*leg.centre[:2], *leg.half[:2], leg.yaw, 0.0) for leg in legs)


@dataclass(frozen=True)
class _Sketch:
    """A piece before it is placed: parts about its own middle, half sides of the footprint, radius."""

    kind: str
    parts: tuple[Part, ...]
    half: tuple[float, float]
    at_wall: bool
    radius: float = 0.0


def make_item(rng: np.random.Generator, walls: tuple[Wall, ...], size: tuple[float, float]) -> Item:
    """A random piece at a random place: against some wall, or anywhere with any turn."""
    sketch = _SKETCHES[int(rng.integers(len(_SKETCHES)))](rng)
    if not sketch.at_wall:
        x, y = (float(rng.uniform(-0.5 * s + 0.5, 0.5 * s - 0.5)) for s in size)
        return _place(sketch, x, y, float(rng.choice([0.0, 0.5 * math.pi, rng.uniform(0.0, math.pi)])))
    wall = walls[int(rng.integers(len(walls)))]
    margin = sketch.half[0] + 0.15
    along = float(rng.uniform(margin, max(margin + 0.01, wall.length - margin)))
    x, y = wall.at(along)
    yaw = math.atan2(wall.y1 - wall.y0, wall.x1 - wall.x0)
    inward = 1.0 if rng.random() < 0.5 else -1.0
    off = sketch.half[1] + 0.09
    nx, ny = -math.sin(yaw) * inward, math.cos(yaw) * inward
    if abs(x + nx * off) > 0.5 * size[0] or abs(y + ny * off) > 0.5 * size[1]:
        nx, ny, inward = -nx, -ny, -inward
    return _place(sketch, x + nx * off, y + ny * off, yaw if inward > 0 else yaw + math.pi)


def _place(sketch: _Sketch, x: float, y: float, yaw: float) -> Item:
    c, s = math.cos(yaw), math.sin(yaw)
    parts = []
    for p in sketch.parts:
        px, py, pz = p.centre
        parts.append(
            Part(p.shape, (x + c * px - s * py, y + s * px + c * py, pz), p.half, yaw + p.yaw, p.paint, p.colour)
        )
    footprint = (x, y, sketch.half[0], sketch.half[1], yaw, sketch.radius)
    return Item(sketch.kind, footprint, tuple(parts), sketch.at_wall)


def _pick(rng: np.random.Generator, palette: tuple[tuple[int, int, int], ...]) -> tuple[int, int, int]:
    shade = float(rng.uniform(0.85, 1.15))
    r, g, b = (min(255, int(shade * v)) for v in palette[int(rng.integers(len(palette)))])
    return (r, g, b)


def _table(rng: np.random.Generator) -> _Sketch:
    a, b, h = float(rng.uniform(0.5, 0.9)), float(rng.uniform(0.35, 0.5)), float(rng.uniform(0.68, 0.78))
    colour = _pick(rng, WOODS)
    legs = [
        Part("box", (sx * (a - 0.06), sy * (b - 0.06), 0.5 * h), (0.03, 0.03, 0.5 * h), 0.0, "", colour)
        for sx in (-1, 1)
        for sy in (-1, 1)
    ]
    top = Part("box", (0.0, 0.0, h), (a, b, 0.02), 0.0, "wood", colour)
    return _Sketch("table", (top, *legs), (a, b), at_wall=False)


def _chair(rng: np.random.Generator) -> _Sketch:
    colour = _pick(rng, WOODS + PAINTS)
    legs = [
        Part("box", (sx * 0.19, sy * 0.19, 0.22), (0.02, 0.02, 0.22), 0.0, "", colour)
        for sx in (-1, 1)
        for sy in (-1, 1)
    ]
    seat = Part("box", (0.0, 0.0, 0.45), (0.22, 0.22, 0.02), 0.0, "", colour)
    back = Part("box", (0.0, -0.21, 0.68), (0.21, 0.015, 0.22), 0.0, "", colour)
    return _Sketch("chair", (seat, back, *legs), (0.22, 0.22), at_wall=False)


def _shelf(rng: np.random.Generator) -> _Sketch:
    a, b, h = float(rng.uniform(0.4, 0.8)), float(rng.uniform(0.16, 0.22)), float(rng.uniform(1.2, 2.0))
    colour = _pick(rng, WOODS)
    parts = [
        Part("box", (0.0, -b + 0.01, 0.5 * h), (a, 0.01, 0.5 * h), 0.0, "wood", colour),
        Part("box", (-a, 0.0, 0.5 * h), (0.015, b, 0.5 * h), 0.0, "", colour),
        Part("box", (a, 0.0, 0.5 * h), (0.015, b, 0.5 * h), 0.0, "", colour),
    ]
    for z in np.linspace(0.06, h, 5):
        parts.append(Part("box", (0.0, 0.0, float(z)), (a, b, 0.012), 0.0, "", colour))
    for z in np.linspace(0.06, h, 5)[:-1]:
        if rng.random() < 0.8:  # a row of books
            width, tall = float(rng.uniform(0.3, 0.8)) * a, float(rng.uniform(0.08, 0.12))
            x = float(rng.uniform(-a + width, a - width))
            parts.append(Part("box", (x, 0.0, float(z) + tall), (width, 0.1, tall), 0.0, "", _pick(rng, PAINTS)))
    return _Sketch("shelf", tuple(parts), (a, b), at_wall=True)


def _cabinet(rng: np.random.Generator) -> _Sketch:
    a, b, h = float(rng.uniform(0.35, 0.9)), float(rng.uniform(0.2, 0.28)), float(rng.uniform(0.35, 0.55))
    colour = _pick(rng, WOODS + PAINTS)
    body = Part("box", (0.0, 0.0, h), (a, b, h), 0.0, "wood", colour)
    knobs = [Part("box", (s * 0.06, b, h), (0.008, 0.012, 0.06), 0.0, "", (40, 40, 40)) for s in (-1, 1)]
    return _Sketch("cabinet", (body, *knobs), (a, b), at_wall=True)


def _sofa(rng: np.random.Generator) -> _Sketch:
    a, b = float(rng.uniform(0.7, 1.0)), 0.42
    colour = _pick(rng, PAINTS)
    parts = (
        Part("box", (0.0, 0.0, 0.22), (a, b, 0.2), 0.0, "fabric", colour),
        Part("box", (0.0, -b + 0.1, 0.55), (a, 0.1, 0.25), 0.0, "fabric", colour),
        Part("box", (-a + 0.09, 0.0, 0.4), (0.09, b, 0.2), 0.0, "fabric", colour),
        Part("box", (a - 0.09, 0.0, 0.4), (0.09, b, 0.2), 0.0, "fabric", colour),
    )
    return _Sketch("sofa", parts, (a, b), at_wall=True)


def _plant(rng: np.random.Generator) -> _Sketch:
    tall, leaf = float(rng.uniform(0.5, 1.1)), _pick(rng, LEAVES)
    pot = Part("cylinder", (0.0, 0.0, 0.17), (0.17, 0.0, 0.17), 0.0, "", _pick(rng, PAINTS))
    stem = Part("cylinder", (0.0, 0.0, 0.34 + 0.4 * tall), (0.02, 0.0, 0.4 * tall), 0.0, "", (88, 64, 40))
    leaves = [
        Part("sphere", (float(dx), float(dy), 0.34 + tall * float(z)), (float(r), 0.0, 0.0), 0.0, "", leaf)
        for dx, dy, z, r in zip(
            rng.uniform(-0.12, 0.12, 4),
            rng.uniform(-0.12, 0.12, 4),
            (0.5, 0.7, 0.85, 1.0),
            rng.uniform(0.11, 0.19, 4),
            strict=True,
        )
    ]
    return _Sketch("plant", (pot, stem, *leaves), (0.0, 0.0), at_wall=False, radius=0.2)


def _crate(rng: np.random.Generator) -> _Sketch:
    a, b, h = (float(v) for v in rng.uniform(0.2, 0.4, 3))
    colour = _pick(rng, ((176, 138, 92), (150, 116, 78), (90, 96, 104)))
    parts = [Part("box", (0.0, 0.0, h), (a, b, h), 0.0, "", colour)]
    if rng.random() < 0.5:
        parts.append(Part("box", (0.02, 0.0, 2 * h + 0.12), (0.7 * a, 0.7 * b, 0.12), 0.3, "", colour))
    return _Sketch("crate", tuple(parts), (a, b), at_wall=False)


def _pillar(rng: np.random.Generator) -> _Sketch:
    radius = float(rng.uniform(0.14, 0.2))
    pillar = Part("cylinder", (0.0, 0.0, 1.3), (radius, 0.0, 1.3), 0.0, "", _pick(rng, ((214, 210, 204),)))
    return _Sketch("pillar", (pillar,), (0.0, 0.0), at_wall=False, radius=radius)


_SKETCHES = (_table, _chair, _chair, _shelf, _shelf, _cabinet, _cabinet, _sofa, _sofa, _plant, _crate, _pillar)

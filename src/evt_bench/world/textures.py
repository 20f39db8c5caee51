"""Procedural textures for floors, walls and furniture; every one is seeded and tiles at its borders."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from track_common.types import Array

SIDE = 256  # pixels
FLOORS = ("planks", "tiles", "carpet", "concrete")
FLOOR_COLOURS = {
    "planks": ((168, 128, 86), (124, 88, 58), (196, 164, 122), (142, 122, 104)),
    "tiles": ((196, 192, 184), (150, 152, 154), (176, 160, 140)),
    "carpet": ((104, 112, 126), (134, 118, 106), (92, 104, 96), (122, 88, 84)),
    "concrete": ((150, 148, 144), (126, 126, 128)),
}
WALL_COLOURS = ((226, 220, 208), (206, 212, 216), (214, 204, 190), (196, 206, 196), (222, 210, 214), (188, 196, 206))
Texture = NDArray[np.uint8]


def floor(rng: np.random.Generator) -> Texture:
    """A random floor, (SIDE, SIDE, 3); meant to cover 2 m."""
    kind = str(rng.choice(FLOORS))
    palette = FLOOR_COLOURS[kind]
    colour = np.array(palette[int(rng.integers(len(palette)))], float)
    shade = {"planks": _planks, "tiles": _tiles, "carpet": _carpet, "concrete": _concrete}[kind](rng)
    return _painted(colour, shade)


def tinted(image: Texture, factor: tuple[float, float, float]) -> Texture:
    """The texture with each channel multiplied by its factor."""
    return np.clip(image * np.array(factor), 0, 255).astype(np.uint8)


def wall(rng: np.random.Generator) -> Texture:
    """Painted plaster with a skirting board at its foot (last rows)."""
    colour = np.array(WALL_COLOURS[int(rng.integers(len(WALL_COLOURS)))], float)
    height = np.linspace(1.0, 0.0, SIDE)[:, None]  # 1 at the ceiling
    shade = 0.90 + 0.10 * np.sqrt(height) + 0.01 * _noise(rng, 3.0)
    image = _painted(colour, shade)
    board = int(0.04 * SIDE)
    image[-board:] = _painted(np.array((236, 234, 230)), 0.9 + 0.02 * _noise(rng, 2.0))[-board:]
    return image


def wood(rng: np.random.Generator) -> Texture:
    """Grain in shades of white, to be multiplied by a colour."""
    return _painted(np.array((235, 235, 235)), 0.97 + 0.05 * _noise(rng, (1.0, 24.0)))


def fabric(rng: np.random.Generator) -> Texture:
    """Weave in shades of white, to be multiplied by a colour."""
    return _painted(np.array((235, 235, 235)), 0.96 + 0.05 * _noise(rng, 1.0) + 0.03 * _noise(rng, 12.0))


def _planks(rng: np.random.Generator) -> Array:
    rows, shade = 10, np.ones((SIDE, SIDE))
    edges = np.linspace(0, SIDE, rows + 1).astype(int)
    grain = _noise(rng, (1.0, 20.0))
    for row in range(rows):
        band = slice(edges[row], edges[row + 1])
        joint = int(rng.integers(SIDE))
        left, right = rng.uniform(0.88, 1.08, 2)
        shade[band] = np.where(np.arange(SIDE)[None] < joint, left, right)
        shade[band, joint : joint + 1] *= 0.7
        shade[edges[row]] *= 0.75
    return shade + 0.04 * grain


def _tiles(rng: np.random.Generator) -> Array:
    count = int(rng.integers(3, 6))
    tone = rng.uniform(0.95, 1.03, (count, count))
    cell = SIDE // count + 1
    shade = np.kron(tone, np.ones((cell, cell)))[:SIDE, :SIDE]
    step = np.arange(SIDE) % (SIDE / count)
    joint = (step[:, None] < 2.0) | (step[None] < 2.0)
    return np.where(joint, 0.72, shade) + 0.015 * _noise(rng, 4.0)


def _carpet(rng: np.random.Generator) -> Array:
    return 1.0 + 0.06 * _noise(rng, 0.8) + 0.04 * _noise(rng, 14.0)


def _concrete(rng: np.random.Generator) -> Array:
    return 1.0 + 0.05 * _noise(rng, 20.0) + 0.03 * _noise(rng, 5.0) + 0.02 * _noise(rng, 0.7)


def _noise(rng: np.random.Generator, blur: float | tuple[float, float]) -> Array:
    """(SIDE, SIDE) of unit spread, wrapped at the borders."""
    field = gaussian_filter(rng.normal(size=(SIDE, SIDE)), blur, mode="wrap")
    return field / max(float(field.std()), 1e-9)


def _painted(colour: Array, shade: Array) -> Texture:
    return np.clip(colour * np.broadcast_to(shade, (SIDE, SIDE))[..., None], 0, 255).astype(np.uint8)

"""Colour words as soft sets of pixels in CIELAB: how much a pixel deserves to be called "olive" or "dark blue".

Hue decides, chroma and lightness have wide soft borders, since shade darkens cloth without turning its hue; what would
have a light colour in more light has it in part. The borders were set on the anchors of the eleven basic colour terms
(Berlin and Kay 1969) and checked on people in five lights (docs/experiments/trackers.md).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from track_common.instruction.lexicon import SAME_COLOUR, SHADES
from track_common.types import Array

LEVELS = 32  # table steps per RGB channel
HUE_SOFTNESS = 14.0  # degrees from full to no membership
CHROMA_SOFTNESS = 9.0  # CIELAB units
LIGHTNESS_SOFTNESS = 14.0  # CIELAB units


@dataclass(frozen=True)
class ColourSet:
    """Full membership inside: lightness 0..100, chroma 0..130, hue (from, to) in degrees, None = any."""

    lightness: tuple[float, float]
    chroma: tuple[float, float]
    hue: tuple[float, float] | None = None

    def membership(self, lch: Array) -> Array:
        """Degree 0..1 for colours (..., 3) lightness, chroma, hue."""
        inside = _soft(lch[..., 0], *self.lightness, LIGHTNESS_SOFTNESS) * _soft(
            lch[..., 1], *self.chroma, CHROMA_SOFTNESS
        )
        if self.hue is None:
            return inside
        middle, half = (self.hue[0] + self.hue[1]) / 2.0, (self.hue[1] - self.hue[0]) / 2.0
        offset = np.abs((lch[..., 2] - middle + 180.0) % 360.0 - 180.0)
        return inside * np.clip((half + HUE_SOFTNESS - offset) / HUE_SOFTNESS, 0.0, 1.0)


BASIC = {
    "black": ColourSet((0, 20), (0, 10)),
    "grey": ColourSet((34, 70), (0, 8)),
    "white": ColourSet((76, 100), (0, 12)),
    "red": ColourSet((16, 60), (32, 130), (2, 46)),
    "orange": ColourSet((45, 85), (42, 130), (48, 76)),
    "brown": ColourSet((14, 50), (11, 42), (28, 84)),
    "beige": ColourSet((62, 92), (9, 32), (60, 105)),
    "yellow": ColourSet((60, 100), (38, 130), (80, 114)),
    "green": ColourSet((14, 92), (14, 130), (114, 186)),
    "blue": ColourSet((10, 82), (12, 130), (225, 308)),
    "purple": ColourSet((12, 75), (14, 130), (308, 342)),
    "pink": ColourSet((52, 92), (16, 90), (335, 392)),
}
FURTHER = {
    "dark": ColourSet((0, 26), (0, 20)),
    "light": ColourSet((70, 100), (0, 30)),
    "bright": ColourSet((60, 100), (45, 130)),
    "pale": ColourSet((70, 100), (0, 30)),
    "navy": ColourSet((4, 26), (4, 60), (240, 310)),
    "denim": ColourSet((16, 70), (7, 45), (235, 300)),
    "teal": ColourSet((20, 65), (12, 70), (176, 222)),
    "turquoise": ColourSet((50, 92), (16, 90), (170, 222)),
    "olive": ColourSet((22, 58), (12, 55), (92, 126)),
    "lime": ColourSet((60, 95), (40, 130), (106, 132)),
    "khaki": ColourSet((42, 78), (10, 38), (72, 112)),
    "tan": ColourSet((48, 78), (12, 42), (55, 88)),
    "cream": ColourSet((80, 98), (5, 28), (75, 110)),
    "maroon": ColourSet((10, 32), (16, 60), (0, 40)),
    "gold": ColourSet((50, 85), (32, 100), (76, 98)),
    "charcoal": ColourSet((14, 38), (0, 8)),
    "silver": ColourSet((60, 85), (0, 8)),
    "lavender": ColourSet((58, 88), (12, 50), (292, 335)),
    "coral": ColourSet((50, 78), (30, 90), (24, 52)),
    "blond": ColourSet((46, 86), (16, 48), (64, 98)),
}
_NAMED = {**BASIC, **FURTHER}
COLOURS = {**_NAMED, **{word: _NAMED[name] for name, words in SAME_COLOUR.items() for word in words}}
DIM = 40.0  # CIELAB lightness below which chroma is lifted, up to doubled: dark cloth looks as coloured as lit cloth
SHADED = ((1.7, 0.8), (3.0, 0.6), (5.0, 0.4), (8.0, 0.3))  # times more light -> degree of the name it would then have
CLIPPED = 1.15  # times full scale; a brighter linear RGB value would have lost its hue
GAMMA = 2.2  # of sRGB, about
RIVALRY = 0.5  # exponent of the share that a better fitting basic colour leaves to a name; 0 = none takes anything
SHADE_SHIFT = 22.0  # CIELAB lightness; "dark blue" reaches this much lower, "light blue" higher


def colour_set(name: str) -> ColourSet:
    """Set of one colour word, optionally after a shade: ``blue``, ``dark blue``, ``dark``.

    Raises:
        KeyError: not a known colour.
    """
    shade, _, base = name.rpartition(" ")
    colour = COLOURS[base]
    low, high = colour.lightness
    if shade == "dark":
        middle = (low + high) / 2.0
        return replace(colour, lightness=(0.0, middle), chroma=(0.4 * colour.chroma[0], colour.chroma[1]))
    if shade in ("light", "pale"):
        middle = (low + high) / 2.0
        chroma = (0.5 * colour.chroma[0], colour.chroma[1])
        return replace(colour, lightness=(middle, min(96.0, high + SHADE_SHIFT / 2.0)), chroma=chroma)
    return colour


@lru_cache(maxsize=256)
def membership_table(name: str, in_any_light: bool = True) -> NDArray[np.float32]:
    """(LEVELS**3,) degree 0..1 to which each RGB cell deserves the name (``olive/green``: either of the two).

    Less where a basic name fits better. Index with ``pixel_cells``. "dark" alone stands for every dark colour: nothing
    competes with it.

    Args:
        name: colour word, with or without a shade.
        in_any_light: also, in part, what would have that colour in more light; without, as the camera shows it.
    """
    lch = cell_lch()
    shade, _, bases = name.rpartition(" ")
    sets = [colour_set(f"{shade} {base}".strip()) for base in bases.split("/")]
    wanted = np.max([colour.membership(lch) for colour in sets], axis=0)
    if name in SHADES:
        return wanted.astype(np.float32)
    for light, degree in SHADED if in_any_light else ():
        lit, is_true = _lit_lch(light)
        wanted = np.maximum(wanted, degree * is_true * np.max([colour.membership(lit) for colour in sets], axis=0))
    rivals = np.max([colour.membership(lch) for colour in BASIC.values()], axis=0)
    rivalry = RIVALRY if in_any_light else 1.0
    return (wanted * (wanted / np.maximum(np.maximum(wanted, rivals), 1e-6)) ** rivalry).astype(np.float32)


def pixel_cells(rgb: NDArray[np.uint8]) -> NDArray[np.int32]:
    """(...,) table cell of each pixel (..., 3)."""
    steps = (rgb // (256 // LEVELS)).astype(np.int32)
    return (steps[..., 0] * LEVELS + steps[..., 1]) * LEVELS + steps[..., 2]


@lru_cache(maxsize=1)
def cell_lch() -> Array:
    """(LEVELS**3, 3) lightness, chroma, hue (degrees) of each RGB cell; chroma lifted in the dark."""
    return _lch(_cell_rgb())


@lru_cache(maxsize=8)
def _lit_lch(light: float) -> tuple[Array, NDArray[np.bool_]]:
    """``cell_lch`` of each RGB cell under so many times the light, and (LEVELS**3,) False where that clips it."""
    linear = light * _cell_rgb() ** GAMMA
    return _lch(np.clip(linear, 0.0, 1.0) ** (1.0 / GAMMA)), linear.max(axis=1) <= CLIPPED


def _cell_rgb() -> Array:
    """(LEVELS**3, 3) sRGB 0..1 at the middle of each cell."""
    along = (np.arange(LEVELS) + 0.5) / LEVELS
    return np.stack(np.meshgrid(along, along, along, indexing="ij"), axis=-1).reshape(-1, 3)


def _lch(rgb: Array) -> Array:
    """(N, 3) lightness, chroma (lifted in the dark) and hue in degrees of sRGB values (N, 3) in 0..1."""
    lab = cv2.cvtColor(rgb[None].astype(np.float32), cv2.COLOR_RGB2LAB)[0].astype(float)
    chroma = np.hypot(lab[:, 1], lab[:, 2]) * (1.0 + np.clip(1.0 - lab[:, 0] / DIM, 0.0, 1.0))
    return np.stack([lab[:, 0], chroma, np.degrees(np.arctan2(lab[:, 2], lab[:, 1])) % 360.0], axis=1)


def _soft(value: Array, low: float, high: float, softness: float) -> Array:
    """1 inside low..high, falling to 0 over ``softness`` outside."""
    return np.clip(np.minimum((value - low) / softness, (high - value) / softness) + 1.0, 0.0, 1.0)

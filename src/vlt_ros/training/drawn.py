"""Videos made on the fly: people and shapes before textures or photographs, others crossing, a sentence each.

Another object of the same form and another colour goes through every video, so that only the sentence or the template
tells who is meant. Frame i of a video is always the same picture: all follows from the seed.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from track_common.types import Array
from vlt_ros.siamese.state import Image
from vlt_ros.training.photographs import list_photographs, random_part, read_photograph

SIZE = (320, 240)  # px, width and height of the pictures
COLOURS: Mapping[str, tuple[int, int, int]] = {
    "red": (190, 35, 40),
    "blue": (40, 70, 190),
    "green": (40, 140, 60),
    "yellow": (220, 200, 50),
    "white": (230, 230, 230),
    "black": (30, 30, 32),
    "orange": (230, 130, 40),
    "purple": (120, 50, 150),
}
FORMS = ("person", "person", "circle", "square")  # people twice as often
ASPECT = {"person": 0.4, "circle": 1.0, "square": 1.0}  # width over height
HEIGHTS = (40.0, 110.0)  # px, of a person
SKIN = (205, 165, 140)
OTHERS = 2
PARTS = (0.4, 1.0)  # share of a photograph that is a background
NOISE = 6.0  # grey levels of the pictures' noise


@dataclass(frozen=True, eq=False)
class Figure:
    """One moving thing.

    Attributes:
        form: "person", "circle" or "square".
        colours: names; a person has two (shirt, trousers).
        boxes_xyxy: (N, 4) pixels.
        texture: (16, 16) grey levels added to the colours.
    """

    form: str
    colours: tuple[str, ...]
    boxes_xyxy: Array
    texture: Array


@dataclass(frozen=True, eq=False)
class DrawnVideo:
    """A video whose frames are drawn when asked for; the first figure is the target."""

    name: str
    seed: int
    frames: int
    photographs: tuple[Path, ...] = ()

    @functools.cached_property
    def figures(self) -> tuple[Figure, ...]:
        """The target, then those that are not meant; the first of these has the target's form."""
        rng = np.random.default_rng([self.seed, 0])
        target = _figure(rng, str(rng.choice(FORMS)), self.frames, ())
        others = [_figure(rng, target.form, self.frames, target.colours)]
        others += [_figure(rng, str(rng.choice(FORMS)), self.frames, target.colours) for _ in range(OTHERS - 1)]
        return (target, *others)

    @property
    def boxes_xyxy(self) -> Array:
        """(N, 4) boxes of the target."""
        return self.figures[0].boxes_xyxy

    @property
    def sentence(self) -> str:
        """Says form and colours of the target."""
        target = self.figures[0]
        if target.form == "person":
            return f"the person in a {target.colours[0]} shirt and {target.colours[1]} trousers"
        return f"the {target.colours[0]} {target.form}"

    def image(self, index: int) -> Image:
        """(240, 320, 3) RGB."""
        image = self._background.astype(np.float32)
        for figure in reversed(self.figures):  # the target in front
            _paint(image, figure, index)
        rng = np.random.default_rng([self.seed, 1, index])
        image += rng.normal(0.0, NOISE, image.shape[:2])[..., None]
        return np.clip(image, 0, 255).astype(np.uint8)

    @functools.cached_property
    def _background(self) -> Image:
        rng = np.random.default_rng([self.seed, 2])
        if self.photographs:
            file = self.photographs[int(rng.integers(len(self.photographs)))]
            return random_part(read_photograph(file), SIZE, PARTS, rng)
        return _texture(rng)


def draw_videos(count: int, frames: int, seed: int, photographs: Path | None = None) -> list[DrawnVideo]:
    """Videos with seeds of their own; ``photographs`` is a folder of pictures to put behind them.

    Raises:
        ValueError: no picture in that folder.
    """
    pictures = () if photographs is None else list_photographs(photographs)
    return [DrawnVideo(f"drawn-{seed}-{i}", 100_000 * seed + i, frames, pictures) for i in range(count)]


def _figure(rng: np.random.Generator, form: str, frames: int, taken: tuple[str, ...]) -> Figure:
    free = [name for name in COLOURS if name not in taken]
    colours = tuple(str(name) for name in rng.choice(free, 2 if form == "person" else 1, replace=False))
    height = rng.uniform(*HEIGHTS) * (1.0 if form == "person" else 0.6)
    return Figure(form, colours, _walk(rng, height, ASPECT[form], frames), rng.normal(0.0, 18.0, (16, 16)))


def _walk(rng: np.random.Generator, height: float, aspect: float, frames: int) -> Array:
    """(N, 4) boxes of a smooth walk that turns back at the picture's edges, the size slowly changing."""
    speed = rng.uniform(-4.0, 4.0, 2) * (1.0, 0.4) + rng.normal(0.0, 0.5, (frames, 2)).cumsum(axis=0)
    centres = rng.uniform(0.2, 0.8, 2) * SIZE + speed.cumsum(axis=0)
    limit = np.array(SIZE, float)
    centres = limit - np.abs(centres % (2 * limit) - limit)  # mirrored at 0 and at the limit
    heights = height * np.exp(np.clip(rng.normal(0.0, 0.01, frames).cumsum(), -0.5, 0.5))
    half = np.stack([heights * aspect, heights], axis=1) / 2
    return np.concatenate([centres - half, centres + half], axis=1)


def _paint(image: Array, figure: Figure, index: int) -> None:
    """Draw a figure into an image of our own making."""
    x0, y0, x1, y1 = np.round(figure.boxes_xyxy[index]).astype(int)
    width, height = max(x1 - x0, 2), max(y1 - y0, 2)
    patch, mask = _patch(figure, width, height, index)
    left, top = max(0, -x0), max(0, -y0)
    right, bottom = min(width, image.shape[1] - x0), min(height, image.shape[0] - y0)
    if right <= left or bottom <= top:
        return
    part = image[y0 + top : y0 + bottom, x0 + left : x0 + right]
    covered = mask[top:bottom, left:right] > 0
    part[covered] = patch[top:bottom, left:right][covered]


def _patch(figure: Figure, width: int, height: int, index: int) -> tuple[Array, NDArray[np.uint8]]:
    """Pixels (h, w, 3) and mask (h, w) of a figure."""
    patch: Array = np.zeros((height, width, 3), np.float32)
    mask = np.zeros((height, width), np.uint8)
    colours = [tuple(float(c) for c in COLOURS[name]) for name in figure.colours]
    if figure.form == "circle":
        cv2.ellipse(mask, (width // 2, height // 2), (width // 2, height // 2), 0, 0, 360, 1, -1)
        patch[:] = colours[0]
    elif figure.form == "square":
        mask[:], patch[:] = 1, colours[0]
    else:
        _person(patch, mask, colours, index)
    grain: Array = cv2.resize(figure.texture.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)  # pyright: ignore
    return patch + grain[..., None], mask


def _person(patch: Array, mask: NDArray[np.uint8], colours: list[tuple[float, ...]], index: int) -> None:
    """Head, shirt and two legs that swing with the frame's number."""
    height, width = mask.shape
    head, hip = round(0.16 * height), round(0.52 * height)
    centre = width // 2
    patch[:head], patch[head:hip], patch[hip:] = SKIN, colours[0], colours[1]
    cv2.ellipse(mask, (centre, head // 2), (max(1, round(0.18 * width)), max(1, head // 2)), 0, 0, 360, 1, -1)
    mask[head:hip, round(0.12 * width) : round(0.88 * width)] = 1
    swing = round(0.3 * width * np.sin(0.6 * index))
    for side in (-1, 1):
        foot = (centre + side * max(abs(swing), width // 8), height)
        cv2.line(mask, (centre + side * width // 8, hip), foot, 1, max(1, round(0.28 * width)))


def _texture(rng: np.random.Generator) -> Image:
    """Blotches of several sizes in dull colours."""
    width, height = SIZE
    image = np.zeros((height, width, 3), np.float32)
    for cells, strength in ((4, 45.0), (12, 25.0), (48, 15.0)):
        blotches = rng.normal(0.0, strength, (cells, cells, 3)).astype(np.float32)
        blotches = 0.6 * blotches.mean(axis=2, keepdims=True) + 0.4 * blotches
        image += cv2.resize(blotches, SIZE, interpolation=cv2.INTER_CUBIC)
    return np.clip(image + rng.uniform(80, 170), 0, 255).astype(np.uint8)

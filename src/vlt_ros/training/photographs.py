"""Photographs that training videos are made of: read once, kept small."""

from __future__ import annotations

import functools
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from track_common.types import Array
from vlt_ros.siamese.state import Image

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
LONGEST = 1024  # px: larger photographs are shrunk to this when read
KEPT = 256  # photographs in memory, at most 3 MB each


def list_photographs(folder: Path) -> tuple[Path, ...]:
    """All pictures below a folder, in order of their names.

    Raises:
        ValueError: none there.
    """
    found = tuple(sorted(file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES))
    if not found:
        raise ValueError(f"no photograph ({', '.join(SUFFIXES)}) under {folder}")
    return found


@functools.lru_cache(maxsize=KEPT)
def read_photograph(file: Path) -> Image:
    """(H, W, 3) RGB, the longer side at most ``LONGEST``; read-only, since it is shared.

    Raises:
        ValueError: not a picture.
    """
    picture = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if picture is None:
        raise ValueError(f"cannot read the photograph {file}")
    scale = LONGEST / max(picture.shape[:2])
    if scale < 1.0:
        picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    made: Image = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)  # pyright: ignore[reportAssignmentType]
    made.setflags(write=False)
    return made


def random_part(image: Image, size: tuple[int, int], scales: tuple[float, float], rng: np.random.Generator) -> Image:
    """A random part of an image, resized.

    Args:
        image: (H, W, 3).
        size: width and height of the result, px.
        scales: smallest and largest share of the biggest part of that shape.
        rng: source of chance.
    """
    height, width = image.shape[:2]
    scale = rng.uniform(*scales) * min(width / size[0], height / size[1])
    w, h = max(2, int(size[0] * scale)), max(2, int(size[1] * scale))
    x, y = int(rng.integers(max(1, width - w + 1))), int(rng.integers(max(1, height - h + 1)))
    return resized(image[y : y + h, x : x + w], size)


def resized(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Image of another size (width, height): averaged where it shrinks to under half, since that is slower."""
    method = cv2.INTER_AREA if image.shape[1] >= 2 * size[0] else cv2.INTER_LINEAR
    return cv2.resize(image, size, interpolation=method)  # pyright: ignore[reportReturnType]


def recoloured(image: Image, rng: np.random.Generator) -> Image:
    """Hue turned by a random angle, so that one photograph gives cloth of every colour."""
    hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(np.int16) + int(rng.integers(180))) % 180
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)  # pyright: ignore[reportReturnType]


def tinted(image: Image, colour: tuple[float, ...], grain: float) -> Array:
    """(H, W, 3) float32: the picture's light and dark, ``grain`` grey levels of it, in one colour."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    shade = (grey - grey.mean()) * (grain / max(float(grey.std()), 1.0))
    return np.asarray(colour, np.float32) * (1.0 + shade[..., None] / 128.0) + 0.25 * shade[..., None]

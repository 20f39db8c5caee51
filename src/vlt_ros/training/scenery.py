"""Backgrounds as busy as streets: a photograph, bands of others, panes, poles and things that stand about."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from vlt_ros.siamese.state import Image
from vlt_ros.training.cutouts import read_cutout
from vlt_ros.training.photographs import random_part, read_photograph, recoloured, resized

PLAIN = 0.3  # share of backgrounds that are one part of one photograph
BANDED = 0.6  # share of the others whose upper part is another photograph's: wall over floor
PANES, POLES, STANDING = 24, 6, 6  # at most, of each
FLAT = 0.5  # share of panes in one colour
PARTS = (0.2, 1.0)  # share of a photograph that is shown


def draw_scenery(
    photographs: Sequence[Path], cutouts: Sequence[Path], size: tuple[int, int], rng: np.random.Generator
) -> Image:
    """(H, W, 3) background of ``size`` (width, height) px."""
    image = random_part(_one(photographs, rng), size, PARTS, rng)
    if rng.random() < PLAIN:
        return image
    if rng.random() < BANDED:
        height = int(rng.uniform(0.2, 0.8) * size[1])
        image[:height] = random_part(_one(photographs, rng), (size[0], height), PARTS, rng)
    if rng.random() < 0.7:
        _panes(image, photographs, rng)
    for _ in range(int(rng.integers(POLES + 1))):
        _pole(image, rng)
    for _ in range(int(rng.integers(STANDING + 1)) if cutouts else 0):
        _thing(image, cutouts[int(rng.integers(len(cutouts)))], rng)
    return image


def _panes(image: Image, photographs: Sequence[Path], rng: np.random.Generator) -> None:
    """A row or two of like rectangles, as windows and cars stand, or scattered ones."""
    height, width = image.shape[:2]
    source = recoloured(_one(photographs, rng), rng)
    w, h = int(rng.integers(8, width // 4)), int(rng.integers(8, height // 3))
    is_row, pitch = rng.random() < 0.6, w + int(rng.integers(2, 20))
    x0, y0 = (int(rng.integers(n)) for n in (width, height))
    for index in range(int(rng.integers(3, PANES + 1))):
        x, y = (x0 + index * pitch) % width, y0 + (x0 + index * pitch) // width * (h + 6)
        if not is_row:
            x, y = (int(rng.integers(n)) for n in (width, height))
        part = image[y : y + h, x : x + w]
        if rng.random() < FLAT:
            part[:] = rng.integers(0, 256, 3) if not is_row else rng.integers(0, 256)
        elif part.size:
            part[:] = random_part(source, (part.shape[1], part.shape[0]), (0.05, 0.4), rng)


def _pole(image: Image, rng: np.random.Generator) -> None:
    """A line of one colour, more often upright."""
    height, width = image.shape[:2]
    start = np.array([rng.uniform(0, width), rng.uniform(0, height)])
    lean = rng.normal(0.0, 0.1) + (0.5 * np.pi if rng.random() < 0.7 else 0.0)
    end = start + rng.uniform(20, height) * np.array([np.cos(lean), np.sin(lean)])
    colour = tuple(int(c) for c in rng.integers(0, 256, 3) // 2 + int(rng.integers(128)))
    cv2.line(image, tuple(map(int, start)), tuple(map(int, end)), colour, int(rng.integers(1, 9)))


def _thing(image: Image, place: Path, rng: np.random.Generator) -> None:
    """One pose of a cut-out, as large as it comes."""
    poses = read_cutout(place).poses
    picture = poses[int(rng.integers(len(poses)))]
    scale = rng.uniform(20, 120) / picture.shape[0]
    size = (max(2, round(picture.shape[1] * scale)), max(2, round(picture.shape[0] * scale)))
    height, width = image.shape[:2]
    if size[0] >= width or size[1] >= height:
        return
    shown = resized(picture, size)
    x, y = int(rng.integers(width - size[0])), int(rng.integers(height - size[1]))
    part = image[y : y + size[1], x : x + size[0]]
    covered = shown[..., 3] > 127
    part[covered] = shown[covered][:, :3]


def _one(files: Sequence[Path], rng: np.random.Generator) -> Image:
    return read_photograph(files[int(rng.integers(len(files)))])

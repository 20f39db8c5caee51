"""What a VLT tracker knows of its target between two frames, and the crops it cuts for its network.

The rules are the authors' (docs/vlt.md). Images are RGB here; a network turns its crops into what it was trained with.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from track_common.types import Array

Image = NDArray[np.uint8]  # (H, W, 3)

CONTEXT = 0.5  # share of width + height added to each side before taking the geometric mean
MIN_SIDE = 10.0  # px, smallest width and height a target may shrink to


@dataclass(frozen=True, eq=False)
class TargetState:
    """Centre and size of the target in image pixels.

    Attributes:
        centre, size: (2,) x, y and width, height.
        padding: (3,) mean colour of the first frame; fills crops that reach beyond the image.
        first_scale: template pixels per image pixel in the first frame.
    """

    centre: Array
    size: Array
    padding: Array
    first_scale: float

    def moved(self, centre: Array, size: Array, image_size: tuple[int, int]) -> TargetState:
        """New place, its centre kept in the image (width, height) and its size between MIN_SIDE and the image."""
        limit = np.array(image_size, float)
        size = np.maximum(MIN_SIDE, np.minimum(limit, size))
        return dataclasses.replace(self, centre=np.clip(centre, 0.0, limit), size=size)

    @property
    def box_xyxy(self) -> Array:
        """(4,) corners; the upper left one is kept in the image, as the benchmarks report it."""
        corner = np.maximum(self.centre - self.size / 2, 0.0)
        return np.concatenate([corner, corner + self.size])


@dataclass(frozen=True, eq=False)
class TemplateCrop:
    """First crop: pixels (T, T, 3) and the target's box (4,) in them."""

    pixels: Image
    box_xyxy: Array


@dataclass(frozen=True, eq=False)
class Step:
    """One update: the new state, the score the authors report, the target's probability where the new box was taken."""

    state: TargetState
    score: float
    confidence: float


def start(image: Image, box_xyxy: Array, template_side: int) -> tuple[TargetState, TemplateCrop]:
    """State and template crop from the first box (4,) in pixels."""
    box = np.asarray(box_xyxy, float)
    centre, size = (box[:2] + box[2:]) / 2, box[2:] - box[:2]
    side = int(np.round(context_side(size, CONTEXT)))
    padding = np.mean(image, axis=(0, 1))
    state = TargetState(centre, size, padding, template_side / side)
    half = size * state.first_scale / 2
    middle = float(template_side // 2)
    pixels = crop(image, centre, side, template_side, padding)
    return state, TemplateCrop(pixels, np.concatenate([middle - half, middle + half]))


def context_side(size: Array, context: float) -> float:
    """Side of the square about a target (w, h) with ``context`` (w + h) added to each."""
    return math.sqrt(float(np.prod(np.asarray(size, float) + context * float(np.sum(size)))))


def crop(image: Image, centre: Array, side: int, out_side: int, padding: Array) -> Image:
    """Square of ``side`` px about ``centre``, resized to ``out_side``; outside the image lies ``padding`` as uint8."""
    x0, y0 = (math.floor(float(at) - (side + 1) / 2 + 0.5) for at in centre)
    height, width = image.shape[:2]
    rows = slice(min(max(y0, 0), height), min(max(y0 + side, 0), height))
    columns = slice(min(max(x0, 0), width), min(max(x0 + side, 0), width))
    if rows.stop - rows.start == side and columns.stop - columns.start == side:
        square = image[rows, columns]
    else:
        square = np.empty((side, side, 3), np.uint8)
        square[:] = np.asarray(padding).astype(np.uint8)
        square[rows.start - y0 : rows.stop - y0, columns.start - x0 : columns.stop - x0] = image[rows, columns]
    if side != out_side:
        return cv2.resize(square, (out_side, out_side))  # pyright: ignore[reportReturnType]
    return np.ascontiguousarray(square)

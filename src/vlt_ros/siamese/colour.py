"""The target's colours against those around it in the first frame: a second opinion on where it is (not the authors').

Each colour gets the share of its pixels that belong to the target, as in Staple (Bertinetto et al. 2016), here without
an update: what was seen first stays the model.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from track_common.types import Array
from vlt_ros.siamese.scar import CELLS, SEARCH, STRIDE, Maps
from vlt_ros.siamese.state import Image

BITS = 4  # of each channel: 16 levels
INSIDE = np.array([0.15, 0.08, -0.15, -0.08])  # of width and height: where a box surely shows its target
OUTSIDE = np.array([-0.05, -0.03, 0.05, 0.03])  # beyond this nothing of it is left
AVERAGED = (0.7, 0.85)  # of width and height: the window a cell's likelihood is the mean of
RARE = 2e-4  # share of all pixels under which a colour says nothing
FIRST_CELL = SEARCH // 2 - STRIDE * (CELLS // 2)  # search px


def colour_table(pixels: Image, box_xyxy: Array) -> Array | None:
    """(4096,) share of each colour that is the target's, from a crop (S, S, 3) and the box (4,) in it.

    None where the box is too small to tell.
    """
    codes, sides = _codes(pixels), np.tile(box_xyxy[2:] - box_xyxy[:2], 2)
    inside = _mask(codes.shape, box_xyxy + INSIDE * sides)
    outside = ~_mask(codes.shape, box_xyxy + OUTSIDE * sides)
    if inside.sum() < 10 or outside.sum() < 10:
        return None
    target, other = (np.bincount(codes[part], minlength=1 << 3 * BITS) / part.sum() for part in (inside, outside))
    return (target / (target + other + RARE)).astype(np.float32)


def likelihood(pixels: Image, table: Array, size: Array) -> Array:
    """(25, 25) mean share of the target's colours in a window of some ``size`` (w, h) px at each cell; best = 1."""
    width, height = (max(3, int(side * share)) for side, share in zip(size, AVERAGED, strict=True))
    mean = cv2.blur(table[_codes(pixels)], (width, height))
    at = FIRST_CELL + STRIDE * np.arange(CELLS)
    cells = np.asarray(mean, np.float32)[np.ix_(at, at)]
    return cells / max(float(cells.max()), 1e-6)


def weighted(maps: Maps, likely: Array, share: float) -> Maps:
    """Maps whose target probability is multiplied by 1 - share + share * likely (25, 25)."""
    target = 1.0 / (1.0 + np.exp(maps.cls[0] - maps.cls[1])) * (1.0 - share + share * likely)
    target = np.clip(target, 1e-6, 1.0 - 1e-6)
    return Maps(np.stack([np.log1p(-target), np.log(target)]), maps.reg, maps.cen)


def _codes(pixels: Image) -> NDArray[np.int32]:
    red, green, blue = np.moveaxis((pixels >> (8 - BITS)).astype(np.int32), -1, 0)
    return (red << 2 * BITS) | (green << BITS) | blue


def _mask(shape: tuple[int, ...], box_xyxy: Array) -> NDArray[np.bool_]:
    x0, y0, x1, y1 = (max(0, round(float(side))) for side in box_xyxy)
    mask = np.zeros(shape, bool)
    mask[y0:y1, x0:x1] = True
    return mask

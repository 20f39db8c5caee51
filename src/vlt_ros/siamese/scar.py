"""How VLT_SCAR's maps become the next box: penalties, window, coarse and fine peak, damped size.

Follows the authors' inference with its oddities, which the published numbers contain: the learning rate compares the
new size with the target's in another scale, and the reported score is read at the middle of the map.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from track_common.types import Array
from vlt_ros.siamese.penalty import penalty
from vlt_ros.siamese.settings import Inference
from vlt_ros.siamese.state import CONTEXT, Image, Step, TargetState, context_side, crop

TEMPLATE, SEARCH = 127, 255  # px
CELLS, STRIDE = 25, 8
FINE = (CELLS - 1) * STRIDE + 1  # 193: the maps enlarged to about one cell a pixel
FINE_ORIGIN = SEARCH // 2 - FINE // 2  # search pixel of the enlarged maps' first cell, 31
REACH = (int(0.1 * TEMPLATE), int(0.44 * TEMPLATE))  # px: the fine window's sides are kept in this range
WINDOW = np.outer(np.hanning(CELLS), np.hanning(CELLS))


@dataclass(frozen=True, eq=False)
class Maps:
    """The head's answer as arrays: cls (2, 25, 25) logits, reg (4, 25, 25) search px l, t, r, b, cen (25, 25)."""

    cls: Array
    reg: Array
    cen: Array


def search_side(state: TargetState) -> int:
    """Side (image px) of the square the next search crop covers; ties go up, as in Python 2."""
    return math.floor(context_side(state.size, CONTEXT) * SEARCH / TEMPLATE + 0.5)


def search_crop(image: Image, state: TargetState) -> Image:
    """(255, 255, 3) crop about the last known place."""
    return crop(image, state.centre, search_side(state), SEARCH, state.padding)


def network_input(pixels: Image) -> NDArray[np.float32]:
    """(1, 3, H, W) BGR 0..255 from RGB bytes (H, W, 3)."""
    return np.ascontiguousarray(pixels[..., ::-1].transpose(2, 0, 1), np.float32)[None]


def step(state: TargetState, maps: Maps, image_size: tuple[int, int], settings: Inference) -> Step:
    """Next state from the maps of one search crop; ``image_size`` is width, height."""
    scale = TEMPLATE / context_side(state.size, CONTEXT)
    size_search = state.size * scale
    target = _target_probability(maps.cls)
    cen = (maps.cen - maps.cen.min()) / max(float(np.ptp(maps.cen)), 1e-12)
    left, top, right, bottom = maps.reg
    scored = penalty(left + right, top + bottom, size_search, state.size, settings.penalty_k) * target * cen
    peaked = scored * (1 - settings.window_influence) + WINDOW * settings.window_influence
    row, column = _fine_peak(_peak(_enlarge(peaked)), maps.reg, _enlarge(scored))
    left, top, right, bottom = (_enlarge(side)[row, column] for side in maps.reg)
    size = np.array([left + right, top + bottom]) / scale
    confidence = float(_enlarge(target)[row, column])
    lr = settings.lr * confidence * float(penalty(size[0], size[1], size_search, state.size, settings.penalty_k))
    centre = state.centre + (np.array([column, row]) + FINE_ORIGIN - SEARCH // 2) / scale
    new = state.moved(centre, lr * size + (1 - lr) * state.size, image_size)
    return Step(new, float(scored[CELLS // 2, CELLS // 2]), min(max(confidence, 0.0), 1.0))


def _fine_peak(coarse: tuple[int, int], reg: Array, scored_fine: Array) -> tuple[int, int]:
    """Row and column of the best score in a window about the coarse peak, as wide as the box found there."""
    row, column = coarse
    cell_row, cell_column = (min(round(at / (FINE / CELLS)), CELLS - 1) for at in coarse)
    left, top, right, bottom = np.clip(reg[:, cell_row, cell_column], *REACH)
    first_row, last_row = row - int(min(row, top) / 2), row + int(min(FINE - row, bottom) / 2)
    first_column, last_column = column - int(min(column, left) / 2), column + int(min(FINE - column, right) / 2)
    found = _peak(scored_fine[first_row : last_row + 1, first_column : last_column + 1])
    return first_row + found[0], first_column + found[1]


def _target_probability(logits: Array) -> Array:
    """Softmax of (2, N, N) logits, its target channel (N, N)."""
    return 1.0 / (1.0 + np.exp(logits[0] - logits[1]))


def _enlarge(values: Array) -> Array:
    return cv2.resize(values, (FINE, FINE), interpolation=cv2.INTER_CUBIC)  # pyright: ignore[reportReturnType]


def _peak(values: Array) -> tuple[int, int]:
    row, column = np.unravel_index(int(np.argmax(values)), values.shape)
    return int(row), int(column)

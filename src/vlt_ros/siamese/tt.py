"""How VLT_TT's scores and boxes become the next box: window, best token, optional penalty, optional damping."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from track_common.types import Array
from vlt_ros.siamese.penalty import penalty
from vlt_ros.siamese.settings import Inference
from vlt_ros.siamese.state import Image, Step, TargetState, context_side, crop

TEMPLATE, SEARCH = 128, 256  # px
CELLS = 32
SEARCH_CONTEXT = 1.5  # of width + height: about four times the template's area
WINDOW = np.outer(np.hanning(CELLS), np.hanning(CELLS)).ravel()
MEAN = np.array([0.485, 0.456, 0.406], np.float32)  # ImageNet, RGB
STD = np.array([0.229, 0.224, 0.225], np.float32)


@dataclass(frozen=True, eq=False)
class Maps:
    """The head's answer as arrays: cls (1024, 2) logits, index 0 the target; reg (1024, 4) cx, cy, w, h, crop = 1."""

    cls: Array
    reg: Array


def search_side(state: TargetState) -> int:
    """Side (image px) of the square the next search crop covers."""
    return math.ceil(context_side(state.size, SEARCH_CONTEXT))


def search_crop(image: Image, state: TargetState) -> Image:
    """(256, 256, 3) crop about the last known place."""
    return crop(image, state.centre, search_side(state), SEARCH, state.padding)


def step(state: TargetState, maps: Maps, image_size: tuple[int, int], settings: Inference) -> Step:
    """Next state from the answers of one search crop; ``image_size`` is width, height."""
    side = search_side(state)
    boxes = maps.reg * side
    target = 1.0 / (1.0 + np.exp(maps.cls[:, 1] - maps.cls[:, 0]))
    size_first = state.size * state.first_scale
    change = penalty(boxes[:, 2], boxes[:, 3], size_first, state.size, settings.penalty_k)  # 1 where penalty_k is 0
    scored = target * change * (1 - settings.window_influence) + WINDOW * settings.window_influence
    best = int(np.argmax(scored))
    lr = settings.lr
    if settings.penalty_k:
        lr *= float(change[best] * scored[best])
    centre = state.centre + boxes[best, :2] - side / 2
    new = state.moved(centre, lr * boxes[best, 2:] + (1 - lr) * state.size, image_size)
    return Step(new, float(scored[best]), float(target[best]))


def network_input(pixels: Image) -> NDArray[np.float32]:
    """(1, 3, H, W) normalised RGB from RGB bytes (H, W, 3)."""
    return np.ascontiguousarray(normalise(pixels).transpose(2, 0, 1), np.float32)[None]


def normalise(pixels: Image) -> Array:
    """(..., 3) RGB bytes as the network takes them, float32."""
    return (np.clip(pixels.astype(np.float32) / np.float32(255.0), 0.0, 1.0) - MEAN) / STD

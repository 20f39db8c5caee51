"""Where to look for a lost target: search windows over the whole image (supplement A.5 leaves this to future work)."""

from __future__ import annotations

import math

import numpy as np

from track_common.types import Array

OVERLAP = 0.5  # of neighbouring windows, so that a target on an edge is near the middle of another


def window_centres(image_size: tuple[int, int], side: float) -> Array:
    """(K, 2) centres of squares of ``side`` px that cover an image of width x height, nearest the middle first.

    Raises:
        ValueError: a side that is not positive.
    """
    if not side > 0:
        raise ValueError(f"window side {side} px; wanted more than 0")
    columns, rows = (_axis(length, side) for length in image_size)
    centres = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)
    apart = np.hypot(*(centres - np.array(image_size) / 2).T)
    return centres[np.argsort(apart, kind="stable")]


def _axis(length: int, side: float) -> Array:
    if side >= length:
        return np.array([length / 2])
    count = 1 + math.ceil((length - side) / (side * (1 - OVERLAP)))
    return np.linspace(side / 2, length - side / 2, count)

"""Weights of ROI-Align along one axis (no torch here: graphs that run without it take them as inputs)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def axis_weights(low: float, high: float, cells: int, bins: int) -> NDArray[np.float32]:
    """(bins, cells) share of each cell in each bin of a box from ``low`` to ``high`` (cells)."""
    start, side = np.float32(low), max(np.float32(high) - np.float32(low), np.float32(1.0)) / np.float32(bins)
    samples = math.ceil(float(side))
    steps = (np.arange(samples, dtype=np.float32) + np.float32(0.5)) * side / np.float32(samples)
    at = start + np.arange(bins, dtype=np.float32)[:, None] * side + steps  # (bins, samples)
    is_inside = (at >= -1.0) & (at <= cells)
    at = at.clip(0.0, cells - 1.0)
    below = np.floor(at).astype(np.intp).clip(max=cells - 1)
    above = (below + 1).clip(max=cells - 1)
    share = at - below.astype(np.float32)
    weights = np.zeros((bins, cells), np.float32)
    number = np.arange(bins)[:, None]
    np.add.at(weights, (number, below), np.where(is_inside, np.float32(1.0) - share, np.float32(0.0)))
    np.add.at(weights, (number, above), np.where(is_inside, share, np.float32(0.0)))
    return weights / np.float32(samples)

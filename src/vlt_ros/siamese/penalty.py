"""How much a proposed box's size and shape differ from the target's (SiamRPN's penalty, used by both VLT trackers)."""

from __future__ import annotations

import numpy as np

from track_common.types import Array
from vlt_ros.siamese.state import CONTEXT


def penalty(width: Array | float, height: Array | float, size: Array, shape: Array, penalty_k: float) -> Array:
    """exp(-(shape change x size change - 1) k) of boxes against a target; 1 where nothing changes.

    Args:
        width, height: of the boxes, any shape.
        size: (2,) width and height their size is compared with; its scale is the caller's choice.
        shape: (2,) width and height their aspect is compared with.
        penalty_k: strength, 0 = none.
    """
    width, height = np.asarray(width), np.asarray(height)
    size_change = _change(_padded(width, height) / _padded(size[0], size[1]))
    shape_change = _change((shape[0] / shape[1]) / (width / height))
    return np.exp(-(shape_change * size_change - 1) * penalty_k)


def _padded(width: Array, height: Array) -> Array:
    pad = (width + height) * CONTEXT
    return np.sqrt((width + pad) * (height + pad))


def _change(ratio: Array) -> Array:
    return np.maximum(ratio, 1.0 / ratio)

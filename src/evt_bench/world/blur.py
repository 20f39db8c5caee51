"""Motion blur of a camera that shakes: what turns while the shutter is open is smeared along its way in the image."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from track_common.types import Array

LEAST = 0.5  # px; less is no blur


def shift_in_image(T_world_before: Array, T_world_now: Array, seconds: float, exposure: float, fx: float) -> Array:
    """(2,) px by which the middle of the image moves, right and down, during an exposure.

    Args:
        T_world_before, T_world_now: (4, 4) optical frames ``seconds`` apart; only their rotation counts, since
            translation of 1 m/s moves a person at 2 m by a fifth of what a yaw rate of 1 rad/s does at 90 degrees.
        seconds: s between them, > 0.
        exposure: s.
        fx: focal length, px.
    """
    turn = Rotation.from_matrix(T_world_before[:3, :3].T @ T_world_now[:3, :3]).as_rotvec() / seconds  # optical axes
    return fx * exposure * np.array([-turn[1], turn[0]])


def motion_blurred(rgb: NDArray[np.uint8], shift: Array) -> NDArray[np.uint8]:
    """An image (H, W, 3) smeared along ``shift`` (2,) px, symmetric about where things are at its stamp."""
    length = float(np.hypot(*shift))
    if length < LEAST:
        return rgb
    size = 2 * math.ceil(0.5 * length) + 1
    kernel = np.zeros((size, size), np.float32)
    for share in np.linspace(-0.5, 0.5, 4 * size):
        x, y = (0.5 * (size - 1) + share * float(shift[0]), 0.5 * (size - 1) + share * float(shift[1]))
        column, row = math.floor(x), math.floor(y)
        for dx, dy in ((0, 0), (1, 0), (0, 1), (1, 1)):
            if column + dx < size and row + dy < size:
                kernel[row + dy, column + dx] += abs(1 - dx - (x - column)) * abs(1 - dy - (y - row))
    return cv2.filter2D(rgb, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE).astype(np.uint8)

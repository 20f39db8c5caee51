"""Camera frame -> the square the tower sees: cut to the training camera's view and resized; torch-free."""

from __future__ import annotations

import logging
import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from track_common.config import lookup
from track_common.types import Camera
from trackvla_ros.model.image_config import ImageConfig

UNSEEN_WARNING = 0.02  # share of the training view a camera may lack before it is said

PixelBox = tuple[float, float, float, float]  # left, top, right, bottom

_log = logging.getLogger(__name__)


class Framer:
    """Frames to squares; says once per camera what part of the training view it cannot see."""

    def __init__(self, config: ImageConfig, side: int) -> None:
        self._config, self._side = config, side
        self._warned_for: tuple[float, ...] | None = None

    def __call__(self, rgb: NDArray[np.uint8], camera: Camera | None) -> NDArray[np.uint8]:
        """RGB uint8 (H, W, 3) to (S, S, 3).

        Raises:
            ValueError: not an RGB uint8 image.
        """
        if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8 or rgb.size == 0:
            raise ValueError(f"frame is {rgb.dtype} {rgb.shape}; wanted uint8 (H, W, 3), RGB")
        height, width = rgb.shape[:2]
        box = whole_box(width, height, self._config.image_fit)
        if camera is not None and self._config.reproject:
            box = training_box(camera, self._config)
            self._warn_unseen(box, camera)
        return cut_and_resize(rgb, box, self._side)

    def _warn_unseen(self, box: PixelBox, camera: Camera) -> None:
        identity = (camera.fx, camera.fy, camera.cx, camera.cy, camera.width, camera.height)
        unseen = unseen_share(box, camera.width, camera.height)
        if unseen > UNSEEN_WARNING and identity != self._warned_for:
            _log.warning(
                "camera (hfov %.1f deg) lacks %.0f %% of the view the model was trained on (hfov %.1f deg); padded",
                math.degrees(camera.hfov), 100.0 * unseen, math.degrees(self._config.train_hfov),
            )  # fmt: skip
        self._warned_for = identity


def whole_box(width: int, height: int, image_fit: str) -> PixelBox:
    """The part of the frame to use: all of it, or the middle square.

    Raises:
        ConfigError: ``image_fit`` is neither squash nor center_crop.
    """
    side = min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    boxes = {"squash": (0.0, 0.0, float(width), float(height)), "center_crop": (left, top, left + side, top + side)}
    return lookup("image_fit", image_fit, boxes)


def training_box(camera: Camera, config: ImageConfig) -> PixelBox:
    """Where the training camera's view lies in this camera's image, px; may reach beyond its edges."""
    across, down = math.tan(config.train_hfov / 2), math.tan(config.train_vfov / 2)
    if config.image_fit == "center_crop":
        across = down = min(across, down)
    return (
        camera.cx - camera.fx * across,
        camera.cy - camera.fy * down,
        camera.cx + camera.fx * across,
        camera.cy + camera.fy * down,
    )


def unseen_share(box: PixelBox, width: int, height: int) -> float:
    """Share of the box's area outside the image, 0..1."""
    left, top, right, bottom = box
    seen_x = max(0.0, min(right, width) - max(left, 0.0))
    seen_y = max(0.0, min(bottom, height) - max(top, 0.0))
    return 1.0 - seen_x * seen_y / ((right - left) * (bottom - top))


def cut_and_resize(rgb: NDArray[np.uint8], box: PixelBox, side: int) -> NDArray[np.uint8]:
    """The box of an image as a square (side, side, 3), bicubic with antialiasing; black outside the image."""
    height, width = rgb.shape[:2]
    left, top, right, bottom = box
    pad = [
        max(0, math.ceil(-left)),
        max(0, math.ceil(right - width)),
        max(0, math.ceil(-top)),
        max(0, math.ceil(bottom - height)),
    ]
    if any(pad):
        rgb = np.pad(rgb, ((pad[2], pad[3]), (pad[0], pad[1]), (0, 0)))
    shifted = (left + pad[0], top + pad[2], right + pad[0], bottom + pad[2])
    return np.asarray(Image.fromarray(rgb).resize((side, side), Image.Resampling.BICUBIC, box=shifted))

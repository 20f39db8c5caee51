"""How camera frames are brought to what the model was trained on; torch-free, as nodes declare it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from track_common.config import setting


@dataclass(frozen=True)
class ImageConfig:
    """How a frame becomes the square input. Frames must be rectified: only pinhole cameras are matched."""

    image_fit: str = setting(
        "squash",
        "unpublished: squash keeps the whole view (B: resized to 224x224); center_crop keeps shapes, as Uni-NaVid",
        choices=("squash", "center_crop"),
    )
    reproject: bool = setting(True, "cut or pad the frame to the training camera's view, where camera_info is known")
    train_hfov: float = setting(
        math.pi / 2, "horizontal view of the training camera, 90 degrees (G.1)", unit="rad", low=0.1, high=3.0
    )
    train_vfov: float = setting(1.2870, "vertical view: 640x480 at 90 degrees has 73.7", unit="rad", low=0.1, high=3.0)

"""Camera frame -> what the tower eats: the square of ``framing.py``, normalised."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from track_common.types import Camera
from trackvla_ros.model.framing import Framer, cut_and_resize, training_box, unseen_share, whole_box
from trackvla_ros.model.image_config import ImageConfig

__all__ = ["CLIP_MEAN", "CLIP_STD", "ImagePreparer", "cut_and_resize", "normalise", "training_box", "unseen_share",
           "whole_box"]  # fmt: skip

CLIP_MEAN, CLIP_STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)  # RGB, of 0..1


class ImagePreparer:
    """Frames to input tensors; says once per camera what part of the training view it cannot see."""

    def __init__(self, config: ImageConfig, side: int) -> None:
        self._framer = Framer(config, side)

    def __call__(self, rgb: NDArray[np.uint8], camera: Camera | None) -> Tensor:
        """RGB uint8 (H, W, 3) to float32 (3, S, S).

        Raises:
            ValueError: not an RGB uint8 image.
        """
        return normalise(self._framer(rgb, camera), CLIP_MEAN, CLIP_STD)


def normalise(square: NDArray[np.uint8], mean: tuple[float, ...], std: tuple[float, ...]) -> Tensor:
    """RGB uint8 (H, W, 3) to float32 (3, H, W): 0..1, less mean, over std."""
    pixels = torch.from_numpy(np.array(square)).permute(2, 0, 1).float() / 255.0
    return (pixels - torch.tensor(mean)[:, None, None]) / torch.tensor(std)[:, None, None]

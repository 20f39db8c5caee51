"""Images of a batch to the tower's input, changed as cameras and rooms change them: light, tint, contrast, noise."""

from __future__ import annotations

import functools

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trackvla_ros.model.image import CLIP_MEAN, CLIP_STD

LIGHT, TINT, CONTRAST, NOISE = 0.18, 0.05, 0.12, 5.0  # spreads of the logarithms; the noise's largest spread, of 255
NOISE_IMAGES = 8  # in the bank; each image takes one of them, mirrored or not


def to_input(images: NDArray[np.uint8], rng: np.random.Generator | None = None) -> Tensor:
    """RGB (B, S, S, 3) to normalised (B, 3, S, S); with ``rng`` each image is changed by chance."""
    pixels = torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2).float()
    if rng is not None:
        pixels = _changed(pixels, rng)
    std = torch.tensor(CLIP_STD)[:, None, None]
    return pixels.mul_(1.0 / (255.0 * std)).sub_(torch.tensor(CLIP_MEAN)[:, None, None] / std)


def _changed(pixels: Tensor, rng: np.random.Generator) -> Tensor:
    """The pixels (B, 3, S, S) in 0..255 under another light, seen by another camera; changed in place."""
    count, side = len(pixels), pixels.shape[-1]
    gain = np.exp(rng.normal(0.0, LIGHT, (count, 1)) + rng.normal(0.0, TINT, (count, 3)))
    contrast = np.exp(rng.normal(0.0, CONTRAST, (count, 1)))
    middle = pixels[:, :, ::8, ::8].mean(dim=(1, 2, 3)).numpy()[:, None]
    scale, shift = gain * contrast, gain * middle * (1.0 - contrast)
    pixels.mul_(_column(scale)).add_(_column(shift))
    noise = _noise_bank(side)[rng.integers(NOISE_IMAGES, size=count)]
    return pixels.addcmul_(noise, _column(rng.uniform(0.0, NOISE, (count, 1)))).clamp_(0.0, 255.0)


def _column(values: NDArray[np.floating]) -> Tensor:
    """(B, K) as (B, K, 1, 1)."""
    return torch.from_numpy(values.astype(np.float32))[:, :, None, None]


@functools.cache
def _noise_bank(side: int) -> Tensor:
    return torch.randn(NOISE_IMAGES, 3, side, side, generator=torch.Generator().manual_seed(0))

"""Weights and inputs of the parity files, made from names and a seed (rule: docs/vlt.md, "Parity").

Every array has its own generator, seeded by the CRC-32 of its name and the file's seed, so nothing depends on order.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from track_common.types import Array

GAIN = 1.5  # variance gain of convolutions and linear maps
SMALL_GAIN = 0.15  # of the maps that end a residual branch or a box head
SMALL_SUFFIXES = ("attn.fc.weight", "bbox_embed.layers.2.weight", "output.dense.weight")
BIAS_OFFSETS = {"bbox_pred.bias": np.array(3.0), "bbox_embed.layers.2.bias": np.array([0.0, 0.0, -1.2, -1.2])}
BLOCKS = ((45.0, 32), (30.0, 8), (15.0, 1))  # (standard deviation, side in px) of a picture's patches
MEAN = np.array([0.485, 0.456, 0.406], np.float32).reshape(3, 1, 1)
STD = np.array([0.229, 0.224, 0.225], np.float32).reshape(3, 1, 1)


@dataclass(frozen=True)
class Inputs:
    """Geometry and value range of a tracker's inputs."""

    template: int
    search: int
    input_scale: float  # of the first normalisation's statistics
    is_normalised: bool


SCAR_INPUTS = Inputs(template=127, search=255, input_scale=75.0, is_normalised=False)
TT_INPUTS = Inputs(template=128, search=256, input_scale=1.0, is_normalised=True)


def generator(name: str, seed: int) -> np.random.Generator:
    """The generator that belongs to a name."""
    return np.random.default_rng([zlib.crc32(name.encode("utf-8")), seed])


def fill(key: str, shape: tuple[int, ...], seed: int, input_scale: float = 1.0) -> NDArray[np.generic]:
    """The value of one entry of a state dict."""
    if key.endswith("num_batches_tracked"):
        return np.zeros(shape, np.int64)
    rng = generator(key, seed)
    scale = input_scale if ".first_conv.1." in f".{key}" else 1.0
    if key.endswith("running_mean"):
        value = 0.05 * rng.standard_normal(shape) * scale
    elif key.endswith("running_var"):
        value = (0.75 + 0.5 * rng.random(shape)) * scale**2
    elif len(shape) == 1:
        value = _vector(key, rng.standard_normal(shape))
    else:
        value = _matrix(key, rng.standard_normal(shape))
    return value.astype(np.float32)


def picture(name: str, seed: int, height: int, width: int) -> NDArray[np.uint8]:
    """(3, height, width) patches of three sizes about middle grey."""
    rng = generator(name, seed)
    total = np.zeros((3, height, width))
    for deviation, side in BLOCKS:
        patches = rng.standard_normal((3, -(-height // side), -(-width // side)))
        total += deviation * np.kron(patches, np.ones((1, side, side)))[:, :height, :width]
    return np.clip(np.rint(127.5 + total), 0, 255).astype(np.uint8)


def sentence(name: str, seed: int) -> NDArray[np.float32]:
    """(768,) stand-in for a sentence vector."""
    return (0.5 * generator(name, seed).standard_normal(768)).astype(np.float32)


def network_input(pictures: NDArray[np.uint8], inputs: Inputs) -> NDArray[np.float32]:
    """Pictures (..., 3, H, W) in the range the network takes."""
    values = pictures.astype(np.float32)
    return (values * np.float32(1 / 255.0) - MEAN) / STD if inputs.is_normalised else values


def chained_crc(arrays: Mapping[str, NDArray[np.generic]], crc: int = 0) -> int:
    """CRC-32 over all arrays' bytes, in sorted order of their names, going on from ``crc``."""
    for name in sorted(arrays):
        crc = zlib.crc32(np.ascontiguousarray(arrays[name]).tobytes(), crc)
    return crc


def _vector(key: str, draw: Array) -> Array:
    if key.endswith("weight"):
        return 1.0 + 0.1 * draw
    offsets = [offset for suffix, offset in BIAS_OFFSETS.items() if key.endswith(suffix)]
    return 0.1 * draw + (offsets[0] if offsets else 0.0)


def _matrix(key: str, draw: Array) -> Array:
    if draw.ndim == 4 and draw.shape[1] > 1:
        draw = draw - draw.mean(axis=(1, 2, 3), keepdims=True)
    gain = SMALL_GAIN if key.endswith(SMALL_SUFFIXES) else GAIN
    return draw * np.sqrt(gain / np.prod(draw.shape[1:]))

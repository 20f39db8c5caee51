"""Weight-free check values: every weight, picture and id follows from its name and a seed, so two programs can compare.

The rule is that of the reference files (open_vla_fillrule.py): numpy's generator seeded with (crc32(name), seed).
"""

from __future__ import annotations

import math
import zlib

import numpy as np
from numpy.typing import NDArray

GAIN = 1.5  # variance of a filled linear layer's weights times its fan-in
LAST_LAYERS = ("trajectory_head.layers.17.weight", "planner.mlp.5.weight")  # kept small: trajectories under a metre
Float32 = NDArray[np.float32]


def generator(name: str, seed: int) -> np.random.Generator:
    """The generator of a name."""
    return np.random.default_rng([zlib.crc32(name.encode()), seed])


def fill_weight(key: str, shape: tuple[int, ...], seed: int, xy_scale: float = 2.0) -> Float32:
    """Value of a checkpoint key: norms near 1, biases near 0, the rest scaled by their fan-in."""
    if key.endswith(("output_scale", "alpha_task")):
        return np.array([xy_scale, xy_scale, 1.0], np.float32).reshape(shape)
    noise = generator(key, seed).standard_normal(shape)
    if key.endswith(("layer_scale1.lambda1", "layer_scale2.lambda1")):
        return (0.5 + 0.1 * noise).astype(np.float32)
    if len(shape) == 1:
        return (1.0 + 0.1 * noise if key.endswith("weight") else 0.1 * noise).astype(np.float32)
    if len(shape) == 4 and shape[1] > 1:
        noise = noise - noise.mean(axis=(1, 2, 3), keepdims=True)
    value = (noise * math.sqrt(GAIN / float(np.prod(shape[1:])))).astype(np.float32)
    return value * np.float32(0.3) if key.endswith(LAST_LAYERS) else value


def fill_frame(name: str, seed: int, height: int, width: int) -> NDArray[np.uint8]:
    """RGB uint8 (H, W, 3) of blocks of 32, 8 and 1 pixels."""
    rng = generator(name, seed)
    picture = np.full((3, height, width), 127.5)
    for contrast, block in ((45.0, 32), (30.0, 8), (15.0, 1)):
        coarse = rng.standard_normal((3, -(-height // block), -(-width // block)))
        picture = picture + contrast * np.kron(coarse, np.ones((1, block, block)))[:, :height, :width]
    return np.ascontiguousarray(np.clip(np.rint(picture), 0, 255).astype(np.uint8).transpose(1, 2, 0))


def fill_features(name: str, seed: int, count: int, channels: int) -> Float32:
    """Random pooled features (count, channels)."""
    return generator(name, seed).standard_normal((count, channels)).astype(np.float32)

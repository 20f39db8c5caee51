"""Frame -> pooled visual tokens: the tower (EVA, or a small CNN for the CPU), then average pooling on its grid."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from trackvla_ros.model.config import VisionConfig
from trackvla_ros.model.eva import EvaVit


@dataclass(frozen=True, eq=False)
class PooledFrame:
    """All the model ever needs of a frame: coarse (B, 4, C) once it is past, fine (B, 64, C) while it is current."""

    coarse: Tensor
    fine: Tensor


class SmallCnn(nn.Module):
    """Strided convolutions, each halving the side, for the size that trains on a CPU; patch_size = 2**depth.

    Two coordinate channels go in beside the colours: pooled tokens must say where they come from, and a language model
    that starts at random reads little from their order (without them a run may never leave its first plateau).
    """

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        if 2**config.depth != config.patch_size:
            raise ValueError(f"cnn: vision.patch_size {config.patch_size} is not 2**depth; depth is {config.depth}")
        layers: list[nn.Module] = []
        channels = 5
        for level in range(config.depth):
            width = config.width // 2 ** (config.depth - 1 - level)
            layers += [nn.Conv2d(channels, width, 3, stride=2, padding=1), nn.GroupNorm(1, width), nn.GELU()]
            channels = width
        self.layers = nn.Sequential(*layers)

    def forward(self, images: Tensor) -> Tensor:
        """Images (B, 3, S, S) to features (B, N, C) in row-major order."""
        return self.plane(images).flatten(2).transpose(1, 2)

    def plane(self, images: Tensor) -> Tensor:
        """Images (B, 3, S, S) to a map of features (B, C, S / patch, S / patch)."""
        axis = torch.linspace(-1.0, 1.0, images.shape[-1], device=images.device, dtype=images.dtype)
        across = axis.to(images.dtype).expand(len(images), 1, len(axis), -1)
        return self.layers(torch.cat([images, across, across.transpose(2, 3)], dim=1))


class ResidualBlock(nn.Module):
    """Two dilated 3x3 convolutions beside the identity, normalised before each."""

    def __init__(self, width: int, dilation: int = 1) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.GroupNorm(1, width) for _ in range(2))
        self.layers = nn.ModuleList(nn.Conv2d(width, width, 3, padding=dilation, dilation=dilation) for _ in range(2))
        nn.init.zeros_(self.layers[1].weight)  # pyright: ignore[reportArgumentType]

    def forward(self, x: Tensor) -> Tensor:  # (B, C, S, S) -> the same
        change = x
        for norm, layer in zip(self.norms, self.layers, strict=True):
            change = layer(F.gelu(norm(change)))
        return x + change


class ResidualCnn(nn.Module):
    """``SmallCnn`` with residual blocks: one before the last halving, ``config.blocks`` after it.

    Their dilations 1, 2, 4, ... let each cell see the whole of a person, whose attributes it has to know.
    """

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.stem = SmallCnn(dataclasses.replace(config, depth=config.depth - 1, patch_size=config.patch_size // 2,
                                                 width=config.width // 2))  # fmt: skip
        self.middle = ResidualBlock(config.width // 2)
        self.last = nn.Sequential(nn.Conv2d(config.width // 2, config.width, 3, stride=2, padding=1), nn.GELU())
        self.blocks = nn.Sequential(*(ResidualBlock(config.width, 2**i) for i in range(config.blocks)))
        self.norm = nn.LayerNorm(config.width)

    def forward(self, images: Tensor) -> Tensor:
        """Images (B, 3, S, S) to features (B, N, C) in row-major order."""
        plane = self.blocks(self.last(self.middle(self.stem.plane(images))))
        return self.norm(plane.flatten(2).transpose(1, 2))


TOWERS = {"eva": EvaVit, "cnn": SmallCnn, "residual": ResidualCnn}


def build_tower(config: VisionConfig) -> nn.Module:
    """The tower named by ``config.kind``, its parameters frozen where the config says so."""
    tower = TOWERS[config.kind](config)
    tower.requires_grad_(not config.frozen)
    return tower


def pool_grid(features: Tensor, side: int) -> Tensor:
    """Average a square map of features (B, N, C), row-major, to (B, side**2, C)."""
    batch, count, channels = features.shape
    grid = math.isqrt(int(count))
    plane = features.transpose(1, 2).reshape(batch, channels, grid, grid)
    return F.avg_pool2d(plane, grid // side).flatten(2).transpose(1, 2)

"""EVA-CLIP's vision transformer (ViT-g/14), frame -> 256 features; parameter names are those of timm's ``Eva``.

Why not timm itself: importing it needs torchvision, whose wheels do not load beside a CPU build of torch. The names are
kept so that LAVIS's ``eva_vit_g.pth`` and timm's own files load key by key; the numbers are held against transformers'
BLIP-2 tower, the same network written by others (tests/unit/trackvla_ros/test_model_vision.py).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from trackvla_ros.model.config import VisionConfig

NORM_EPS = 1e-6  # LAVIS's EVA-CLIP-g


class EvaAttention(nn.Module):
    """Self-attention whose query and value, but not key, have a bias (BEiT's way)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.q_bias = nn.Parameter(torch.zeros(width))
        self.v_bias = nn.Parameter(torch.zeros(width))
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:  # (B, N, C) -> (B, N, C)
        bias = torch.cat([self.q_bias, torch.zeros_like(self.q_bias), self.v_bias])
        parts = F.linear(x, self.qkv.weight, bias).unflatten(-1, (3, self.heads, -1))
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        return self.proj(F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2))


class EvaMlp(nn.Module):
    """Two linear layers with an exact GELU."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x)))


class EvaBlock(nn.Module):
    """Pre-norm transformer block."""

    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, NORM_EPS)
        self.attn = EvaAttention(width, heads)
        self.norm2 = nn.LayerNorm(width, NORM_EPS)
        self.mlp = EvaMlp(width, hidden)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class PatchEmbed(nn.Module):
    """Non-overlapping patches to tokens, row by row."""

    def __init__(self, width: int, patch_size: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, width, patch_size, patch_size)

    def forward(self, images: Tensor) -> Tensor:  # (B, 3, S, S) -> (B, N, C)
        return self.proj(images).flatten(2).transpose(1, 2)


class EvaVit(nn.Module):
    """The tower without final norm, pooling and classifier; the CLS token is computed and dropped."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.patch_embed = PatchEmbed(config.width, config.patch_size)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, config.width))
        self.pos_embed = nn.Parameter(torch.randn(1, config.grid**2 + 1, config.width) * 0.02)
        self.blocks = nn.ModuleList(EvaBlock(config.width, config.heads, config.mlp_width) for _ in range(config.depth))

    def forward(self, images: Tensor) -> Tensor:
        """Images (B, 3, S, S), CLIP-normalised RGB, to features (B, N, C) in row-major order."""
        patches = self.patch_embed(images)
        x = torch.cat([self.cls_token.expand(len(patches), -1, -1), patches], dim=1) + self.pos_embed
        for block in self.blocks:
            x = block(x)
        return x[:, 1:]

"""The diffusion transformer of the action model: plain blocks, the condition as one more token in front.

The paper gives depth, width, heads and the rounded parameter counts 89 M and 13 M. Those counts fit in-context
conditioning (one token c = Linear(E_T) + MLP(t)) and not adaptive norms (131 M, 18 M): reference trackvla.md 1.2.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

TIME_CHANNELS = 256  # of the sinusoidal embedding of the diffusion step
MAX_PERIOD = 10000.0  # of its slowest sinusoid (Vaswani et al. 2017)


class DitBlock(nn.Module):
    """Pre-norm block without learned scale or shift in its norms; MLP ratio 4, tanh GELU."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads, self.width = heads, width
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(approximate="tanh"), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:  # (B, N, C) -> (B, N, C)
        parts = self.qkv(_norm(x)).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(parts[0], parts[1], parts[2])
        x = x + self.out(attended.transpose(1, 2).flatten(2))
        return x + self.mlp(_norm(x))


class Dit(nn.Module):
    """Tokens (B, N, in) with condition (B, D) and step t (B,) to hidden states (B, 1 + N, C), condition token first."""

    def __init__(self, token_size: int, tokens: int, condition: int, width: int, depth: int, heads: int) -> None:
        super().__init__()
        self.embed = nn.Linear(token_size, width)
        self.condition = nn.Linear(condition, width)
        self.time = nn.Sequential(nn.Linear(TIME_CHANNELS, width), nn.SiLU(), nn.Linear(width, width))
        self.positions = nn.Parameter(torch.randn(tokens + 1, width) * width**-0.5)
        self.blocks = nn.ModuleList(DitBlock(width, heads) for _ in range(depth))
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)

    def forward(self, tokens: Tensor, condition: Tensor, t: Tensor) -> Tensor:
        first = self.condition(condition) + self.time(embed_step(t).to(condition.dtype))
        x = torch.cat([first[:, None], self.embed(tokens)], dim=1) + self.positions
        for block in self.blocks:
            x = block(x)
        return _norm(x)


def embed_step(t: Tensor) -> Tensor:
    """Diffusion step t (B,) as (B, 256) cosines and sines of geometrically spaced frequencies."""
    half = TIME_CHANNELS // 2
    frequencies = torch.exp(-math.log(MAX_PERIOD) * torch.arange(half, device=t.device) / half)
    phase = t.float()[:, None] * frequencies
    return torch.cat([phase.cos(), phase.sin()], dim=1)


def zero_linear(inputs: int, outputs: int) -> nn.Linear:
    """A last layer that starts by saying nothing."""
    layer = nn.Linear(inputs, outputs)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def _norm(x: Tensor) -> Tensor:
    return F.layer_norm(x, x.shape[-1:], eps=1e-6)

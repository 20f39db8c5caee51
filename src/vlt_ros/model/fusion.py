"""Attention of VLT_TT: template and search tokens attend to themselves and to each other (TransInMo's form).

The attention has no query, key and value projections: the channels are split into heads as they are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from track_common.config import setting

TEMPERATURE = 10000.0  # of the sine positions
DROPOUT = 0.1  # training only


@dataclass(frozen=True)
class FusionConfig:
    """Sizes of the fusion; the defaults are the published ones."""

    width: int = setting(256, "channels of a token", low=8)
    heads: int = setting(8, "attention heads", low=1)
    hidden: int = setting(2048, "channels inside the feed-forward parts", low=8)
    layers: int = setting(4, "encoder layers", low=1)


@dataclass(frozen=True)
class TokenMap:
    """Tokens (B, N, C) of one image, row by row, and the sine positions (1, N, C) of their places."""

    tokens: Tensor
    positions: Tensor


def sine_positions(rows: int, columns: int, width: int) -> Tensor:
    """(1, rows * columns, width) positions: first half for the row, second for the column.

    Index 1..n over n, times 2 pi; sines and cosines interleaved over frequencies TEMPERATURE^(2 k / half).
    """
    half = width // 2
    frequency = TEMPERATURE ** (2 * (torch.arange(half) // 2) / half)

    def axis(cells: int) -> Tensor:
        angle = torch.arange(1, cells + 1, dtype=torch.float32) / (cells + 1e-6) * (2 * math.pi)
        phase = angle[:, None] / frequency
        return torch.stack([phase[:, 0::2].sin(), phase[:, 1::2].cos()], dim=2).flatten(1)  # (cells, half)

    y = axis(rows)[:, None].expand(rows, columns, half)
    x = axis(columns)[None].expand(rows, columns, half)
    return torch.cat([y, x], dim=2).reshape(1, rows * columns, width)


class Attention(nn.Module):
    """softmax(q k' / sqrt(d)) v over heads split from the channels directly, then one linear map without bias."""

    def __init__(self, config: FusionConfig) -> None:
        super().__init__()
        self.attn = nn.Module()
        self.attn.fc = nn.Linear(config.width, config.width, bias=False)
        self._heads = config.heads

    def forward(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        q, k, v = (x.unflatten(2, (self._heads, -1)).transpose(1, 2) for x in (query, key, value))
        mixed = F.scaled_dot_product_attention(q, k, v)
        return cast(nn.Linear, self.attn.fc)(mixed.transpose(1, 2).flatten(2))


class EncoderLayer(nn.Module):
    """Self-attention on both images, cross-attention both ways from those results, feed-forward; norms after each.

    Names ending in 1 (linear11, norm12, ...) belong to the template's tokens, in 2 to the search image's.
    """

    def __init__(self, config: FusionConfig) -> None:
        super().__init__()
        width, hidden = config.width, config.hidden
        self.self_attn1, self.self_attn2 = Attention(config), Attention(config)
        self.multihead_attn1, self.multihead_attn2 = Attention(config), Attention(config)
        self.linear11, self.linear12 = nn.Linear(width, hidden), nn.Linear(hidden, width)
        self.linear21, self.linear22 = nn.Linear(width, hidden), nn.Linear(hidden, width)
        self.norm11, self.norm12, self.norm13 = (nn.LayerNorm(width) for _ in range(3))
        self.norm21, self.norm22, self.norm23 = (nn.LayerNorm(width) for _ in range(3))
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, z: TokenMap, x: TokenMap) -> tuple[TokenMap, TokenMap]:
        return self.cross(TokenMap(self.attend_template(z), z.positions), TokenMap(self.attend_search(x), x.positions))

    def cross(self, z: TokenMap, x: TokenMap) -> tuple[TokenMap, TokenMap]:
        """Both cross-attentions and feed-forward parts, from the results of the self-attentions."""
        placed_z, placed_x = z.tokens + z.positions, x.tokens + x.positions
        z2 = self.norm12(z.tokens + self.dropout(self.multihead_attn1(placed_z, placed_x, x.tokens)))
        x2 = self.norm22(x.tokens + self.dropout(self.multihead_attn2(placed_x, placed_z, z.tokens)))
        z3 = self.norm13(z2 + self._feed(z2, self.linear11, self.linear12))
        x3 = self.norm23(x2 + self._feed(x2, self.linear21, self.linear22))
        return TokenMap(z3, z.positions), TokenMap(x3, x.positions)

    def attend_template(self, z: TokenMap) -> Tensor:
        """Self-attention of the template's tokens; in the first layer it depends on the target only."""
        placed = z.tokens + z.positions
        return self.norm11(z.tokens + self.dropout(self.self_attn1(placed, placed, z.tokens)))

    def attend_search(self, x: TokenMap) -> Tensor:
        """Self-attention of the search image's tokens."""
        placed = x.tokens + x.positions
        return self.norm21(x.tokens + self.dropout(self.self_attn2(placed, placed, x.tokens)))

    def _feed(self, tokens: Tensor, first: nn.Linear, second: nn.Linear) -> Tensor:
        return self.dropout(second(self.dropout(F.relu(first(tokens)))))


class DecoderLayer(nn.Module):
    """The search image's tokens look at the template's once more."""

    def __init__(self, config: FusionConfig) -> None:
        super().__init__()
        self.multihead_attn = Attention(config)
        self.linear1, self.linear2 = nn.Linear(config.width, config.hidden), nn.Linear(config.hidden, config.width)
        self.norm1, self.norm2 = nn.LayerNorm(config.width), nn.LayerNorm(config.width)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, z: TokenMap, x: TokenMap) -> Tensor:
        seen = self.multihead_attn(x.tokens + x.positions, z.tokens + z.positions, z.tokens)
        tokens = self.norm1(x.tokens + self.dropout(seen))
        fed = self.linear2(self.dropout(F.relu(self.linear1(tokens))))
        return self.norm2(tokens + self.dropout(fed))


class Encoder(nn.Module):
    """The encoder layers in a row."""

    def __init__(self, config: FusionConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList([EncoderLayer(config) for _ in range(config.layers)])

    def forward(self, z: TokenMap, x: TokenMap) -> tuple[TokenMap, TokenMap]:
        for layer in self.layers:
            z, x = layer(z, x)
        return z, x


class Decoder(nn.Module):
    """One decoder layer and a final norm."""

    def __init__(self, config: FusionConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList([DecoderLayer(config)])
        self.norm = nn.LayerNorm(config.width)

    def forward(self, z: TokenMap, x: TokenMap) -> Tensor:
        return self.norm(self.layers[0](z, x))

"""Linear layers with int8 weights: half the memory of bfloat16, the arithmetic stays in the activations' format.

One scale per output row, largest weight = 127. Works on any device; on a memory-bound GPU it also saves time.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Int8Linear(nn.Module):
    """Inference only; built from a trained linear layer."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        weight = linear.weight.detach().float()
        scale = weight.abs().amax(dim=1, keepdim=True).clamp(min=1e-12) / 127.0
        self.weight_int8: Tensor
        self.scale: Tensor
        self.register_buffer("weight_int8", torch.round(weight / scale).to(torch.int8))
        self.register_buffer("scale", scale[:, 0].to(linear.weight.dtype))
        self.bias = linear.bias

    def forward(self, x: Tensor) -> Tensor:
        out = F.linear(x, self.weight_int8.to(x.dtype)) * self.scale
        return out if self.bias is None else out + self.bias


def quantise_linears(module: nn.Module) -> None:
    """Replace every linear layer below ``module`` in place."""
    for name, child in module.named_children():
        if isinstance(child, nn.Linear):
            setattr(module, name, Int8Linear(child))
        else:
            quantise_linears(child)

"""ROI-Align to a few bins as two small matrix products (torchvision's CPU rule with ``aligned=False``).

The weight of a map cell is a product of a row part and a column part, also at the edges: one matrix per axis.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def roi_align(features: Tensor, boxes_xyxy: Tensor, scale: float, bins: int = 3) -> Tensor:
    """Mean of bilinear samples in ``bins`` x ``bins`` parts of one box per sample.

    Args:
        features: (B, C, H, W).
        boxes_xyxy: (B, 4) in image pixels; ``scale`` takes them to map cells, thin ones count as one cell.
        scale: map cells per image pixel.
        bins: parts along each axis.

    Returns:
        (B, C, bins, bins). Samples more than one cell outside the map count as 0 and stay in the divisor.
    """
    height, width = features.shape[-2:]
    boxes = boxes_xyxy.detach().to("cpu", torch.float32) * scale
    rows = torch.stack([_axis_weights(box[1], box[3], height, bins) for box in boxes])  # (B, bins, H)
    columns = torch.stack([_axis_weights(box[0], box[2], width, bins) for box in boxes])  # (B, bins, W)
    rows, columns = rows.to(features), columns.to(features)
    return torch.einsum("bph,bchw,bqw->bcpq", rows, features, columns)


def _axis_weights(low: Tensor, high: Tensor, cells: int, bins: int) -> Tensor:
    """(bins, cells) share of each cell in each bin along one axis."""
    side = (high - low).clamp(min=1.0) / bins
    samples = math.ceil(float(side))
    steps = (torch.arange(samples, dtype=torch.float32) + 0.5) * side / samples
    at = low + torch.arange(bins, dtype=torch.float32)[:, None] * side + steps  # (bins, samples)
    is_inside = (at >= -1.0) & (at <= cells)
    at = at.clamp(0.0, cells - 1.0)
    below = at.floor().long().clamp(max=cells - 1)
    above = (below + 1).clamp(max=cells - 1)
    share = at - below
    weights = torch.zeros(bins, cells)
    weights.scatter_add_(1, below, torch.where(is_inside, 1.0 - share, torch.zeros_like(share)))
    weights.scatter_add_(1, above, torch.where(is_inside, share, torch.zeros_like(share)))
    return weights / samples

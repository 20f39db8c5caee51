"""ROI-Align to a few bins as two small matrix products (torchvision's CPU rule with ``aligned=False``).

The weight of a map cell is a product of a row part and a column part, also at the edges: one matrix per axis.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vlt_ros.model.roi_weights import axis_weights


@dataclass(frozen=True)
class Regions:
    """Boxes as ``pool`` takes them, for the map of every stage: rows (B, bins, H) and columns (B, bins, W)."""

    rows: tuple[Tensor, ...]
    columns: tuple[Tensor, ...]


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
    boxes = (boxes_xyxy.detach().to("cpu", torch.float32) * scale).numpy()
    rows = [torch.from_numpy(axis_weights(box[1], box[3], height, bins)) for box in boxes]
    columns = [torch.from_numpy(axis_weights(box[0], box[2], width, bins)) for box in boxes]
    return pool(features, torch.stack(rows).to(features), torch.stack(columns).to(features))


def pool(features: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """(B, C, bins, bins) of features (B, C, H, W) by weights (B, bins, H) and (B, bins, W)."""
    return torch.einsum("bph,bchw,bqw->bcpq", rows, features, columns)

"""What the trackers are trained on: label assignment and losses (paper 3.3; weights of the released configurations)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from vlt_ros.model.scar import ScarMaps
from vlt_ros.model.tt import TtMaps

SCAR_WEIGHTS = (1.0, 3.0, 1.0)  # cls, reg, cen
SCAR_FIRST_CELL, SCAR_STRIDE = 32.0, 8.0  # search pixel of cell 0 and between cells
SCAR_MARGIN = 0.3  # of the box's side kept free on every side: the middle 40 % is positive
TT_WEIGHTS = (2.0, 3.0, 1.0)  # cls, l1, iou
TT_BACKGROUND = 0.0625  # weight of a background token beside 1 for the target's
TINY = 1e-7


@dataclass(frozen=True)
class ScarLoss:
    """Parts and weighted total, scalars."""

    cls: Tensor
    reg: Tensor
    cen: Tensor
    total: Tensor


@dataclass(frozen=True)
class TtLoss:
    """Parts and weighted total, scalars."""

    cls: Tensor
    l1: Tensor
    iou: Tensor
    total: Tensor


def scar_loss(maps: ScarMaps, boxes_xyxy: Tensor, hard_share: float = 1.0) -> ScarLoss:
    """Losses of VLT_SCAR for targets (B, 4) in search pixels; with no positive cell the last two are plain sums, 0.

    Only the share ``hard_share`` of the background cells with the greatest loss counts (authors: all, 1).
    """
    distances = scar_distances(boxes_xyxy, maps.cls.shape[-1])  # (B, N, N, 4)
    is_positive = scar_positives(distances)
    cls = _balanced_nll(maps.cls, is_positive, hard_share)
    wanted = distances[is_positive]
    reg_positive = maps.reg.permute(0, 2, 3, 1)[is_positive]
    cen_positive = maps.cen[:, 0][is_positive]
    if wanted.shape[0]:
        left, top, right, bottom = wanted.unbind(-1)
        centered = _min_over_max(left, right) * _min_over_max(top, bottom)
        centered = centered.sqrt()
        reg = (centered * ciou_loss(_around_zero(reg_positive), _around_zero(wanted))).sum() / centered.sum()
        cen = F.binary_cross_entropy_with_logits(cen_positive, centered)
    else:
        reg, cen = reg_positive.sum(), cen_positive.sum()
    total = SCAR_WEIGHTS[0] * cls + SCAR_WEIGHTS[1] * reg + SCAR_WEIGHTS[2] * cen
    return ScarLoss(cls, reg, cen, total)


def scar_distances(boxes_xyxy: Tensor, cells: int) -> Tensor:
    """(B, cells, cells, 4) pixels from every cell to the box's left, top, right, bottom side; negative outside."""
    at = SCAR_FIRST_CELL + SCAR_STRIDE * torch.arange(cells, device=boxes_xyxy.device, dtype=boxes_xyxy.dtype)
    x0, y0, x1, y1 = (side[:, None, None] for side in boxes_xyxy.unbind(-1))
    y, x = at[None, :, None], at[None, None, :]
    shape = (boxes_xyxy.shape[0], cells, cells)
    return torch.stack(
        [(x - x0).expand(shape), (y - y0).expand(shape), (x1 - x).expand(shape), (y1 - y).expand(shape)], -1
    )


def scar_positives(distances: Tensor) -> Tensor:
    """(B, N, N) True on cells in the middle of the box."""
    left, top, right, bottom = distances.unbind(-1)
    width, height = left + right, top + bottom
    is_across = torch.minimum(left, right) > SCAR_MARGIN * width
    return is_across & (torch.minimum(top, bottom) > SCAR_MARGIN * height)


def tt_loss(maps: TtMaps, boxes_xyxy: Tensor, search_side: int = 256) -> TtLoss:
    """Losses of VLT_TT for targets (B, 4) in search pixels; both box losses are per query, not per positive."""
    queries = maps.cls.shape[1]
    is_positive = tt_positives(boxes_xyxy, math.isqrt(queries), search_side)  # (B, N)
    weight = torch.tensor([1.0, TT_BACKGROUND], device=maps.cls.device, dtype=maps.cls.dtype)
    cls = F.cross_entropy(maps.cls.flatten(0, 1), (~is_positive).flatten().long(), weight)
    got = _corners(maps.reg)[is_positive]
    wanted = (boxes_xyxy / search_side)[:, None].expand(-1, queries, -1)[is_positive]
    l1 = (got - wanted).abs().sum() / queries
    iou = ciou_loss(got, wanted).sum() / queries
    return TtLoss(cls, l1, iou, TT_WEIGHTS[0] * cls + TT_WEIGHTS[1] * l1 + TT_WEIGHTS[2] * iou)


def tt_positives(boxes_xyxy: Tensor, cells: int, search_side: int) -> Tensor:
    """(B, cells * cells) True on the tokens a box covers: from ceil(start) to ceil(end), at least one each way."""
    edges = torch.ceil(boxes_xyxy * cells / search_side)
    start, end = edges[:, :2], torch.maximum(edges[:, 2:], edges[:, :2] + 1)
    at = torch.arange(cells, device=boxes_xyxy.device)
    is_inside = (at >= start[..., None]) & (at < end[..., None])  # (B, 2, cells)
    return (is_inside[:, 1, :, None] & is_inside[:, 0, None, :]).flatten(1)


def ciou_loss(got_xyxy: Tensor, wanted_xyxy: Tensor) -> Tensor:
    """(N,) 1 - CIoU of boxes (N, 4); the weight of the shape term carries no gradient (Zheng et al. 2020)."""
    low = torch.maximum(got_xyxy[:, :2], wanted_xyxy[:, :2])
    high = torch.minimum(got_xyxy[:, 2:], wanted_xyxy[:, 2:])
    got, wanted = got_xyxy[:, 2:] - got_xyxy[:, :2], wanted_xyxy[:, 2:] - wanted_xyxy[:, :2]
    shared = (high - low).clamp(min=0).prod(-1)
    iou = shared / (got.prod(-1) + wanted.prod(-1) - shared + TINY)
    hull = torch.maximum(got_xyxy[:, 2:], wanted_xyxy[:, 2:]) - torch.minimum(got_xyxy[:, :2], wanted_xyxy[:, :2])
    apart = (got_xyxy[:, :2] + got_xyxy[:, 2:] - wanted_xyxy[:, :2] - wanted_xyxy[:, 2:]) / 2
    distance = apart.square().sum(-1) / (hull.square().sum(-1) + TINY)
    turned = torch.atan(wanted[:, 0] / wanted[:, 1]) - torch.atan(got[:, 0] / (got[:, 1] + TINY))
    shape = 4 / math.pi**2 * turned.square()
    with torch.no_grad():
        weight = shape / (1 - iou + shape + TINY)
    return 1 - iou + distance + weight * shape


def _balanced_nll(logits: Tensor, is_positive: Tensor, hard_share: float) -> Tensor:
    logs = F.log_softmax(logits, dim=1)
    on_target, on_background = logs[:, 1][is_positive], logs[:, 0][~is_positive]
    if hard_share < 1.0:
        on_background = on_background.topk(math.ceil(hard_share * on_background.numel()), largest=False).values
    parts = [-part.mean() if part.numel() else part.sum() for part in (on_target, on_background)]
    return 0.5 * parts[0] + 0.5 * parts[1]


def _min_over_max(first: Tensor, second: Tensor) -> Tensor:
    return torch.minimum(first, second) / torch.maximum(first, second)


def _around_zero(distances: Tensor) -> Tensor:
    """Boxes xyxy about the origin from l, t, r, b (N, 4)."""
    return torch.cat([-distances[:, :2], distances[:, 2:]], dim=1)


def _corners(boxes_cxcywh: Tensor) -> Tensor:
    centre, half = boxes_cxcywh[..., :2], boxes_cxcywh[..., 2:] / 2
    return torch.cat([centre - half, centre + half], dim=-1)

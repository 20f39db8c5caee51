"""The tracking loss: regress the anchor nearest to the expert, score all of them (reference trackvla.md 1.2)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from trackvla_ros.model.heads.interface import ActionHead


def anchor_loss(head: ActionHead, values: Tensor, logits: Tensor, target: Tensor) -> dict[str, Tensor]:
    """L = MSE(nearest anchor's trajectory, expert) + lambda * BCE(scores, is nearest).

    Args:
        head: gives anchors, scale and the unpublished options.
        values: (B, K, H, 3) predicted trajectories, normalised.
        logits: (B, K) scores before the sigmoid.
        target: (B, H, 3) expert, metres and radians.
    """
    nearest = nearest_anchor(head, target)
    predicted = values[torch.arange(len(target), device=target.device), nearest]
    mse = trajectory_error(head, predicted, target).square().mean()
    positive = F.one_hot(nearest, logits.shape[1]).to(logits.dtype)
    bce = F.binary_cross_entropy_with_logits(logits, positive, reduction="none")
    bce = bce.sum(dim=1).mean() if head.config.bce_reduction == "sum" else bce.mean()
    return {"track": mse + head.config.score_weight * bce, "mse": mse.detach(), "bce": bce.detach()}


def nearest_anchor(head: ActionHead, target: Tensor) -> Tensor:
    """(B,) index of the anchor nearest on average to the expert (B, H, 3), yaw counted if configured."""
    difference = head.denormalise(head.anchors)[None] - target[:, None]
    distance = difference[..., :2].norm(dim=-1).mean(dim=-1)
    if head.config.positive == "xyyaw":
        distance = distance + head.config.yaw_weight * wrap(difference[..., 2]).abs().mean(dim=-1)
    return distance.argmin(dim=1)


def trajectory_error(head: ActionHead, predicted: Tensor, target: Tensor) -> Tensor:
    """Normalised difference (B, H, 3) between a normalised prediction and an expert in metres; yaw the short way."""
    difference = head.denormalise(predicted) - target
    turned = torch.cat([difference[..., :2], wrap(difference[..., 2:])], dim=-1)
    return 2.0 * turned / (head.high - head.low)


def wrap(angle: Tensor) -> Tensor:
    """Angle into [-pi, pi)."""
    return torch.remainder(angle + torch.pi, 2.0 * torch.pi) - torch.pi

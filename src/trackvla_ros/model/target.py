"""What E_T answers beside the trajectory: is the described target in view, and where does it stand.

The paper's model has no such answer. Avoidance, masking of the target's LiDAR points and recovery need one; it also
teaches the language model whom the sentence means (a pointer to the cells that show the target).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

MIN_DISTANCE = 0.2  # m; a distance is answered as its logarithm
PLACE_WEIGHT, POINTER_WEIGHT, ABSENT_WEIGHT = 2.0, 0.5, 1.0


@dataclass(frozen=True, eq=False)
class TargetTruth:
    """What a sample's target is.

    Attributes:
        in_view: (B,) 1.0 where the camera sees it.
        position: (B, 2) x, y in base_link at the image stamp, m; anything where it is not in view.
        cells: (B, F) share of the target in each fine token, summing to 1; zero where it is not in view.
    """

    in_view: Tensor
    position: Tensor
    cells: Tensor


class TargetHead(nn.Module):
    """State E_T (B, D) to: logit of in view, bearing (rad), logarithm of the distance (m)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.answer = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, 3))
        self.query, self.key = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, hidden: Tensor) -> Tensor:
        """(B, 3): chance of being in view (0..1), x and y in base_link (m)."""
        logit, bearing, log_distance = self.answer(hidden).unbind(dim=-1)
        distance = log_distance.exp()
        return torch.stack([logit.sigmoid(), distance * bearing.cos(), distance * bearing.sin()], dim=-1)

    def loss(self, hidden: Tensor, fine: Tensor, truth: TargetTruth) -> dict[str, Tensor]:
        """Losses by name; ``fine`` (B, F, D) are the current frame's projected tokens."""
        logit, *place = self.answer(hidden).unbind(dim=-1)
        seen = truth.in_view > 0.5
        losses = {"in_view": ABSENT_WEIGHT * F.binary_cross_entropy_with_logits(logit, truth.in_view)}
        distance = truth.position.norm(dim=-1).clamp(min=MIN_DISTANCE)
        wanted = torch.stack([torch.atan2(truth.position[:, 1], truth.position[:, 0]), distance.log()], dim=-1)
        error = F.smooth_l1_loss(torch.stack(place, dim=-1), wanted, beta=0.1, reduction="none").mean(dim=-1)
        count = seen.sum().clamp(min=1)
        losses["place"] = PLACE_WEIGHT * (error * seen).sum() / count
        pointer = (self.key(fine) @ self.query(hidden)[..., None])[..., 0] / fine.shape[-1] ** 0.5
        crossed = -(truth.cells * pointer.log_softmax(dim=-1)).sum(dim=-1)
        losses["pointer"] = POINTER_WEIGHT * (crossed * seen).sum() / count
        return losses

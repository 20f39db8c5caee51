"""The MLP heads of Table 9: one pass, offsets to the anchors and their scores.

The published counts (7 M, 89 M) fit only if the last layer gives all anchors and scores, 40 x (30 + 1) numbers.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from trackvla_ros.model.anchors import AnchorSet
from trackvla_ros.model.config import HeadConfig
from trackvla_ros.model.heads.anchor_loss import anchor_loss
from trackvla_ros.model.heads.dit import zero_linear
from trackvla_ros.model.heads.interface import ActionHead, Candidates, Condition


class MlpHead(ActionHead):
    """``depth`` linear layers of ``width`` with GELU between (unpublished: the activation)."""

    def __init__(self, config: HeadConfig, anchors: AnchorSet, condition: int) -> None:
        super().__init__(config, anchors)
        layers: list[nn.Module] = []
        size = condition
        for _ in range(config.depth - 1):
            layers += [nn.Linear(size, config.width), nn.GELU()]
            size = config.width
        self.layers = nn.Sequential(*layers)
        self.out = zero_linear(size, config.anchors * (3 * config.waypoints + 1))

    def sample(self, condition: Condition, noise: Tensor | None = None) -> Candidates:
        """Noise is not used."""
        values, logits = self.predict(condition.hidden)
        return Candidates(self.denormalise(values.clamp(-1.0, 1.0)), logits.sigmoid())

    def loss(self, condition: Condition, target: Tensor, generator: torch.Generator | None = None) -> dict[str, Tensor]:
        """The same loss as the anchor head, without noise."""
        return anchor_loss(self, *self.predict(condition.hidden), target)

    def predict(self, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """Hidden state (B, D) to normalised trajectories (B, K, H, 3) and logits (B, K)."""
        out = self.out(self.layers(hidden)).float().unflatten(1, (self.config.anchors, -1))
        offsets = out[..., :-1].unflatten(-1, (self.config.waypoints, 3))
        return self.anchors + offsets, out[..., -1]

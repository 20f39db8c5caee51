"""What every action head is: the language model's hidden state -> trajectories with scores, and a loss to train it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from trackvla_ros.model.anchors import AnchorSet
from trackvla_ros.model.config import HeadConfig


@dataclass(frozen=True, eq=False)
class Condition:
    """What the language model says.

    Attributes:
        hidden: (B, D) final-layer state at the last prompt position, E_T.
        extend: continues the sequence by token ids (B, L) and returns their hidden states (B, L, D); only the
            autoregressive head calls it, None where the caller cannot decode.
    """

    hidden: Tensor
    extend: Callable[[Tensor], Tensor] | None = None


@dataclass(frozen=True, eq=False)
class Candidates:
    """Trajectories (B, K, H, 3) in metres and radians, base frame at the image stamp, and scores (B, K) in 0..1.

    ``target`` (B, 3): chance that the target is in view, its x and y (m); None where the model does not answer that.
    """

    trajectories: Tensor
    scores: Tensor
    target: Tensor | None = None

    def best(self) -> Tensor:
        """(B, H, 3) trajectory of the highest score (appendix B)."""
        index = self.scores.argmax(dim=1)
        return self.trajectories[torch.arange(len(index), device=index.device), index]


class ActionHead(nn.Module, ABC):
    """Base of all heads: holds the anchors and their scale as buffers that are saved apart from the weights."""

    anchors: Tensor  # (K, H, 3), normalised
    low: Tensor
    high: Tensor

    def __init__(self, config: HeadConfig, anchors: AnchorSet) -> None:
        super().__init__()
        self.config = config
        self.set_anchors(anchors)

    def set_anchors(self, anchors: AnchorSet) -> None:
        """Take other anchors and their scale.

        Raises:
            ValueError: another number of anchors or waypoints than the head has.
        """
        config = self.config
        if config.kind != "autoregressive" and anchors.poses.shape != (config.anchors, config.waypoints, 3):
            raise ValueError(
                f"anchors {anchors.poses.shape}; wanted ({config.anchors}, {config.waypoints}, 3) for this head"
            )
        self.waypoint_period = anchors.waypoint_period
        for name in ("low", "high"):
            self.register_buffer(name, torch.tensor(getattr(anchors, name), dtype=torch.float32), persistent=False)
        poses = torch.tensor(anchors.poses, dtype=torch.float32)
        self.register_buffer("anchors", self.normalise(poses), persistent=False)

    def normalise(self, trajectories: Tensor) -> Tensor:
        """Metres and radians (..., 3) to [-1, 1]."""
        return 2.0 * (trajectories - self.low) / (self.high - self.low) - 1.0

    def denormalise(self, values: Tensor) -> Tensor:
        """The inverse of ``normalise``."""
        return (values + 1.0) / 2.0 * (self.high - self.low) + self.low

    def draw_noise(self, batch: int, generator: torch.Generator | None = None) -> Tensor | None:
        """Gaussian noise for ``sample``; None for a head that uses none or is set to add none."""
        shape = self.noise_shape(batch)
        if shape is None or not self.config.random_noise:
            return None
        return torch.randn(shape, generator=generator).to(self.low.device)

    def noise_shape(self, batch: int) -> tuple[int, ...] | None:
        """Shape of the noise ``sample`` takes, None where it takes none."""
        del batch
        return None

    @abstractmethod
    def sample(self, condition: Condition, noise: Tensor | None = None) -> Candidates:
        """Trajectories for a batch; noise None means none is added."""

    @abstractmethod
    def loss(self, condition: Condition, target: Tensor, generator: torch.Generator | None = None) -> dict[str, Tensor]:
        """Losses for expert trajectories (B, H, 3); "track" is what trains, the others are for the log."""

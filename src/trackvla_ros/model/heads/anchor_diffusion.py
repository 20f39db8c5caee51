"""TrackVLA's action model: a little noise on anchors, undone by a diffusion transformer in two DDIM steps."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from trackvla_ros.model.anchors import AnchorSet
from trackvla_ros.model.config import HeadConfig
from trackvla_ros.model.heads.anchor_loss import anchor_loss
from trackvla_ros.model.heads.dit import Dit, zero_linear
from trackvla_ros.model.heads.interface import ActionHead, Candidates, Condition
from trackvla_ros.model.heads.schedule import add_noise, ddim_step, make_scheduler, truncated_timesteps


class AnchorDiffusionHead(ActionHead):
    """Anchor-based truncated diffusion (Base and Small of Table 9)."""

    def __init__(self, config: HeadConfig, anchors: AnchorSet, condition: int) -> None:
        super().__init__(config, anchors)
        size, tokens = self._token_shape()
        self.dit = Dit(size, tokens, condition, config.width, config.depth, config.heads)
        self.trajectory = zero_linear(config.width, size)
        self.score = nn.Linear(config.width, 1)
        self.scheduler = make_scheduler(config)

    def noise_shape(self, batch: int) -> tuple[int, ...]:
        """(B, K, H, 3)."""
        return (batch, *self.anchors.shape)

    def sample(self, condition: Condition, noise: Tensor | None = None) -> Candidates:
        """Noise the anchors to T_infer, then N_step DDIM steps; scores are the last step's."""
        timesteps = truncated_timesteps(self.scheduler, self.config)
        batch = len(condition.hidden)
        x = self.anchors.expand(batch, -1, -1, -1)
        if noise is not None:
            start = torch.full((batch,), timesteps[0], device=x.device)
            x = add_noise(self.scheduler, x, noise, start).clamp(-1.0, 1.0)
        logits = x.new_zeros(batch, self.config.anchors)
        for t in timesteps:
            clean, logits = self.denoise(x, torch.full((batch,), t, device=x.device), condition.hidden)
            x = ddim_step(self.scheduler, clean, t, x)
        return Candidates(self.denormalise(x.clamp(-1.0, 1.0)), logits.sigmoid())

    def loss(self, condition: Condition, target: Tensor, generator: torch.Generator | None = None) -> dict[str, Tensor]:
        """Noise level drawn below T_train for each sample, the same for its anchors."""
        batch = len(target)
        t = torch.randint(0, self.config.truncated_steps, (batch,), generator=generator).to(target.device)
        noise = torch.randn(self.noise_shape(batch), generator=generator).to(target)
        clean = self.anchors.expand(batch, -1, -1, -1)
        noisy = add_noise(self.scheduler, clean, noise, t).clamp(-1.0, 1.0)
        values, logits = self.denoise(noisy, t, condition.hidden)
        return anchor_loss(self, values, logits, target)

    def denoise(self, noisy: Tensor, t: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """Noisy trajectories (B, K, H, 3) at step t (B,) to clean ones and score logits (B, K)."""
        batch, count = noisy.shape[:2]
        tokens = self._to_tokens(noisy)
        repeat = len(tokens) // batch
        states = self.dit(tokens.to(hidden.dtype), hidden.repeat_interleave(repeat, 0), t.repeat_interleave(repeat, 0))
        offset = self.trajectory(states[:, 1:]).reshape(noisy.shape).float()
        logits = self.score(self._score_states(states, count)).reshape(batch, count).float()
        return (noisy + offset if self.config.residual else offset), logits

    def _token_shape(self) -> tuple[int, int]:
        count, waypoints = self.config.anchors, self.config.waypoints
        return {
            "anchors": (3 * waypoints, count),
            "waypoints": (3, count * waypoints),
            "independent": (3, waypoints),
        }[self.config.layout]

    def _to_tokens(self, trajectories: Tensor) -> Tensor:
        if self.config.layout == "anchors":
            return trajectories.flatten(2)
        if self.config.layout == "waypoints":
            return trajectories.flatten(1, 2)
        return trajectories.flatten(0, 1)

    def _score_states(self, states: Tensor, count: int) -> Tensor:
        if self.config.layout == "anchors":
            return states[:, 1:]
        if self.config.layout == "waypoints":
            return states[:, 1:].unflatten(1, (count, -1)).mean(dim=2)
        return states[:, 0]

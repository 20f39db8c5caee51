"""The plain diffusion policy of Table 9 (DP-Base): the same transformer, no anchors, pure noise to one trajectory."""

from __future__ import annotations

import torch
from torch import Tensor

from trackvla_ros.model.anchors import AnchorSet
from trackvla_ros.model.config import HeadConfig
from trackvla_ros.model.heads.anchor_loss import trajectory_error
from trackvla_ros.model.heads.dit import Dit, zero_linear
from trackvla_ros.model.heads.interface import ActionHead, Candidates, Condition
from trackvla_ros.model.heads.schedule import add_noise, ddim_step, full_timesteps, make_scheduler


class DiffusionHead(ActionHead):
    """One token a waypoint; 65 ms against 8-13 in Table 9 means about ten steps, the default of ``dp_base``."""

    def __init__(self, config: HeadConfig, anchors: AnchorSet, condition: int) -> None:
        super().__init__(config, anchors)
        self.dit = Dit(3, config.waypoints, condition, config.width, config.depth, config.heads)
        self.trajectory = zero_linear(config.width, 3)
        self.scheduler = make_scheduler(config)

    def noise_shape(self, batch: int) -> tuple[int, ...]:
        """(B, H, 3)."""
        return (batch, self.config.waypoints, 3)

    def sample(self, condition: Condition, noise: Tensor | None = None) -> Candidates:
        """One trajectory with score 1; without noise it starts from the middle of the range."""
        batch = len(condition.hidden)
        x = condition.hidden.new_zeros(self.noise_shape(batch)).float() if noise is None else noise
        for t in full_timesteps(self.scheduler, self.config):
            clean = self.denoise(x, torch.full((batch,), t, device=x.device), condition.hidden)
            x = ddim_step(self.scheduler, clean, t, x)
        return Candidates(self.denormalise(x.clamp(-1.0, 1.0))[:, None], x.new_ones(batch, 1))

    def loss(self, condition: Condition, target: Tensor, generator: torch.Generator | None = None) -> dict[str, Tensor]:
        """MSE of the predicted clean trajectory over all noise levels."""
        batch = len(target)
        t = torch.randint(0, self.config.train_steps, (batch,), generator=generator).to(target.device)
        noise = torch.randn(self.noise_shape(batch), generator=generator).to(target)
        noisy = add_noise(self.scheduler, self.normalise(target), noise, t)
        values = self.denoise(noisy, t, condition.hidden)
        mse = trajectory_error(self, values, target).square().mean()
        return {"track": mse, "mse": mse.detach()}

    def denoise(self, noisy: Tensor, t: Tensor, hidden: Tensor) -> Tensor:
        """Noisy trajectory (B, H, 3) at step t (B,) to the clean one."""
        states = self.dit(noisy.to(hidden.dtype), hidden, t)
        return self.trajectory(states[:, 1:]).float()

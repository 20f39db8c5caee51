"""Diffusion schedules on diffusers' DDIM scheduler: truncated for anchors, full for the plain diffusion policy."""

from __future__ import annotations

from typing import Any

import torch
from diffusers.schedulers.scheduling_ddim import DDIMScheduler, betas_for_alpha_bar
from torch import Tensor

from track_common.config import ConfigError
from trackvla_ros.model.config import HeadConfig


def make_scheduler(config: HeadConfig) -> DDIMScheduler:
    """DDIM on a predicted clean trajectory, clipped to [-1, 1].

    What is predicted is unpublished; at t <= 10 predicting the noise would be ill conditioned.
    """
    with torch.device("cpu"):
        scheduler = DDIMScheduler(
            num_train_timesteps=config.train_steps,
            beta_start=config.beta_start,
            beta_end=config.beta_end,
            beta_schedule=config.beta_schedule,
            prediction_type="sample",
            clip_sample=True,
            set_alpha_to_one=True,
            timestep_spacing="trailing",
        )
        scheduler.alphas_cumprod = torch.cumprod(1.0 - _betas(config), dim=0)
    return scheduler


def truncated_timesteps(scheduler: DDIMScheduler, config: HeadConfig) -> list[int]:
    """Steps from T_infer down to 0, evenly: 10, 0 for the published values; tells the scheduler their spacing.

    Raises:
        ConfigError: diffusers cannot express the spacing.
    """
    count = config.denoise_steps
    stride = config.start_step // (count - 1) if count > 1 else config.start_step + 1
    total = config.train_steps
    if stride < 1 or total // (total // stride) != stride:
        raise ConfigError(
            f"head.start_step {config.start_step} in {count} steps has spacing {stride}; DDIM cannot take it"
        )
    scheduler.set_timesteps(total // stride)
    return [config.start_step - i * stride for i in range(count)]


def full_timesteps(scheduler: DDIMScheduler, config: HeadConfig) -> list[int]:
    """Steps from pure noise down, evenly: 999, 899 … 99 for 10 of 1000."""
    scheduler.set_timesteps(config.denoise_steps)
    return [int(t) for t in scheduler.timesteps]


def ddim_step(scheduler: DDIMScheduler, clean: Tensor, t: int, sample: Tensor) -> Tensor:
    """One deterministic step (eta = 0) from noise level t, given the predicted clean trajectory.

    In float64, as 1 - alpha at the last steps is 1e-4. The noise carried on is what is left over beside the *clipped*
    prediction, so that both stay consistent.
    """
    after = scheduler.step(
        clean.double(), t, sample.double(), eta=0.0, use_clipped_model_output=True, return_dict=False
    )[0]
    return after.to(sample.dtype)


def add_noise(scheduler: DDIMScheduler, clean: Tensor, noise: Tensor, t: Tensor) -> Tensor:
    """Clean values at noise level t (B,), in float64 inside."""
    steps: Any = t
    return scheduler.add_noise(clean.double(), noise.double(), steps).to(clean.dtype)


def _betas(config: HeadConfig) -> Tensor:
    """The schedule's betas in float64; diffusers keeps them in float32, too coarse for the first steps."""
    if config.beta_schedule == "linear":
        return torch.linspace(config.beta_start, config.beta_end, config.train_steps, dtype=torch.float64)
    if config.beta_schedule == "scaled_linear":
        root = torch.linspace(config.beta_start**0.5, config.beta_end**0.5, config.train_steps, dtype=torch.float64)
        return root**2
    return betas_for_alpha_bar(config.train_steps).double()

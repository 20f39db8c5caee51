"""Diffusion schedules, as diffusers' DDIM scheduler: the truncated one of the anchors and the full one of plain diffusion."""

from __future__ import annotations

import torch
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from torch import Tensor

from track_common.config import ConfigError
from trackvla_ros.model.config import HeadConfig


def make_scheduler(config: HeadConfig) -> DDIMScheduler:
    """DDIM that predicts the clean trajectory (unpublished: at t <= 10 noise prediction is ill conditioned), clipped to [-1, 1]."""
    with torch.device("cpu"):
        return DDIMScheduler(
            num_train_timesteps=config.train_steps,
            beta_start=config.beta_start,
            beta_end=config.beta_end,
            beta_schedule=config.beta_schedule,
            prediction_type="sample",
            clip_sample=True,
            set_alpha_to_one=True,
            timestep_spacing="trailing",
        )


def truncated_timesteps(scheduler: DDIMScheduler, config: HeadConfig) -> list[int]:
    """Steps from T_infer down to 0, evenly: 10, 0 for the published values; tells the scheduler their spacing.

    Raises:
        ConfigError: diffusers cannot express the spacing.
    """
    count = config.denoise_steps
    stride = config.start_step // (count - 1) if count > 1 else config.start_step + 1
    total = config.train_steps
    if stride < 1 or total // (total // stride) != stride:
        raise ConfigError(f"head.start_step {config.start_step} in {count} steps has spacing {stride}; DDIM cannot take it")
    scheduler.set_timesteps(total // stride)
    return [config.start_step - i * stride for i in range(count)]


def full_timesteps(scheduler: DDIMScheduler, config: HeadConfig) -> list[int]:
    """Steps from pure noise down, evenly: 999, 899 … 99 for 10 of 1000."""
    scheduler.set_timesteps(config.denoise_steps)
    return [int(t) for t in scheduler.timesteps]


def ddim_step(scheduler: DDIMScheduler, clean: Tensor, t: int, sample: Tensor) -> Tensor:
    """One deterministic step (eta = 0) from noise level t, given the predicted clean trajectory."""
    return scheduler.step(clean, t, sample, eta=0.0, return_dict=False)[0]

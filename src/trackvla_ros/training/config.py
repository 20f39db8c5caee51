"""What a training run is made of; Table 5's values are the defaults, the rest is marked unpublished with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from track_common.config import ConfigError, lookup, override, setting
from trackvla_ros.model.config import TrackVlaConfig, config_from_dict
from trackvla_ros.model.sizes import SIZES


@dataclass(frozen=True)
class TrainConfig:
    """One stage of training."""

    stage: int = setting(
        2, "1: projector on captions; 2: projector, language model and head (appendix A)", low=1, high=2
    )
    size: str = setting("full", "size of the model where ``start`` is empty", choices=tuple(SIZES))
    start: str = setting("", "checkpoint folder to start from: imported weights, or stage 1's result")
    data: str = setting("", "folder of samples (training/samples.py); 'synthetic' draws them")
    synthetic_episodes: int = setting(200, "drawn episodes, and twice as many questions", low=1)
    out: str = setting("runs/train", "folder to write to")
    anchors: str = setting("", "folder of anchors.safetensors; empty: clustered from the training trajectories")
    lr: float = setting(2e-5, "learning rate (Table 5)", low=0.0)
    batch: int = setting(196, "total batch (Table 5), over all processes and accumulation steps", low=1)
    epochs: int = setting(1, "passes over the data (appendix A)", low=1)
    max_steps: int = setting(0, "stop after so many optimiser steps; 0: by epochs", low=0)
    stop_at: int = setting(0, "end this run, resumable, at this step of the schedule; 0: at its end", low=0)
    warmup_ratio: float = setting(0.03, "unpublished: share of steps with rising rate; LLaVA's", low=0.0, high=1.0)
    weight_decay: float = setting(0.0, "unpublished: AdamW's; LLaVA's", low=0.0)
    grad_clip: float = setting(1.0, "unpublished: largest gradient norm; LLaVA's", low=0.0)
    precision: str = setting("bf16", "unpublished: number format of the passes", choices=("no", "bf16", "fp16"))
    accumulation: int = setting(1, "passes per optimiser step", low=1)
    gradient_checkpointing: bool = setting(True, "recompute activations to save memory")
    question_share: bool = setting(True, "mix tracking and question rows 1:1 (855 K each); False: tracking only")
    validation_share: float = setting(0.1, "share of the episodes kept for evaluation", low=0.0, high=0.9)
    save_every: int = setting(1000, "optimiser steps between resumable states", low=1)
    log_every: int = setting(10, "optimiser steps between log lines", low=1)
    seed: int = setting(0, "of weights, order and noise; below 1000 (seeds from 1000 are for figures)", low=0, high=999)

    def check(self) -> None:
        """Raises ConfigError where there is no data or the batch cannot be split."""
        if not self.data:
            raise ConfigError("data is empty; set it to a folder of samples, or to 'synthetic' for a trial")
        if self.batch % self.accumulation:
            raise ConfigError(f"accumulation {self.accumulation} does not divide batch {self.batch}")


def read_train_config(path: Path, changes: Mapping[str, Any] | None = None) -> tuple[TrainConfig, TrackVlaConfig]:
    """Training and model configuration of a YAML file; its part ``model`` overrides the size it names.

    Raises:
        ConfigError: naming what is unknown or out of range.
    """
    values = yaml.safe_load(path.read_text()) or {}
    model = values.pop("model", {})
    config = override(TrainConfig(), {**values, **(changes or {})})
    return config, config_from_dict(model, lookup("size", config.size, SIZES))

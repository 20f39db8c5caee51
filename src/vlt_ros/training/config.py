"""What a training run is made of; the authors' values (supplement A.3) stand in config/train."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from track_common.config import ConfigError, override, setting
from vlt_ros.model import zoo
from vlt_ros.model.paths import NetworkPath
from vlt_ros.training.videos import READERS

SYNTHETIC = "synthetic"
COLLAGE = "collage"
DATASETS = (SYNTHETIC, COLLAGE, *READERS)
SCHEDULES = ("epochs", "minutes")
VOLUMES = (0.5, 0.75, 1.0)  # of the language annotations, supplement A.2; any share is allowed


@dataclass(frozen=True)
class DataPart:
    """One dataset and how it is drawn from."""

    name: str = setting(SYNTHETIC, "dataset", choices=DATASETS)
    root: str = setting("", "its folder; for synthetic and collage: photographs (synthetic: empty = drawn textures)")
    cutouts: str = setting("", "collage: folder of pictures with transparency to move about; empty = only drawn things")
    pairs: int = setting(1000, "pairs an epoch", low=1)
    reach: int = setting(100, "largest distance between the frames of a pair", unit="frames", low=1)
    videos: int = setting(200, "synthetic: how many videos", low=1)
    frames: int = setting(40, "synthetic: frames of a video", low=2)


@dataclass(frozen=True)
class Augmentation:
    """Random changes of crops; the defaults are the authors'."""

    template_shift: float = setting(4.0, "largest shift of the template", unit="px of the crop", low=0.0)
    template_scale: float = setting(0.05, "largest change of its scale", low=0.0, high=0.9)
    search_shift: float = setting(64.0, "largest shift of the search crop", unit="px of the crop", low=0.0)
    search_scale: float = setting(0.18, "largest change of its scale", low=0.0, high=0.9)
    jitter: float = setting(0.05, "largest change of brightness, contrast, saturation and hue", low=0.0, high=0.5)
    flip: float = setting(0.0, "share of pairs mirrored left to right; changes what 'left' means", low=0.0, high=1.0)
    grey: float = setting(0.0, "share of pairs without colour", low=0.0, high=1.0)
    blur: float = setting(0.0, "share of search crops blurred", low=0.0, high=1.0)


@dataclass(frozen=True)
class VltTrainConfig:
    """Settings of one run."""

    architecture: str = setting("vlt_scar", "which tracker", choices=tuple(zoo.ARCHITECTURES))
    start: str = setting("", "weight file to start from: a supernet of ours or the authors' tracker")
    spos: str = setting("", "Single Path One-Shot supernet (ImageNet) to start the backbone from")
    out: str = setting("runs/vlt", "folder to write to")
    language: str = setting("words", "sentence encoder: words, bert, gpt2, zero or none")
    language_path: str = setting("", "its folder, for bert and gpt2")
    language_volume: float = setting(
        1.0, "share of the sentences used; the rest counts as unannotated", low=0.0, high=1.0
    )
    without_language: str = setting(
        "zero", "what stands in for a missing sentence (Algorithm 1: 0-tensor)", choices=("zero", "template")
    )
    language_drop: float = setting(0.0, "share of annotated pairs whose sentence is left out", low=0.0, high=1.0)
    negatives: float = setting(0.2, "share of pairs whose search image shows another video", low=0.0, high=1.0)
    is_negative_positive: bool = setting(False, "authors' code labels negative pairs as positive; True repeats that")
    hard_share: float = setting(
        1.0, "VLT_SCAR: share of background cells, the worst ones, that count (authors: all)", low=0.001, high=1.0
    )
    is_tt_raw: bool = setting(
        False, "authors' code trains VLT_TT on raw BGR but tracks on normalised RGB; True repeats"
    )
    optimiser: str = setting("sgd", "sgd (VLT_SCAR) or adamw (VLT_TT)", choices=("sgd", "adamw"))
    lr: float = setting(5e-3, "learning rate after the warm-up", low=0.0)
    lr_end: float = setting(5e-4, "learning rate at the end, reached by equal factors", low=0.0)
    lr_step: int = setting(0, "epochs between drops by lr_factor instead of lr_end; 0 = lr_end", low=0)
    lr_factor: float = setting(
        0.316, "of a drop; the authors wrote this, a misspelt key made it 0.1", low=0.0, high=1.0
    )
    warmup_epochs: int = setting(5, "epochs from lr / 5 to lr, by equal factors", low=0)
    backbone_lr: float = setting(0.1, "factor on the rate of stem and choice blocks", low=0.0)
    weight_decay: float = setting(1e-4, "of the optimiser", low=0.0)
    schedule: str = setting("epochs", "what the rate follows: epochs done or max_minutes used", choices=SCHEDULES)
    epochs: int = setting(20, "passes", low=1)
    batch: int = setting(16, "pairs a step and process", low=2)
    pairs_a_video: int = setting(1, "pairs in a row from one video; more where videos are costly to make", low=1)
    stop_at: int = setting(0, "end this run, resumable, at this step; 0 = at the end", low=0)
    max_minutes: float = setting(0.0, "end this run, resumable, after so long; 0 = no limit", unit="min", low=0.0)
    largest_loss: float = setting(1e4, "a step with a greater or infinite loss is left out", low=0.0)
    grad_clip: float = setting(0.0, "largest gradient norm; 0 = none, as the authors", low=0.0)
    workers: int = setting(0, "processes that cut crops", low=0)
    precision: str = setting("no", "number format of the passes", choices=("no", "bf16", "fp16"))
    save_every: int = setting(1000, "steps between resumable states", low=1)
    log_every: int = setting(50, "steps between log lines", low=1)
    validation_videos: int = setting(0, "videos the result, or a search's path, is tried on; 0 = none", low=0)
    validation_data: str = setting(
        SYNTHETIC, "dataset they are from; synthetic: others than for training", choices=DATASETS
    )
    validation_root: str = setting("", "folder of that dataset; keep it apart from the training videos")
    seed: int = setting(0, "of weights, paths and pairs; below 1000 (seeds from 1000 are for figures)", low=0, high=999)


@dataclass(frozen=True)
class TrainingPlan:
    """Settings, sizes of the network, data, and the path: None draws one at random every step (supernet)."""

    config: VltTrainConfig
    model: Mapping[str, Any]
    data: tuple[DataPart, ...]
    augmentation: Augmentation
    path: NetworkPath | None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as ``plan_from_dict`` takes them."""
        return {
            **dataclasses.asdict(self.config),
            "model": dict(self.model),
            "data": [dataclasses.asdict(part) for part in self.data],
            "augmentation": dataclasses.asdict(self.augmentation),
            "path": "random" if self.path is None else self.path.to_lists(),
        }


def read_plan(file: Path, changes: Mapping[str, Any] | None = None) -> TrainingPlan:
    """Plan of a YAML file with ``changes`` over its settings.

    Raises:
        ConfigError: naming what is unknown, out of range or missing.
    """
    if not file.is_file():
        raise ConfigError(f"no training configuration {file}; those of this project are in config/train")
    return plan_from_dict(merged(yaml.safe_load(file.read_text()) or {}, changes or {}))


def merged(values: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """``values`` with ``changes`` over them; a dotted name reaches into a part: "model.width"."""
    made = dict(values)
    for name, value in changes.items():
        part, dot, rest = name.partition(".")
        made[part] = merged(made.get(part, {}), {rest: value}) if dot else value
    return made


def plan_from_dict(values: Mapping[str, Any]) -> TrainingPlan:
    """Plan from plain values: the settings, and the parts model, data, augmentation, path."""
    own = {name: value for name, value in values.items() if name not in ("model", "data", "augmentation", "path")}
    config = override(VltTrainConfig(), own)
    parts = tuple(override(DataPart(), part) for part in values.get("data") or [{}])
    augmentation = override(Augmentation(), values.get("augmentation", {}))
    path = _path(values.get("path", "published"), config.architecture)
    return TrainingPlan(config, values.get("model", {}), parts, augmentation, path)


def _path(given: Any, architecture: str) -> NetworkPath | None:
    if given == "random":
        return None
    if given == "published":
        return zoo.architecture(architecture).path
    try:
        return NetworkPath.from_lists(json.loads(given) if isinstance(given, str) else given)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"path {given!r} is neither random, published nor four lists of choices: {error}") from error

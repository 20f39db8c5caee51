"""The training loop, on one CPU core or many GPUs by accelerate: mixed batches in, a checkpoint folder out."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from torch.utils.data import DataLoader
from transformers import get_cosine_schedule_with_warmup

from track_common.source_state import source_state
from track_common.training.resume import load_state, save_state
from trackvla_ros.model.anchors import AnchorSet, cluster_anchors, fan_anchors, load_anchors
from trackvla_ros.model.config import TrackVlaConfig
from trackvla_ros.model.tokens import Tokenizer, build_tokenizer
from trackvla_ros.model.trackvla import TrackVla, TrainingBatch
from trackvla_ros.model.weights import build_random, load_model, save_model
from trackvla_ros.training.batches import Collator, to_device
from trackvla_ros.training.config import TrainConfig
from trackvla_ros.training.evaluate import Evaluation, evaluate
from trackvla_ros.training.samples import Episode, MixedSamples, Question, TrackingWindows, load_samples
from trackvla_ros.training.synthetic import draw_episodes, draw_questions

SYNTHETIC_FRAMES = 6  # of a drawn episode
_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class TrainingData:
    """Samples to learn from and episodes kept apart."""

    samples: MixedSamples
    validation: TrackingWindows
    trajectories: np.ndarray  # (N, H, 3) of the training episodes


@dataclass(frozen=True)
class TrainingResult:
    """Where the checkpoint is, optimiser steps done, last losses, held-out evaluation (stage 2, a single process)."""

    folder: Path
    steps: int
    losses: dict[str, float]
    evaluation: Evaluation | None


def train(config: TrainConfig, model_config: TrackVlaConfig) -> TrainingResult:
    """Run or resume one stage; a state in ``out`` is taken up where it stopped.

    Raises:
        ConfigError, CheckpointError, SampleError, StateError: naming what is wrong.
    """
    accelerator = Accelerator(mixed_precision=config.precision, gradient_accumulation_steps=config.accumulation)
    set_seed(config.seed)
    data = load_data(config, model_config)
    anchors = choose_anchors(config, model_config, data)
    model, tokenizer = starting_model(config, model_config, anchors)
    freeze(model, config.stage)
    if config.gradient_checkpointing:
        model.language.gradient_checkpointing_enable()
    collator = Collator(model.config, tokenizer)
    run = _Run(accelerator, config, model, data, collator)
    losses = run.fit()
    folder = Path(config.out)
    state: Any = accelerator.get_state_dict(run.model)  # gathered from all processes, so all must come here
    trained: TrackVla = accelerator.unwrap_model(run.model)
    if accelerator.is_main_process:
        save_model(trained, anchors, folder / "model", notes(config, run.step), _tokenizer_folder(config), state)
    can_evaluate = config.stage == 2 and len(data.validation) > 0 and accelerator.num_processes == 1
    evaluation = evaluate(trained, collator, data.validation) if can_evaluate else None
    if evaluation is not None:
        (folder / "evaluation.json").write_text(json.dumps(dataclasses.asdict(evaluation), indent=2))
    return TrainingResult(folder / "model", run.step, losses, evaluation)


class _Run:
    """The state of one run: what accelerate wrapped, and the step it has reached."""

    def __init__(
        self, accelerator: Accelerator, config: TrainConfig, model: TrackVla, data: TrainingData, collator: Collator
    ) -> None:
        self._accelerator, self._config = accelerator, config
        loader = _loader(config, data, collator, accelerator.num_processes)
        self._steps_per_epoch = max(1, len(loader) // (accelerator.num_processes * config.accumulation))
        self.total = config.max_steps or config.epochs * self._steps_per_epoch
        trainable = [p for p in model.parameters() if p.requires_grad]
        optimiser = torch.optim.AdamW(trainable, lr=config.lr, weight_decay=config.weight_decay)
        schedule = get_cosine_schedule_with_warmup(optimiser, round(config.warmup_ratio * self.total), self.total)
        # the schedule is stepped once an optimiser step by hand: accelerate would step it once a process
        self.model, self._optimiser, self._loader = accelerator.prepare(model, optimiser, loader)
        self._schedule = schedule
        self.step = 0
        self._state = Path(config.out) / "state"

    def fit(self) -> dict[str, float]:
        """Train from the last saved state to the end; returns the last step's losses."""
        self._resume()
        self.model.train()
        losses: dict[str, float] = {}
        stop = self._config.stop_at or self.total
        batches = self._batches()
        while self.step < stop:
            losses = self._optimise(batches)
            self.step += 1
            if self.step % self._config.log_every == 0 or self.step == stop:
                _log.info("step %d of %d: %s", self.step, self.total, _shown(losses))
            if self.step % self._config.save_every == 0 or self.step == stop:
                self._save()
        return losses

    def _optimise(self, batches: Iterator[tuple[int, TrainingBatch]]) -> dict[str, float]:
        """One optimiser step over ``accumulation`` passes."""
        losses: dict[str, torch.Tensor] = {}
        for _ in range(self._config.accumulation):
            index, batch = next(batches)
            generator = torch.Generator().manual_seed(self._config.seed * 1_000_003 + index)
            with self._accelerator.accumulate(self.model):
                losses = self.model(to_device(batch, self._accelerator.device), generator)
                self._accelerator.backward(losses["loss"])
                if self._accelerator.sync_gradients:
                    self._accelerator.clip_grad_norm_(self.model.parameters(), self._config.grad_clip)
                self._optimiser.step()
                self._optimiser.zero_grad()
        self._schedule.step()
        return {name: float(value.detach()) for name, value in losses.items()}

    def _batches(self) -> Iterator[tuple[int, TrainingBatch]]:
        """Batches with their running numbers, epoch after epoch, from where the run stopped."""
        done = self.step * self._config.accumulation
        per_epoch = len(self._loader)
        epoch, skip = divmod(done, per_epoch)
        while True:
            set_seed(self._config.seed + 7919 * epoch)  # the order of this epoch
            for index, batch in enumerate(self._loader):
                if index >= skip:
                    yield epoch * per_epoch + index, batch
            epoch, skip = epoch + 1, 0

    def _save(self) -> None:
        save_state(self._accelerator, self._state, {"step": self.step, "schedule": self._schedule.state_dict()})

    def _resume(self) -> None:
        """Raises StateError where what was saved cannot be taken."""
        progress = load_state(self._accelerator, self._state)
        if progress is not None:
            self._schedule.load_state_dict(progress["schedule"])
            self.step = int(progress["step"])
            _log.info("resumed at step %d of %d", self.step, self.total)


def load_data(config: TrainConfig, model: TrackVlaConfig) -> TrainingData:
    """Episodes split by ``validation_share`` (the last ones), mixed with questions; stage 1 takes questions alone."""
    if config.data == "synthetic":
        side, waypoints = model.vision.image_size, model.head.waypoints
        count = config.synthetic_episodes
        episodes: list[Episode] = draw_episodes(count, SYNTHETIC_FRAMES, side, waypoints, config.seed)
        questions: list[Question] = draw_questions(2 * count, side, config.seed + 1)
    else:
        episodes, questions = load_samples(Path(config.data))
    kept = len(episodes) - round(config.validation_share * len(episodes))
    tracking = TrackingWindows(episodes[:kept], model.sequence.history) if config.stage == 2 else None
    mixed = MixedSamples(tracking, questions if config.question_share or config.stage == 1 else [])
    validation = TrackingWindows(episodes[kept:], model.sequence.history)
    trajectories = np.concatenate([e.trajectories for e in episodes[:kept]]) if kept else np.zeros((0, 0, 3))
    return TrainingData(mixed, validation, trajectories)


def choose_anchors(config: TrainConfig, model: TrackVlaConfig, data: TrainingData) -> AnchorSet:
    """Those of the folder ``anchors``; else clustered from the trajectories; stage 1 keeps its start's."""
    if config.anchors:
        return load_anchors(Path(config.anchors))
    head = model.head
    if config.stage == 1 and config.start:
        return load_anchors(Path(config.start))
    if config.stage == 1:
        return fan_anchors(head.anchors, head.waypoints, head.waypoint_period)
    return cluster_anchors(
        data.trajectories, head.anchors, head.waypoint_period, head.yaw_weight, config.seed, head.anchor_margin
    )


def starting_model(config: TrainConfig, model: TrackVlaConfig, anchors: AnchorSet) -> tuple[TrackVla, Tokenizer]:
    """Random weights, or those of ``start`` with this run's anchors."""
    if not config.start:
        return build_random(model, anchors, config.seed), build_tokenizer(model.language, None)
    loaded, tokenizer = load_model(Path(config.start))
    loaded.head.set_anchors(anchors)
    return loaded, tokenizer


def freeze(model: TrackVla, stage: int) -> None:
    """Stage 1: only the projector trains; stage 2: all but a frozen tower (the small CNN trains)."""
    for part in (model.language, model.head):
        part.requires_grad_(stage == 2)
    model.vision.requires_grad_(stage == 2 and not model.config.vision.frozen)


def notes(config: TrainConfig, steps: int) -> dict[str, Any]:
    """What a checkpoint says about its training: configuration, steps and the state of the source."""
    return {"training": dataclasses.asdict(config), "steps": steps, "source": source_state(Path(__file__).parent)}


def _loader(config: TrainConfig, data: TrainingData, collator: Collator, processes: int) -> DataLoader:
    size = config.batch // (config.accumulation * processes)
    return DataLoader(data.samples, max(1, size), shuffle=True, collate_fn=collator, drop_last=True)  # pyright: ignore


def _tokenizer_folder(config: TrainConfig) -> Path | None:
    return Path(config.start) if config.start else None


def _shown(losses: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4f}" for name, value in losses.items())

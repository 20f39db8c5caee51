"""The training loop of both trackers and of the supernet, on one core or many GPUs by accelerate; it can be resumed."""

from __future__ import annotations

import dataclasses
import json
import logging
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from accelerate import Accelerator, DistributedDataParallelKwargs, skip_first_batches
from accelerate.utils import set_seed
from torch.utils.data import DataLoader, Dataset

from track_common.source_state import source_state
from track_common.training.resume import load_state, save_state
from vlt_ros.language.sentence import SentenceEncoder
from vlt_ros.model import checkpoint, zoo
from vlt_ros.model.paths import NetworkPath
from vlt_ros.siamese.tracker import make_encoder
from vlt_ros.training.batches import Batch, Collator, TrainingNetwork
from vlt_ros.training.collage import make_collages
from vlt_ros.training.config import COLLAGE, SYNTHETIC, DataPart, TrainingPlan
from vlt_ros.training.drawn import draw_videos
from vlt_ros.training.pairs import PairDataset, PairRules, VideoSet, silent_names
from vlt_ros.training.schedule import learning_rate, make_optimiser, set_rate
from vlt_ros.training.start import starting_network
from vlt_ros.training.validation import mean_success
from vlt_ros.training.videos import Video, read_videos

VALIDATION_SEED = 500  # added to a run's seed: videos nobody trains on
VALIDATION_FRAMES = 20
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingResult:
    """The weight file, steps done, last losses, mean success AUC on the validation videos (None: not measured)."""

    file: Path
    steps: int
    losses: dict[str, float]
    success: float | None


def train(plan: TrainingPlan) -> TrainingResult:
    """Run or resume one plan; leaves ``model.safetensors`` and ``run.json`` (plan, steps, source) in ``out``.

    Raises:
        ConfigError, CheckpointError, DatasetError, StateError: naming what is wrong.
    """
    config = plan.config
    kinds = [DistributedDataParallelKwargs(find_unused_parameters=True)]  # one path of many runs in a step
    accelerator = Accelerator(mixed_precision=config.precision, kwargs_handlers=kinds)  # pyright: ignore[reportArgumentType]
    set_seed(config.seed)
    encoder = make_encoder(config.language, config.language_path)
    run = _Run(
        accelerator, plan, TrainingNetwork(starting_network(plan), config.without_language, config.hard_share), encoder
    )
    losses = run.fit()
    network = accelerator.unwrap_model(run.model).network
    file = Path(config.out) / "model.safetensors"
    path = plan.path or NetworkPath.random(np.random.default_rng(config.seed), zoo.backbone(network).config.depths)
    success = None
    if accelerator.is_main_process:
        if config.validation_videos:
            success = mean_success(network, path, validation_videos(plan), encoder, VALIDATION_FRAMES)
        write_run(plan, network, path, {"steps": run.step, "losses": losses, "success": success})
    return TrainingResult(file, run.step, losses, success)


def write_run(plan: TrainingPlan, network: zoo.Network, path: NetworkPath, results: dict[str, Any]) -> None:
    """Weights, and beside them what made them: plan, results, state of the source."""
    folder = Path(plan.config.out)
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint.save(network, path, folder / "model.safetensors")
    notes = {"plan": plan.to_dict(), "source": source_state(Path(__file__).parent), **results}
    (folder / "run.json").write_text(json.dumps(notes, indent=1))


def load_set(part: DataPart, seed: int) -> VideoSet:
    """The videos of one part of the data."""
    if part.name == SYNTHETIC:
        videos: list[Video] = [*draw_videos(part.videos, part.frames, seed, Path(part.root) if part.root else None)]
    elif part.name == COLLAGE:
        cutouts = Path(part.cutouts) if part.cutouts else None
        videos = [*make_collages(part.videos, part.frames, seed, Path(part.root), cutouts)]
    else:
        videos = read_videos(part.name, Path(part.root))
    return VideoSet(videos, part.pairs, part.reach)


def pair_dataset(plan: TrainingPlan) -> PairDataset:
    """All pairs of a plan."""
    config = plan.config
    sets = [load_set(part, config.seed) for part in plan.data]
    silent = silent_names([v for part in sets for v in part.videos], config.language_volume, config.seed)
    rules = PairRules(
        config.architecture, plan.augmentation, config.seed, config.negatives, silent, config.language_drop,
        config.is_negative_positive, config.pairs_a_video,
    )  # fmt: skip
    return PairDataset(sets, rules)


def validation_videos(plan: TrainingPlan) -> list[Video]:
    """Some videos of ``validation_data``; drawn ones have seeds and, but for photographs, backgrounds of their own."""
    config = plan.config
    if config.validation_data != SYNTHETIC:
        found = read_videos(config.validation_data, Path(config.validation_root))
        order = np.random.default_rng(config.seed).permutation(len(found))
        return [found[i] for i in order[: config.validation_videos]]
    drawn = next((part for part in plan.data if part.name == SYNTHETIC), DataPart())
    photographs = Path(drawn.root) if drawn.root else None
    seed = config.seed + VALIDATION_SEED
    return [*draw_videos(config.validation_videos, VALIDATION_FRAMES, seed, photographs)]


class _Run:
    """The state of one run: what accelerate wrapped, and the step it has reached."""

    def __init__(
        self, accelerator: Accelerator, plan: TrainingPlan, model: TrainingNetwork, encoder: SentenceEncoder | None
    ) -> None:
        self._accelerator, self._plan, self._config = accelerator, plan, plan.config
        self._pairs = pair_dataset(plan)
        collator = Collator(self._config.architecture, encoder, self._config.is_tt_raw)
        loader = DataLoader(
            cast(Dataset[Any], self._pairs),  # a map-style one: it has a length and items, and needs no torch
            self._config.batch,
            collate_fn=collator,
            drop_last=True,
            num_workers=self._config.workers,
        )
        optimiser = make_optimiser(self._config, model.network)
        self._depths = zoo.backbone(model.network).config.depths
        self.model, self._optimiser, self._loader = accelerator.prepare(model, optimiser, loader)
        if not len(self._loader):
            raise ValueError(f"{len(self._pairs)} pairs an epoch are fewer than one batch of {self._config.batch}")
        self.step, self._minutes = 0, 0.0
        self._total = self._config.epochs * len(self._loader)
        self._state = Path(self._config.out) / "state"

    def fit(self) -> dict[str, float]:
        """Train from the last saved state to the end; returns the last step's losses."""
        self._resume()
        self.model.train()
        losses: dict[str, float] = {}
        stop = min(self._config.stop_at or self._total, self._total)
        began, limit = time.monotonic() - 60.0 * self._minutes, self._config.max_minutes or float("inf")
        batches = self._batches()
        while self.step < stop and not self._minutes >= limit:
            losses = self._optimise(next(batches))
            self.step += 1
            self._minutes = self._largest((time.monotonic() - began) / 60.0)
            if self.step % self._config.log_every == 0:
                _log.info("step %d of %d: %s", self.step, self._total, _shown(losses))
            if self.step % self._config.save_every == 0:
                self._save()
        self._save()
        return losses

    def _optimise(self, batch: Batch) -> dict[str, float]:
        """One step on one path; left out where the loss is not finite or too great, as the authors do."""
        set_rate(self._optimiser, learning_rate(self._config, self._epoch()))
        loss = self.model(batch.to(self._accelerator.device), self._path())
        if self._largest(float(loss.total.detach())) <= self._config.largest_loss:  # False for NaN too
            self._accelerator.backward(loss.total)
            if self._config.grad_clip:
                self._accelerator.clip_grad_norm_(self.model.parameters(), self._config.grad_clip)
            self._optimiser.step()
        else:
            _log.warning("step %d left out: loss %s", self.step, float(loss.total.detach()))
        self._optimiser.zero_grad()
        return {name: float(value.detach()) for name, value in vars(loss).items()}

    def _epoch(self) -> float:
        """Epochs done; where the rate follows the clock, as many of all as minutes of ``max_minutes`` are used."""
        if self._config.schedule == "minutes":
            return self._config.epochs * self._minutes / self._config.max_minutes
        return self.step // len(self._loader)

    def _largest(self, value: float) -> float:
        """Of all processes, so that they decide alike; NaN where one has it."""
        gathered = self._accelerator.gather(torch.tensor([value], device=self._accelerator.device))
        return float(gathered.max())  # pyright: ignore[reportAttributeAccessIssue]

    def _path(self) -> NetworkPath:
        """The plan's path; for a supernet one drawn for this step, the same on every process."""
        rng = np.random.default_rng([self._config.seed, self.step])
        return self._plan.path or NetworkPath.random(rng, self._depths)

    def _batches(self) -> Iterator[Batch]:
        """Batches, epoch after epoch, from where the run stopped."""
        epoch, skip = divmod(self.step, len(self._loader))
        while True:
            self._pairs.epoch = epoch
            loader = skip_first_batches(self._loader, skip) if skip else self._loader
            yield from cast("Iterable[Batch]", loader)
            epoch, skip = epoch + 1, 0

    def _save(self) -> None:
        save_state(self._accelerator, self._state, {"step": self.step, "minutes": self._minutes})

    def _resume(self) -> None:
        """Raises StateError where what was saved cannot be taken."""
        progress = load_state(self._accelerator, self._state)
        if progress is not None:
            self.step, self._minutes = int(progress["step"]), float(progress.get("minutes", 0.0))
            _log.info("resumed at step %d of %d", self.step, self._total)


def with_path(plan: TrainingPlan, path: NetworkPath, out: str) -> TrainingPlan:
    """The same plan for one path, into another folder: retraining of a search's winner."""
    return dataclasses.replace(plan, config=dataclasses.replace(plan.config, out=out), path=path)


def _shown(losses: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4f}" for name, value in losses.items())

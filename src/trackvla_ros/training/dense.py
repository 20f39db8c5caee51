"""Dense pretraining of a small tower: each cell says who is there, what they wear, where they are and how they face.

    python -m trackvla_ros.training.dense runs/stills runs/tower --images 200000

The answers' linear layers are thrown away afterwards; the tower is then frozen, as the paper's is.
"""

from __future__ import annotations

import argparse
import dataclasses
import logging
import math
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from trackvla_ros.model.config import VisionConfig
from trackvla_ros.model.sizes import SIZES
from trackvla_ros.model.vision import build_tower
from trackvla_ros.training.pixels import to_input
from trackvla_ros.training.states import load_newest, save_whole
from trackvla_ros.training.stills import StillBatch, Stills, cell_owners, mirrored

CLASSES = {"sex": 2, "top": 6, "top_colour": 14, "bottom": 6, "bottom_colour": 14, "hair_colour": 5}
WEIGHTS = {"sex": 0.5, "top": 0.4, "top_colour": 1.0, "bottom": 0.4, "bottom_colour": 1.0, "hair_colour": 0.2}
PLACES = 4  # bearing, log distance, cosine and sine of the heading
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DenseConfig:
    """One run."""

    images: int = 200_000  # seen in all, those seen again included
    batch: int = 64
    lr: float = 2e-3
    weight_decay: float = 0.02
    save_every: float = 90.0  # s between saved states
    refresh_every: int = 100  # steps between looks for new shards
    validation: int = 3  # first shards of the folder, never trained on
    people_share: float = 0.9  # of the images, drawn among those that show somebody
    seed: int = 0


class DenseAnswers(nn.Module):
    """One linear layer for everything a cell is asked."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.sizes = [1, *CLASSES.values(), PLACES]
        self.layer = nn.Linear(width, sum(self.sizes))

    def forward(self, features: Tensor) -> dict[str, Tensor]:
        """Features (B, N, C) to logits by name, each (B, N, K)."""
        parts = self.layer(features).float().split(self.sizes, dim=-1)
        return dict(zip(("present", *CLASSES, "place"), parts, strict=True))


def dense_losses(answers: dict[str, Tensor], batch: StillBatch, grid: int) -> dict[str, Tensor]:
    """Losses by name; cells with too little of anybody are left out of all of them."""
    owners = torch.from_numpy(cell_owners(batch.covered, batch.people.shape[1], grid))  # (B, N)
    known, shows = owners != -2, owners >= 0
    present = answers["present"][..., 0]
    losses = {"present": F.binary_cross_entropy_with_logits(present[known], shows[known].float())}
    rows = torch.arange(len(owners))[:, None].expand_as(owners)[shows]
    attributes = torch.from_numpy(batch.attributes.astype(np.int64))[rows, owners[shows]]
    for index, name in enumerate(CLASSES):
        losses[name] = WEIGHTS[name] * F.cross_entropy(answers[name][shows], attributes[:, index])
    people = torch.from_numpy(batch.people.astype(np.float32))[rows, owners[shows]]
    losses["place"] = 3.0 * F.smooth_l1_loss(answers["place"][shows], place_targets(people), beta=0.1)
    return losses


def place_targets(people: Tensor) -> Tensor:
    """Rows of people (..., 6) to what a cell says of its owner (..., ``PLACES``)."""
    distance = people[..., :2].norm(dim=-1)
    bearing, heading = torch.atan2(people[..., 1], people[..., 0]), people[..., 2]
    return torch.stack([bearing, distance.clamp(min=0.2).log(), heading.cos() * 0.5, heading.sin() * 0.5], dim=-1)


class DenseRun:
    """A run and the step it has reached; goes on from its newest saved state."""

    def __init__(self, stills: Path, out: Path, config: DenseConfig, vision: VisionConfig) -> None:
        torch.manual_seed(config.seed)
        self._config, self._out, self._grid = config, out, vision.grid
        self._data = Stills(stills, slice(config.validation, None))
        self._held_out = Stills(stills, slice(0, config.validation))
        self.tower = build_tower(dataclasses.replace(vision, frozen=False))
        self.tower.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.answers = DenseAnswers(vision.width)
        parameters = [*self.tower.parameters(), *self.answers.parameters()]
        self._optimiser = torch.optim.AdamW(parameters, lr=config.lr, weight_decay=config.weight_decay)
        self.total = config.images // config.batch
        self.step = 0
        self._resume()

    def fit(self) -> None:
        """Train to the end, saving every ``save_every`` s."""
        saved, mean = time.monotonic(), {}
        while self.step < self.total:
            losses = self._optimise()
            mean = {name: 0.98 * mean.get(name, value) + 0.02 * value for name, value in losses.items()}
            self.step += 1
            if self.step % self._config.refresh_every == 0:
                shards = self._data.refresh()
                shown = " ".join(f"{name} {value:.3f}" for name, value in mean.items())
                _log.info(
                    "step %d/%d shards %d cpu %.0f s: %s", self.step, self.total, shards, time.process_time(), shown
                )
            if time.monotonic() - saved > self._config.save_every or self.step == self.total:
                self._save()
                saved = time.monotonic()
            if self.step % (10 * self._config.refresh_every) == 0 or self.step == self.total:
                _log.info("held out: %s", self.evaluate())

    def _optimise(self) -> dict[str, float]:
        rng = np.random.default_rng([self._config.seed, self.step])
        for group in self._optimiser.param_groups:
            group["lr"] = self._config.lr * _rate(self.step / self.total)
        batch = self._data.batch(self._data.draw(rng, self._config.batch, self._config.people_share))
        batch = mirrored(batch) if rng.random() < 0.5 else batch
        self.tower.train()
        losses = dense_losses(self._answer(to_input(batch.images, rng)), batch, self._grid)
        loss = torch.stack(list(losses.values())).sum()
        self._optimiser.zero_grad(set_to_none=True)
        if not torch.isfinite(loss):
            _log.warning("step %d: loss %s is skipped", self.step, float(loss))
            return {}
        loss.backward()
        nn.utils.clip_grad_norm_([*self.tower.parameters(), *self.answers.parameters()], 1.0)
        self._optimiser.step()
        return {name: float(value.detach()) for name, value in losses.items()}

    def _answer(self, images: Tensor) -> dict[str, Tensor]:
        images = images.to(memory_format=torch.channels_last)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            features = self.tower(images)
        return self.answers(features.float())

    @torch.no_grad()
    def evaluate(self, frames: int = 512) -> dict[str, float]:
        """Shares right and median errors on shards never trained on."""
        self.tower.eval()
        batch = self._held_out.batch(np.arange(0, len(self._held_out), max(1, len(self._held_out) // frames)))
        answers = self._answer(to_input(batch.images))
        owners = torch.from_numpy(cell_owners(batch.covered, batch.people.shape[1], self._grid))
        shows, known = owners >= 0, owners != -2
        rows = torch.arange(len(owners))[:, None].expand_as(owners)[shows]
        attributes = torch.from_numpy(batch.attributes.astype(np.int64))[rows, owners[shows]]
        right = {n: (answers[n][shows].argmax(-1) == attributes[:, i]).float().mean() for i, n in enumerate(CLASSES)}
        wanted = place_targets(torch.from_numpy(batch.people.astype(np.float32))[rows, owners[shows]])
        error = (answers["place"][shows] - wanted).abs().median(dim=0).values
        right["present"] = ((answers["present"][..., 0] > 0) == shows)[known].float().mean()
        right["bearing_deg"], right["log_distance"] = error[0] * 180.0 / math.pi, error[1]
        return {name: round(float(value), 3) for name, value in right.items()}

    def _save(self) -> None:
        parts = {"tower": self.tower, "answers": self.answers, "optimiser": self._optimiser}
        save_whole(self._out, self.step, {name: part.state_dict() for name, part in parts.items()})

    def _resume(self) -> None:
        state = load_newest(self._out)
        if state is not None:
            self.tower.load_state_dict(state["tower"])
            self.answers.load_state_dict(state["answers"])
            self._optimiser.load_state_dict(state["optimiser"])
            self.step = int(state["step"])
            _log.info("resumed at step %d of %d", self.step, self.total)


def _rate(progress: float) -> float:
    """Share of the learning rate: 3 % warm-up, then half a cosine."""
    if progress < 0.03:
        return 0.05 + 0.95 * progress / 0.03
    return 0.02 + 0.98 * 0.5 * (1.0 + math.cos(math.pi * min(1.0, (progress - 0.03) / 0.97)))


def main() -> None:
    """Command line of the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stills", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--images", type=int, default=DenseConfig.images)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    DenseRun(options.stills, options.out, DenseConfig(images=options.images), SIZES["nano"].vision).fit()


if __name__ == "__main__":
    main()

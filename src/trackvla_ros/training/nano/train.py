"""Language model and head of the shipped model, on a frozen tower: grounding, behaviour cloning, DAgger rounds.

    python -m trackvla_ros.training.nano.train runs/nano --data runs --steps 3000

``--data`` holds ``stills``, ``tower`` (dense.py's result) and ``episodes/round*``; rounds that are added later are
taken up when the command is given again. The checkpoint folder is ``OUT/model``.
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from trackvla_ros.exported.scope import GARMENTS
from trackvla_ros.model.anchors import cluster_anchors, load_anchors, save_anchors
from trackvla_ros.model.config import TrackVlaConfig
from trackvla_ros.model.prompting import WORDS_FILE, WordTokenizer
from trackvla_ros.model.sizes import SIZES
from trackvla_ros.model.weights import build_random, save_model
from trackvla_ros.training.nano.batches import (
    AttributeAnswers,
    SpellingTokenizer,
    choose_words,
    collate,
    losses_of,
    states_of,
)
from trackvla_ros.training.nano.features import features_of
from trackvla_ros.training.nano.samples import EpisodeSamples, Sample, StillSamples
from trackvla_ros.training.states import load_newest, save_whole

ANNEALED = 0.02  # of the learning rate, at the last step
HELD_OUT_STILLS = 3  # first shards, never trained on
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class NanoConfig:
    """One run; steps count from the very beginning, so that a larger number goes on with an older run."""

    steps: int = 3000
    batch: int = 32  # frames, each with one to four sentences
    still_share: float = 0.4  # of a batch's rows
    still_shards: int = 1000  # shards of single frames that are read
    lr: float = 1.2e-3  # kept after the warm-up: what is written are the weights' running means
    mean_decay: float = 0.99  # of the running means, a step
    weight_decay: float = 0.02
    warmup: int = 100  # steps
    anneal: int = 0  # last steps, in which the rate falls to ``ANNEALED`` of itself: for the checkpoint that is shipped
    save_every: float = 120.0  # s
    log_every: int = 50  # steps
    seed: int = 0


class NanoRun:
    """A run and the step it has reached."""

    def __init__(self, data: Path, out: Path, config: NanoConfig) -> None:
        self._config, self._out = config, out
        size = SIZES["nano"]
        tower_state = load_newest(data / "tower")
        if tower_state is None:
            raise FileNotFoundError(f"no state in {data / 'tower'}; run python -m trackvla_ros.training.dense first")
        torch.manual_seed(config.seed)
        tower = build_random(size).vision
        tower.load_state_dict(tower_state["tower"])
        self._read(data, tower.eval(), size.sequence.history, size.sequence.frame_period)
        self._choose(size)
        self.model = build_random(size, load_anchors(out), config.seed)
        self.model.vision.load_state_dict(tower_state["tower"])
        self.model.language.set_attn_implementation("eager")  # torch's fused attention is slower backwards on a CPU
        self.answers = AttributeAnswers(size.language.width)
        trained = [p for name, p in self.model.named_parameters() if not name.startswith("vision.")]
        trained += self.answers.parameters()
        self._trained = trained
        self._optimiser = torch.optim.AdamW(trained, lr=config.lr, weight_decay=config.weight_decay)
        self._means = {name: value.detach().clone() for name, value in self._trained_state().items()}
        self.step = 0
        self._resume()

    def fit(self) -> None:
        """Train to ``steps`` and write the checkpoint folder."""
        saved, mean = time.monotonic(), {}
        while self.step < self._config.steps:
            losses = self._optimise()
            mean = {k: 0.97 * mean.get(k, v) + 0.03 * v for k, v in losses.items()}
            self.step += 1
            if self.step % self._config.log_every == 0:
                shown = " ".join(f"{k} {v:.3f}" for k, v in mean.items())
                _log.info("step %d/%d cpu %.0f s: %s", self.step, self._config.steps, time.process_time(), shown)
            if time.monotonic() - saved > self._config.save_every:
                self._save()
                saved = time.monotonic()
        self._save()
        self.model.load_state_dict(self._means, strict=False)
        self.write()
        _log.info("held out: %s", self.evaluate())

    def write(self) -> None:
        """The checkpoint folder as it is now."""
        notes = {"data": "evt_bench simulator, seeds 0-899", "sentences": GARMENTS, "steps": self.step, "size": "nano"}
        save_model(self.model, load_anchors(self._out), self._out / "model", notes, self._out)

    @torch.no_grad()
    def evaluate(self, rows: int = 200) -> dict[str, float]:
        """On single frames never trained on: is the pointed cell the target's, is it found absent, how far off."""
        assert self.model.target is not None
        rng = np.random.default_rng(1)
        samples = [self._held_out.draw(rng) for _ in range(rows)]
        batch = collate(samples, self.model.config.sequence, self._plain)
        states = states_of(self.model, batch)
        found = self.model.target(states.hidden).numpy()
        queries = [q for s in samples for q in s.queries]
        seen = np.array([q.in_view for q in queries])
        wanted = np.stack([q.position for q in queries])
        error = np.degrees(np.abs(np.arctan2(found[:, 2], found[:, 1]) - np.arctan2(wanted[:, 1], wanted[:, 0])))[seen]
        ratio = np.hypot(found[:, 1], found[:, 2])[seen] / np.hypot(wanted[:, 0], wanted[:, 1])[seen]
        peak = states.attention[-1].argmax(dim=-1)
        hit = batch.target.cells.gather(1, peak[:, None])[:, 0].numpy() > 0
        return {
            "attention_hit": float(np.mean(hit[seen])),
            "in_view_right": float(np.mean((found[:, 0] > 0.5) == seen)),
            "bearing_median_deg": float(np.median(error)),
            "bearing_within_8_deg": float(np.mean(error < 8.0)),
            "distance_median_share": float(np.median(np.abs(ratio - 1.0))),
        }

    def _optimise(self) -> dict[str, float]:
        rng = np.random.default_rng([self._config.seed, 31, self.step])
        batch = collate(self._draw(rng), self.model.config.sequence, SpellingTokenizer(self._plain.words, rng))
        for group in self._optimiser.param_groups:
            group["lr"] = self._config.lr * self._rate()
        generator = torch.Generator().manual_seed(self.step)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            losses = losses_of(self.model, self.answers, batch, generator)
        self._optimiser.zero_grad(set_to_none=True)
        if not torch.isfinite(losses["loss"]):
            _log.warning("step %d: loss %s is skipped", self.step, float(losses["loss"]))
            return {}
        losses["loss"].backward()
        norm = nn.utils.clip_grad_norm_(self._trained, 1.0)
        self._optimiser.step()
        decay = min(self._config.mean_decay, (self.step + 1) / (self.step + 10))
        for name, value in self._trained_state().items():
            self._means[name].lerp_(value.detach(), 1.0 - decay)
        return {name: float(value.detach()) for name, value in losses.items()} | {"norm": float(norm)}

    def _draw(self, rng: np.random.Generator) -> list[Sample]:
        stills = round(self._config.still_share * self._config.batch) if len(self._episodes) else self._config.batch
        return [self._stills.draw(rng) for _ in range(stills)] + [
            self._episodes.draw(rng) for _ in range(self._config.batch - stills)
        ]

    def _rate(self) -> float:
        left = self._config.steps - self.step
        falling = max(ANNEALED, left / self._config.anneal) if left < self._config.anneal else 1.0
        return falling * min(1.0, (self.step + 1) / self._config.warmup)

    def _read(self, data: Path, tower: nn.Module, history: int, period: float) -> None:
        features = data / "features"
        features_of(data / "stills", features / "stills", tower, self._config.still_shards)
        rounds = sorted(p for p in (data / "episodes").glob("round*") if p.is_dir())
        for folder in rounds:
            features_of(folder, features / folder.name, tower)
        self._held_out = StillSamples(data / "stills", features / "stills", slice(0, HELD_OUT_STILLS))
        self._stills = StillSamples(data / "stills", features / "stills", slice(HELD_OUT_STILLS, None))
        self._episodes = EpisodeSamples([(f, features / f.name) for f in rounds], history, period, self._stills)
        _log.info("%d single frames, %d frames of episodes", len(self._stills), len(self._episodes))

    def _choose(self, size: TrackVlaConfig) -> None:
        """Word list and anchors, chosen once and kept in ``out``."""
        self._out.mkdir(parents=True, exist_ok=True)
        words = self._out / WORDS_FILE
        if not words.exists():
            sentences = [*self._stills.sentences(), *self._episodes.sentences()]
            words.write_text(json.dumps(choose_words(sentences, size.language.vocabulary - WordTokenizer.end - 1)))
        if not (self._out / "anchors.safetensors").exists():
            head = size.head
            trajectories = self._episodes.trajectories()
            save_anchors(
                cluster_anchors(trajectories, head.anchors, head.waypoint_period, head.yaw_weight, self._config.seed,
                                head.anchor_margin),
                self._out,
            )  # fmt: skip
        self._plain = WordTokenizer.read(self._out)

    def _save(self) -> None:
        parts = {"model": self._trained_state(), "answers": self.answers.state_dict()}
        state = {**parts, "means": self._means, "optimiser": self._optimiser.state_dict()}
        save_whole(self._out / "states", self.step, state)

    def _trained_state(self) -> dict[str, torch.Tensor]:
        return {name: v for name, v in self.model.state_dict().items() if not name.startswith("vision.")}

    def _resume(self) -> None:
        state = load_newest(self._out / "states")
        if state is not None:
            self.model.load_state_dict(state["model"], strict=False)
            self.answers.load_state_dict(state["answers"])
            self._means = state["means"]
            self._optimiser.load_state_dict(state["optimiser"])
            self.step = int(state["step"])
            _log.info("resumed at step %d of %d", self.step, self._config.steps)


def main() -> None:
    """Command line of the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=NanoConfig.steps)
    parser.add_argument("--still-shards", type=int, default=NanoConfig.still_shards)
    parser.add_argument("--anneal", type=int, default=0, help="last steps in which the learning rate falls")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    config = NanoConfig(steps=options.steps, still_shards=options.still_shards, anneal=options.anneal)
    NanoRun(options.data, options.out, config).fit()


if __name__ == "__main__":
    main()

"""The search as a whole: supernet, evolution, comparison with chance, retraining; every reward is kept at once."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from track_common.config import ConfigError
from track_common.source_state import source_state
from vlt_ros.model import checkpoint, zoo
from vlt_ros.model.paths import NetworkPath
from vlt_ros.search.config import SearchPlan
from vlt_ros.search.evolution import Genes, best, genes_of, next_generation
from vlt_ros.search.reward import search_macs
from vlt_ros.search.workers import Workers, open_workers
from vlt_ros.training.train import train, with_path

BASELINE_STREAM = 1_000_003  # keeps the comparison's random paths apart from the first generation's
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SearchResult:
    """The winner, its reward, the mean of each generation, and rewards of random paths (mean, best; NaN: none)."""

    path: NetworkPath
    reward: float
    generation_means: tuple[float, ...]
    random_mean: float
    random_best: float


class History:
    """Rewards by generation, written after every path; what is in the file is not judged again."""

    def __init__(self, file: Path, plan: SearchPlan) -> None:
        self._file = file
        self._plan = {k: v for k, v in plan.to_dict().items() if k not in ("processes", "cluster", "retrain_epochs")}
        self.generations: list[dict[Genes, float]] = []
        self.random: dict[Genes, float] = {}
        if file.is_file():
            self._read()

    @property
    def rewards(self) -> dict[Genes, float]:
        """Of all generations."""
        return {genes: reward for generation in self.generations for genes, reward in generation.items()}

    def write(self) -> None:
        """The whole file anew; it is complete or not there."""
        values = {
            "plan": self._plan,
            "source": source_state(Path(__file__).parent),
            "generations": [_rows(generation) for generation in self.generations],
            "random": _rows(self.random),
        }
        self._file.parent.mkdir(parents=True, exist_ok=True)
        part = self._file.with_suffix(".part")
        part.write_text(json.dumps(values, indent=1))
        part.replace(self._file)

    def _read(self) -> None:
        stored = json.loads(self._file.read_text())
        if stored["plan"] != json.loads(json.dumps(self._plan)):
            raise ConfigError(f"{self._file} is of another search; give another folder: --set out=FOLDER")
        self.generations = [_from_rows(rows) for rows in stored["generations"]]
        self.random = _from_rows(stored["random"])


def search(plan: SearchPlan) -> SearchResult:
    """Run or resume a search; leaves history.json and result.json in ``out``.

    Raises:
        ConfigError, CheckpointError: naming what is wrong.
    """
    if not plan.config.supernet and not plan.supernet.is_file():
        train(plan.training)
    history = History(Path(plan.config.out) / "history.json", plan)
    with open_workers(plan) as workers:
        evolve(plan, history, workers)
        judge_random(plan, history, workers)
    result = result_of(history)
    _write_result(plan, result)
    if plan.config.retrain_epochs:
        retrain(plan, result.path)
    return result


def evolve(plan: SearchPlan, history: History, workers: Workers) -> None:
    """Generation after generation; each follows from the rewards before it, also after a stop."""
    network, _ = checkpoint.load(plan.supernet, plan.training.config.architecture)
    depths = zoo.backbone(network).config.depths

    def is_allowed(genes: Genes) -> bool:
        return not plan.config.max_macs or search_macs(network, NetworkPath.from_lists(genes)) <= plan.config.max_macs

    for number in range(plan.evolution.generations):
        before = {g: r for generation in history.generations[:number] for g, r in generation.items()}
        paths = next_generation(plan.evolution, number, before, depths, is_allowed)
        if number == len(history.generations):
            history.generations.append({})
        _judge(paths, history.generations[number], history, workers)
        rewards = list(history.generations[number].values())
        top = history.rewards[best(history.rewards, 1)[0]]
        _log.info("generation %d: mean %.4f, best %.4f; best so far %.4f", number, np.mean(rewards), max(rewards), top)


def judge_random(plan: SearchPlan, history: History, workers: Workers) -> None:
    """``baseline`` random paths, drawn apart from the evolution's."""
    network, _ = checkpoint.load(plan.supernet, plan.training.config.architecture)
    rng = np.random.default_rng([plan.evolution.seed, BASELINE_STREAM])
    depths = zoo.backbone(network).config.depths
    paths = [genes_of(NetworkPath.random(rng, depths)) for _ in range(plan.config.baseline)]
    _judge(paths, history.random, history, workers)


def result_of(history: History) -> SearchResult:
    """The winner over all generations, the last included."""
    rewards = history.rewards
    winner = best(rewards, 1)[0]
    means = tuple(float(np.mean(list(generation.values()))) for generation in history.generations)
    random = list(history.random.values()) or [float("nan")]
    return SearchResult(
        NetworkPath.from_lists(winner), rewards[winner], means, float(np.mean(random)), float(max(random))
    )


def retrain(plan: SearchPlan, path: NetworkPath) -> Path:
    """Train the winner alone, from the supernet's own start (supplement A.3), into ``out``/retrained."""
    config = dataclasses.replace(plan.training.config, epochs=plan.config.retrain_epochs)
    training = dataclasses.replace(plan.training, config=config)
    return train(with_path(training, path, str(Path(plan.config.out) / "retrained"))).file


def _judge(paths: Sequence[Genes], known: dict[Genes, float], history: History, workers: Workers) -> None:
    """Fill ``known`` (part of ``history``) with the rewards it lacks."""
    waiting = [genes for genes in paths if genes not in known]
    for genes, reward in zip(waiting, workers.rewards(waiting), strict=True):
        known[genes] = reward
        history.write()


def _write_result(plan: SearchPlan, result: SearchResult) -> None:
    values = {**dataclasses.asdict(result), "path": result.path.to_lists()}
    (Path(plan.config.out) / "result.json").write_text(json.dumps(values, indent=1))


def _rows(rewards: dict[Genes, float]) -> list[dict[str, object]]:
    return [{"path": [list(part) for part in genes], "reward": reward} for genes, reward in rewards.items()]


def _from_rows(rows: Sequence[dict[str, list]]) -> dict[Genes, float]:
    return {tuple(tuple(part) for part in row["path"]): row["reward"] for row in rows}  # pyright: ignore[reportReturnType]

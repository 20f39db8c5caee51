"""Writes rounds of recorded episodes into shards: the expert's first, then those a policy drives (DAgger).

    python -m evt_bench.data.record_episodes runs/episodes/round0 --shards 40
    python -m evt_bench.data.record_episodes runs/episodes/round1 --shards 20 --round 1 --checkpoint runs/nano/model

What is there already is kept, so that a killed round goes on.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from evt_bench.data.policy_driver import PolicyDriver
from evt_bench.data.recorder import Driver, EpisodeData, ExpertDriver, MixedDriver, RecorderConfig, record_together
from evt_bench.episodes import EpisodeConfig
from trackvla_ros.training.shards import encode_images, encode_texts, shard_path, write_shard

TRAINING_SEEDS = 900  # 0-899 train, 900-999 tell when to stop, 1000 and above are for reported figures
TOGETHER = 8  # episodes of a shard, in lock-step
TASK_SHARES = {"DT": 0.7, "STT": 0.2, "AT": 0.1}


def jobs_of(round_: int, shard: int) -> list[tuple[str, int]]:
    """(task, seed) of the episodes of a shard; every round has its own."""
    rng = np.random.default_rng([round_, shard, 23])
    tasks = rng.choice(list(TASK_SHARES), TOGETHER, p=list(TASK_SHARES.values()))
    return [(str(task), int(rng.integers(TRAINING_SEEDS))) for task in tasks]


def config_of(round_: int, shard: int, has_lidar: bool) -> RecorderConfig:
    """Harder and easier rooms and people by turns."""
    rng = np.random.default_rng([round_, shard, 29])
    episodes = EpisodeConfig(
        density=float(rng.uniform(0.3, 1.2)),
        min_speed=0.4,
        max_speed=1.15,
        distinct_parts=int(rng.integers(1, 3)),
    )
    return replace(RecorderConfig(has_lidar=has_lidar, pauses=True), episodes=episodes)


def record_round(
    folder: Path, shards: Sequence[int], round_: int, checkpoint: str = "", has_lidar: bool = False
) -> None:
    """Write the missing shards of a round and a line about each into ``log.jsonl``.

    Args:
        folder: of the round.
        shards: numbers.
        round_: 0 is the expert's; others draw other episodes.
        checkpoint: who drives from round 1 on.
        has_lidar: run the whole robot side.
    """
    for shard in shards:
        path = shard_path(folder, shard)
        if path.exists():
            continue
        started = time.process_time()
        driver = _driver(round_, shard, checkpoint)
        episodes = record_together(jobs_of(round_, shard), driver, config_of(round_, shard, has_lidar), TOGETHER)
        write_shard(path, arrays_of(episodes), {"round": round_, "checkpoint": checkpoint})
        _log(folder, shard, episodes, time.process_time() - started)


def arrays_of(episodes: Sequence[EpisodeData]) -> dict[str, np.ndarray]:
    """Episodes end to end; people are padded with NaN to as many as the fullest episode has."""
    people = max(e.people.shape[1] for e in episodes)
    sentences = [json.dumps(e.sentences) for e in episodes]
    return {
        **encode_images([image for e in episodes for image in e.images]),
        **encode_texts("sentences", sentences),
        "ends": np.cumsum([len(e.images) for e in episodes]),
        "covered": np.concatenate([e.covered for e in episodes]),
        "robot": np.concatenate([e.robot for e in episodes]).astype(np.float32),
        "people": np.concatenate([_padded(e.people, people, 1) for e in episodes]).astype(np.float32),
        "pixels": np.concatenate([_padded(e.pixels, people, 1) for e in episodes]).astype(np.float32),
        "trajectories": np.concatenate([_padded(e.trajectories, people, 1) for e in episodes]).astype(np.float32),
        "attributes": np.stack([_padded(e.attributes.astype(float), people, 0) for e in episodes]).astype(np.float32),
    }


def _padded(values: np.ndarray, count: int, axis: int) -> np.ndarray:
    missing = list(values.shape)
    missing[axis] = count - values.shape[axis]
    return np.concatenate([values, np.full(missing, np.nan)], axis)


def _driver(round_: int, shard: int, checkpoint: str) -> Driver:
    seed = 1000 * round_ + shard
    if not checkpoint:
        return ExpertDriver(seed)
    return MixedDriver(PolicyDriver(checkpoint), seed)


def _log(folder: Path, shard: int, episodes: Sequence[EpisodeData], seconds: float) -> None:
    row = {
        "shard": shard,
        "frames": sum(len(e.images) for e in episodes),
        "success": float(np.mean([e.verdict.success for e in episodes])),
        "collision": float(np.mean([e.verdict.collision for e in episodes])),
        "lost": float(np.mean([e.verdict.status == "lost" for e in episodes])),
        "cpu_s": round(seconds, 1),
    }
    with (folder / "log.jsonl").open("a") as file:
        file.write(json.dumps(row) + "\n")


def main() -> None:
    """Command line of the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shards", type=int, default=40, help=f"of {TOGETHER} episodes each")
    parser.add_argument("--round", type=int, default=0)
    parser.add_argument("--checkpoint", default="", help="folder of the policy that drives")
    parser.add_argument("--lidar", action="store_true", help="run the whole robot side while recording")
    options = parser.parse_args()
    record_round(options.folder, range(options.shards), options.round, options.checkpoint, options.lidar)


if __name__ == "__main__":
    main()

"""Runs episodes headless and tabulates them: worlds x agents -> records -> rows.

Records are appended to a JSON-lines file as they come, so that a run that was cut short goes on where it stopped.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from evt_bench.agents import BASELINES, AgentSpec
from evt_bench.episodes import STEP, EpisodeConfig, draw_episode
from evt_bench.jobs import RecordFile, run_missing
from evt_bench.metrics import EpisodeRecord, Row, summarise
from evt_bench.protocol import Judge, StepView, Verdict
from evt_bench.world.world import Truth, World, WorldConfig
from track_common.boxes import iou
from track_common.geometry import wrap_angle
from track_common.types import Sighting

TOLERANCE = 1e-6  # s; sums of steps
STOP_WAIT = (5, 15)  # steps the target waits at its last goal (reference/trackvla.md §2.2)
ON_TARGET_IOU = 0.3


@dataclass(frozen=True)
class BenchConfig:
    """What a run is made of, besides tasks, seeds and agents."""

    world: WorldConfig = field(default_factory=WorldConfig)
    episodes: EpisodeConfig = field(default_factory=EpisodeConfig)
    rules: str = "code"


@dataclass(frozen=True)
class _Job:
    task: str
    seed: int
    agent: AgentSpec
    config: BenchConfig

    def key_of(self) -> tuple[str, int, str, str]:
        return (self.task, self.seed, self.agent.policy, self.agent.tracker)


Progress = Callable[[EpisodeRecord, int, int], None]  # record, how many are done, how many there are


def run_bench(
    tasks: Sequence[str],
    agents: Sequence[AgentSpec],
    seeds: Iterable[int],
    out_json: Path,
    processes: int = 1,
    config: BenchConfig | None = None,
    on_episode: Progress | None = None,
) -> list[Row]:
    """Run every agent over every task and seed; write and return the rows.

    Args:
        out_json: table; the records lie beside it, with ".jsonl" for ending. Records found there are not run again.
        processes: worker processes; 1 runs here.

    Raises:
        ValueError: the records beside ``out_json`` were made with other settings.
        ConfigError: unknown task, agent or setting.
    """
    settings = config or BenchConfig()
    jobs = [_Job(task, seed, agent, settings) for task in tasks for agent in agents for seed in seeds]
    file = RecordFile(out_json.with_suffix(".jsonl"), _header(settings, agents), EpisodeRecord)
    records = run_missing(jobs, _run_job, (_Job.key_of, _record_key), file, processes, on_episode)
    rows = _tabulate(records)
    out_json.write_text(
        json.dumps({"rules": settings.rules, "rows": [_plain(asdict(r)) for r in rows]}, indent=2) + "\n"
    )
    return rows


def baselines() -> list[AgentSpec]:
    """The reference rows: oracle, stand-still, constant velocity."""
    return [AgentSpec(name) for name in BASELINES]


def run_episode(task: str, seed: int, agent: AgentSpec, config: BenchConfig) -> EpisodeRecord:
    """One episode from its first step to its verdict."""
    episode = draw_episode(task, seed, config.episodes)
    world = World(episode, config.world)
    driver = agent.make()
    log = _EpisodeLog(world, Judge(config.rules))
    wait = int(np.random.default_rng([seed, 3]).integers(STOP_WAIT[0], STOP_WAIT[1] + 1))
    try:
        driver.start(world, episode.instruction)
        while not log.judge.is_over:
            sighting = driver.look()
            log.check_box(sighting)
            until = world.time + STEP - TOLERANCE
            while world.time < until:
                world.step(driver.command())
            log.step(wait)
    finally:
        world.close()
    verdict = log.judge.verdict()
    return log.record(task, seed, agent, verdict)


class _EpisodeLog:
    """Collects what the record needs beside the verdict."""

    def __init__(self, world: World, judge: Judge) -> None:
        self.judge, self._world = judge, world
        self._distances: list[float] = []
        self._clearances: list[float] = []
        self._touching = self._standing = 0
        self._hits: list[bool] = []

    def check_box(self, sighting: Sighting | None) -> None:
        """Does the tracker's box lie on the target, where enough of it shows?"""
        if sighting is None:
            return
        view = self._world.target_view()
        if view.box_xyxy is None or view.pixels < 1000:
            return
        is_hit = sighting.box is not None and float(iou(sighting.box.xyxy, view.box_xyxy)) >= ON_TARGET_IOU
        self._hits.append(is_hit)

    def step(self, wait: int) -> None:
        """After one protocol step; ``wait`` steps after its arrival the target is done."""
        truth = self._world.truth()
        self._standing += truth.has_arrived
        view = self._world.target_view()
        camera = self._world.camera
        self.judge.step(
            StepView(
                truth.target_distance,
                view.pixels,
                camera.width * camera.height,
                bearing_of_target(truth),
                self._standing > wait,
            )
        )
        if self.judge.is_following:
            self._distances.append(truth.target_distance)
        self._clearances.append(truth.clearance)
        self._touching += truth.is_touching

    def record(self, task: str, seed: int, agent: AgentSpec, verdict: Verdict) -> EpisodeRecord:
        """The finished record."""
        return EpisodeRecord(
            task,
            seed,
            agent.policy,
            agent.tracker,
            verdict.success,
            verdict.collision,
            verdict.status,
            verdict.following_steps,
            verdict.total_steps,
            self._world.episode.reference_steps,
            float(np.mean(self._distances)) if self._distances else math.nan,
            min(self._clearances),
            self._touching,
            float(np.mean(self._hits)) if self._hits else math.nan,
        )


def bearing_of_target(truth: Truth) -> float:
    """Angle (rad) from the robot's heading to the target, positive to the left."""
    way = truth.people[0].pose[:2] - truth.robot[:2]
    return float(wrap_angle(math.atan2(way[1], way[0]) - truth.robot[2]))


def _run_job(job: _Job) -> EpisodeRecord:
    return run_episode(job.task, job.seed, job.agent, job.config)


def _header(config: BenchConfig, agents: Sequence[AgentSpec]) -> dict:
    return {"settings": asdict(config), "agents": {f"{a.policy}/{a.tracker}": asdict(a) for a in agents}}


def _record_key(record: EpisodeRecord) -> tuple[str, int, str, str]:
    return (record.task, record.seed, record.policy, record.tracker)


def _tabulate(records: Sequence[EpisodeRecord]) -> list[Row]:
    groups: dict[tuple[str, str, str], list[EpisodeRecord]] = {}
    for record in records:
        groups.setdefault((record.task, record.policy, record.tracker), []).append(record)
    return [summarise(group) for group in groups.values()]


def _plain(row: dict) -> dict:
    """JSON knows no NaN: null instead."""
    return {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in row.items()}

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
from evt_bench.conditions import CpuClock, conditions_of
from evt_bench.episodes import STEP, Episode, EpisodeConfig, draw_episode
from evt_bench.jobs import RecordFile, run_missing
from evt_bench.lockstep import look_together
from evt_bench.metrics import EpisodeRecord, Row, summarise
from evt_bench.protocol import Judge, StepView, Verdict
from evt_bench.sentences import sentence_of
from evt_bench.world.world import Truth, World, WorldConfig
from track_common.boxes import iou
from track_common.config import lookup
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
    sentence: str = "right"  # one of ``evt_bench.sentences.SENTENCES``
    together: int = 1  # episodes of one process in lock-step: their network sees a batch


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
        config: worlds, episodes and rules.
        on_episode: called with each new record.

    Raises:
        ValueError: the records beside ``out_json`` were made with other settings.
        ConfigError: unknown task, agent or setting.
    """
    settings = config or BenchConfig()
    jobs = [_Job(task, seed, agent, settings) for task in tasks for agent in agents for seed in seeds]
    file = RecordFile(out_json.with_suffix(".jsonl"), _header(settings, agents), EpisodeRecord)
    clock = CpuClock()
    records = run_missing(
        jobs, _run_jobs, (_Job.key_of, _record_key), file, processes, clock.counting(on_episode), settings.together
    )
    rows = _tabulate(records)
    table = {"conditions": conditions_of(settings), **clock.spent(), "rows": [_plain(asdict(r)) for r in rows]}
    out_json.write_text(json.dumps({"rules": settings.rules, **table}, indent=2) + "\n")
    return rows


REFERENCE_ROWS = ("oracle", "stand_still", "constant_velocity")


def baselines(names: Sequence[str] = REFERENCE_ROWS) -> list[AgentSpec]:
    """Reference rows by name, of ``BASELINES``.

    Raises:
        ConfigError: a name that is not there.
    """
    for name in names:
        lookup("baseline", name, BASELINES)
    return [AgentSpec(name) for name in names]


def run_episode(task: str, seed: int, agent: AgentSpec, config: BenchConfig) -> EpisodeRecord:
    """One episode from its first step to its verdict."""
    return run_together([(task, seed, agent)], config)[0]


def read_records(out_json: Path) -> list[EpisodeRecord]:
    """The records that ``run_bench`` has left beside its table, in the order in which they came."""
    _, *lines = out_json.with_suffix(".jsonl").read_text().splitlines()
    return [EpisodeRecord(**json.loads(line)) for line in lines]


def run_together(jobs: Sequence[tuple[str, int, AgentSpec]], config: BenchConfig) -> list[EpisodeRecord]:
    """Episodes (task, seed, agent) in lock-step: one network sees the frames of all that use it as a batch.

    An episode's states are its own; another grouping changes its record by no more than the batch's rounding does.
    """
    runs: list[EpisodeRun] = []
    try:
        for task, seed, agent in jobs:
            runs.append(EpisodeRun(task, seed, agent, config))
        while going := [run for run in runs if not run.is_over]:
            look_together([run.agent for run in going], [run.log.check_box for run in going])
            for run in going:
                run.advance()
    finally:
        for run in runs:
            run.close()
    return [run.record() for run in runs]


class EpisodeRun:
    """One episode under way; ``close`` releases its world."""

    def __init__(
        self,
        task: str,
        seed: int,
        agent: AgentSpec,
        config: BenchConfig,
        make_world: Callable[[Episode, WorldConfig], World] | None = None,
    ) -> None:
        """Draw it and stand at its first instant.

        Args:
            task: one of ``TASKS``; seed: of everything random in the episode.
            agent: made anew.
            config: world, episodes, rules and sentence.
            make_world: makes its world; None: ``World``.
        """
        episode = draw_episode(task, seed, config.episodes)
        self._world = (make_world or World)(episode, config.world)
        self._key = (task, seed, agent)
        self.log = _EpisodeLog(self._world, Judge(config.rules))
        self._wait = int(np.random.default_rng([seed, 3]).integers(STOP_WAIT[0], STOP_WAIT[1] + 1))
        self.agent = agent.make()
        self.sentence = sentence_of(episode, config.sentence)
        self.agent.start(self._world, self.sentence)

    @property
    def is_over(self) -> bool:
        """True once the rules have ended it."""
        return self.log.judge.is_over

    def advance(self) -> None:
        """One step of the rules; the agent has looked."""
        until = self._world.time + STEP - TOLERANCE
        while self._world.time < until:
            self._world.step(self.agent.command())
        self.log.step(self._wait)

    def record(self) -> EpisodeRecord:
        """What it left."""
        return self.log.record(*self._key, self.log.judge.verdict())

    def close(self) -> None:
        """Release the renderer."""
        self._world.close()


class _EpisodeLog:
    """Collects what the record needs beside the verdict."""

    def __init__(self, world: World, judge: Judge) -> None:
        self.judge, self._world = judge, world
        self._distances: list[float] = []
        self._clearances: list[float] = []
        self._touching = self._standing = 0
        self._hits: list[bool] = []

    def check_box(self, sighting: Sighting | None) -> bool | None:
        """Does the tracker's box lie on the target? None without a tracker, or where too little of the target shows."""
        if sighting is None:
            return None
        view = self._world.target_view(with_share=False)
        if view.box_xyxy is None or view.pixels < 1000:
            return None
        is_hit = sighting.box is not None and float(iou(sighting.box.xyxy, view.box_xyxy)) >= ON_TARGET_IOU
        self._hits.append(is_hit)
        return is_hit

    def step(self, wait: int) -> None:
        """After one protocol step; ``wait`` steps after its arrival the target is done."""
        truth = self._world.truth()
        self._standing += truth.has_arrived
        view = self._world.target_view(with_share=False)
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
            self._world.truth().has_fallen,
        )


def bearing_of_target(truth: Truth) -> float:
    """Angle (rad) from the robot's heading to the target, positive to the left."""
    way = truth.people[0].pose[:2] - truth.robot[:2]
    return float(wrap_angle(math.atan2(way[1], way[0]) - truth.robot[2]))


def _run_jobs(jobs: Sequence[_Job]) -> list[EpisodeRecord]:
    return run_together([(job.task, job.seed, job.agent) for job in jobs], jobs[0].config)


def _header(config: BenchConfig, agents: Sequence[AgentSpec]) -> dict:
    settings = {name: value for name, value in asdict(config).items() if name != "together"}  # changes no record
    return {"settings": settings, "agents": {f"{a.policy}/{a.tracker}": asdict(a) for a in agents}}


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

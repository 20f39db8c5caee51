"""Runs gym episodes and tabulates them: styles x agents -> records -> EL and SR."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from evt_bench.agents import AgentSpec
from evt_bench.conditions import CpuClock
from evt_bench.episodes import STEP
from evt_bench.gym.rules import MAX_STEPS, GymJudge
from evt_bench.gym.scenes import STYLES, draw_gym_episode
from evt_bench.jobs import RecordFile, run_missing
from evt_bench.metrics import mean, proportion
from evt_bench.run import TOLERANCE, bearing_of_target
from evt_bench.world.world import World, WorldConfig
from track_common.config import lookup


@dataclass(frozen=True)
class GymConfig:
    """What a run is made of, besides styles, seeds and agents; ``distractors`` look like the target."""

    world: WorldConfig = field(default_factory=WorldConfig)
    distractors: int = 0
    max_steps: int = MAX_STEPS


@dataclass(frozen=True)
class GymPlan:
    """Which episodes are run: each style with each seed."""

    seeds: Sequence[int]
    styles: Sequence[str] = tuple(STYLES)
    config: GymConfig = field(default_factory=GymConfig)


@dataclass(frozen=True)
class GymRecord:
    """One episode: ``steps`` until it ended, ``inside`` the share of them with the target in the fan.

    The rules do not count ``least_distance`` (m between the middles of robot and target) and ``touching_steps`` (at
    furniture).
    """

    style: str
    seed: int
    policy: str
    tracker: str
    success: bool
    steps: int
    inside: float
    least_distance: float
    touching_steps: int


@dataclass(frozen=True)
class GymRow:
    """One line of the table: episode length and success rate with standard errors (NaN where n is 1)."""

    style: str
    policy: str
    tracker: str
    n: int
    el: float
    el_se: float
    sr: float
    sr_se: float
    least_distance: float


@dataclass(frozen=True)
class _Job:
    style: str
    seed: int
    agent: AgentSpec
    config: GymConfig

    def key_of(self) -> tuple[Any, ...]:
        return (self.style, self.seed, self.agent.policy, self.agent.tracker)


def run_gym(
    plan: GymPlan,
    agents: Sequence[AgentSpec],
    out_json: Path,
    processes: int = 1,
    on_record: Callable[[GymRecord, int, int], None] | None = None,
) -> list[GymRow]:
    """Run every agent over every style and seed; write and return the rows.

    Args:
        plan: which episodes.
        agents: who drives them.
        out_json: table; the records lie beside it, with ".jsonl" for ending. Records found there are not run again.
        processes: worker processes; 1 runs here.
        on_record: called with each new record, how many are done and how many there are.

    Raises:
        ValueError: the records beside ``out_json`` were made with other settings.
        ConfigError: unknown style, agent or setting.
    """
    for style in plan.styles:
        lookup("style", style, STYLES)
    jobs = [_Job(style, seed, a, plan.config) for style in plan.styles for seed in plan.seeds for a in agents]
    header = {"settings": asdict(plan.config), "agents": {f"{a.policy}/{a.tracker}": asdict(a) for a in agents}}
    file, clock = RecordFile(out_json.with_suffix(".jsonl"), header, GymRecord), CpuClock()
    records = run_missing(jobs, _run_jobs, (_Job.key_of, _record_key), file, processes, clock.counting(on_record))
    rows = _tabulate(records)
    table = {"distractors": plan.config.distractors, **clock.spent(), "rows": [asdict(row) for row in rows]}
    out_json.write_text(json.dumps(table, indent=2) + "\n")
    return rows


def _run_jobs(jobs: Sequence[_Job]) -> list[GymRecord]:
    return [_run_episode(job) for job in jobs]


def _run_episode(job: _Job) -> GymRecord:
    """One episode from its first step to its end."""
    world = World(draw_gym_episode(job.style, job.seed, job.config.distractors), job.config.world)
    judge, agent = GymJudge(job.config.max_steps), job.agent.make()
    inside, distances, touching = 0, [], 0
    try:
        agent.start(world, world.episode.instruction)
        while not judge.is_over:
            agent.look()
            until = world.time + STEP - TOLERANCE
            while world.time < until:
                world.step(agent.command())
            truth = world.truth()
            judge.step(truth.target_distance, bearing_of_target(truth))
            inside += judge.is_inside
            distances.append(truth.target_distance)
            touching += truth.is_touching
    finally:
        world.close()
    return GymRecord(
        job.style, job.seed, job.agent.policy, job.agent.tracker, not judge.is_failed, judge.steps,
        inside / judge.steps, min(distances), touching,
    )  # fmt: skip


def _record_key(record: GymRecord) -> tuple[Any, ...]:
    return (record.style, record.seed, record.policy, record.tracker)


def _tabulate(records: Sequence[GymRecord]) -> list[GymRow]:
    groups: dict[tuple[str, str, str], list[GymRecord]] = {}
    for record in records:
        groups.setdefault((record.style, record.policy, record.tracker), []).append(record)
    return [
        GymRow(
            *key,
            len(group),
            *mean([float(r.steps) for r in group]),
            *proportion([float(r.success) for r in group]),
            min(r.least_distance for r in group),
        )
        for key, group in groups.items()
    ]

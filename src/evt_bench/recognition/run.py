"""Runs recognition questions and tabulates them: kinds x backgrounds x agents -> records -> rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from evt_bench.agents import AgentSpec
from evt_bench.jobs import RecordFile, run_missing
from evt_bench.metrics import proportion
from evt_bench.recognition.ask import BACKGROUNDS, Studio, ask
from evt_bench.recognition.lineup import KINDS, SIDES, Lineup, draw_lineup, sides_of
from evt_bench.world.config import StepConfig
from evt_bench.world.world import WorldConfig
from track_common.config import lookup

CHANCE = 0.5  # of the two sides


@dataclass(frozen=True)
class RecogniseConfig:
    """What a run is made of, besides kinds, backgrounds, seeds and agents."""

    world: WorldConfig = field(default_factory=lambda: WorldConfig(step=StepConfig(dt=0.05)))
    unseen_people: bool = True
    unseen_words: bool = False


@dataclass(frozen=True)
class RecognisePlan:
    """Which line-ups are asked about: ``kinds`` of ``KINDS`` before ``backgrounds`` of ``BACKGROUNDS``, one a seed.

    A line-up has two questions, one of kind ``single`` has one.
    """

    seeds: Sequence[int]
    kinds: Sequence[str] = tuple(KINDS)
    backgrounds: Sequence[str] = tuple(BACKGROUNDS)
    config: RecogniseConfig = field(default_factory=RecogniseConfig)

    def check(self) -> None:
        """ConfigError where a kind or a background is unknown."""
        for kind in self.kinds:
            lookup("kind", kind, KINDS)
        for background in self.backgrounds:
            lookup("background", background, BACKGROUNDS)


@dataclass(frozen=True)
class RecogniseRecord:
    """One question: the side asked for, the side gone to ("" for neither) and why to neither."""

    kind: str
    background: str
    policy: str
    tracker: str
    seed: int
    side: str
    sentence: str
    answer: str
    reason: str


@dataclass(frozen=True)
class RecogniseRow:
    """One line of the table; ``accuracy`` counts a question without a side as wrong, ``answered`` is the others' share.

    ``accuracy_se`` is the binomial standard error over questions.
    """

    kind: str
    background: str
    policy: str
    tracker: str
    n: int
    accuracy: float
    accuracy_se: float
    answered: float
    chance: float = CHANCE


@dataclass(frozen=True)
class _Job:
    kind: str
    seed: int
    side: str
    background: str
    agent: AgentSpec
    config: RecogniseConfig

    def key_of(self) -> tuple[Any, ...]:
        return (self.kind, self.background, self.agent.policy, self.agent.tracker, self.seed, self.side)

    def scene_of(self) -> tuple[str, int]:
        return (self.kind, self.seed)


def run_recognise(
    plan: RecognisePlan,
    agents: Sequence[AgentSpec],
    out_json: Path,
    processes: int = 1,
    on_record: Callable[[RecogniseRecord, int, int], None] | None = None,
) -> list[RecogniseRow]:
    """Ask every agent about every line-up; write and return the rows.

    Args:
        plan: what is asked.
        agents: each is a policy with its tracker.
        out_json: table; the records lie beside it, with ".jsonl" for ending. Records found there are not asked again.
        processes: worker processes; 1 runs here.
        on_record: called with each new record, how many are done and how many there are.

    Raises:
        ValueError: the records beside ``out_json`` were made with other settings.
        ConfigError: unknown kind, background, agent or setting.
    """
    plan.check()
    settings = plan.config
    header = {"settings": asdict(settings), "agents": {f"{a.policy}/{a.tracker}": asdict(a) for a in agents}}
    file = RecordFile(out_json.with_suffix(".jsonl"), header, RecogniseRecord)
    together = len(SIDES) * len(plan.backgrounds) * len(agents)  # all questions about one line-up
    jobs = _jobs(plan, agents)
    records = run_missing(jobs, _run_jobs, (_Job.key_of, _record_key), file, processes, on_record, together)
    rows = _tabulate(records)
    out_json.write_text(json.dumps({"rows": [asdict(row) for row in rows]}, indent=2) + "\n")
    return rows


def _jobs(plan: RecognisePlan, agents: Sequence[AgentSpec]) -> list[_Job]:
    return [
        _Job(kind, seed, side, background, agent, plan.config)
        for kind in plan.kinds
        for seed in plan.seeds
        for side in sides_of(kind, seed)
        for background in plan.backgrounds
        for agent in agents
    ]


def _run_jobs(jobs: Sequence[_Job]) -> list[RecogniseRecord]:
    """The jobs' records in their order; a scene is built once for neighbours that share it."""
    records = []
    for (kind, seed), group in groupby(jobs, _Job.scene_of):
        mine = list(group)
        config = mine[0].config
        lineup = draw_lineup(kind, seed, unseen_people=config.unseen_people, unseen_words=config.unseen_words)
        studio = Studio(lineup, config.world)
        try:
            records += [_record(studio, lineup, job) for job in mine]
        finally:
            studio.close()
    return records


def _record(studio: Studio, lineup: Lineup, job: _Job) -> RecogniseRecord:
    question = next(q for q in lineup.questions if q.side == job.side)
    answer = ask(studio, job.background, question.sentence, job.agent)
    agent = job.agent
    return RecogniseRecord(
        job.kind, job.background, agent.policy, agent.tracker, job.seed, job.side, question.sentence, answer.side,
        answer.reason,
    )  # fmt: skip


def _record_key(record: RecogniseRecord) -> tuple[Any, ...]:
    return (record.kind, record.background, record.policy, record.tracker, record.seed, record.side)


def _tabulate(records: Sequence[RecogniseRecord]) -> list[RecogniseRow]:
    groups: dict[tuple[str, str, str, str], list[RecogniseRecord]] = {}
    for record in records:
        groups.setdefault((record.kind, record.background, record.policy, record.tracker), []).append(record)
    return [
        RecogniseRow(
            *key,
            len(group),
            *proportion([float(r.answer == r.side) for r in group]),
            sum(bool(r.answer) for r in group) / len(group),
        )
        for key, group in groups.items()
    ]

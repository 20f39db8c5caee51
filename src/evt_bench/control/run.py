"""Runs the robot side through many episodes: setups x seeds -> records -> rows."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from evt_bench.control.agent import ControlSetup, Link, TruthAgent
from evt_bench.control.measures import ControlRecord, ControlRow, Gauge, tabulate
from evt_bench.control.smoothness import CommandGauge
from evt_bench.episodes import STEP, EpisodeConfig, draw_episode
from evt_bench.jobs import RecordFile, run_missing
from evt_bench.protocol import Judge, StepView
from evt_bench.run import STOP_WAIT, TOLERANCE, bearing_of_target
from evt_bench.world.walls import passes_doorway
from evt_bench.world.world import Truth, World, WorldConfig
from go2_bridge.safety.watchdog import StopReason

DELAYS = (0.0, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8)  # s from image to controller (reference/go2.md §7: 0.2-0.45 is common)
JITTER, DROP = 0.05, 0.1  # s to either side; share of trajectories that never arrive


@dataclass(frozen=True)
class ControlBench:
    """What a run is made of, besides setups and seeds."""

    task: str = "DT"
    rules: str = "code"
    world: WorldConfig = field(default_factory=WorldConfig)
    episodes: EpisodeConfig = field(default_factory=EpisodeConfig)


@dataclass(frozen=True)
class _Job:
    setup: ControlSetup
    seed: int
    bench: ControlBench

    def key_of(self) -> tuple[str, int]:
        return (self.setup.name, self.seed)


Progress = Callable[[ControlRecord, int, int], None]  # record, how many are done, how many there are


def layers() -> list[ControlSetup]:
    """The robot side as it is, without its elastic band, and as pure pursuit alone."""
    no_band = {"use_elastic_band": False}
    return [
        ControlSetup("band + stop layer"),
        ControlSetup("stop layer, no band", no_band),
        ControlSetup("pure pursuit alone", no_band, has_lidar=False),
    ]


def delays(values: Iterable[float] = DELAYS) -> list[ControlSetup]:
    """Each delay twice: as the controller is, and blind to when the image was taken and to the robot's dead time."""
    blind = {"use_dead_time_compensation": False}
    return [
        setup
        for link in (Link(value, JITTER, DROP) for value in values)
        for setup in (
            ControlSetup(f"{link.delay:g} s", link=link),
            ControlSetup(f"{link.delay:g} s, not compensated", blind, link, forgets_image_time=True),
        )
    ]


def run_control(
    setups: Sequence[ControlSetup],
    seeds: Iterable[int],
    out_json: Path,
    processes: int = 1,
    bench: ControlBench | None = None,
    on_episode: Progress | None = None,
) -> list[ControlRow]:
    """Run every setup over every seed; write and return the rows.

    Args:
        out_json: table; the records lie beside it, with ".jsonl" for ending. Records found there are not run again.
        processes: worker processes; 1 runs here.

    Raises:
        ValueError: the records beside ``out_json`` were made with other settings.
        ConfigError: unknown task or setting.
    """
    settings = bench or ControlBench()
    jobs = [_Job(setup, seed, settings) for seed in seeds for setup in setups]
    header = {"settings": asdict(settings), "setups": [asdict(setup) for setup in setups]}
    file = RecordFile(out_json.with_suffix(".jsonl"), header, ControlRecord)
    records = run_missing(jobs, _run_jobs, (_Job.key_of, _record_key), file, processes, on_episode)
    rows = tabulate(records)
    out_json.write_text(json.dumps({"task": settings.task, "rows": [asdict(row) for row in rows]}, indent=2) + "\n")
    return rows


def run_control_episode(setup: ControlSetup, seed: int, bench: ControlBench) -> ControlRecord:
    """One episode from its first step to its verdict; the camera draws no picture, only the target's mask."""
    began = time.process_time()
    world = World(draw_episode(bench.task, seed, bench.episodes), bench.world)
    agent, judge, gauge, commands = TruthAgent(setup), Judge(bench.rules), Gauge(world.camera), CommandGauge()
    wait = int(np.random.default_rng([seed, 3]).integers(STOP_WAIT[0], STOP_WAIT[1] + 1))
    standing, truth = 0, world.truth()
    try:
        agent.start(world, world.episode.instruction)
        while not judge.is_over:
            agent.look()
            truth = _one_step(world, agent, (gauge, commands))
            gauge.after_look(truth)
            standing += truth.has_arrived
            judge.step(_view(world, truth, standing > wait))
    finally:
        world.close()
    verdict = judge.verdict()
    return ControlRecord(
        setup.name,
        bench.task,
        seed,
        verdict.success,
        verdict.status,
        verdict.following_steps,
        verdict.total_steps,
        world.episode.reference_steps,
        gauge.is_touching or gauge.clearance <= 0.0,
        gauge.person_clearance <= 0.0,
        gauge.clearance,
        gauge.person_clearance,
        gauge.push_speed,
        gauge.top_speed,
        gauge.view_loss,
        gauge.jerk(STEP),
        agent.reasons[StopReason.OLD_IMAGE.value] / agent.reasons.total(),
        round(time.process_time() - began, 2),
        truth.has_fallen,
        commands.yaw_swing,
        commands.linear_swing,
        commands.hesitation,
        passes_doorway(world.episode.paths[0], world.episode.plan.walls),
    )


def _one_step(world: World, agent: TruthAgent, gauges: tuple[Gauge, CommandGauge]) -> Truth:
    """One step of the rules, 0.1 s; the truth at its end."""
    until, truth = world.time + STEP - TOLERANCE, world.truth()
    gauge, commands = gauges
    while world.time < until:
        cycle, command = agent.cycle, agent.command()
        if agent.cycle != cycle:
            commands.after_command(command, truth)
        world.step(command)
        truth = world.truth()
        gauge.after_step(truth)
    return truth


def _view(world: World, truth: Truth, has_stopped: bool) -> StepView:
    image_pixels = world.camera.width * world.camera.height
    pixels = world.target_view().pixels
    return StepView(truth.target_distance, pixels, image_pixels, bearing_of_target(truth), has_stopped)


def _run_jobs(jobs: Sequence[_Job]) -> list[ControlRecord]:
    return [run_control_episode(job.setup, job.seed, job.bench) for job in jobs]


def _record_key(record: ControlRecord) -> tuple[str, int]:
    return (record.setup, record.seed)

"""Runs a failed episode once more: what was true at each step, and a film of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from evt_bench.agents import AgentSpec, PipelineAgent
from evt_bench.episodes import Episode
from evt_bench.protocol import REFERENCE_PIXELS, Verdict
from evt_bench.report.plan_view import PlanView
from evt_bench.report.reasons import Moment, reason_of
from evt_bench.run import BenchConfig, EpisodeRun, bearing_of_target
from evt_bench.world.world import World, WorldConfig
from track_common.drawing import draw_sighting, draw_text, draw_trajectory
from track_common.film import FilmWriter
from track_common.types import Frame, Sighting, Trajectory

RATE = 10.0  # frames a second: one a step of the rules
HEIGHT = 480  # px of the film
TEXT = (235, 235, 235)


@dataclass(frozen=True)
class Replay:
    """Verdict of the repeated episode and, where it failed, the reason; "" where it went well."""

    verdict: Verdict
    reason: str


class _WatchedWorld(World):
    """A world that keeps the frame it drew last."""

    def __init__(self, episode: Episode, config: WorldConfig) -> None:
        super().__init__(episode, config)
        self.last_frame: Frame | None = None

    def render(self) -> Frame:
        """As ``World.render``."""
        self.last_frame = super().render()
        return self.last_frame


def replay(task: str, seed: int, agent: AgentSpec, config: BenchConfig, film: Path) -> Replay:
    """Run the episode again and film it.

    The same settings give the same episode. A policy that was run in lock-step may differ by its batch's rounding, so
    that the verdict of the repeated episode is the one that goes with the film.
    """
    worlds: list[_WatchedWorld] = []

    def make_world(episode: Episode, settings: WorldConfig) -> World:
        worlds.append(_WatchedWorld(episode, settings))
        return worlds[0]

    run = EpisodeRun(task, seed, agent, config, make_world)
    try:
        with FilmWriter(film, RATE) as writer:
            moments = _run(run, worlds[0], writer.write)
    finally:
        run.close()
    verdict = run.log.judge.verdict()
    half_view = 0.5 * worlds[0].camera.hfov
    return Replay(verdict, "" if verdict.success else reason_of(moments, verdict.status, half_view))


def _run(run: EpisodeRun, world: _WatchedWorld, write: Callable[[NDArray[np.uint8]], None]) -> list[Moment]:
    moments: list[Moment] = []
    plan = PlanView(world.episode, HEIGHT)
    began = world.time
    while not run.is_over:
        world.last_frame = None
        sighting = run.agent.look()
        is_on_target = run.log.check_box(sighting)
        frame = world.last_frame or world.render()
        run.advance()
        truth, camera = world.truth(), world.camera
        pixels = world.target_view(with_share=False).pixels * REFERENCE_PIXELS / (camera.width * camera.height)
        trajectory = _trajectory_of(run)
        status = "" if trajectory is None else trajectory.status.value
        moment = Moment(
            world.time - began, truth.target_distance, round(pixels), bearing_of_target(truth),
            run.log.judge.is_following, is_on_target, status,
        )  # fmt: skip
        moments.append(moment)
        write(np.hstack([_picture(run, frame, sighting, moment), plan.draw(truth)]))
    return moments


def _trajectory_of(run: EpisodeRun) -> Trajectory | None:
    return run.agent.trajectory if isinstance(run.agent, PipelineAgent) else None


def _picture(run: EpisodeRun, frame: Frame, sighting: Sighting | None, moment: Moment) -> NDArray[np.uint8]:
    """The camera's image, ``HEIGHT`` px high, with box, trajectory, sentence and state."""
    rgb, trajectory = frame.rgb, _trajectory_of(run)
    if trajectory is not None and frame.camera is not None and len(trajectory.poses_base):
        rgb = draw_trajectory(rgb, frame.camera, trajectory.poses_base)
    if sighting is not None:
        rgb = draw_sighting(rgb, sighting)
    width = round(rgb.shape[1] * HEIGHT / rgb.shape[0] / 2) * 2
    rgb = np.asarray(cv2.resize(rgb, (width, HEIGHT)), np.uint8)
    state = "following" if moment.is_following else "not following"
    line = f"{moment.time:4.1f} s  {moment.distance:.1f} m  {state}  {moment.status}"
    return draw_text(draw_text(rgb, run.sentence[:90], (8, HEIGHT - 8), TEXT), line, (8, HEIGHT - 32), TEXT)

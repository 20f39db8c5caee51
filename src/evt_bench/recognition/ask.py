"""Shows a line-up to a tracker and a policy, and tells to which side the chosen trajectory goes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from evt_bench.agents import AgentSpec, PipelineAgent
from evt_bench.episodes import STEP
from evt_bench.recognition.lineup import Lineup
from evt_bench.world.scene import PEOPLE, TARGET
from evt_bench.world.sensors import FAR, CameraRenderer
from evt_bench.world.world import World, WorldConfig
from track_common.config import ConfigError, lookup
from track_common.interfaces import NoAnswerError, Observation, Policy, TargetError, Tracker
from track_common.types import Frame, Sighting, Trajectory

BACKGROUNDS = {"random": "a furnished room", "white": "nothing but white around the people"}
LOOKS = 5  # frames, 0.1 s apart; the last trajectory counts
TOLERANCE = 1e-6  # s; sums of steps
MIN_OFFSET, MIN_TURN = 0.01, math.radians(1.0)  # m and rad; a trajectory that goes less to a side goes nowhere


class Studio:
    """The world of a line-up, drawn with either background; ``close`` releases the renderers."""

    def __init__(self, lineup: Lineup, config: WorldConfig) -> None:
        self._world = World(lineup.episode, config)
        self._people_only: CameraRenderer | None = None

    def start(self, agent: PipelineAgent) -> tuple[Tracker, Policy]:
        """A new tracker and policy of the agent's, for this world's camera and base."""
        return agent.make_eyes(self._world)

    def observe(self, background: str, look: Callable[[Frame], Sighting]) -> Observation:
        """The camera's frame before ``background``, what a tracker makes of it, LiDAR and odometry of now."""
        frame = self._frame(background)
        return Observation(frame, look(frame), self._world.scan(), self._world.odometry())

    def wait(self) -> None:
        """0.1 s pass; nobody moves."""
        until = self._world.time + STEP - TOLERANCE
        while self._world.time < until:
            self._world.step()

    def close(self) -> None:
        """Release both."""
        self._world.close()
        if self._people_only is not None:
            self._people_only.close()

    def _frame(self, background: str) -> Frame:
        world = self._world
        if background == "random":
            return world.render()
        if self._people_only is None:
            self._people_only = CameraRenderer(world.scene, world.config.camera, (PEOPLE, TARGET))
        rgb, depth = self._people_only.image_and_depth(world.posed(), world.T_world_base @ world.camera.T_base_camera)
        return Frame(np.where((depth < 0.99 * FAR)[..., None], rgb, np.uint8(255)), world.time, world.camera)


@dataclass(frozen=True)
class Answer:
    """What became of a question: the side gone to ("left", "right" or "" for neither) and, where "", the reason."""

    side: str
    reason: str = ""


def ask(studio: Studio, background: str, sentence: str, agent: AgentSpec) -> Answer:
    """The side to which the agent goes after ``LOOKS`` frames of people and a robot that all stand.

    Raises:
        ConfigError: an agent that looks at nothing, or an unknown background.
    """
    lookup("background", background, BACKGROUNDS)
    made = agent.make()
    if not isinstance(made, PipelineAgent) or agent.tracker == "truth":
        raise ConfigError(f"agent {agent.policy}/{agent.tracker} reads no sentence; name a policy and no true boxes")
    tracker, policy = studio.start(made)
    policy.reset(sentence)
    try:
        return _answer_of(_look(studio, background, sentence, tracker, policy))
    except (TargetError, NoAnswerError) as error:
        return Answer("", str(error))


def side_of(trajectory: Trajectory) -> str:
    """ "left" or "right" of the robot's heading, "" where the trajectory stands or goes straight on.

    A trajectory that leads ahead is judged by its mean y, one that turns on the spot or backs off by its last yaw.
    """
    if not trajectory.status.may_move or not len(trajectory.poses_base):
        return ""
    x, y = trajectory.poses_base[:, :2].mean(axis=0)
    if x > 0.0 and abs(y) >= MIN_OFFSET:
        return "left" if y > 0.0 else "right"
    yaw = float(trajectory.poses_base[-1, 2])
    return "" if abs(yaw) < MIN_TURN else ("left" if yaw > 0.0 else "right")


def _look(studio: Studio, background: str, sentence: str, tracker: Tracker, policy: Policy) -> Trajectory:
    """The policy's last trajectory of ``LOOKS``."""
    trajectory = policy.infer(studio.observe(background, lambda frame: tracker.init(frame, sentence)))
    for _ in range(LOOKS - 1):
        studio.wait()
        trajectory = policy.infer(studio.observe(background, tracker.update))
    return trajectory


def _answer_of(trajectory: Trajectory) -> Answer:
    side = side_of(trajectory)
    return Answer(side, "" if side else (trajectory.reason or "goes to neither side"))

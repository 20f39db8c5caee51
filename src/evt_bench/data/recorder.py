"""Episodes in lock-step for training: somebody drives, everything true is written down, the expert labels afterwards.

The rules judge on the way, so that a round of recording also says how well its driver follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from evt_bench.agents import LIDAR_RATE, LateController
from evt_bench.data.expert import expert_at, expert_trajectories
from evt_bench.data.grammar import describe
from evt_bench.data.stills import label_people, numbers_of
from evt_bench.episodes import STEP, Episode, EpisodeConfig, draw_episode
from evt_bench.outfits import Outfit
from evt_bench.protocol import Judge, StepView, Verdict
from evt_bench.run import STOP_WAIT, bearing_of_target
from evt_bench.world.config import CameraConfig, StepConfig
from evt_bench.world.world import World, WorldConfig
from go2_bridge.config import ControllerConfig
from go2_bridge.follower import Follower
from track_common.config import override
from track_common.geometry import inverse, transform_points, wrap_angle
from track_common.types import Array, Frame, Trajectory
from trackvla_ros.follow_trajectory import TIMES
from trackvla_ros.trail import Trail

SENTENCES = 6  # drawn for each person of an episode
VIEW_PIXELS = 300  # of 640x480 below which a person counts as out of view
PAUSE_CHANCE, PAUSE_STEPS = 0.012, (5, 30)  # a step; steps everybody stands
KICK_CHANCE, KICK_STEPS = 0.012, (8, 25)  # a step; steps another hand drives


@dataclass(frozen=True)
class RecorderConfig:
    """How episodes are recorded; the defaults cost a tenth of what the benchmark's settings do."""

    side: int = 128  # px of the stored square image
    delay: float = 0.1  # s from image to controller
    has_lidar: bool = False  # with it, the whole robot side runs; without, pure pursuit with its limits
    max_steps: int = 240
    pauses: bool = False  # now and then everybody stands for a second or two
    episodes: EpisodeConfig = field(default_factory=EpisodeConfig)
    world: WorldConfig = field(
        default_factory=lambda: WorldConfig(camera=CameraConfig(width=224, height=168), step=StepConfig(dt=0.05))
    )


class Driver(Protocol):
    """Drives several recordings at once."""

    def start(self, recording: Recording) -> None:
        """A new episode; called before its first ``drive``."""
        ...

    def drive(self, recordings: Sequence[Recording], frames: Sequence[Frame]) -> list[Trajectory]:
        """A trajectory for each recording from its newest frame."""
        ...


@dataclass(frozen=True, eq=False)
class EpisodeData:
    """One recorded episode; T frames, P people, the target first.

    Attributes:
        images: T of (S, S, 3) RGB.
        covered: (T, M, M) number of the person each cell shows, from 1.
        robot: (T, 3) and ``people`` (T, P, 3) true poses in map; ``pixels`` (T, P) seen, scaled to 640x480.
        trajectories: (T, P, H, 3) of the expert; NaN where a person who is not the target is hidden.
        attributes: (P, A); ``sentences``: P * ``SENTENCES``.
        verdict: of the rules.
    """

    task: str
    seed: int
    images: list[NDArray[np.uint8]]
    covered: NDArray[np.uint8]
    robot: Array
    people: Array
    pixels: Array
    trajectories: Array
    attributes: NDArray[np.int8]
    sentences: tuple[str, ...]
    verdict: Verdict


class Recording:
    """One episode under way."""

    def __init__(self, task: str, seed: int, config: RecorderConfig) -> None:
        self.episode: Episode = draw_episode(task, seed, config.episodes)
        self.world = World(self.episode, config.world)
        self.judge = Judge(max_steps=config.max_steps)
        self.task, self.seed, self._config = task, seed, config
        limits = {} if config.has_lidar else {"use_elastic_band": False, "require_cloud": False}
        self._controller = LateController(Follower(override(ControllerConfig(), limits)), config.delay)
        self._sweeps = -1
        self._wait = int(np.random.default_rng([seed, 3]).integers(*STOP_WAIT))
        self._standing = self._pause = 0
        self._rng = np.random.default_rng([seed, 13])
        self._sentences = self._describe()
        self._rows: list[tuple[NDArray[np.uint8], NDArray[np.uint8], Array, Array, Array]] = []

    @property
    def is_over(self) -> bool:
        """True once the rules have ended the episode."""
        return self.judge.is_over

    def look(self) -> Frame:
        """The camera's frame now; what it truly shows is written down."""
        frame, depth = self.world.look()
        truth = self.world.truth()
        people = np.stack([p.pose for p in truth.people])
        places = transform_points(inverse(truth.robot), people[:, :2])
        heights = np.array([p.height for p in truth.people])
        covered, shares = label_people(depth, self.world.camera, places, heights)
        side = self._config.side
        square = cv2.resize(frame.rgb, (side, side), interpolation=cv2.INTER_AREA).astype(np.uint8)
        self._rows.append((square, covered, truth.robot.copy(), people, shares * 640 * 480))
        return frame

    def go_on(self, trajectory: Trajectory) -> None:
        """One step of the rules under a new trajectory."""
        world = self.world
        self._pause_or_walk()
        self._controller.on_trajectory(trajectory)
        until = world.time + STEP - 1e-6
        while world.time < until:
            self._controller.on_odometry(world.odometry())
            if self._config.has_lidar and int(world.time * LIDAR_RATE + 1e-6) > self._sweeps:
                self._sweeps = int(world.time * LIDAR_RATE + 1e-6)
                self._controller.on_cloud(world.scan())
            world.step(self._controller.control(world.time).command)
        self._judge_step()

    def finish(self) -> EpisodeData:
        """Label everything; the world is closed."""
        images, covered, robot, people, pixels = (list(column) for column in zip(*self._rows, strict=True))
        poses, shown = np.stack(people), np.stack(pixels)
        labels = self._label(np.stack(robot), poses, shown)
        attributes = np.array([numbers_of(o) for o in self._outfits], np.int8)
        self.close()
        return EpisodeData(
            self.task, self.seed, images, np.stack(covered), np.stack(robot), poses, shown, labels, attributes,
            self._sentences, self.judge.verdict(),
        )  # fmt: skip

    def sentence(self) -> str:
        """One of the sentences that describe the target."""
        return self._sentences[int(self._rng.integers(SENTENCES))]

    def close(self) -> None:
        """Release the renderer."""
        self.world.close()

    @property
    def _outfits(self) -> list[Outfit]:
        return [p.outfit for p in self.episode.people]

    def _describe(self) -> tuple[str, ...]:
        outfits, sentences = self._outfits, []
        for index, outfit in enumerate(outfits):
            others = tuple(o for i, o in enumerate(outfits) if i != index)
            sentences += [describe(outfit, others, self._rng) for _ in range(SENTENCES)]
        if self.task == "AT":
            sentences[:SENTENCES] = [self.episode.instruction] * SENTENCES
        return tuple(sentences)

    def _pause_or_walk(self) -> None:
        """Everybody stands for a while, where the configuration says so."""
        if self._pause == 0 and self._config.pauses and self._rng.random() < PAUSE_CHANCE:
            self._pause = int(self._rng.integers(*PAUSE_STEPS))
        self.world.people_wait = self._pause > 0
        self._pause = max(0, self._pause - 1)

    def _judge_step(self) -> None:
        truth, camera = self.world.truth(), self.world.camera
        self._standing += truth.has_arrived
        pixels = int(self._rows[-1][4][0] * camera.width * camera.height / (640 * 480))
        size, stands = camera.width * camera.height, self._standing > self._wait
        self.judge.step(StepView(truth.target_distance, pixels, size, bearing_of_target(truth), stands))

    def _label(self, robot: Array, people: Array, pixels: Array) -> Array:
        """(T, P, H, 3): the target always, the others where they are seen and the sentence can mean them."""
        floor = self.world.footprints
        labels = np.stack([expert_trajectories(robot, people[:, p, :2], floor) for p in range(people.shape[1])], 1)
        hidden = pixels < 2 * VIEW_PIXELS
        hidden[:, 0] = False
        if self.task == "AT":
            hidden[:, 1:] = True
        labels[hidden] = np.nan
        return labels


class ExpertDriver:
    """The expert itself, with its present knowledge only, now and then led astray so that it has to recover."""

    def __init__(self, seed: int, noise: float = 1.0) -> None:
        self._rng, self._noise = np.random.default_rng([seed, 17]), noise
        self._trails: dict[int, Trail] = {}
        self._astray: dict[int, tuple[int, Array]] = {}

    def start(self, recording: Recording) -> None:
        """No footsteps yet."""
        self._trails[id(recording)] = Trail()

    def drive(self, recordings: Sequence[Recording], frames: Sequence[Frame]) -> list[Trajectory]:
        """Label trajectories, or for a while some other way."""
        return [self.drive_one(r, f) for r, f in zip(recordings, frames, strict=True)]

    def drive_one(self, recording: Recording, frame: Frame) -> Trajectory:
        """The same for a single recording."""
        truth = recording.world.truth()
        person = truth.people[0]
        trail = self._trails[id(recording)]
        poses = expert_at(trail, truth.robot, person.pose[:2], person.velocity, recording.world.footprints)
        left, drift = self._astray.get(id(recording), (0, np.zeros(3)))
        if left == 0 and self._rng.random() < KICK_CHANCE * self._noise:
            left, drift = int(self._rng.integers(*KICK_STEPS)), self._rng.normal(0.0, [0.5, 0.4, 0.8])
        if left > 0:
            self._astray[id(recording)] = (left - 1, drift)
            poses = poses + drift * TIMES[:, None]
            poses[:, 2] = wrap_angle(poses[:, 2])
        base = transform_points(inverse(truth.robot), person.pose[:2])
        return Trajectory(frame.stamp, poses, TIMES, target_base=np.array([*base, 1.0]))


class MixedDriver:
    """A policy drives; now and then the expert, led astray, takes over for a second or two (DAgger with kicks)."""

    def __init__(self, policy: Driver, seed: int) -> None:
        self._policy, self._expert = policy, ExpertDriver(seed, noise=8.0)
        self._rng = np.random.default_rng([seed, 19])
        self._taken: dict[int, int] = {}

    def start(self, recording: Recording) -> None:
        """Both begin anew."""
        self._policy.start(recording)
        self._expert.start(recording)

    def drive(self, recordings: Sequence[Recording], frames: Sequence[Frame]) -> list[Trajectory]:
        """The policy looks at every frame, whoever drives."""
        answers = self._policy.drive(recordings, frames)
        for index, (recording, frame) in enumerate(zip(recordings, frames, strict=True)):
            left = self._taken.get(id(recording), 0)
            if left == 0 and self._rng.random() < KICK_CHANCE:
                left = int(self._rng.integers(*KICK_STEPS))
            instead = self._expert.drive_one(recording, frame)
            if left > 0:
                self._taken[id(recording)] = left - 1
                answers[index] = instead
        return answers


def record_together(
    jobs: Sequence[tuple[str, int]], driver: Driver, config: RecorderConfig | None = None, together: int = 8
) -> list[EpisodeData]:
    """Record episodes, ``together`` of them in lock-step; in the order of ``jobs`` (task, seed)."""
    settings = config or RecorderConfig()
    waiting = list(enumerate(jobs))
    running: dict[int, Recording] = {}
    done: dict[int, EpisodeData] = {}
    try:
        while waiting or running:
            while waiting and len(running) < together:
                index, job = waiting.pop(0)
                running[index] = Recording(*job, settings)
                driver.start(running[index])
            _step(list(running.values()), driver)
            for index in [i for i, recording in running.items() if recording.is_over]:
                done[index] = running.pop(index).finish()
    finally:
        for recording in running.values():
            recording.close()
    return [done[index] for index in range(len(jobs))]


def _step(recordings: Sequence[Recording], driver: Driver) -> None:
    frames = [recording.look() for recording in recordings]
    for recording, trajectory in zip(recordings, driver.drive(recordings, frames), strict=True):
        recording.go_on(trajectory)

"""Seeded episodes in the style of EVT-Bench: who walks where, where the robot starts, what it is told.

Statistics follow reference/trackvla.md §2.5 and data.md §3, counted over EVT-Bench's 1405 validation episodes: the
robot starts 1.5-3 m away with the target at -14..+20 degrees, the target has one, two or three goals (57, 21, 22 %) at
least 3 m apart. The places, people and sentences are our own. People walk at 0.6-1.1 m/s: EVT-Bench's 1.5 m/s suits
its 3.75 m/s Spot, a GO2 indoors is commonly capped at 1 m/s.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evt_bench.outfits import (
    Person,
    draw_distinct,
    draw_outfit,
    instruction,
    parse_look,
    unspecific_instruction,
)
from evt_bench.world import figures
from evt_bench.world.config import StepConfig
from evt_bench.world.navigation import Grid, make_grid, plan, resample
from evt_bench.world.rooms import STYLES, FloorPlan, draw_plan
from evt_bench.world.walkers import Walker
from track_common.config import ConfigError, setting, suggest, validate
from track_common.geometry import arc_lengths, point_at, transform_points, wrap_angle
from track_common.types import Array

TASKS = ("STT", "DT", "AT")  # single target, distracted, ambiguous
STEP = 0.1  # s of one protocol step
MAX_STEPS = 300  # EVT-Bench's limit
GOAL_SHARES = (0.575, 0.211, 0.214)  # one, two, three goals: 808, 296, 301 of 1405
BEARINGS_DEG = (-14.0, 20.0)
WALK_CLEARANCE = 0.38  # m between a planned path and furniture
SPACING = 0.1  # m between points of a path
ROBOT, START_ROOM = StepConfig(), 0.01  # its outline, and m of room around it at the start
START_RANGE = (1.5, 3.0)  # m from robot to target
MIN_GOAL_GAP = 3.0  # m
MAX_TURN_DEG = 137.0  # at a goal; EVT-Bench p95 (data.md §3)
MAX_PATH = 25.0  # m; EVT-Bench p95 is 28
TRIES = 40  # draws in one floor plan before another is drawn


@dataclass(frozen=True)
class EpisodeConfig:
    """How episodes are drawn."""

    style: str = setting("", "floor plan; empty: any", choices=("", *STYLES))
    density: float = setting(1.0, "furniture, 1 = about one piece per 7 m2", low=0.0, high=2.0)
    min_speed: float = setting(0.6, "slowest target", unit="m/s", low=0.1, high=2.0)
    max_speed: float = setting(1.1, "fastest target", unit="m/s", low=0.1, high=2.0)
    max_distractors: int = setting(4, "most other people in DT and AT", low=1, high=7)
    max_moving: int = setting(7, "so many of them walk, the others stand", low=0, high=7)
    distractor_min_speed: float = setting(0.5, "slowest of them", unit="m/s", low=0.1, high=3.0)
    distractor_max_speed: float = setting(1.0, "fastest of them", unit="m/s", low=0.1, high=3.0)
    distinct_parts: int = setting(2, "garments by whose colour every DT distractor differs", low=1, high=2)
    target_look: str = setting("", "the target, as 'the woman in the red shirt and black trousers'; empty: drawn")

    def check(self) -> None:
        """Refuse an empty range of speeds and a look nobody can wear."""
        if self.target_look:
            try:
                parse_look(self.target_look, np.random.default_rng(0))
            except ValueError as error:
                raise ConfigError(str(error)) from error
        if self.min_speed > self.max_speed:
            raise ConfigError(f"min_speed {self.min_speed} is above max_speed {self.max_speed}")
        if self.distractor_min_speed > self.distractor_max_speed:
            raise ConfigError(
                f"distractor_min_speed {self.distractor_min_speed} is above distractor_max_speed "
                f"{self.distractor_max_speed}"
            )


@dataclass(frozen=True, eq=False)
class Episode:
    """Everything that is decided before the first step; the first person is the target.

    Attributes:
        robot_start: (3,) x, y (m), yaw (rad) in map.
        paths: (H, 2) m per person, walked once by the target and to and fro by the others.
        speeds: m/s per person.
    """

    task: str
    seed: int
    plan: FloorPlan
    people: tuple[Person, ...]
    paths: tuple[Array, ...]
    speeds: tuple[float, ...]
    robot_start: Array
    instruction: str
    is_endless: bool = False  # the target too walks to and fro

    def figures(self) -> tuple[figures.Figure, ...]:
        """Baked body of each person."""
        return tuple(figures.load(p.body) for p in self.people)

    def walkers(self) -> tuple[Walker, ...]:
        """Everybody at the start; only the target stops at its goal; it makes way for the robot alone."""
        return tuple(
            Walker.start(path, speed, loops=index > 0 or self.is_endless, yields=index > 0)
            for index, (path, speed) in enumerate(zip(self.paths, self.speeds, strict=True))
        )

    @property
    def reference_steps(self) -> int:
        """Steps the target's whole walk takes, with its wait at the end; TR counts at least these."""
        walk = float(arc_lengths(self.paths[0])[-1]) / self.speeds[0] / STEP
        return min(MAX_STEPS, round(walk) + 10)


@dataclass(frozen=True, eq=False)
class Place:
    """A floor plan and where one can walk on it."""

    plan: FloorPlan
    grid: Grid

    def spot(self, rng: np.random.Generator) -> Array:
        """(2,) a random free place."""
        free = self.grid.points()
        return free[int(rng.integers(len(free)))]

    def way(self, start: Array, goal: Array) -> Array:
        """(H, 2) walk between two places."""
        return plan(self.grid, self.plan.footprints, start, goal, WALK_CLEARANCE - 0.03)


def draw_episode(task: str, seed: int, config: EpisodeConfig | None = None) -> Episode:
    """The episode of a task and seed; the same again for the same arguments.

    Raises:
        ConfigError: unknown task or bad setting.
    """
    if task not in TASKS:
        raise ConfigError(f"task '{task}' unknown; {suggest(task, TASKS)}")
    settings = config or EpisodeConfig()
    validate(settings)
    rng = np.random.default_rng([seed, TASKS.index(task)])
    while True:
        floor = draw_plan(rng, settings.style, settings.density)
        place = Place(floor, make_grid(floor.footprints, floor.size, WALK_CLEARANCE))
        for _ in range(TRIES):
            path = _draw_target_path(rng, place)
            robot = None if path is None else draw_robot(rng, path, place)
            if path is not None and robot is not None:
                return _populate(task, seed, settings, place, (path, robot), rng)


def _draw_target_path(rng: np.random.Generator, place: Place) -> Array | None:
    """(H, 2) walk of the target over its goals, or None where this draw does not fit."""
    here, pieces = place.spot(rng), []
    for _ in range(int(rng.choice([1, 2, 3], p=GOAL_SHARES))):
        there = place.spot(rng)
        if np.hypot(*(there - here)) < MIN_GOAL_GAP:
            return None
        piece = place.way(here, there)
        if pieces and _turn_deg(pieces[-1], piece) > MAX_TURN_DEG:
            return None
        pieces.append(piece)
        here = piece[-1]
    path = resample(np.concatenate([pieces[0], *(piece[1:] for piece in pieces[1:])]), SPACING)
    return path if arc_lengths(path)[-1] <= MAX_PATH else None


def _turn_deg(before: Array, after: Array) -> float:
    """Change of direction between the end of one walk (H, 2) and the start of the next, degrees."""
    first, second = before[-1] - before[-2], after[1] - after[0]
    return abs(float(np.degrees(wrap_angle(np.arctan2(second[1], second[0]) - np.arctan2(first[1], first[0])))))


def draw_robot(rng: np.random.Generator, path: Array, place: Place) -> Array | None:
    """(3,) start with the target in free view, mostly behind it, clear of the way it will walk first."""
    ahead = point_at(path, 0.6) - path[0]
    behind = np.arctan2(-ahead[1], -ahead[0])
    early = path[: int(3.0 / SPACING)]
    for _ in range(10):
        angle = behind + rng.normal(0.0, np.radians(45.0))
        spot = path[0] + rng.uniform(*START_RANGE) * np.array([np.cos(angle), np.sin(angle)])
        bearing = np.radians(rng.uniform(*BEARINGS_DEG))
        is_free = place.grid.is_free_at(spot) and place.plan.footprints.is_clear(spot, path[0], 0.3)
        start = np.array([*spot, angle + np.pi - bearing])
        half = ROBOT.robot_half_length
        nose, tail = transform_points(start, np.array([[half, 0.0], [-half, 0.0]]))
        is_clear = place.plan.low_footprints.is_clear(nose, tail, ROBOT.robot_radius + START_ROOM)
        if is_free and is_clear and np.hypot(*(early - spot).T).min() > 1.2:
            return start
    return None


def _populate(
    task: str,
    seed: int,
    settings: EpisodeConfig,
    place: Place,
    route: tuple[Array, Array],
    rng: np.random.Generator,
) -> Episode:
    """People it: ``route`` is the target's path (H, 2) and the robot's start (3,)."""
    outfit = draw_outfit(str(rng.choice(["woman", "man"])), rng)
    if settings.target_look:
        outfit = parse_look(settings.target_look, rng)
    people = [Person("target", str(rng.choice(figures.names(outfit.sex))), outfit)]
    paths, speeds = [route[0]], [float(rng.uniform(settings.min_speed, settings.max_speed))]
    count = 0 if task == "STT" else int(rng.integers(1, settings.max_distractors + 1))
    for index in range(count):
        crossing = draw_crossing(rng, route, paths[1:], place)
        if crossing is not None:
            people.append(_draw_distractor(task, index, people[0], settings, rng))
            paths.append(crossing)
            speed = float(rng.uniform(settings.distractor_min_speed, settings.distractor_max_speed))
            speeds.append(speed if len(speeds) <= settings.max_moving else 0.0)
    sentence = unspecific_instruction(rng) if task == "AT" else instruction(outfit, rng)
    if settings.target_look:
        sentence = f"follow {settings.target_look}"
    return Episode(task, seed, place.plan, tuple(people), tuple(paths), tuple(speeds), route[1], sentence)


def _draw_distractor(
    task: str, index: int, target: Person, settings: EpisodeConfig, rng: np.random.Generator
) -> Person:
    """In AT the target's double; in DT somebody whom the sentence does not fit."""
    name = f"distractor_{index + 1}"
    if task == "AT":
        return Person(name, target.body, target.outfit)
    sex = str(rng.choice(["woman", "man"]))
    outfit = draw_distinct(sex, target.outfit, rng, settings.distinct_parts)
    return Person(name, str(rng.choice(figures.names(sex))), outfit)


def draw_crossing(
    rng: np.random.Generator, route: tuple[Array, Array], others: list[Array], place: Place
) -> Array | None:
    """A walk between two random places by way of a point of the target's path, starting away from everybody."""
    path, robot = route
    length = float(arc_lengths(path)[-1])
    for _ in range(20):
        first, last = place.spot(rng), place.spot(rng)
        meeting = point_at(path, float(rng.uniform(0.25, 0.95)) * length)
        is_behind_target = np.hypot(*(first - robot[:2])) > np.hypot(*(path[0] - robot[:2])) + 0.8
        nearest = min(float(np.hypot(*(first - o[0]))) for o in [path, *others])
        if not is_behind_target or nearest < 1.2:
            continue
        walk = resample(np.concatenate([place.way(first, meeting), place.way(meeting, last)[1:]]), SPACING)
        if arc_lengths(walk)[-1] > MIN_GOAL_GAP:
            return walk
    return None

"""Episodes in which the target gets away from a slow robot and comes back: how long it stays lost, by what is done.

The target walks to and fro through rooms, faster than the robot may; boxes are true, so that only the search counts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from evt_bench.episodes import EpisodeConfig, draw_episode
from evt_bench.trackers import TruthTracker
from evt_bench.world.config import CameraConfig
from evt_bench.world.navigation import Grid, make_grid, plan
from evt_bench.world.world import World, WorldConfig
from go2_bridge.config import ControllerConfig
from go2_bridge.follower import Follower
from go2_bridge.recovery.config import RecoveryConfig
from go2_bridge.recovery.machine import Goal, Task
from go2_bridge.recovery.recovery import Navigation, Recovery
from track_common.config import override
from track_common.geometry import arc_lengths, compose, inverse, point_at, relative, transform_points
from track_common.pipeline import FollowPipeline
from track_common.types import Array, Frame, Trajectory, VelocityCommand
from trackvla_ros.registry import make_policy

SPEED = 0.6  # m/s of the robot, as a GO2 in its first days (config/robots/go2.yaml)
EPISODES = EpisodeConfig(style="rooms", min_speed=1.0, max_speed=1.2)
WORLD = WorldConfig(camera=CameraConfig(width=320, height=240))
MIN_PIXELS = 200  # of the target, to be found in an image of that size
LOST_AFTER = 1.5  # s out of sight; shorter is an occlusion that prediction bridges
STEPS_PER_LOOK, STEPS_PER_SWEEP, STEPS_PER_COMMAND = 12, 6, 3  # 5, 10 and 20 Hz at 60 steps a second
CLEARANCE = 0.35  # m the stand-in for Nav2 keeps from walls
CARROT, ARRIVED = 0.6, 0.3  # m ahead on its path, m from its end
NO_PIXELS = np.zeros((0, 0, 3), np.uint8)


@dataclass(frozen=True)
class Remedy:
    """What is done about a lost target: by the policy for ``search_time`` s, then by the recovery, or not."""

    name: str
    search_time: float = 0.0
    has_recovery: bool = False
    has_navigator: bool = False


REMEDIES = (
    Remedy("stands"),
    Remedy("turns and looks round", has_recovery=True),
    Remedy("recovery with Nav2", has_recovery=True, has_navigator=True),
    Remedy("box_servo's own search", search_time=9.0),
    Remedy("its own search, then recovery with Nav2", search_time=9.0, has_recovery=True, has_navigator=True),
)


@dataclass(frozen=True)
class Outcome:
    """One episode: seconds until the target, once lost, was seen again (None: not before the end), and share unseen.

    Attributes:
        lost_at: s; None where it never got away.
        is_touching: the robot ever touched a wall or furniture.
    """

    seed: int
    remedy: str
    lost_at: float | None
    found_after: float | None
    unseen_share: float
    is_touching: bool


class GridNavigator:
    """Stands in for Nav2: knows the map, drives to one goal at a time."""

    def __init__(self, world: World) -> None:
        self._footprints = world.footprints
        self._start = np.asarray(world.episode.robot_start, float)
        self._grid: Grid = make_grid(world.footprints, world.episode.plan.size, CLEARANCE)
        self._goal: Goal | None = None
        self._path = np.zeros((1, 2))
        self._is_there = False

    @property
    def navigation(self) -> Navigation:
        """What a client would see of it."""
        task = Task.SUCCEEDED if self._is_there else Task.RUNNING
        return Navigation(True, task, 0 if self._goal is None else self._goal.number)

    def drive(self, goal: Goal, pose_odom: Array) -> VelocityCommand:
        """Velocity towards a goal in odom from the robot's pose (3,)."""
        pose = compose(self._start, pose_odom)
        if self._goal is None or goal.number != self._goal.number:
            end = transform_points(self._start, np.array(goal.place[:2]))
            self._path = plan(self._grid, self._footprints, pose[:2], end, CLEARANCE - 0.03)
            self._goal, self._is_there = goal, False
        lengths = arc_lengths(self._path)
        reached = float(lengths[int(np.argmin(np.hypot(*(self._path - pose[:2]).T)))])
        self._is_there = self._is_there or float(np.hypot(*(self._path[-1] - pose[:2]))) < ARRIVED
        if self._is_there:
            return VelocityCommand()
        carrot = transform_points(inverse(pose), point_at(self._path, reached + CARROT))
        bearing = math.atan2(carrot[1], carrot[0])
        return VelocityCommand(SPEED * max(math.cos(bearing), 0.0) ** 2, 0.0, min(max(2.0 * bearing, -1.2), 1.2))


class _Seeker:
    """Policy, controller, recovery and navigator in one world."""

    def __init__(self, world: World, remedy: Remedy) -> None:
        policy = make_policy("box_servo", {"max_speed": SPEED, "search_time": remedy.search_time})
        gain = ControllerConfig().gain_vx
        self._follower = Follower(override(ControllerConfig(), {"max_linear_vel": SPEED / gain}))
        self._pipeline = FollowPipeline(TruthTracker(world, MIN_PIXELS), policy, self._follower)
        self._pipeline.follow("")
        start = np.asarray(world.episode.robot_start, float)
        doors = [relative(start, np.array([*door, 0.0])) for door in world.episode.plan.doors]
        waypoints = "; ".join(f"{x:.3f} {y:.3f} {yaw:.3f}" for x, y, yaw in doors)
        self._recovery = (
            Recovery(RecoveryConfig(waypoints=waypoints, map_frame="odom")) if remedy.has_recovery else None
        )
        self._navigator = GridNavigator(world) if remedy.has_navigator else None
        self._world = world

    def look(self) -> bool:
        """One frame; whether the target is in it."""
        sighting, trajectory = self._pipeline.on_frame(Frame(NO_PIXELS, self._world.time, self._world.camera))
        self._tell(trajectory)
        return sighting.box is not None

    def sense(self, has_sweep: bool) -> None:
        """Sensors of this instant."""
        odometry = self._world.odometry()
        self._pipeline.on_sensors(odometry, self._world.scan() if has_sweep else None)
        if self._recovery is not None:
            self._recovery.on_odometry(odometry)

    def command(self) -> VelocityCommand:
        """The controller's command; before it the recovery's wish, as its node would send it."""
        if self._recovery is not None:
            self._wish(self._recovery)
        return self._pipeline.control(self._world.time).command

    def _wish(self, recovery: Recovery) -> None:
        now, navigator = self._world.time, self._navigator
        order = recovery.decide(now, Navigation() if navigator is None else navigator.navigation)
        if order.goal is not None and navigator is not None:
            self._follower.on_wish(now, navigator.drive(order.goal, self._world.odometry().pose))
        elif order.wz != 0.0:
            self._follower.on_wish(now, VelocityCommand(wz=order.wz))

    def _tell(self, trajectory: Trajectory) -> None:
        if self._recovery is None:
            return
        self._recovery.on_target(self._world.time, trajectory.target)


def run_lost_target(seed: int, remedy: Remedy, duration: float = 60.0) -> Outcome:
    """The episode of a seed, ``duration`` s of it."""
    episode = replace(draw_episode("STT", seed, EPISODES), is_endless=True)
    world = World(episode, WORLD)
    try:
        return _run(world, remedy, duration)
    finally:
        world.close()


def _run(world: World, remedy: Remedy, duration: float) -> Outcome:
    seeker, is_touching = _Seeker(world, remedy), False
    looks: list[tuple[float, bool]] = []
    for step in range(round(duration / world.config.step.dt)):
        seeker.sense(step % STEPS_PER_SWEEP == 0)
        if step % STEPS_PER_LOOK == 0:
            looks.append((world.time, seeker.look()))
        world.step(seeker.command() if step % STEPS_PER_COMMAND == 0 else None)
        is_touching = is_touching or world.truth().is_touching
    lost_at, found_after = first_gap(looks)
    unseen = 1.0 - float(np.mean([is_seen for _, is_seen in looks]))
    return Outcome(world.episode.seed, remedy.name, lost_at, found_after, unseen, is_touching)


def first_gap(looks: list[tuple[float, bool]]) -> tuple[float | None, float | None]:
    """When the target was first out of sight for more than ``LOST_AFTER`` s, and how long until it was seen again."""
    since: float | None = None
    for time, is_seen in looks:
        if not is_seen:
            since = time if since is None else since
            continue
        if since is not None and time - since > LOST_AFTER:
            return since, time - since
        since = None
    is_lost = since is not None and looks[-1][0] - since > LOST_AFTER
    return (since, None) if is_lost else (None, None)

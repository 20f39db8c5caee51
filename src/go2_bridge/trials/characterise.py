"""Drives a robot through step commands and keeps what identifies it as a plant: commands, odometry, both stamped.

Each amplitude is asked for forwards and at once backwards, so that the robot ends about where it began.
"""

from __future__ import annotations

from dataclasses import dataclass

from go2_bridge.trials.trial import Bounds, Guard, Instant
from track_common.config import ConfigError, setting
from track_common.types import STOP, Odometry, VelocityCommand

AXES = ("vx", "vy", "wz")
MARGIN = 1.5  # allowed speed over the largest commanded: a GO2 at first overshoots by a quarter
SLACK = 0.15  # m/s beside that, for a gait's sway


@dataclass(frozen=True)
class StepConfig:
    """Which steps are asked for; a GO2's bridge lets 0.8 forwards, 0.3 backwards and sideways, 1.0 turning through."""

    axes: str = setting("vx,vy,wz", "which axes, in this order")
    linear: str = setting("0.05,0.1,0.2,0.3", "amplitudes along x and y, m/s, rising; small ones show a deadband")
    angular: str = setting("0.1,0.2,0.4,0.8", "amplitudes of turns, rad/s, rising")
    step: float = setting(1.6, "length of a step; over twice dead time and time constant", unit="s", low=0.6, high=5.0)
    rest: float = setting(1.2, "zero commands after each, until the robot stands", unit="s", low=0.4, high=5.0)
    max_distance: float = setting(1.5, "end where the robot is farther from its start", unit="m", low=0.2, high=10.0)

    def check(self) -> None:
        """The lists."""
        unknown = [axis for axis in self.axes.split(",") if axis not in AXES]
        if unknown:
            raise ConfigError(f"axis '{unknown[0]}' unknown; wanted some of {', '.join(AXES)} with commas")
        for name, text in (("linear", self.linear), ("angular", self.angular)):
            values = amplitudes(text, name)
            if values != sorted(set(values)) or values[0] <= 0.0:
                raise ConfigError(f"{name} is '{text}'; wanted rising amplitudes above 0, as in 0.1,0.2")


@dataclass(frozen=True)
class Step:
    """One step: its axis (0 vx, 1 vy, 2 wz) and signed amplitude (m/s or rad/s)."""

    axis: int
    amplitude: float

    @property
    def command(self) -> VelocityCommand:
        """The command that is held."""
        values = [0.0, 0.0, 0.0]
        values[self.axis] = self.amplitude
        return VelocityCommand(*values)


@dataclass(frozen=True)
class StepRecord:
    """A step as it was commanded: from ``begin`` to ``end``, then zero to ``rest_end``; stamps, s."""

    step: Step
    begin: float
    end: float
    rest_end: float


def amplitudes(text: str, name: str) -> list[float]:
    """Numbers of a list as "0.1,0.2"; raises ConfigError where it is none."""
    try:
        return [float(word) for word in text.split(",")]
    except ValueError:
        raise ConfigError(f"{name} is '{text}'; wanted numbers with commas, as in 0.1,0.2") from None


def steps_of(config: StepConfig) -> list[Step]:
    """All steps in their order."""
    steps = []
    for name in config.axes.split(","):
        axis = AXES.index(name)
        for size in amplitudes(config.angular if name == "wz" else config.linear, name):
            steps += [Step(axis, size), Step(axis, -size)]
    return steps


class Characterisation:
    """Implements ``trial.Trial``: the steps of a config, one after the other."""

    def __init__(self, config: StepConfig) -> None:
        self._config, self._steps = config, steps_of(config)
        fastest = max((abs(step.amplitude) for step in self._steps if step.axis < 2), default=0.0)
        self._guard = Guard(Bounds(max_distance=config.max_distance, max_speed=MARGIN * fastest + SLACK))
        self.records: list[StepRecord] = []
        self.odometry: list[Odometry] = []
        self.failure = ""
        self._began: float | None = None  # stamp of the step under way
        self._ended: float | None = None  # and of its end

    @property
    def wants_armed(self) -> bool:
        """All the time."""
        return not self.is_over

    @property
    def is_over(self) -> bool:
        """After the last rest, or at once where a bound was left."""
        return bool(self.failure) or len(self.records) == len(self._steps)

    @property
    def duration(self) -> float:
        """How long it will take, s."""
        return len(self._steps) * (self._config.step + self._config.rest)

    def on_odometry(self, odometry: Odometry, at: Instant) -> None:
        """Keep a pose; one with the stamp of the last is a repetition."""
        self._guard.on_odometry(odometry, at)
        if not self.odometry or odometry.stamp > self.odometry[-1].stamp:
            self.odometry.append(odometry)

    def on_request(self, api_id: int, at: Instant) -> None:
        """Of no interest here."""

    def control(self, at: Instant) -> VelocityCommand | None:
        """The step under way, or zero between steps."""
        self.failure = self.failure or self._guard.check(at)
        if self.is_over:
            return STOP
        step, now = self._steps[len(self.records)], at.stamp
        if self._began is None:
            self._began = now
        if now - self._began < self._config.step:
            return step.command
        self._ended = self._ended or now
        if now - self._ended >= self._config.rest:
            self.records.append(StepRecord(step, self._began, self._ended, now))
            self._began = self._ended = None
        return STOP

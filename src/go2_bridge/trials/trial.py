"""What every scripted motion has in common: moments on two clocks, bounds that end it, and what its runner calls."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Protocol

from track_common.config import setting
from track_common.types import Odometry, VelocityCommand

SPEED_SPAN = 0.2  # s over which poses are differenced: short beside 1.5 s of stopping, long beside Wi-Fi jitter


class TrialError(RuntimeError):
    """A trial was ended or cannot begin; the message says why and what to do."""


@dataclass(frozen=True)
class Instant:
    """One moment, s: ``steady`` by a clock of ours that only runs forwards, ``stamp`` by the one of odometry."""

    steady: float
    stamp: float


class Trial(Protocol):
    """A motion that runs by itself. ``control`` is called at a fixed rate, only while the robot is as armed as wanted.

    ``failure`` is why it ended early, "" where it did not.
    """

    failure: str

    @property
    def wants_armed(self) -> bool: ...

    @property
    def is_over(self) -> bool: ...

    def on_odometry(self, odometry: Odometry, at: Instant) -> None: ...

    def on_request(self, api_id: int, at: Instant) -> None:
        """A Sport API request that was seen on its way to the robot."""
        ...

    def control(self, at: Instant) -> VelocityCommand | None:
        """The command for this instant; None: say nothing at all."""
        ...


@dataclass(frozen=True)
class Bounds:
    """Where a trial ends by itself; the operator's deadman and the bridge's own limits stand beside it."""

    max_distance: float = setting(1.0, "farthest from the start", unit="m", low=0.1, high=10.0)
    max_speed: float = setting(0.35, "fastest, by differencing poses on arrival", unit="m/s", low=0.05, high=2.0)
    odometry_timeout: float = setting(0.5, "longest silence of odometry", unit="s", low=0.1, high=5.0)


class SpeedMeter:
    """Ground speed from poses and the times they arrived: no robot clock, no robot velocity has a say in it."""

    def __init__(self) -> None:
        self._past: deque[tuple[float, float, float]] = deque()

    def update(self, odometry: Odometry, received: float) -> float | None:
        """Speed (m/s) over the last ``SPEED_SPAN``; None until there is as much."""
        self._past.append((received, odometry.x, odometry.y))
        while len(self._past) > 2 and received - self._past[1][0] >= SPEED_SPAN:
            self._past.popleft()
        since, x, y = self._past[0]
        if received - since < SPEED_SPAN:
            return None
        return math.hypot(odometry.x - x, odometry.y - y) / (received - since)


class Guard:
    """Watches a trial's bounds; the first breach stays."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._meter = SpeedMeter()
        self._start: Odometry | None = None
        self._heard = math.inf
        self.breach = ""
        self.speed: float | None = None
        self.distance = 0.0

    def on_odometry(self, odometry: Odometry, at: Instant) -> None:
        """Take a pose; the first is the start."""
        if not all(map(math.isfinite, (odometry.x, odometry.y, odometry.yaw))):
            self._note(f"odometry is not finite: x {odometry.x}, y {odometry.y}, yaw {odometry.yaw}")
            return
        self._start = self._start or odometry
        self._heard = at.steady
        self.distance = math.hypot(odometry.x - self._start.x, odometry.y - self._start.y)
        self.speed = self._meter.update(odometry, at.steady)
        if self.distance > self._bounds.max_distance:
            self._note(f"{self.distance:.2f} m from the start; the bound is {self._bounds.max_distance} m")
        if self.speed is not None and self.speed > self._bounds.max_speed:
            self._note(f"speed {self.speed:.2f} m/s; the bound is {self._bounds.max_speed} m/s")

    def check(self, at: Instant) -> str:
        """ "" or why the trial must end."""
        silence = at.steady - self._heard
        if self._start is None:
            self._note("no odometry")
        elif silence > self._bounds.odometry_timeout:
            self._note(f"no odometry for {silence:.2f} s; the bound is {self._bounds.odometry_timeout} s")
        return self.breach

    def _note(self, breach: str) -> None:
        self.breach = self.breach or breach

"""The GO2 as a velocity-controlled base: command -> pose, with the delays, gains and hold measured on hardware.

Numbers: reference/go2.md §0.4 (step responses of a real GO2 on concrete), §1.2 (the last Move is held for 1 s).
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from track_common.config import setting, validate
from track_common.types import STOP, VelocityCommand


@dataclass(frozen=True)
class PlantConfig:
    """A delayed first-order response on each axis."""

    dead_time: float = setting(0.15, "time before a command has any effect", unit="s", low=0.0, high=1.0)
    time_constant: float = setting(0.30, "time to 63 % of a step", unit="s", low=0.01, high=2.0)
    gain_vx: float = setting(0.80, "reached / commanded forward speed", low=0.1, high=2.0)
    gain_vy: float = setting(0.74, "reached / commanded sideways speed", low=0.1, high=2.0)
    gain_wz: float = setting(0.90, "reached / commanded turn rate", low=0.1, high=2.0)
    hold: float = setting(1.0, "a command older than this no longer counts", unit="s", low=0.0, high=5.0)
    max_vx: float = setting(3.8, "forward limit of the sport API", unit="m/s", low=0.0)
    min_vx: float = setting(-2.5, "backward limit of the sport API", unit="m/s", high=0.0)
    max_vy: float = setting(1.0, "sideways limit of the sport API", unit="m/s", low=0.0)
    max_wz: float = setting(4.0, "turn limit of the sport API", unit="rad/s", low=0.0)


class GO2Plant:
    """Takes commands with their time, gives body velocity and displacement; knows nothing of walls."""

    def __init__(self, config: PlantConfig | None = None) -> None:
        self.config = config or PlantConfig()
        validate(self.config)
        self._pending: deque[tuple[float, VelocityCommand]] = deque()  # not yet in effect
        self._active: tuple[float, VelocityCommand] = (-math.inf, STOP)  # (time it was given, command)
        self._velocity = (0.0, 0.0, 0.0)

    @property
    def velocity(self) -> tuple[float, float, float]:
        """Body velocity vx, vy (m/s), wz (rad/s)."""
        return self._velocity

    @property
    def active(self) -> VelocityCommand:
        """The command in effect."""
        return self._active[1]

    def command(self, command: VelocityCommand, now: float) -> None:
        """Take a command given at ``now`` s; a value that is not finite is refused with ValueError."""
        if not all(map(math.isfinite, (command.vx, command.vy, command.wz))):
            raise ValueError(f"velocity command has a value that is not finite: {command}")
        self._pending.append((now, command))

    def step(self, now: float, dt: float) -> tuple[float, float, float]:
        """Advance from ``now`` by ``dt`` s; returns the mean body velocity over the step, vx, vy (m/s), wz (rad/s)."""
        wanted = self._wanted(now)
        decay = math.exp(-dt / self.config.time_constant)
        mean = self.config.time_constant / dt * (1.0 - decay)  # exact mean of an exponential over the step
        before = self._velocity
        self._velocity = _mix(before, wanted, decay)
        return _mix(before, wanted, mean)

    def stop_at_obstacle(self, vx: float, vy: float) -> None:
        """Take over the body velocity that contact left, m/s."""
        self._velocity = (vx, vy, self._velocity[2])

    def _wanted(self, now: float) -> tuple[float, float, float]:
        config = self.config
        while self._pending and self._pending[0][0] + config.dead_time <= now + 1e-9:
            self._active = self._pending.popleft()
        given, command = self._active
        if now - given > config.hold + config.dead_time:
            return (0.0, 0.0, 0.0)
        return (
            config.gain_vx * min(max(command.vx, config.min_vx), config.max_vx),
            config.gain_vy * min(max(command.vy, -config.max_vy), config.max_vy),
            config.gain_wz * min(max(command.wz, -config.max_wz), config.max_wz),
        )


def _mix(
    before: tuple[float, float, float], wanted: tuple[float, float, float], share: float
) -> tuple[float, float, float]:
    """``share`` of the old velocity, the rest of the wanted one."""
    vx, vy, wz = (share * b + (1.0 - share) * w for b, w in zip(before, wanted, strict=True))
    return (vx, vy, wz)

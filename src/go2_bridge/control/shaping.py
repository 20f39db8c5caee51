"""The last shape of a command before the robot: the lead, and a bound on how fast and how often the turn swings.

A gait takes a steady turn and trips over a turn that swings to and fro. So the turn is not led: on a GO2 that walks in
MuJoCo a lead on the yaw rate ended in a limit cycle at 1 Hz, from one bound of the swing to the other. The commanded
yaw rate changes by no more than ``max_angular_accel``, and once it has changed sides it stays there or at zero for
``reversal_time``. A stop is exempt: it is sent at once.
"""

from __future__ import annotations

import math
from dataclasses import replace

from go2_bridge.config import ControllerConfig
from go2_bridge.control.plant import Plant, led
from track_common.types import STOP, VelocityCommand

FAINT = 0.05  # rad/s; a turn slower than this has no side


class CommandShaper:
    """Follows what is really sent; ``shaped`` answers what to send next."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """A new episode: the robot stands."""
        self._sent = STOP
        self._noted: float | None = None  # when it was sent, s
        self._side, self._reversed = 0.0, -math.inf  # +1 left, -1 right; when it last changed (s)

    def note_sent(self, command: VelocityCommand, now: float) -> None:
        """Tell what was sent at ``now`` (s)."""
        self._sent, self._noted = command, now
        if abs(command.wz) > FAINT and math.copysign(1.0, command.wz) != self._side:
            self._side, self._reversed = math.copysign(1.0, command.wz), now

    def shaped(
        self, allowed: VelocityCommand, velocity: VelocityCommand, plant: Plant, now: float, config: ControllerConfig
    ) -> VelocityCommand:
        """The command to send so that a base that lags does soon, and without swings, what is allowed.

        Args:
            allowed: command that limits and collision monitor let through.
            velocity: the base's mean body velocity when this command takes effect.
            plant: model of the base.
            now: s.
            config: limits.
        """
        elapsed = max(now - self._noted, 0.0) if self._noted is not None else 0.0
        leading = plant.command_for(led(plant.velocity_under(allowed), velocity, config))
        step = 2.0 * config.max_linear_accel * elapsed  # as much again is the lead
        return replace(
            leading,
            vx=_risen(leading.vx, allowed.vx, self._sent.vx, step),
            vy=_risen(leading.vy, allowed.vy, self._sent.vy, step),
            wz=self._bounded(allowed.wz, now, config, elapsed),
        )

    def _bounded(self, wz: float, now: float, config: ControllerConfig, elapsed: float) -> float:
        """The turn (rad/s) within its rate of change and on its side."""
        step = config.max_angular_accel * elapsed
        bounded = min(max(wz, self._sent.wz - step), self._sent.wz + step)
        if bounded * self._side < 0.0 and now - self._reversed < config.reversal_time:
            return 0.0
        return bounded


def _risen(value: float, allowed: float, sent: float, step: float) -> float:
    """A speed (m/s) that rises from the one sent by no more than ``step``; braking, and against the motion, at once."""
    if value * allowed <= 0.0:
        return value
    limit = max(sent * math.copysign(1.0, value), 0.0) + step
    return math.copysign(min(abs(value), limit), value)

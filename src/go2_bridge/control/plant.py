"""The robot as a delayed first-order plant: where it will be when the command sent now takes effect.

dv/dt = (K u(t - L) - v) / tau,  one K for vx, vy and wz (identified on a GO2: K .80/.74/.90, tau 0.30 s, L 0.15 s)
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from go2_bridge.config import LEAD, ControllerConfig
from track_common.types import Odometry, VelocityCommand

STANDING = 0.1  # m/s; a base that stands is not asked to trot by the noise of its odometry
STEP = 0.02  # s; a tenth of the time constant, fine enough for an exact decay per step


@dataclass(frozen=True)
class Plant:
    """Dead time L and time constant tau (s), gains K."""

    dead_time: float
    time_constant: float
    gains: tuple[float, float, float]

    @classmethod
    def of(cls, config: ControllerConfig, has_gains: bool = True) -> Plant:
        """The plant that the settings describe; without gains it does what it is told."""
        gains = (config.gain_vx, config.gain_vy, config.gain_wz) if has_gains else (1.0, 1.0, 1.0)
        return cls(config.dead_time, config.time_constant, gains)

    def command_for(self, velocity: VelocityCommand) -> VelocityCommand:
        """The command under which the robot will walk at a true body velocity."""
        kx, ky, kz = self.gains
        return VelocityCommand(velocity.vx / kx, velocity.vy / ky, velocity.wz / kz)

    def velocity_under(self, command: VelocityCommand) -> VelocityCommand:
        """The true body velocity that a command leads to."""
        kx, ky, kz = self.gains
        return VelocityCommand(command.vx * kx, command.vy * ky, command.wz * kz)


def led(wanted: VelocityCommand, velocity: VelocityCommand, config: ControllerConfig) -> VelocityCommand:
    """The true velocity to ask a base that lags for, so that it has the one wanted in little more than half the time.

    u = w + LEAD (w - v) makes (u - v)/tau 1 + LEAD times what (w - v)/tau is. What is added is at most ``max_lead``,
    for a turn what moves the nose as fast; nothing where the robot shall stand and does. With LEAD < 1 the loop settles
    whatever the dead time, for it passes on less than it gets, up to gains 1/LEAD times those configured.
    """
    nose = 0.5 * config.robot_length
    if wanted.is_stop and math.hypot(velocity.vx, velocity.vy) + nose * abs(velocity.wz) < STANDING:
        return wanted
    limits = (config.max_lead, config.max_lead, config.max_lead / nose)
    pairs = ((wanted.vx, velocity.vx), (wanted.vy, velocity.vy), (wanted.wz, velocity.wz))
    added = (min(max(LEAD * (w - v), -limit), limit) for (w, v), limit in zip(pairs, limits, strict=True))
    return VelocityCommand(*(w + more for (w, _), more in zip(pairs, added, strict=True)))


class CommandHistory:
    """What was sent and when, for as long as it still acts."""

    def __init__(self, duration: float = 3.0) -> None:
        self._duration = duration
        self._sent: deque[tuple[float, VelocityCommand]] = deque()

    def push(self, time: float, command: VelocityCommand) -> None:
        """Note a command sent at ``time`` (s); a clock that fell back empties the history."""
        if self._sent and time < self._sent[-1][0]:
            self._sent.clear()
        self._sent.append((time, command))
        while time - self._sent[0][0] > self._duration:
            self._sent.popleft()

    def between(self, begin: float, end: float) -> list[tuple[float, VelocityCommand]]:
        """Commands in force from ``begin`` to ``end`` as (since when, command); before the first ever sent, a stop."""
        pieces = [(begin, VelocityCommand())]
        for time, command in self._sent:
            if time <= begin:
                pieces = [(begin, command)]
            elif time < end:
                pieces.append((time, command))
        return pieces


def roll_forward(state: Odometry, history: CommandHistory, plant: Plant, stamp: float) -> Odometry:
    """The odometry expected at ``stamp``, replaying what was sent; ``state`` itself where that is not later."""
    delay = plant.dead_time
    pieces = history.between(state.stamp - delay, max(stamp - delay, state.stamp - delay))
    ends = [time + delay for time, _ in pieces[1:]] + [stamp]
    for (_, command), end in zip(pieces, ends, strict=True):
        while end - state.stamp > 1e-9:
            state = _advance(state, command, plant, min(STEP, end - state.stamp))
    return state


def _advance(state: Odometry, command: VelocityCommand, plant: Plant, dt: float) -> Odometry:
    keep = math.exp(-dt / plant.time_constant)
    aims = (plant.gains[0] * command.vx, plant.gains[1] * command.vy, plant.gains[2] * command.wz)
    vx, vy, wz = (aim + (v - aim) * keep for aim, v in zip(aims, (state.vx, state.vy, state.wz), strict=True))
    yaw = state.yaw + 0.5 * (state.wz + wz) * dt
    middle = 0.5 * (state.yaw + yaw)
    ahead, left = 0.5 * (state.vx + vx) * dt, 0.5 * (state.vy + vy) * dt
    x = state.x + ahead * math.cos(middle) - left * math.sin(middle)
    y = state.y + ahead * math.sin(middle) + left * math.cos(middle)
    return Odometry(state.stamp + dt, x, y, math.atan2(math.sin(yaw), math.cos(yaw)), vx, vy, wz)

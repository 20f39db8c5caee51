"""Limits on a command: soft ones while following, and the clamp that every command passes last before the robot."""

from __future__ import annotations

import math

from go2_bridge.config import ControllerConfig
from track_common.types import STOP, VelocityCommand

HUGE = 100.0  # m/s or rad/s; more than this is no command but a fault upstream


def is_sound(command: VelocityCommand) -> bool:
    """True where every component is finite and of a size a robot could be asked for."""
    return all(math.isfinite(v) and abs(v) < HUGE for v in (command.vx, command.vy, command.wz))


def clamp(command: VelocityCommand, config: ControllerConfig) -> VelocityCommand:
    """The command within the speed limits; vx and vy shrink together, which keeps its direction. Unsound means stop.

    Where ``limit_shape`` is ellipse all three shrink together, which keeps the curvature too, until the shares of their
    limits have a sum of squares of at most 1.
    """
    if not is_sound(command):
        return STOP
    ahead = config.max_linear_vel if command.vx >= 0.0 else config.max_reverse_vel
    share = min(_share(command.vx, ahead), _share(command.vy, config.max_lateral_vel))
    wanted = VelocityCommand(command.vx * share, command.vy * share, _within(command.wz, config.max_angular_vel))
    share = 1.0
    if config.limit_shape == "ellipse":
        limits = (ahead, config.max_lateral_vel, config.max_angular_vel)
        share = _share(_demand((wanted.vx, wanted.vy, wanted.wz), limits), 1.0)
    return VelocityCommand(  # each within its own limit too: value * (limit / value) may round to more than the limit
        min(max(wanted.vx * share, -config.max_reverse_vel), config.max_linear_vel),
        _within(wanted.vy * share, config.max_lateral_vel),
        _within(wanted.wz * share, config.max_angular_vel),
    )


def limit_change(
    command: VelocityCommand, last: VelocityCommand, elapsed: float, config: ControllerConfig
) -> VelocityCommand:
    """The command brought within what may change since ``last`` in ``elapsed`` seconds; slowing down may be quicker."""
    return VelocityCommand(
        _ramp(command.vx, last.vx, elapsed, config.max_linear_accel, config.max_linear_decel),
        _ramp(command.vy, last.vy, elapsed, config.max_linear_accel, config.max_linear_decel),
        _ramp(command.wz, last.wz, elapsed, config.max_angular_accel, config.max_angular_accel),
    )


def _demand(values: tuple[float, ...], limits: tuple[float, ...]) -> float:
    """Root of the sum of squares of values as shares of their limits; a value whose limit is 0 is 0."""
    return math.hypot(*(value / limit for value, limit in zip(values, limits, strict=True) if limit > 0.0))


def _within(value: float, limit: float) -> float:
    return min(max(value, -limit), limit)


def _share(value: float, limit: float) -> float:
    return 1.0 if abs(value) <= limit else limit / abs(value)


def _ramp(value: float, last: float, elapsed: float, accel: float, decel: float) -> float:
    rate = decel if abs(value) < abs(last) or value * last < 0.0 else accel
    step = max(rate * elapsed, 0.0)
    return min(max(value, last - step), last + step)

"""Driver ``sport_topics``: commands as Sport API requests, through any function that transmits one."""

from __future__ import annotations

from collections.abc import Callable

from go2_bridge.config import ControllerConfig
from go2_bridge.drivers.sport_api import STOP_MOVE, SportRequest, move
from go2_bridge.safety.limits import clamp
from track_common.types import VelocityCommand

STOP_REPEAT = 0.3  # s; one StopMove may be lost, and after this others may have the robot

Transmit = Callable[[SportRequest], None]


class SportTopicsDriver:
    """Implements ``track_common.interfaces.RobotDriver``; to be called at the bridge's rate, stops included.

    A stop is StopMove at every call for ``STOP_REPEAT`` seconds, then silence. A zero command is a stop; so is one that
    is not finite. A new driver begins with a stop.
    """

    def __init__(self, limits: ControllerConfig, transmit: Transmit) -> None:
        self._limits, self._transmit = limits, transmit
        self._stopped_at: float | None = None

    def send(self, command: VelocityCommand, now: float) -> None:
        """Transmit a Move within the limits."""
        command = clamp(command, self._limits)
        if command.is_stop:
            self.stop(now)
            return
        self._stopped_at = None
        self._transmit(move(command))

    def stop(self, now: float) -> None:
        """Transmit StopMove, or nothing where that has been done long enough."""
        if self._stopped_at is None or now < self._stopped_at:
            self._stopped_at = now
        if now - self._stopped_at <= STOP_REPEAT:
            self._transmit(STOP_MOVE)

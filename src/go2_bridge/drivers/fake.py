"""Driver ``fake``: keeps what it was sent, for tests and rehearsals without a robot."""

from __future__ import annotations

from collections import deque

from go2_bridge.config import ControllerConfig
from go2_bridge.safety.limits import clamp
from track_common.types import STOP, VelocityCommand

KEEP = 100_000  # commands: half an hour at 50 Hz


class FakeDriver:
    """Implements ``track_common.interfaces.RobotDriver`` in memory; clamps, as every driver must: it is the last."""

    def __init__(self, config: ControllerConfig | None = None) -> None:
        self._config = config or ControllerConfig()
        self.sent: deque[tuple[float, VelocityCommand]] = deque(maxlen=KEEP)

    def send(self, command: VelocityCommand, now: float) -> None:
        """Note a command, clamped, and its time."""
        self.sent.append((now, clamp(command, self._config)))

    def stop(self, now: float) -> None:
        """Note a stop."""
        self.sent.append((now, STOP))

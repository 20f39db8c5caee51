"""Robot drivers by name."""

from __future__ import annotations

from collections.abc import Callable

from go2_bridge.config import ControllerConfig
from go2_bridge.drivers.fake import FakeDriver
from track_common.config import lookup
from track_common.interfaces import RobotDriver

DRIVERS: dict[str, Callable[[ControllerConfig], RobotDriver]] = {"fake": FakeDriver}


def make_driver(name: str, config: ControllerConfig | None = None) -> RobotDriver:
    """The driver ``name``.

    Raises:
        ConfigError: unknown name; the known ones are listed.
    """
    return lookup("driver", name, DRIVERS)(config or ControllerConfig())

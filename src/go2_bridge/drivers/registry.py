"""Robot drivers by name."""

from __future__ import annotations

from collections.abc import Callable

from go2_bridge.config import ControllerConfig
from go2_bridge.drivers.fake import FakeDriver
from go2_bridge.drivers.sport_topics import SportTopicsDriver, Transmit
from track_common.config import ConfigError, lookup
from track_common.interfaces import RobotDriver


def _fake(limits: ControllerConfig, _transmit: Transmit | None) -> RobotDriver:
    return FakeDriver(limits)


def _sport(limits: ControllerConfig, transmit: Transmit | None) -> RobotDriver:
    if transmit is None:
        raise ConfigError("drivers of the Sport API need something that transmits requests; start it with bridge_node")
    return SportTopicsDriver(limits, transmit)


DRIVERS: dict[str, Callable[[ControllerConfig, Transmit | None], RobotDriver]] = {
    "fake": _fake,
    "obstacles_avoid": _sport,
    "sdk2": _sport,
    "simulator": _sport,
    "sport_topics": _sport,
    "webrtc": _sport,
}


def make_driver(name: str, limits: ControllerConfig | None = None, transmit: Transmit | None = None) -> RobotDriver:
    """The driver ``name``; ``transmit`` carries its requests to the robot, for those that send any.

    Raises:
        ConfigError: unknown name; the known ones are listed. Or the driver needs ``transmit``.
    """
    return lookup("driver", name, DRIVERS)(limits or ControllerConfig(), transmit)

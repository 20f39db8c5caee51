"""What carries Sport API requests to a robot: ``SportTopicsDriver`` decides what is sent, a link takes it there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from go2_bridge.drivers.robot_state import Health, RobotState
from go2_bridge.drivers.sport_api import SportRequest
from go2_bridge.safety.arming import HoldReason


@dataclass(frozen=True)
class Stick:
    """Largest deflection of the robot's own remote, 0..1; infinite where it is not finite."""

    deflection: float


class Link(Protocol):
    """One way to a robot.

    Attributes:
        topics: where whoever commands this robot publishes; another publisher on one of them is another owner.
        writers: publishers that the link itself has on each.
    """

    topics: tuple[str, ...]
    writers: int

    def transmit(self, request: SportRequest) -> None:
        """Send one request; must not block for longer than a period or two of the bridge."""
        ...

    def news(self) -> Iterable[RobotState | Health | Stick]:
        """What the robot has said by this way since the last call; empty where it says it on ROS topics."""
        ...

    def check(self, now: float) -> HoldReason | None:
        """Why the robot must not move as far as the link knows, or None; called twice a second (monotonic s)."""
        ...

    def close(self) -> None:
        """Give the robot up; nothing can be sent after it."""
        ...

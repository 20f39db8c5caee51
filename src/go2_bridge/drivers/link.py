"""What carries Sport API requests to a robot: ``SportTopicsDriver`` decides what is sent, a link takes it there."""

from __future__ import annotations

from typing import Protocol

from go2_bridge.drivers.sport_api import SportRequest


class Link(Protocol):
    """One way to a robot. ``writers``: publishers of the request topic it adds, which are not somebody else's."""

    writers: int

    def transmit(self, request: SportRequest) -> None:
        """Send one request; must not block for longer than a period or two of the bridge."""
        ...

    def close(self) -> None:
        """Give the robot up; nothing can be sent after it."""
        ...

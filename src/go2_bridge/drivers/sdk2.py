"""Driver ``sdk2``: Sport API requests through Unitree's own Python SDK and its CycloneDDS, on a network card by name.

Only the SDK's transport is used, not its SportClient: that has acrobatics, and blocks for a second at each StopMove.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from go2_bridge.drivers.sport_api import REQUEST_TOPIC, SportRequest
from track_common.config import ConfigError

try:
    from unitree_sdk2py.core.channel import ChannelFactory
    from unitree_sdk2py.idl.unitree_api.msg.dds_ import (
        Request_,
        RequestHeader_,
        RequestIdentity_,
        RequestLease_,
        RequestPolicy_,
    )
    from unitree_sdk2py.rpc.client_stub import ClientStub
except ModuleNotFoundError as error:
    raise ConfigError(
        f"driver 'sdk2' needs unitree_sdk2py ({error}); type `.venv/bin/pip install --no-deps -r requirements/sdk2.txt`"
    ) from error

SERVICE = "sport"
READER_TIMEOUT = 0.05  # s; with no reader the SDK looks again every 0.1 s until this is over

logger = logging.getLogger(__name__)


class Sdk2Link:
    """Implements ``link.Link``. One a process: the SDK keeps a single DDS participant."""

    topics, writers = (REQUEST_TOPIC,), 1

    def __init__(self, interface: str, domain: int) -> None:
        """``interface``: network card towards the robot as in `ip link`, "" = DDS chooses; ``domain``: 0 on a GO2.

        Raises:
            ConfigError: the card cannot be used.
        """
        factory: Any = ChannelFactory()
        if not factory.Init(domain, interface or None):
            raise ConfigError(f"network_interface '{interface}' cannot be used by DDS; `ip link` lists the cards")
        self._stub = ClientStub(SERVICE)
        self._stub.Init()

    def transmit(self, request: SportRequest) -> None:
        """Send one request without waiting for the answer, which comes on the response topic."""
        identity = RequestIdentity_(time.monotonic_ns(), int(request.api))
        policy = RequestPolicy_(0, not request.wants_reply)
        no_binary: Any = []
        header = RequestHeader_(identity, RequestLease_(0), policy)
        if not self._stub.Send(Request_(header, request.parameter, no_binary), READER_TIMEOUT):
            logger.warning("no robot reads the requests of driver sdk2")

    def news(self) -> tuple[()]:
        """Nothing: what the robot says comes on ROS topics."""
        return ()

    def check(self, now: float) -> None:
        """Nothing of its own to hold for."""

    def close(self) -> None:
        """Nothing: the SDK keeps its participant until the process ends."""

"""Driver ``webrtc``: Sport API requests over a GO2's WebRTC data channel, for models and networks without DDS.

The channel also brings state, battery and sticks; odometry is made of the state. There is no point cloud in it
that the controller could use. One client at a time: close the phone's app first.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import importlib
import logging
import sys
import time
import types
from collections import deque
from collections.abc import Iterable
from typing import Any

from go2_bridge.drivers.sport_api import REQUEST_TOPIC as ROS_TOPIC
from go2_bridge.drivers.sport_api import SportRequest
from go2_bridge.drivers.webrtc_messages import REQUEST_TOPIC, TOPICS, News, news_from_message, request_data
from track_common.config import ConfigError
from track_common.worker import Worker

CONNECT_TIMEOUT = 30.0  # s; ICE, DTLS and the robot's validation take 2-15
CLOSE_TIMEOUT = 2.0  # s
TROUBLE = (
    RuntimeError,
    OSError,
    asyncio.TimeoutError,
    concurrent.futures.TimeoutError,
)  # the package's own are the first
KEEP = 500  # news between two looks: a second's worth is under 100

logger = logging.getLogger(__name__)


def load_package() -> Any:
    """The package unitree_webrtc_connect. It imports PortAudio for sound, which is not used: an empty module does.

    Raises:
        ConfigError: it is not installed; with what to type.
    """
    try:
        importlib.import_module("sounddevice")
    except (OSError, ModuleNotFoundError):
        sys.modules["sounddevice"] = types.ModuleType("sounddevice")
    try:
        return importlib.import_module("unitree_webrtc_connect")
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"driver 'webrtc' needs unitree_webrtc_connect ({error}); "
            "type `.venv/bin/pip install --no-deps -r requirements/webrtc.txt`"
        ) from error


class WebRtcLink:
    """Implements ``link.Link``; the connection lives in a thread of its own."""

    topics, writers = (ROS_TOPIC,), 0

    def __init__(self, address: str, key: str = "") -> None:
        """``address``: the robot's IP, "" = it is the access point; ``key``: 32 hex digits, from firmware 1.1.15 on.

        Raises:
            ConfigError: the package is missing, or the robot does not answer (the reason is the package's).
        """
        package = load_package()
        method = package.WebRTCConnectionMethod
        self._connection = package.UnitreeWebRTCConnection(
            method.LocalSTA if address else method.LocalAP, ip=address or None, aes_128_key=key or None
        )
        self._news: deque[News] = deque(maxlen=KEEP)
        self._identity = time.time_ns() // 1_000_000
        self._loop = asyncio.new_event_loop()
        self._thread = Worker("webrtc", self._loop.run_forever)
        try:
            asyncio.run_coroutine_threadsafe(self._connect(), self._loop).result(CONNECT_TIMEOUT)
        except (*TROUBLE, ValueError) as error:
            self.close()
            where = address or "its own Wi-Fi"
            raise ConfigError(f"driver 'webrtc' cannot reach the robot at {where}: {error!r}") from None

    def transmit(self, request: SportRequest) -> None:
        """Hand one request to the connection's thread; never waits."""
        self._identity += 1
        data = request_data(request, self._identity)
        self._loop.call_soon_threadsafe(self._publish, data)

    def news(self) -> Iterable[News]:
        """State, battery and sticks, oldest first."""
        while self._news:
            yield self._news.popleft()

    def check(self, now: float) -> None:
        """Nothing of its own to hold for."""

    def close(self) -> None:
        """Let what was sent leave, and hang up."""
        try:
            asyncio.run_coroutine_threadsafe(self._connection.disconnect(), self._loop).result(CLOSE_TIMEOUT)
        except TROUBLE as error:
            logger.warning("webrtc did not hang up cleanly: %s", error)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CLOSE_TIMEOUT)

    async def _connect(self) -> None:
        await self._connection.connect()
        for topic in TOPICS:
            self._connection.datachannel.pub_sub.subscribe(topic, self._on_message)

    def _on_message(self, message: Any) -> None:
        news = news_from_message(message)
        if news is not None:
            self._news.append(news)

    def _publish(self, data: dict[str, Any]) -> None:
        channel = self._connection.datachannel
        if channel.channel.readyState != "open":
            logger.warning("the robot's data channel is %s: nothing is sent", channel.channel.readyState)
            return
        channel.pub_sub.publish_without_callback(REQUEST_TOPIC, data, "req")

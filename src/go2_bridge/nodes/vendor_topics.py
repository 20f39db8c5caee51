"""The GO2's own topics -> the drivers' types, and requests -> its request topic.

The bridge imports this file only for drivers that need Unitree's messages.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from rclpy.node import Node
from unitree_api.msg import Request, Response
from unitree_go.msg import LowState, SportModeState, WirelessController

from go2_bridge.drivers.robot_state import Health, RobotState
from go2_bridge.drivers.sport_api import RESPONSE_TOPIC, STATE_TOPIC, SportRequest
from go2_bridge.nodes.unitree_messages import (
    deflection_from_message,
    health_from_message,
    request_message,
    state_from_message,
)
from track_common.ros import qos


@dataclass(frozen=True)
class Listeners:
    """Functions that take the robot's state, its health, a stick's deflection (0..1), and an answer (api, code)."""

    on_state: Callable[[RobotState], None]
    on_health: Callable[[Health], None]
    on_stick: Callable[[float], None]
    on_response: Callable[[int, int], None]


def subscribe(node: Node, listeners: Listeners) -> None:
    """Listen to the vendor's topics, which are absolute; the listeners are called by the node's executor."""

    def on_state(message: SportModeState) -> None:
        listeners.on_state(state_from_message(message))

    def on_health(message: LowState) -> None:
        listeners.on_health(health_from_message(message))

    def on_stick(message: WirelessController) -> None:
        listeners.on_stick(deflection_from_message(message))

    def on_response(message: Response) -> None:
        listeners.on_response(int(message.header.identity.api_id), int(message.header.status.code))

    node.create_subscription(SportModeState, STATE_TOPIC, on_state, qos.SENSOR)
    node.create_subscription(LowState, "/lf/lowstate", on_health, qos.SENSOR)
    node.create_subscription(WirelessController, "/wirelesscontroller", on_stick, qos.SENSOR)
    node.create_subscription(Response, RESPONSE_TOPIC, on_response, qos.RELIABLE)


class TopicLink:
    """Implements ``drivers.link.Link`` on the request topic, as unitree_ros2 does."""

    writers = 1

    def __init__(self, node: Node, topic: str) -> None:
        self._node, self.topic = node, topic
        self._publisher = node.create_publisher(Request, topic, qos.RELIABLE)

    def transmit(self, request: SportRequest) -> None:
        """Publish one request under an id of its own."""
        self._publisher.publish(request_message(request, time.monotonic_ns()))

    def news(self) -> tuple[()]:
        """Nothing: what the robot says comes on ROS topics."""
        return ()

    def close(self) -> None:
        """Withdraw the publisher."""
        self._node.destroy_publisher(self._publisher)

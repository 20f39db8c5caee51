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

from go2_bridge.drivers.obstacles_avoid import (
    AVOID_REQUEST_TOPIC,
    AVOID_RESPONSE_TOPIC,
    AvoidanceClient,
    ServiceRequest,
)
from go2_bridge.drivers.robot_state import Health, RobotState
from go2_bridge.drivers.sport_api import REQUEST_TOPIC, RESPONSE_TOPIC, STATE_TOPIC, SportRequest
from go2_bridge.nodes.unitree_messages import (
    deflection_from_message,
    health_from_message,
    request_message,
    state_from_message,
)
from go2_bridge.safety.arming import HoldReason
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

    topics, writers = (REQUEST_TOPIC,), 1

    def __init__(self, node: Node) -> None:
        self._node = node
        self._publisher = node.create_publisher(Request, REQUEST_TOPIC, qos.RELIABLE)

    def transmit(self, request: SportRequest) -> None:
        """Publish one request under an id of its own."""
        self._publisher.publish(request_message(_of_sport(request), time.monotonic_ns()))

    def news(self) -> tuple[()]:
        """Nothing: what the robot says comes on ROS topics."""
        return ()

    def check(self, now: float) -> None:
        """Nothing of its own to hold for."""

    def close(self) -> None:
        """Withdraw the publisher."""
        self._node.destroy_publisher(self._publisher)


class AvoidanceLink:
    """Implements ``drivers.link.Link`` on the topics of the Sport API and of the robot's avoidance service."""

    topics, writers = (REQUEST_TOPIC, AVOID_REQUEST_TOPIC), 1

    def __init__(self, node: Node, on_response: Callable[[int, int], None]) -> None:
        """``on_response`` gets api and code of the avoidance service's answers."""
        self._node, self._on_answer = node, on_response
        self._client = AvoidanceClient()
        self._publishers = {topic: node.create_publisher(Request, topic, qos.RELIABLE) for topic in self.topics}
        self._answers = node.create_subscription(Response, AVOID_RESPONSE_TOPIC, self._on_response, qos.RELIABLE)

    def transmit(self, request: SportRequest) -> None:
        """Publish what the request means to the two services."""
        self._send(self._client.translate(request))

    def news(self) -> tuple[()]:
        """Nothing: what the robot says comes on ROS topics."""
        return ()

    def check(self, now: float) -> HoldReason | None:
        """Ask the service again whether it is on; hold where it has not said so lately."""
        self._send(self._client.poll())
        return self._client.check(now)

    def close(self) -> None:
        """Withdraw the publishers."""
        for publisher in self._publishers.values():
            self._node.destroy_publisher(publisher)
        self._node.destroy_subscription(self._answers)

    def _send(self, requests: list[ServiceRequest]) -> None:
        for request in requests:
            self._publishers[request.topic].publish(request_message(request, time.monotonic_ns()))

    def _on_response(self, message: Response) -> None:
        api_id, code = int(message.header.identity.api_id), int(message.header.status.code)
        self._client.on_response(api_id, code, message.data, time.monotonic())
        self._on_answer(api_id, code)


def _of_sport(request: SportRequest) -> ServiceRequest:
    return ServiceRequest(REQUEST_TOPIC, request.api.value, request.parameter, request.wants_reply)

"""Opens the link a bridge's driver sends by; ROS topics are one, the others need packages of their own."""

from __future__ import annotations

import time

from rclpy.node import Node
from unitree_api.msg import Request

from go2_bridge.drivers.config import BridgeConfig
from go2_bridge.drivers.link import Link
from go2_bridge.drivers.sport_api import REQUEST_TOPIC, SportRequest
from go2_bridge.nodes.simulator_link import SimulatorLink
from go2_bridge.nodes.unitree_messages import request_message
from track_common.ros import qos


class TopicLink:
    """Implements ``drivers.link.Link`` on the request topic, as unitree_ros2 does."""

    topic, writers = REQUEST_TOPIC, 1

    def __init__(self, node: Node) -> None:
        self._node = node
        self._publisher = node.create_publisher(Request, REQUEST_TOPIC, qos.RELIABLE)

    def transmit(self, request: SportRequest) -> None:
        """Publish one request under an id of its own."""
        self._publisher.publish(request_message(request, time.monotonic_ns()))

    def news(self) -> tuple[()]:
        """Nothing: what the robot says comes on ROS topics."""
        return ()

    def close(self) -> None:
        """Withdraw the publisher."""
        self._node.destroy_publisher(self._publisher)


def open_link(node: Node, config: BridgeConfig) -> Link | None:
    """The link of ``config.driver``; None where nothing is to be sent.

    Raises:
        ConfigError: the driver's package is missing (with what to type), or the robot cannot be reached that way.
    """
    if config.dry_run or config.driver == "fake":
        return None
    if config.driver == "sdk2":
        from go2_bridge.drivers.sdk2 import Sdk2Link

        return Sdk2Link(config.network_interface, node.context.get_domain_id())
    if config.driver == "webrtc":
        from go2_bridge.drivers.webrtc import WebRtcLink

        return WebRtcLink(config.robot_address, config.robot_key)
    if config.driver == "simulator":
        return SimulatorLink(node)
    return TopicLink(node)

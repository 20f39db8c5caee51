"""Opens the link a bridge's driver sends by; ROS topics are one, the others need packages of their own."""

from __future__ import annotations

from collections.abc import Callable

from rclpy.node import Node

from go2_bridge.drivers.config import BridgeConfig
from go2_bridge.drivers.link import Link
from go2_bridge.nodes.simulator_link import SimulatorLink


def open_link(node: Node, config: BridgeConfig, on_response: Callable[[int, int], None]) -> Link | None:
    """The link of ``config.driver``; None where nothing is to be sent.

    Args:
        node: whose executor serves the link's subscriptions.
        config: driver and how it reaches the robot.
        on_response: gets api and code of answers that come on topics of the link's own.

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
    from go2_bridge.nodes.vendor_topics import AvoidanceLink, TopicLink

    return AvoidanceLink(node, on_response) if config.driver == "obstacles_avoid" else TopicLink(node)

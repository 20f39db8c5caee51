"""The link to the simulated robot of ``sim_node``: the bridge and all its reasons to hold stand before it too."""

from __future__ import annotations

import json

from geometry_msgs.msg import Twist
from nav_msgs.msg import Odometry as OdometryMessage
from rclpy.node import Node

from go2_bridge.drivers.robot_state import Health, RobotState
from go2_bridge.drivers.sport_api import Api, SportRequest
from track_common.ros import qos
from track_common.ros.conversions import twist_from_command
from track_common.ros.stamps import seconds_from_stamp
from track_common.types import STOP, VelocityCommand

TOPIC = "simulator/cmd_vel"  # sim.launch.xml has the simulator listen there
STANDING = 1013  # error_code of a GO2 that stands ready to walk
HEALTH = Health(battery=100.0, motor_temperature=40.0)  # it has neither battery nor motors


class SimulatorLink:
    """Implements ``drivers.link.Link``: Move and StopMove as velocities; it always stands, so postures do nothing.

    Its robot is ready as long as its odometry goes on: a simulator that died, froze or paused is a robot whose state is
    stale.
    """

    writers = 1

    def __init__(self, node: Node) -> None:
        self._node = node
        self._publisher = node.create_publisher(Twist, TOPIC, qos.COMMAND)
        self.topics = (self._publisher.topic_name,)
        self._state: RobotState | None = None
        self._odometry = node.create_subscription(OdometryMessage, "odom", self._on_odometry, qos.SENSOR)

    def transmit(self, request: SportRequest) -> None:
        """Publish a Move's velocity, or zero for StopMove."""
        if request.api is Api.MOVE:
            speeds = json.loads(request.parameter)
            self._publisher.publish(twist_from_command(VelocityCommand(speeds["x"], speeds["y"], speeds["z"])))
        elif request.api is Api.STOP_MOVE:
            self._publisher.publish(twist_from_command(STOP))

    def news(self) -> tuple[RobotState | Health, ...]:
        """State and health, where odometry has come since the last call."""
        state, self._state = self._state, None
        return () if state is None else (state, HEALTH)

    def check(self, now: float) -> None:
        """Nothing of its own to hold for."""

    def close(self) -> None:
        """Withdraw from both topics."""
        self._node.destroy_publisher(self._publisher)
        self._node.destroy_subscription(self._odometry)

    def _on_odometry(self, message: OdometryMessage) -> None:
        self._state = RobotState(seconds_from_stamp(message.header.stamp), STANDING, mode=1)

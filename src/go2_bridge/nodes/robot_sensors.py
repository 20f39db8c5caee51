"""The robot's odometry and LiDAR, taken from its clock to ours: odom, tf and points for every other node."""

from __future__ import annotations

import math
import time

from geometry_msgs.msg import TransformStamped
from nav_msgs.msg import Odometry as OdometryMessage
from rclpy.node import Node
from sensor_msgs.msg import PointCloud2
from tf2_msgs.msg import TFMessage

from go2_bridge.drivers.config import BridgeConfig
from go2_bridge.drivers.robot_clock import RobotClock
from go2_bridge.drivers.robot_state import PoseOdometry, RobotState
from track_common.ros import qos
from track_common.ros.conversions import (
    MessageError,
    message_from_odometry,
    odometry_from_message,
    seconds_from_stamp,
    stamp_from_seconds,
    twist_from_command,
)
from track_common.ros.diagnostics import Diagnostics
from track_common.ros.stamps import now_of
from track_common.types import VelocityCommand

ODOM_FRAME = "odom"


class RobotSensors:
    """Part of the bridge node: listens to the robot's sensors and publishes them with stamps of our clock."""

    def __init__(self, node: Node, diagnostics: Diagnostics, config: BridgeConfig) -> None:
        self._node, self._diagnostics, self._base_frame = node, diagnostics, config.base_frame
        self._clocks = {name: RobotClock(config.clock_jump) for name in ("odometry", "points")}
        self._odometry, self._is_of_state = PoseOdometry(), config.odometry_source == "sport_state"
        self._odom = node.create_publisher(OdometryMessage, "odom", qos.SENSOR_OUT)
        self._points = node.create_publisher(PointCloud2, "points", qos.SENSOR_OUT)
        self._tf = node.create_publisher(TFMessage, "tf", qos.TF)
        node.create_subscription(PointCloud2, "/utlidar/cloud", self._on_points, qos.SENSOR)
        if not self._is_of_state:
            node.create_subscription(OdometryMessage, "/utlidar/robot_odom", self._on_odometry, qos.SENSOR)

    def on_state(self, state: RobotState) -> None:
        """A sport state, in case odometry is to come from it."""
        if not self._is_of_state:
            return
        stamp = self._local_stamp("odometry", state.stamp)
        odometry = None if stamp is None else self._odometry.update(stamp, state.x, state.y, state.yaw)
        if odometry is not None:
            self._publish_odometry(message_from_odometry(odometry, ODOM_FRAME, self._base_frame))

    def _on_odometry(self, message: OdometryMessage) -> None:
        try:
            odometry = odometry_from_message(message)
            if not math.isfinite(message.pose.pose.position.z):  # the rest is planar and has been looked at
                raise MessageError(f"odometry has z {message.pose.pose.position.z}; wanted a finite height")
        except MessageError as error:
            self._diagnostics.set("odometry_refused", error)
            return
        stamp = self._local_stamp("odometry", odometry.stamp)
        moved = None if stamp is None else self._odometry.update(stamp, odometry.x, odometry.y, odometry.yaw)
        if moved is None:
            return
        message.header.stamp, message.header.frame_id = stamp_from_seconds(moved.stamp), ODOM_FRAME
        message.child_frame_id = self._base_frame
        message.twist.twist = twist_from_command(VelocityCommand(moved.vx, moved.vy, moved.wz))
        self._publish_odometry(message)

    def _publish_odometry(self, message: OdometryMessage) -> None:
        self._odom.publish(message)
        transform = TransformStamped(header=message.header, child_frame_id=self._base_frame)
        position = message.pose.pose.position
        transform.transform.translation.x = position.x
        transform.transform.translation.y = position.y
        transform.transform.translation.z = position.z
        transform.transform.rotation = message.pose.pose.orientation
        self._tf.publish(TFMessage(transforms=[transform]))
        self._diagnostics.count("odometry")

    def _on_points(self, message: PointCloud2) -> None:
        stamp = self._local_stamp("points", seconds_from_stamp(message.header.stamp))
        if stamp is not None:
            message.header.stamp = stamp_from_seconds(stamp)
            self._points.publish(message)
            self._diagnostics.count("points")

    def _local_stamp(self, stream: str, stamp: float) -> float | None:
        """The stamp on the node's clock; None where the robot's is not to be trusted."""
        clock = self._clocks[stream]
        age = clock.age(stamp, time.monotonic())
        if age is None:
            self._diagnostics.count(f"{stream}_untimed")
            return None
        self._diagnostics.record(f"{stream}_age", age)
        self._diagnostics.set(f"{stream}_clock_resets", clock.resets)
        self._diagnostics.set(f"{stream}_clock_offset", f"{self._offset(clock):.3f} s")
        return now_of(self._node) - age

    def _offset(self, clock: RobotClock) -> float:
        """Our ROS clock minus the robot's, s."""
        steady_to_ros = now_of(self._node) - time.monotonic()
        return (clock.offset or 0.0) + steady_to_ros

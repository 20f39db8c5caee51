"""Two robots of robot.launch.xml in one ROS domain, each in a namespace: what one is told moves that one only."""

import json
import time

import numpy as np
import pytest
from geometry_msgs.msg import Twist
from nav_msgs.msg import Odometry as OdometryMessage
from nav_msgs.msg import Path
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Header, String
from std_srvs.srv import SetBool
from tests.helpers.running_launch import RunningLaunch
from tests.helpers.sensors import RING
from tf2_msgs.msg import TFMessage
from vision_msgs.msg import Detection3D

from track_common.ros import qos
from track_common.ros.conversions import (
    message_from_odometry,
    path_from_trajectory,
    points_from_array,
    stamp_from_seconds,
)
from track_common.ros.frames import transform_from_matrix
from track_common.ros.targets import message_from_target
from track_common.types import Odometry, TargetReport, TargetStatus, Trajectory

pytestmark = pytest.mark.ros
TIMES = np.arange(1, 11) * 0.1
PATIENCE = 60.0  # s: six nodes start at once
WRAPPER = """<launch>
  <group>
    <push_ros_namespace namespace="go2_a"/>
    <include file="$(find-pkg-share trackvla_ros)/launch/robot.launch.xml">{arguments}</include>
  </group>
  <group>
    <include file="$(find-pkg-share trackvla_ros)/launch/robot.launch.xml">
      <arg name="namespace" value="go2_b"/>{arguments}</include>
  </group>
</launch>
"""
ARGUMENTS = {"driver": "fake", "camera": "false", "deadman": "none", "planner": "false", "transforms": "false"}

SHARED = {"/rosout", "/parameter_events", "/utlidar/cloud", "/utlidar/robot_odom", "/api/sport/response"} | {
    *("/lf/sportmodestate", "/lf/lowstate", "/wirelesscontroller", "/clock")
}
"""Topics outside a namespace: ROS's own, and the vendor's, which are the same for every GO2."""


class Robot:
    """Sensors and planner of one robot, published by the test; the commands and the trace of its bridge."""

    def __init__(self, peer, name):
        self._peer, self.name = peer, name

        def publisher(kind, topic, profile):
            return peer.publisher(kind, f"/{name}/{topic}", profile, timeout=PATIENCE)

        self.odom = publisher(OdometryMessage, "odom", qos.SENSOR_OUT)
        self.points = publisher(PointCloud2, "points", qos.SENSOR_OUT)
        self.target = publisher(Detection3D, "target_state", qos.LATEST)
        self.trajectory = publisher(Path, "trajectory", qos.LATEST)
        mount = transform_from_matrix(np.eye(4), stamp_from_seconds(0.0), "base_link", "lidar")
        publisher(TFMessage, "tf_static", qos.TF_STATIC).publish(TFMessage(transforms=[mount]))
        self.commands, self.traces = [], []
        peer.node.create_subscription(Twist, f"/{name}/cmd_vel", self.commands.append, qos.COMMAND)
        peer.node.create_subscription(String, f"/{name}/bridge_trace", self._on_trace, qos.RELIABLE)

    def _on_trace(self, message):
        self.traces.append(json.loads(message.data)["command"])

    def sense(self):
        now = time.time()
        self.odom.publish(message_from_odometry(Odometry(now, 0.0, 0.0, 0.0), "odom", "base_link"))
        self.points.publish(points_from_array(RING, Header(stamp=stamp_from_seconds(now), frame_id="lidar")))
        header = Header(stamp=stamp_from_seconds(now), frame_id="base_link")
        poses = np.column_stack([0.5 * TIMES, np.zeros(10), np.zeros(10)])
        self.target.publish(message_from_target(TargetReport(now, TargetStatus.TRACKED), header))
        self.trajectory.publish(path_from_trajectory(Trajectory(now, poses, TIMES), header))

    def ask(self, service):
        client = self._peer.node.create_client(SetBool, f"/{self.name}/{service}")
        return self._peer.ask(client, SetBool.Request(data=True))

    @property
    def moves(self):
        """Commands that were let through to the robot and are no stop."""
        return [command for command in self.traces if any(command)]


@pytest.mark.timeout(180)
def test_robot_that_is_told_to_follow_moves_alone(peer, ros_environment, tmp_path):
    arguments = "".join(f'<arg name="{name}" value="{value}"/>' for name, value in ARGUMENTS.items())
    path = tmp_path / "two.launch.xml"
    path.write_text(WRAPPER.format(arguments=arguments))
    with RunningLaunch([str(path)], ros_environment, tmp_path / "output"):
        robots = [Robot(peer, "go2_a"), Robot(peer, "go2_b")]
        one, other = robots

        def run_until(condition, what):
            end = time.monotonic() + PATIENCE
            while not condition():
                assert time.monotonic() < end, what
                for robot in robots:
                    robot.sense()
                peer.spin(0.05)

        run_until(lambda: one.commands and other.commands, "commands of both controllers")
        assert all(robot.ask("arm").success for robot in robots)
        assert one.ask("enable").success
        run_until(lambda: len(one.moves) > 20, "the enabled robot's moves")
        assert other.moves == [], "commands of one controller reach the other robot"
        assert all(command.linear.x == 0.0 for command in other.commands)
        ends = {robot.name: peer.node.count_publishers(f"/{robot.name}/cmd_vel") for robot in robots}
        assert ends == {"go2_a": 1, "go2_b": 1}
        topics = {topic for topic, _ in peer.node.get_topic_names_and_types()}
        assert {topic for topic in topics if not topic.startswith(("/go2_a/", "/go2_b/"))} <= SHARED

"""Spoilt messages over real DDS: planner and controller live on, and the robot stands."""

import numpy as np
import pytest
from geometry_msgs.msg import Twist
from nav_msgs.msg import Odometry as OdometryMessage
from nav_msgs.msg import Path
from sensor_msgs.msg import CameraInfo, PointCloud2
from std_msgs.msg import Header
from tests.helpers.sensors import CAMERA, Sensors
from tests.helpers.simulated_robot import simulated
from tests.helpers.spoiling import spoil
from vision_msgs.msg import Detection2DArray

from go2_bridge.nodes.controller_node import ControllerNode
from track_common.ros import qos
from track_common.ros.conversions import (
    detections_from_sighting,
    info_from_camera,
    message_from_odometry,
    path_from_trajectory,
    points_from_array,
    stamp_from_seconds,
)
from track_common.types import Box, Odometry, Sighting, Trajectory
from trackvla_ros.nodes.planner_node import PlannerNode

pytestmark = pytest.mark.ros
ROUNDS = 150
TIMES = np.arange(1, 6) * 0.2
BOX = Box(np.array([304.0, 166.0, 336.0, 267.0]))


def sound(now):
    """One message of each kind, by topic."""
    camera, lidar = (Header(stamp=stamp_from_seconds(now), frame_id=name) for name in ("camera", "lidar"))
    base = Header(stamp=stamp_from_seconds(now), frame_id="base_link")
    way = Trajectory(now, np.column_stack([TIMES, np.zeros((5, 2))]), TIMES)
    return {
        "odom": message_from_odometry(Odometry(now, 0.0, 0.0, 0.0), "odom", "base_link"),
        "points": points_from_array(np.ones((40, 3)), lidar),
        "camera_info": info_from_camera(CAMERA, camera),
        "target_box": detections_from_sighting(Sighting(now, BOX), camera),
        "trajectory": path_from_trajectory(way, base),
    }


KINDS = {
    "odom": (OdometryMessage, qos.SENSOR_OUT),
    "points": (PointCloud2, qos.SENSOR_OUT),
    "camera_info": (CameraInfo, qos.SENSOR_OUT),
    "target_box": (Detection2DArray, qos.LATEST),
    "trajectory": (Path, qos.LATEST),
}


def test_spoilt_messages_leave_the_nodes_alive_and_the_robot_standing(peer, ros_context):
    nodes = [ControllerNode(context=ros_context, parameter_overrides=simulated()), PlannerNode(context=ros_context)]
    for node in nodes:
        peer.add(node)
    commands, paths = peer.collect(Twist, "cmd_vel", qos.COMMAND), peer.collect(Path, "trajectory", qos.LATEST)
    publishers = {topic: peer.publisher(kind, topic, profile) for topic, (kind, profile) in KINDS.items()}
    rng = np.random.default_rng(0)
    for index in range(ROUNDS):
        for topic, message in sound(1000.0 + 0.02 * index).items():
            publishers[topic].publish(spoil(message, rng))
        peer.spin(0.002)
    del paths[:]
    sensors = Sensors(peer, has_camera=True)
    stamps = iter(range(5000, 9000))

    def is_planned():
        now = float(next(stamps))  # a box may overtake its odometry, which comes on another topic
        sensors.send_info()
        sensors.send_odom(stamp=now)
        peer.spin(0.05)
        publishers["target_box"].publish(sound(now)["target_box"])
        return bool(paths)

    peer.wait_until(is_planned, "a trajectory from the planner")
    heard = len(commands)
    peer.wait_until(lambda: len(commands) > heard + 3, "more commands from the controller")
    speeds = [(c.linear.x, c.linear.y, c.angular.z) for c in commands]
    assert not any(any(speed) for speed in speeds), "every stamp was long past"
    for node in nodes:
        node.on_shutdown()
        node.destroy_node()

"""What the controller draws: the way it really went and, as a frame on tf, the target it follows."""

import time

import numpy as np
import pytest
from nav_msgs.msg import Odometry as OdometryMessage
from nav_msgs.msg import Path
from std_msgs.msg import Header
from tests.helpers.simulated_robot import simulated
from tf2_msgs.msg import TFMessage
from vision_msgs.msg import Detection3D

from go2_bridge.nodes.controller_node import ControllerNode
from track_common.ros import qos
from track_common.ros.conversions import message_from_odometry, path_from_trajectory, stamp_from_seconds
from track_common.ros.targets import message_from_target
from track_common.types import Odometry, TargetReport, TargetStatus, Trajectory

pytestmark = pytest.mark.ros


@pytest.fixture
def odom(peer, ros_context):
    """Publisher of odometry to a controller node."""
    node = ControllerNode(context=ros_context, parameter_overrides=simulated())
    peer.add(node)
    yield peer.publisher(OdometryMessage, "odom", qos.SENSOR_OUT)
    node.destroy_node()


def send(odom, x: float, y: float = 0.0) -> float:
    stamp = time.time()
    odom.publish(message_from_odometry(Odometry(stamp, x, y, 0.5), "odom", "base_link"))
    return stamp


def test_executed_path_is_where_odometry_went_and_starts_anew_after_a_jump(peer, odom):
    paths = peer.collect(Path, "executed", qos.LATEST)
    for x in np.arange(0.0, 1.0, 0.04):
        send(odom, float(x))
        peer.spin(0.01)
    peer.wait_until(
        lambda: bool(paths and paths[-1].poses) and paths[-1].poses[-1].pose.position.x > 0.8, "a way of 1 m"
    )
    went = [pose.pose.position.x for pose in paths[-1].poses]
    assert paths[-1].header.frame_id == "odom"
    assert np.all(np.diff(went) >= 0.1 - 1e-9) and len(went) >= 2
    send(odom, 50.0)
    peer.wait_until(lambda: [pose.pose.position.x for pose in paths[-1].poses] == [50.0], "the new way")


def test_target_is_a_frame_in_odom(peer, odom):
    transforms = peer.collect(TFMessage, "tf", qos.TF)
    target = peer.publisher(Detection3D, "target_state", qos.LATEST)
    trajectory = peer.publisher(Path, "trajectory", qos.LATEST)

    def follow() -> bool:
        header = Header(stamp=stamp_from_seconds(send(odom, 1.0, 0.0)), frame_id="base_link")
        seen = TargetReport(0.0, TargetStatus.TRACKED, position_base=np.array([2.0, 0.0, 1.0]))
        target.publish(message_from_target(seen, header))
        times = np.arange(1, 11) * 0.1
        trajectory.publish(path_from_trajectory(Trajectory(0.0, np.zeros((10, 3)), times), header))
        peer.spin(0.1)
        return bool(transforms)

    peer.wait_until(follow, "the target's frame")
    (transform,) = transforms[-1].transforms
    assert (transform.header.frame_id, transform.child_frame_id) == ("odom", "target")
    place = transform.transform.translation
    assert (place.x, place.y) == pytest.approx((1.0 + 2.0 * np.cos(0.5), 2.0 * np.sin(0.5)), abs=1e-6)

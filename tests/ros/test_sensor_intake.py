"""The sensors of a robot as a node takes them in: sound ones arrive in base_link, every other is refused with why."""

import math

import numpy as np
import pytest
from geometry_msgs.msg import Quaternion
from nav_msgs.msg import Odometry as OdometryMessage
from sensor_msgs.msg import CameraInfo, PointCloud2
from std_msgs.msg import Header
from tests.helpers.sensors import CAMERA, Sensors

from track_common.ros.conversions import stamp_from_seconds
from track_common.ros.sensor_intake import SensorIntake

pytestmark = pytest.mark.ros


class Listener:
    """What an intake hands over."""

    def __init__(self, node):
        self.cameras, self.clouds, self.odometry, self.warnings, self.refusals = [], [], [], [], []
        intake = SensorIntake(node, "base_link", self.warnings.append)
        intake.listen_to_camera(self.cameras.append)
        intake.listen_to_points(self.clouds.append)
        intake.listen_to_odometry(self.odometry.append, lambda: self.refusals.append("odom"))


@pytest.fixture
def listening(peer):
    listener = Listener(peer.node)
    return listener, Sensors(peer, has_camera=True)


def test_sound_sensors_arrive_in_base_link_with_their_stamps(peer, listening):
    listener, sensors = listening
    sensors.send_info()
    sensors.send_points(np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]]), stamp=7.25)
    sensors.send_odom(x=4.0, stamp=7.5)
    peer.wait_until(lambda: listener.cameras and listener.clouds and listener.odometry, "all three")
    (camera,), (cloud,), (odometry,) = listener.cameras, listener.clouds, listener.odometry
    assert (camera.width, camera.fx) == (640, pytest.approx(CAMERA.fx))
    np.testing.assert_allclose(camera.T_base_camera, CAMERA.T_base_camera, atol=1e-9)
    np.testing.assert_allclose(cloud.points_base, [[1.0, 2.0, 3.0]])
    assert (cloud.stamp, odometry.stamp, odometry.x) == (7.25, 7.5, 4.0)
    assert not listener.warnings


def test_sensors_without_a_mount_are_refused_by_name(peer, listening):
    listener, sensors = listening
    sensors.send_info(frame_id="elsewhere")
    sensors.send_points(frame_id="somewhere")
    peer.wait_until(lambda: len(listener.warnings) == 2, "two refusals")
    assert set(listener.warnings) == {
        "camera_info refused: no transform base_link <- elsewhere on tf_static",
        "points refused: no transform base_link <- somewhere on tf_static",
    }
    assert not listener.cameras and not listener.clouds


def send_empty_calibration(sensors):
    sensors.info.publish(CameraInfo(header=Header(frame_id="camera")))


def send_short_cloud(sensors):
    sensors.points.publish(PointCloud2(header=Header(frame_id="lidar"), width=5, height=1))


def send_infinite_odometry(sensors):
    sensors.send_odom(x=math.inf)


def send_odometry_never_filled(sensors):
    message = OdometryMessage(header=Header(stamp=stamp_from_seconds(1.0)))
    message.pose.pose.orientation = Quaternion(w=0.0)
    sensors.odom.publish(message)


@pytest.mark.parametrize(
    ("send", "topic"),
    [
        (send_empty_calibration, "camera_info"),
        (send_short_cloud, "points"),
        (send_infinite_odometry, "odom"),
        (send_odometry_never_filled, "odom"),
    ],
)
def test_an_unsound_message_is_refused_and_the_next_sound_one_taken(peer, listening, send, topic):
    listener, sensors = listening
    send(sensors)
    peer.wait_until(lambda: bool(listener.warnings), "a refusal")
    assert listener.warnings[0].startswith(f"{topic} refused: ")
    assert listener.refusals == ["odom"] * (topic == "odom")
    assert not (listener.cameras or listener.clouds or listener.odometry)
    sensors.send_info()
    sensors.send_points()
    sensors.send_odom()
    peer.wait_until(lambda: listener.cameras and listener.clouds and listener.odometry, "all three")


def test_odometry_without_stamps_is_refused_with_topic_and_publisher(peer, listening):
    """The first may be of a simulation that begins at 0; the second is of a driver that leaves its header empty."""
    listener, sensors = listening
    sensors.send_odom(x=1.0, stamp=0.0)
    peer.wait_until(lambda: len(listener.odometry) == 1, "the first")
    sensors.send_odom(x=2.0, stamp=0.0)
    peer.wait_until(lambda: bool(listener.warnings), "a refusal")
    assert listener.warnings[0] == "odom refused: no stamps from /peer; wanted the time of measurement"
    assert listener.refusals and len(listener.odometry) == 1
    sensors.send_odom(x=4.0, stamp=9.0)
    peer.wait_until(lambda: bool(listener.odometry) and listener.odometry[-1].x == 4.0, "odometry with a stamp")

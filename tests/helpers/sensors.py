"""The sensors of a robot over real DDS, for tests of nodes that listen to them: mounts, camera, LiDAR, odometry."""

import math
import time

import numpy as np
from nav_msgs.msg import Odometry as OdometryMessage
from sensor_msgs.msg import CameraInfo, PointCloud2
from std_msgs.msg import Header
from tf2_msgs.msg import TFMessage

from track_common.ros import qos
from track_common.ros.conversions import (
    info_from_camera,
    message_from_odometry,
    points_from_array,
    stamp_from_seconds,
)
from track_common.ros.frames import transform_from_matrix
from track_common.types import Camera, Odometry

CAMERA = Camera.from_hfov(640, 480, math.radians(90.0))
RING = np.array([[5 * math.cos(a), 5 * math.sin(a), 0.6] for a in np.linspace(0, 6.2, 80)])  # open floor for 5 m


class Sensors:
    """Publishers a node under test has found; the mounts of ``camera`` and ``lidar`` are out from the start."""

    def __init__(self, peer, has_camera=False):
        self.points = peer.publisher(PointCloud2, "points", qos.SENSOR_OUT)
        self.odom = peer.publisher(OdometryMessage, "odom", qos.SENSOR_OUT)
        self.info = peer.publisher(CameraInfo, "camera_info", qos.SENSOR_OUT) if has_camera else None
        self.roll = 0.0  # rad, that the odometry gives
        self.tf = peer.publisher(TFMessage, "tf_static", qos.TF_STATIC)
        never = stamp_from_seconds(0.0)
        camera = transform_from_matrix(CAMERA.T_base_camera, never, "base_link", "camera")
        lidar = transform_from_matrix(np.eye(4), never, "base_link", "lidar")
        self.tf.publish(TFMessage(transforms=[camera, lidar]))
        peer.spin(0.2)

    def send_info(self, camera=CAMERA, frame_id="camera"):
        self.info.publish(info_from_camera(camera, Header(frame_id=frame_id)))

    def send_odom(self, x=0.0, stamp=None):
        stamp = time.time() if stamp is None else stamp
        self.odom.publish(message_from_odometry(Odometry(stamp, x, 0.0, 0.0, roll=self.roll), "odom", "base_link"))

    def send_points(self, points=RING, stamp=None, frame_id="lidar"):
        header = Header(stamp=stamp_from_seconds(time.time() if stamp is None else stamp), frame_id=frame_id)
        self.points.publish(points_from_array(points, header))

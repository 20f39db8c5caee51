"""What the controller shows in RViz: the band it follows, the returns it bends round, where it went, its target."""

from __future__ import annotations

import math
from collections import deque

import numpy as np
from geometry_msgs.msg import Point, PoseStamped, TransformStamped
from nav_msgs.msg import Path
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from std_msgs.msg import Header
from tf2_msgs.msg import TFMessage
from visualization_msgs.msg import Marker, MarkerArray

from go2_bridge.control.elastic_band import Band
from go2_bridge.follower import Follower
from track_common.ros import qos
from track_common.ros.conversions import quaternion_from_yaw
from track_common.types import Array, Odometry

TRAIL_STEP = 0.1  # m between kept poses; a turn on the spot leaves none
TRAIL_LENGTH = 300  # poses kept: 30 m
TRAIL_BREAK = 2.0  # m; odometry that jumped so far drew a line nobody walked
TRAIL_RATE = 1.0  # Hz; a path this long is costly to send
TARGET_FRAME = "target"


class Display:
    """Part of the controller node: publishes ``band``, ``obstacles``, ``executed`` and the frame ``target`` on tf."""

    def __init__(self, node: Node, follower: Follower, odom_frame: str, rate: float) -> None:
        self._node, self._follower, self._odom_frame = node, follower, odom_frame
        self._trail: deque[PoseStamped] = deque(maxlen=TRAIL_LENGTH)
        self._last: Odometry | None = None
        self._band = node.create_publisher(Path, "band", qos.LATEST)
        self._obstacles = node.create_publisher(MarkerArray, "obstacles", qos.LATEST)
        self._executed = node.create_publisher(Path, "executed", qos.LATEST)
        self._tf = node.create_publisher(TFMessage, "tf", qos.TF)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        if rate > 0.0:
            node.create_timer(1.0 / rate, self._draw, clock=steady)
            node.create_timer(1.0 / TRAIL_RATE, self._draw_trail, clock=steady)

    def on_odometry(self, odometry: Odometry) -> None:
        """Keep the way the robot really went."""
        last = self._last
        step = math.inf if last is None else math.hypot(odometry.x - last.x, odometry.y - last.y)
        if step < TRAIL_STEP:
            return
        if step > TRAIL_BREAK:
            self._trail.clear()
        pose = PoseStamped(header=self._header())
        pose.pose.position.x, pose.pose.position.y = float(odometry.x), float(odometry.y)
        pose.pose.orientation = quaternion_from_yaw(odometry.yaw)
        self._trail.append(pose)
        self._last = odometry

    def _draw(self) -> None:
        header = self._header()
        self._band.publish(band_path(self._follower.band, header))
        if self._obstacles.get_subscription_count():
            self._obstacles.publish(obstacle_markers(self._follower.obstacles, self._follower.band, header))
        target = self._follower.target_odom()
        if target is not None:
            self._tf.publish(TFMessage(transforms=[target_frame(target, header)]))

    def _draw_trail(self) -> None:
        if self._executed.get_subscription_count():
            self._executed.publish(Path(header=self._header(), poses=list(self._trail)))

    def _header(self) -> Header:
        return Header(stamp=self._node.get_clock().now().to_msg(), frame_id=self._odom_frame)


def target_frame(target_odom: Array, header: Header) -> TransformStamped:
    """The frame ``target`` at (2,) m on the floor of odom, turned as odom is."""
    transform = TransformStamped(header=header, child_frame_id=TARGET_FRAME)
    transform.transform.translation.x, transform.transform.translation.y = (float(v) for v in target_odom)
    return transform


def band_path(band: Band | None, header: Header) -> Path:
    """The band's bubbles as a path in odom; empty where there is none."""
    poses = []
    for x, y in () if band is None else band.points:
        pose = PoseStamped(header=header)
        pose.pose.position.x, pose.pose.position.y = float(x), float(y)
        poses.append(pose)
    return Path(header=header, poses=poses)


def obstacle_markers(points_odom: Array, band: Band | None, header: Header) -> MarkerArray:
    """Obstacles (N, 2) as points, bubbles as flat discs, red where the band is broken."""
    markers = [_marker(header, "all", 0, Marker.CUBE_LIST, (0.05, 0.05, 0.05))]
    markers[0].action = Marker.DELETEALL
    dots = _marker(header, "obstacles", 0, Marker.CUBE_LIST, (0.05, 0.05, 0.3))
    dots.points = [Point(x=float(x), y=float(y), z=0.15) for x, y in points_odom]
    dots.color.r, dots.color.g, dots.color.b = 1.0, 0.5, 0.1
    markers.append(dots)
    bubbles = [] if band is None else zip(band.points, band.radii, strict=True)
    for index, (point, radius) in enumerate(bubbles):
        disc = _marker(header, "band", index, Marker.CYLINDER, (2 * float(radius), 2 * float(radius), 0.02))
        disc.pose.position.x, disc.pose.position.y = float(point[0]), float(point[1])
        disc.color.r, disc.color.g, disc.color.a = float(band is not None and band.is_broken), 0.6, 0.35
        markers.append(disc)
    return MarkerArray(markers=markers)


def _marker(header: Header, space: str, index: int, kind: int, size: tuple[float, float, float]) -> Marker:
    marker = Marker(header=header, ns=space, id=index, type=kind)
    marker.scale.x, marker.scale.y, marker.scale.z = (float(np.maximum(v, 0.01)) for v in size)
    marker.pose.orientation.w = 1.0
    marker.color.a = 1.0
    return marker

"""A robot's sensors as a node takes them in: camera_info, points and odom become sound values in base_link, or nothing.

Planner and controller listen through the same door, so that neither acts on a message the other would refuse.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from nav_msgs.msg import Odometry as OdometryMessage
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, PointCloud2
from std_msgs.msg import Header

from track_common.ros import qos
from track_common.ros.conversions import MessageError, camera_from_info, cloud_from_points, odometry_from_message
from track_common.ros.frames import listen_to_frames
from track_common.types import Array, Camera, Cloud, Odometry

Value = TypeVar("Value")


class SensorIntake:
    """Subscribes for a node; every message ends in a value handed over or in a reason given to ``warn``.

    A sensor whose mount is not on tf_static is refused: no mount is never the identity.
    """

    def __init__(self, node: Node, base_frame: str, warn: Callable[[str], None]) -> None:
        self._node, self._base_frame, self._warn = node, base_frame, warn
        self._frames = listen_to_frames(node)

    def listen_to_camera(self, take: Callable[[Camera], None]) -> None:
        """``take`` gets the calibrated, mounted camera."""
        self._listen(CameraInfo, "camera_info", lambda m: camera_from_info(m, self._mount(m.header)), take)

    def listen_to_points(self, take: Callable[[Cloud], None]) -> None:
        """``take`` gets each sweep in base_link."""
        self._listen(PointCloud2, "points", lambda m: cloud_from_points(m, self._mount(m.header)), take)

    def listen_to_odometry(
        self, take: Callable[[Odometry], None], on_refused: Callable[[], None] = lambda: None
    ) -> None:
        """``take`` gets planar odometry; ``on_refused`` is called for one that cannot be used."""
        self._listen(OdometryMessage, "odom", odometry_from_message, take, on_refused)

    def _listen(
        self,
        kind: type,
        topic: str,
        convert: Callable[[Any], Value],
        take: Callable[[Value], None],
        on_refused: Callable[[], None] = lambda: None,
    ) -> None:
        unstamped = 0  # in a row; the first message of a simulation may be of time 0

        def on_message(message: Any) -> None:
            nonlocal unstamped
            unstamped = 0 if message.header.stamp.sec or message.header.stamp.nanosec else unstamped + 1
            try:
                if unstamped > 1 and kind is not CameraInfo:  # whose stamp nobody uses
                    raise MessageError(f"no stamps from {self._publishers(topic)}; wanted the time of measurement")
                value = convert(message)
            except MessageError as error:
                on_refused()
                self._warn(f"{topic} refused: {error}")
                return
            take(value)

        self._node.create_subscription(kind, topic, on_message, qos.SENSOR)

    def _publishers(self, topic: str) -> str:
        ends = self._node.get_publishers_info_by_topic(self._node.resolve_topic_name(topic))
        return ", ".join(sorted({f"{end.node_namespace.rstrip('/')}/{end.node_name}" for end in ends})) or "nobody"

    def _mount(self, header: Header) -> Array:
        """(4, 4) taking points of the sensor to base_link; raises MessageError where it is not known (yet)."""
        mount = self._frames.lookup(self._base_frame, header.frame_id, header.stamp)
        if mount is None:
            raise MessageError(f"no transform {self._base_frame} <- {header.frame_id} on tf_static")
        return mount

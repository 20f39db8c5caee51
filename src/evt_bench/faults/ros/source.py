"""One sensor of the robot or its operator as a process of its own, so that it can be killed alone.

``python -m evt_bench.faults.ros.source PART``: publishes at the part's rate until its standard input closes. A line
there names the lie to tell from now on, the first one at once; an empty line is the truth again. The robot stands still
before a painted figure 5 m ahead on an open floor.
"""

from __future__ import annotations

import math
import select
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import rclpy
from nav_msgs.msg import Odometry as OdometryMessage
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from std_msgs.msg import Bool, Header
from unitree_go.msg import BmsState, LowState, SportModeState, TimeSpec
from vision_msgs.msg import Detection2DArray

from evt_bench.faults.cases import SET_BACK
from track_common.ros import qos
from track_common.ros.conversions import (
    detections_from_sighting,
    image_from_rgb,
    info_from_camera,
    message_from_odometry,
    points_from_array,
    stamp_from_seconds,
)
from track_common.types import Array, Box, Camera, Odometry, Sighting

LATE = 5.0  # s; how old a stale stamp is
JUMP = 40.0  # m
STANDING, FALLEN = 1013, 1001  # error_code of SportModeState: balance stand, damped (reference: unitree_ros2)
FIGURE_XYXY = (304, 166, 336, 267)  # px; a person of 1.7 m at 5 m in this camera
CAMERA = Camera.from_hfov(640, 480, math.radians(90.0))


class Camera30:
    """Colour images at 30 Hz with their calibration, one picture over and over."""

    rate = 30.0

    def __init__(self, node: Node) -> None:
        self._images = node.create_publisher(Image, "image_raw", qos.SENSOR_OUT)
        self._infos = node.create_publisher(CameraInfo, "camera_info", qos.SENSOR_OUT)
        self._picture = image_from_rgb(painted_figure(), Header(frame_id="camera"))
        self._full = int(self._picture.step)

    def publish(self, lie: str) -> None:
        """One image and one camera_info."""
        seconds = time.time() - (LATE if lie == "images stamped 5 s ago" else 0.0)
        self._picture.header.stamp = stamp_from_seconds(seconds)
        self._picture.step = 7 if lie == "images with rows cut short" else self._full
        self._infos.publish(info_from_camera(CAMERA, self._picture.header))
        self._images.publish(self._picture)


class Boxes30:
    """Stands for camera and tracker where neither is looked at: the figure's box at 30 Hz, and the calibration."""

    rate = 30.0

    def __init__(self, node: Node) -> None:
        self._boxes = node.create_publisher(Detection2DArray, "target_box", qos.LATEST)
        self._infos = node.create_publisher(CameraInfo, "camera_info", qos.SENSOR_OUT)

    def publish(self, lie: str) -> None:
        """One box and one camera_info."""
        header = Header(stamp=stamp_from_seconds(time.time()), frame_id="camera")
        self._infos.publish(info_from_camera(CAMERA, header))
        figure = Box(np.array(FIGURE_XYXY, float))
        self._boxes.publish(detections_from_sighting(Sighting(0.0, figure), header))


class Lidar15:
    """Sweeps of 4,200 returns at 15 Hz: a wall 5 m away all round."""

    rate = 15.0

    def __init__(self, node: Node) -> None:
        self._publisher = node.create_publisher(PointCloud2, "/utlidar/cloud", qos.SENSOR_OUT)
        self._wall = round_wall()

    def publish(self, lie: str) -> None:
        """One sweep."""
        seconds = time.time() - (LATE if lie == SET_BACK else 0.0)
        factor = {"clouds of zeros": 0.0, "clouds of NaN": math.nan}.get(lie, 1.0)
        header = Header(stamp=stamp_from_seconds(seconds), frame_id="lidar")
        message = points_from_array(factor * self._wall, header)
        if lie == "clouds with half their data":
            message.data = message.data[: len(message.data) // 2]
        self._publisher.publish(message)


class Odometry100:
    """The robot's odometry at 100 Hz: it stands."""

    rate = 100.0

    def __init__(self, node: Node) -> None:
        self._publisher = node.create_publisher(OdometryMessage, "/utlidar/robot_odom", qos.SENSOR_OUT)
        self._seconds = time.time()

    def publish(self, lie: str) -> None:
        """One pose."""
        if lie != "the same stamp again and again":
            self._seconds = time.time() - (LATE if lie == SET_BACK else 0.0)
        x = {"NaN": math.nan, "a jump of 40 m": JUMP}.get(lie, 0.0)
        self._publisher.publish(message_from_odometry(Odometry(self._seconds, x, 0.0, 0.0), "odom", "base_link"))


class State20:
    """State and battery of a GO2 that stands ready, at 20 Hz."""

    rate = 20.0

    def __init__(self, node: Node) -> None:
        self._states = node.create_publisher(SportModeState, "/lf/sportmodestate", qos.SENSOR_OUT)
        self._low = node.create_publisher(LowState, "/lf/lowstate", qos.SENSOR_OUT)

    def publish(self, lie: str) -> None:
        """One of each."""
        seconds, nanoseconds = divmod(time.time_ns(), 10**9)
        state = SportModeState(stamp=TimeSpec(sec=seconds, nanosec=nanoseconds), mode=1)
        state.error_code = FALLEN if lie == "it fell" else STANDING
        self._states.publish(state)
        self._low.publish(LowState(bms_state=BmsState(soc=80)))


class Deadman20:
    """An operator who holds on, at 20 Hz."""

    rate = 20.0

    def __init__(self, node: Node) -> None:
        self._publisher = node.create_publisher(Bool, "deadman", qos.SENSOR_OUT)

    def publish(self, lie: str) -> None:
        """One heartbeat."""
        self._publisher.publish(Bool(data=lie != "released"))


SOURCES: dict[str, Callable[[Node], Any]] = {
    "camera": Camera30,
    "boxes": Boxes30,
    "lidar": Lidar15,
    "odometry": Odometry100,
    "robot state": State20,
    "deadman": Deadman20,
}


def painted_figure() -> np.ndarray:
    """(480, 640, 3) uint8 rgb: a figure of rough cloth before a rough wall, so that a correlation filter holds it."""
    rng = np.random.default_rng(1)
    rgb = rng.normal(150.0, 6.0, (480, 640, 3))
    x0, y0, x1, y1 = FIGURE_XYXY
    rgb[y0:y1, x0:x1] = (190.0, 40.0, 35.0)
    rgb[(y0 + y1) // 2 : y1, x0:x1] = (35.0, 70.0, 180.0)
    rgb[y0:y1, x0:x1] += rng.normal(0.0, 12.0, (y1 - y0, x1 - x0, 3))
    return np.clip(rgb, 0, 255).astype(np.uint8)


def round_wall() -> Array:
    """(4200, 3) returns of a round wall of 5 m radius, 0.3 to 0.9 m above the base."""
    bearing = np.linspace(-math.pi, math.pi, 600, endpoint=False)
    rings = [
        np.stack([5.0 * np.cos(bearing), 5.0 * np.sin(bearing), np.full(600, z)], 1) for z in np.arange(3, 10) / 10
    ]
    return np.concatenate(rings)


def main() -> None:
    """Publish until standard input closes."""
    part = sys.argv[1]
    rclpy.init()
    source = SOURCES[part](Node(f"fault_{part.replace(' ', '_')}", enable_rosout=False))
    lie, due = "", time.monotonic()
    while True:
        readable, _, _ = select.select([sys.stdin], [], [], max(due - time.monotonic(), 0.0))
        if readable:
            line = sys.stdin.readline()
            if not line:
                break
            lie = line.strip()
        source.publish(lie)
        due = time.monotonic() + 1.0 / source.rate if readable else max(due + 1.0 / source.rate, time.monotonic())
    rclpy.try_shutdown()


if __name__ == "__main__":
    main()

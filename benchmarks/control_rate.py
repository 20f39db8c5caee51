"""Does the controller hold 50 Hz? Its own process, fed over DDS with all it listens to; started by control_speed.py.

Jitter is how far two ticks of the node's timer, or two commands, are from 20 ms apart. The node measures its ticks
itself and says so in its diagnostics. A command carries the time of its sending, and the middleware notes its arrival.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import TwistStamped
from nav_msgs.msg import Odometry as OdometryMessage
from nav_msgs.msg import Path as PathMessage
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Header
from tf2_msgs.msg import TFMessage
from vision_msgs.msg import Detection3D

from track_common.ros import qos
from track_common.ros.conversions import (
    message_from_odometry,
    path_from_trajectory,
    seconds_from_stamp,
    stamp_from_seconds,
)
from track_common.ros.environment import ros_environment
from track_common.ros.frames import transform_from_matrix
from track_common.ros.targets import message_from_target
from track_common.share import share_directory
from track_common.types import Array, Odometry, TargetReport, TargetStatus, Trajectory

PERIOD = 0.02  # s, the node's default control_rate
RATES = {"odom": 150.0, "points": 12.1, "trajectory": 9.7}  # Hz; no multiples of 50, so that every phase occurs
SPEED, TIMES = 0.8, np.arange(1, 11) * 0.1
START = 60.0  # s in which the controller must have said something
SETTLE = 11.0  # s left out after that: discovery, first band, and diagnostics that look 500 ticks back


class Feeder(Node):
    """Publishes what a robot walking down a corridor sends, and keeps when each command was sent and came."""

    def __init__(self, clouds: list[PointCloud2], mount: Array, target: Array) -> None:
        super().__init__("feeder")
        self.sent: list[float] = []
        self.received: list[float] = []
        self.ticks: list[float] = []
        self.moving = 0
        self._clouds, self._target, self._start, self._swept = clouds, target, time.time(), 0
        self._odom = self.create_publisher(OdometryMessage, "odom", qos.SENSOR_OUT)
        self._points = self.create_publisher(PointCloud2, "points", qos.SENSOR_OUT)
        self._trajectory = self.create_publisher(PathMessage, "trajectory", qos.LATEST)
        self._report = self.create_publisher(Detection3D, "target_state", qos.LATEST)
        self._frames = self.create_publisher(TFMessage, "tf_static", qos.TF_STATIC)
        transform = transform_from_matrix(mount, stamp_from_seconds(0.0), "base_link", "lidar")
        self._frames.publish(TFMessage(transforms=[transform]))
        self.create_subscription(DiagnosticArray, "diagnostics", self._on_diagnostics, qos.RELIABLE)
        self.create_subscription(TwistStamped, "cmd_vel", self._on_command, qos.COMMAND)  # pyright: ignore[reportArgumentType]

    def feed(self, name: str) -> None:
        """Publish one message of that kind, of this moment."""
        now = time.time()
        if name == "odom":
            odometry = Odometry(now, SPEED * (now - self._start), 0.0, 0.0, SPEED)
            self._odom.publish(message_from_odometry(odometry, "odom", "base_link"))
        elif name == "points":
            cloud = self._clouds[self._swept % len(self._clouds)]
            cloud.header.stamp, self._swept = stamp_from_seconds(now), self._swept + 1
            self._points.publish(cloud)
        else:
            self._feed_trajectory(now - 0.05)

    def _feed_trajectory(self, stamp: float) -> None:
        header = Header(stamp=stamp_from_seconds(stamp), frame_id="base_link")
        report = TargetReport(stamp, TargetStatus.TRACKED, position_base=self._target)
        poses = np.column_stack([SPEED * TIMES, np.zeros(10), np.zeros(10)])
        self._report.publish(message_from_target(report, header))
        self._trajectory.publish(path_from_trajectory(Trajectory(stamp, poses, TIMES), header))

    def _on_command(self, message: TwistStamped, info: dict[str, Any]) -> None:
        self.sent.append(seconds_from_stamp(message.header.stamp))
        self.received.append(1e-9 * info["received_timestamp"])
        self.moving += message.twist.linear.x > 0.0

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        found = [v.value for status in message.status for v in status.values if v.key == "jitter_p99_ms"]
        self.ticks.extend(float(value) for value in found)

    def forget(self) -> None:
        """Begin the lists anew."""
        for values in (self.sent, self.received, self.ticks):
            values.clear()
        self.moving = 0


def hold_rate(minutes: float, clouds: list[PointCloud2], mount: Array, target: Array) -> dict[str, Any]:
    """Figures of the controller process over ``minutes``: jitter (ms), share of a core and of commands that moved."""
    os.environ.update(ros_environment())
    rclpy.init()
    feeder, executor = Feeder(clouds, mount, target), SingleThreadedExecutor()
    executor.add_node(feeder)
    with _controller() as process:
        deadline = time.monotonic() + START
        while not feeder.ticks and time.monotonic() < deadline:
            _feed(feeder, executor, 1.0)
        _feed(feeder, executor, SETTLE)
        feeder.forget()
        used, begin = _cpu_seconds(process.pid), time.monotonic()
        _feed(feeder, executor, 60.0 * minutes)
        elapsed = time.monotonic() - begin
        share = (_cpu_seconds(process.pid) - used) / elapsed
    figures: dict[str, Any] = {
        "minutes": minutes,
        "commands_hz": round(len(feeder.sent) / elapsed, 2),
        "core_share": round(share, 3),
    }
    figures["share_moving"] = round(feeder.moving / max(len(feeder.sent), 1), 4)
    figures["ticks_p99_ms"] = {
        "windows": len(feeder.ticks),
        "median": np.median(feeder.ticks),
        "max": max(feeder.ticks),
    }
    figures["sent"] = _jitter(feeder.sent)
    figures["received"] = _jitter(feeder.received)
    figures["on_the_way_p99_ms"] = round(float(np.percentile(np.subtract(feeder.received, feeder.sent), 99)) * 1e3, 3)
    rclpy.shutdown()
    return figures


def _jitter(stamps: list[float]) -> dict[str, float]:
    """Milliseconds by which successive stamps (s) are not 20 ms apart."""
    off = 1e3 * np.abs(np.diff(stamps) - PERIOD)
    p50, p99, p999 = np.percentile(off, (50, 99, 99.9))
    figures = {"median": p50, "p99": p99, "p99.9": p999, "max": off.max()}
    return {"n": len(off), **{name: round(float(value), 3) for name, value in figures.items()}}


def _feed(feeder: Feeder, executor: SingleThreadedExecutor, seconds: float) -> None:
    begin = time.monotonic()
    due = dict.fromkeys(RATES, begin)
    while (now := time.monotonic()) < begin + seconds:
        for name, rate in RATES.items():
            if now >= due[name]:
                feeder.feed(name)
                due[name] = max(due[name] + 1.0 / rate, now)
        executor.spin_once(timeout_sec=max(min(due.values()) - time.monotonic(), 0.0))


@contextmanager
def _controller() -> Iterator[subprocess.Popen[bytes]]:
    node = Path(sys.executable).with_name("controller_node")
    process = subprocess.Popen(
        [node, "--ros-args", "--params-file", share_directory() / "config/robots/sim.yaml", "-p", "use_stamped:=true"]
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(10.0)


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

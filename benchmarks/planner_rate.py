"""How often the real planner node plans on one core, and how long its image callback takes meanwhile.

    python benchmarks/planner_rate.py [--seconds 30] [--core 0 | --core any] [--json FILE]

The node is a process of its own, bound to one core, with ``policy:=trackvla``, the small model and random weights. This
process is the robot: 640x480 images at 30 Hz, camera_info, odometry, tf_static and the instruction; it counts what
comes back. Exit code 1 where a goal is missed: 10 trajectories a second, every image callback under 5 ms by the node's
own clock (its ``diagnostics``).
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from track_common.ros.environment import ros_environment

IMAGE_RATE, ODOMETRY_RATE = 30.0, 100.0  # Hz; a RealSense's, and half of a GO2's
WANTED_RATE, WANTED_CALLBACK = 10.0, 5.0  # Hz; ms
START_TIMEOUT = 180.0  # s; 4 on an idle core, 75 were seen with a load of 12
SETTLE = 3.0  # s of trajectories before counting: the history fills
WORST = "image_callback_max_ms"  # over the last 500 callbacks
STAGES = ("image_callback", "infer", "image_to_trajectory")


def main() -> int:
    """Run node and robot, print the figures, return 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--core", default="0", help="core the node is bound to; any: not bound")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--set", dest="settings", action="append", default=[], help="further parameter, name:=value")
    arguments = parser.parse_args()
    environment = ros_environment()
    os.environ.update(environment)  # before the first participant: big images need the node's DDS profile
    with planner_process(arguments.core, arguments.settings, environment) as planner:
        figures = measure(planner, arguments.seconds)
    figures["core"] = arguments.core
    passed = report(figures)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2))
    return 0 if passed else 1


@contextmanager
def planner_process(core: str, settings: Sequence[str], environment: dict[str, str]) -> Iterator[subprocess.Popen]:
    """The planner node on its core; ended by SIGTERM, as a launch does."""
    parameters = ["policy:=trackvla", "trackvla.random_weights:=true", "trackvla.size:=small", *settings]
    command = [sys.executable, "-c", "from trackvla_ros.nodes.planner_node import main; main()", "--ros-args"]
    bind = None if core == "any" else lambda: os.sched_setaffinity(0, {int(core)})
    process = subprocess.Popen(
        [*command, *(word for p in parameters for word in ("-p", p))], env=environment, preexec_fn=bind
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def measure(planner: subprocess.Popen, seconds: float) -> dict[str, float | str]:
    """Feed the node until it plans, then count for ``seconds``."""
    import rclpy
    from rclpy.executors import SingleThreadedExecutor

    rclpy.init()
    robot = make_robot()
    executor = SingleThreadedExecutor()
    executor.add_node(robot)

    def spin(until: float) -> None:
        while time.monotonic() < until:
            if planner.poll() is not None:
                raise RuntimeError(f"the planner ended with code {planner.returncode}; its words are above")
            executor.spin_once(timeout_sec=0.05)

    began = time.monotonic()
    while not robot.trajectories:
        if time.monotonic() - began > START_TIMEOUT:
            raise RuntimeError(f"no trajectory in {START_TIMEOUT:.0f} s; diagnostics: {robot.diagnostics}")
        spin(time.monotonic() + 0.2)
    started = time.monotonic() - began
    spin(time.monotonic() + SETTLE)
    robot.trajectories.clear()
    sent, cpu, since = robot.sent, cpu_seconds(planner.pid), time.monotonic()
    spin(since + seconds)
    elapsed = time.monotonic() - since
    figures = {
        "seconds": elapsed,
        "started_s": started,
        "images": robot.sent - sent,
        "trajectories": len(robot.trajectories),
        "trajectories_hz": len(robot.trajectories) / elapsed,
        "largest_gap_ms": 1e3 * float(np.max(np.diff(robot.trajectories), initial=0.0)),
        "cores_used": (cpu_seconds(planner.pid) - cpu) / elapsed,
        "load": os.getloadavg()[0],
        **{k: float(v) for k, v in robot.diagnostics.items() if k.startswith(STAGES)},
        WORST: robot.worst_callback,
    }
    robot.destroy_node()
    rclpy.shutdown()
    return figures


def make_robot():  # noqa: ANN201 - the class needs rclpy, imported once the environment stands
    """A node that publishes what a robot does and keeps what the planner answers."""
    from diagnostic_msgs.msg import DiagnosticArray
    from nav_msgs.msg import Odometry as OdometryMessage
    from nav_msgs.msg import Path as PathMessage
    from rclpy.node import Node
    from sensor_msgs.msg import CameraInfo, Image
    from std_msgs.msg import Header, String
    from tf2_msgs.msg import TFMessage

    from track_common.ros import qos
    from track_common.ros.conversions import image_from_rgb, info_from_camera, message_from_odometry
    from track_common.ros.frames import transform_from_matrix
    from track_common.types import Camera, Odometry

    class Robot(Node):
        def __init__(self) -> None:
            super().__init__("robot", enable_rosout=False)
            self.sent, self.worst_callback, self.trajectories, self.diagnostics = 0, 0.0, [], {}
            self._camera = Camera.from_hfov(640, 480, math.radians(90.0))
            rgb = np.random.default_rng(0).integers(0, 255, (480, 640, 3), dtype=np.uint8)
            self._image = image_from_rgb(rgb, Header(frame_id="camera"))
            self._images = self.create_publisher(Image, "image_raw", qos.SENSOR_OUT)
            self._infos = self.create_publisher(CameraInfo, "camera_info", qos.SENSOR_OUT)
            self._odometry = self.create_publisher(OdometryMessage, "odom", qos.SENSOR_OUT)
            self._latched = [
                self.create_publisher(String, "instruction", qos.LATCHED),
                self.create_publisher(TFMessage, "tf_static", qos.TF_STATIC),
            ]
            stamp = self.get_clock().now().to_msg()
            mount = transform_from_matrix(self._camera.T_base_camera, stamp, "base_link", "camera")
            self._latched[0].publish(String(data="follow the man in the blue shirt and brown trousers"))
            self._latched[1].publish(TFMessage(transforms=[mount]))
            self.create_subscription(PathMessage, "trajectory", self._on_trajectory, qos.LATEST)
            self.create_subscription(DiagnosticArray, "diagnostics", self._on_diagnostics, qos.RELIABLE)
            self.create_timer(1.0 / IMAGE_RATE, self._send_image)
            self.create_timer(1.0 / ODOMETRY_RATE, self._send_odometry)

        def _send_image(self) -> None:
            header = Header(stamp=self.get_clock().now().to_msg(), frame_id="camera")
            self._infos.publish(info_from_camera(self._camera, header))
            self._image.header = header
            self._images.publish(self._image)
            self.sent += 1

        def _send_odometry(self) -> None:
            now = self.get_clock().now().nanoseconds * 1e-9
            self._odometry.publish(message_from_odometry(Odometry(now, 0.0, 0.0, 0.0), "odom", "base_link"))

        def _on_trajectory(self, message: PathMessage) -> None:
            if message.poses:
                self.trajectories.append(time.monotonic())

        def _on_diagnostics(self, message: DiagnosticArray) -> None:
            for status in message.status:
                if status.name == "/planner":
                    self.diagnostics = {v.key: v.value for v in status.values}
                    self.worst_callback = max(self.worst_callback, float(self.diagnostics.get(WORST, 0.0)))

    return Robot()


def cpu_seconds(pid: int) -> float:
    """Processor time of a process and its threads so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def report(figures: dict[str, float | str]) -> bool:
    """Print all figures and whether the goals are met."""
    for name, value in figures.items():
        print(f"{name:32s} {value:.2f}" if isinstance(value, float) else f"{name:32s} {value}")
    goals = {
        f"trajectories >= {WANTED_RATE:.0f} Hz": float(figures["trajectories_hz"]) >= WANTED_RATE,
        f"image callbacks < {WANTED_CALLBACK:.0f} ms": float(figures[WORST]) < WANTED_CALLBACK,
    }
    for goal, is_met in goals.items():
        print(f"{'met' if is_met else 'MISSED'}: {goal}")
    return all(goals.values())


if __name__ == "__main__":
    sys.exit(main())

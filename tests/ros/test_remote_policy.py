"""Planner with policy:=remote, a real `trackvla serve` and the controller: it walks, and stops without answers."""

import logging
import os
import signal
import sys
import time

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import Twist
from nav_msgs.msg import Path
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image
from std_msgs.msg import Header, String
from tests.helpers.remote_server import running
from tests.helpers.sensors import Sensors
from tests.helpers.simulated_robot import simulated
from vision_msgs.msg import Detection2DArray

from go2_bridge.nodes.controller_node import ControllerNode
from go2_bridge.safety.watchdog import StopReason
from track_common.ros import qos
from track_common.ros.conversions import detections_from_sighting, image_from_rgb, stamp_from_seconds
from track_common.ros.diagnostics import WARN
from track_common.types import Box, Sighting
from trackvla_ros.nodes.planner_node import PlannerNode

pytestmark = pytest.mark.ros
FIGURE = Box(np.array([304.0, 166.0, 336.0, 267.0]))  # a person 5 m ahead
SERVE = [sys.executable, "-m", "trackvla_cli.main", "serve", "--policy", "box_servo", "--port"]


class Robot(Sensors):
    """A robot's sensors and a tracker at their rates while ``run`` spins; notes what planner and controller send."""

    def __init__(self, peer):
        super().__init__(peer, has_camera=True)
        self._peer = peer
        self.image = peer.publisher(Image, "image_raw", qos.SENSOR_OUT)
        self.box = peer.publisher(Detection2DArray, "target_box", qos.LATEST)
        self.picture = image_from_rgb(np.full((480, 640, 3), 90, np.uint8), Header(frame_id="camera"))
        self.send_info()
        self.stamps, self.trajectories, self.zeros, self.moves, self.reasons = set(), [], [], [], []
        node = peer.node
        node.create_subscription(Path, "trajectory", self._on_trajectory, qos.LATEST)
        node.create_subscription(Twist, "cmd_vel", self._on_command, qos.COMMAND)
        node.create_subscription(String, "stop_reason", lambda m: self.reasons.append(m.data), qos.LATCHED)
        peer.spin(0.2)

    def run(self, seconds, until=lambda: False):
        end, count = time.monotonic() + seconds, 0
        while time.monotonic() < end and not until():
            self.send_odom()
            if count % 5 == 0:
                self.send_points()
                self.send_image()
            count += 1
            self._peer.spin(0.02)

    def send_image(self):
        header = Header(stamp=stamp_from_seconds(time.time()), frame_id="camera")
        self.stamps.add((header.stamp.sec, header.stamp.nanosec))
        self.box.publish(detections_from_sighting(Sighting(0.0, FIGURE), header))
        self.picture.header = header
        self.image.publish(self.picture)

    def walk(self):
        """Until it has moved without a zero for a second."""
        self.run(30.0, until=lambda: self.moves and time.monotonic() - max([self.began(), *self.zeros[-1:]]) > 1.0)
        assert self.moves and time.monotonic() - self.zeros[-1] > 1.0, f"it does not walk: {self.reasons}"

    def began(self):
        return self.moves[0] if self.moves else 0.0

    def _on_trajectory(self, message):
        self.trajectories.append((time.monotonic(), message))

    def _on_command(self, message):
        is_zero = message.linear.x == message.linear.y == message.angular.z == 0.0
        (self.zeros if is_zero else self.moves).append(time.monotonic())


@pytest.fixture
def robot(peer, ros_context):
    """Builds planner and controller that ask the server at an address."""
    nodes = []

    def build(url):
        settings = {"policy": "remote", "remote.url": url, "remote.reconnect": 0.05}
        overrides = [Parameter(name, value=value) for name, value in settings.items()]
        nodes.append(PlannerNode(context=ros_context, parameter_overrides=overrides))
        patient = simulated(odometry_timeout=1.5, cloud_timeout=1.5)  # silence is not the subject here
        nodes.append(ControllerNode(context=ros_context, parameter_overrides=patient))
        for node in nodes:
            peer.add(node)
        return Robot(peer)

    yield build
    for node in nodes:
        getattr(node, "on_shutdown", lambda: None)()
        node.destroy_node()


def stop_after(robot, process, how):
    """Kill or freeze the server: the robot stops for the silence of the planner and stays so.

    How soon is measured by `trackvla bench faults` and held by tests with a clock of their own.
    """
    robot.walk()
    os.kill(process.pid, how)
    struck, said = time.monotonic(), len(robot.reasons)
    robot.run(15.0, until=lambda: robot.zeros[-1] > struck)
    zero = next(t for t in robot.zeros if t > struck)
    robot.run(0.3)
    assert not [t for t in robot.moves if t > zero], "it moved again"
    robot.run(15.0, until=lambda: any(robot.reasons[said:]))
    reason = next(reason for reason in robot.reasons[said:] if reason)
    assert reason in (StopReason.STALE_TRAJECTORY.value, StopReason.OLD_IMAGE.value)  # whichever limit comes first


def test_trajectories_come_from_the_server_and_stop_with_it(peer, robot, caplog):
    caplog.set_level(logging.INFO, logger="trackvla_ros")
    with running([*SERVE, "0"]) as process:
        url = process.stdout.readline().split()[3].rstrip(";")
        robot = robot(url)
        reports = peer.collect(DiagnosticArray, "diagnostics", qos.RELIABLE)
        robot.walk()
        stamps = [message.header.stamp for _, message in robot.trajectories if message.poses]
        assert stamps and {(s.sec, s.nanosec) for s in stamps} <= robot.stamps
        assert f"connected to {url}, which runs box_servo" in caplog.text

        stop_after(robot, process, signal.SIGSTOP)

        def warnings():
            words = f"remote: no answer of {url}"
            return [
                s for m in reports for s in m.status if (s.name, s.level) == ("/planner", WARN) and words in s.message
            ]

        robot.run(15.0, until=warnings)
        assert {"link_p50_ms", "server_infer_p50_ms"} <= {value.key for value in warnings()[-1].values}

        os.kill(process.pid, signal.SIGCONT)
        stop_after(robot, process, signal.SIGKILL)
    with running([*SERVE, url.rpartition(":")[2]]):
        robot.walk()

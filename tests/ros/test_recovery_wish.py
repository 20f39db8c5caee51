"""Recovery and controller over real DDS: what one wishes the other does, until the planner sees the target again."""

import time

import numpy as np
import pytest
from geometry_msgs.msg import Twist
from nav_msgs.msg import Path
from rclpy.parameter import Parameter
from std_msgs.msg import Header, String
from tests.helpers.sensors import Sensors
from tests.helpers.simulated_robot import simulated
from vision_msgs.msg import Detection3D

from go2_bridge.nodes.controller_node import ControllerNode
from go2_bridge.nodes.recovery_node import RecoveryNode
from track_common.ros import qos
from track_common.ros.conversions import path_from_trajectory, stamp_from_seconds
from track_common.ros.targets import message_from_target
from track_common.types import TargetReport, TargetStatus, Trajectory

pytestmark = pytest.mark.ros

TIMES = np.arange(1, 11) * 0.1


class Planner:
    """Says the target's status, with a trajectory that stands, as policies do once they have lost it."""

    def __init__(self, peer):
        self._peer, self._sensors = peer, Sensors(peer)
        self._target = peer.publisher(Detection3D, "target_state", qos.LATEST, readers=2)
        self._path = peer.publisher(Path, "trajectory", qos.LATEST)
        self._said = peer.collect(String, "recovery/stage", qos.LATCHED)
        peer.node.create_subscription(String, "stop_reason", self._said.append, qos.LATCHED)

    def say(self, status, until, seconds=20.0):
        """Frames at 20 Hz until something holds."""
        start = time.monotonic()
        while not until():
            assert time.monotonic() - start < seconds, f"waited {seconds} s while {status}: {self._said[-5:]}"
            self._sensors.send_odom()
            self._sensors.send_points()
            now = time.time()
            header = Header(stamp=stamp_from_seconds(now), frame_id="base_link")
            target = TargetReport(now, TargetStatus(status), position_base=np.array([-2.0, 1.0, 1.0]))
            self._target.publish(message_from_target(target, header))
            self._path.publish(path_from_trajectory(Trajectory(now, np.zeros((10, 3)), TIMES), header))
            self._peer.spin(0.05)


def test_the_robot_turns_after_a_lost_target_and_stands_once_it_is_seen(peer, ros_context):
    nodes = [
        ControllerNode(context=ros_context, parameter_overrides=simulated()),
        RecoveryNode(context=ros_context, parameter_overrides=[Parameter("wait_time", value=0.0)]),
    ]
    for node in nodes:
        peer.add(node)
    planner, commands = Planner(peer), peer.collect(Twist, "cmd_vel", qos.COMMAND)
    seen = iter([False] * 15 + [True])
    planner.say("tracked", lambda: next(seen))
    assert all(command == Twist() for command in commands)
    planner.say("lost", lambda: commands[-1].angular.z > 0.5)
    assert commands[-1].linear.x == 0.0
    planner.say("tracked", lambda: commands[-1] == Twist())
    for node in nodes:
        node.destroy_node()

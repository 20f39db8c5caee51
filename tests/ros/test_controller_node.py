"""The controller node over real DDS: it follows sound inputs, and stops for every other, saying why."""

import math
import time

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseStamped, Twist, TwistStamped
from nav_msgs.msg import Path
from std_msgs.msg import Header, String
from std_srvs.srv import SetBool
from tests.helpers.sensors import Sensors
from tests.helpers.simulated_robot import simulated
from vision_msgs.msg import Detection3D

from go2_bridge.nodes.controller_node import ControllerNode
from go2_bridge.safety.watchdog import ControlStatus, StopReason
from track_common.ros import qos
from track_common.ros.conversions import path_from_trajectory, stamp_from_seconds
from track_common.ros.targets import message_from_target
from track_common.types import TargetReport, TargetStatus, Trajectory

pytestmark = pytest.mark.ros

TIMES = np.arange(1, 11) * 0.1
TIMEOUT = 30.0  # s


class Inputs(Sensors):
    """Everything a controller needs, published at its rate while ``run`` spins; single inputs can be left out."""

    def __init__(self, peer):
        super().__init__(peer)
        self._peer = peer
        self.trajectory = peer.publisher(Path, "trajectory", qos.LATEST)
        self.target = peer.publisher(Detection3D, "target_state", qos.LATEST)

        self._count = 0

    def run(self, seconds, without=()):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.step(without)

    def run_until(self, predicate, what, without=(), timeout=TIMEOUT):
        end = time.monotonic() + timeout
        while not predicate():
            assert time.monotonic() < end, f"waited {timeout:.0f} s for {what}"
            self.step(without)

    def step(self, without=()):
        if "odom" not in without:
            self.send_odom()
        if self._count % 5 == 0 and "points" not in without:
            self.send_points()
        if self._count % 5 == 0 and "trajectory" not in without:
            self.send_trajectory()
        self._count += 1
        self._peer.spin(0.02)

    def send_trajectory(self, stamp=None, speed=1.0):
        stamp = time.time() - 0.05 if stamp is None else stamp
        header = Header(stamp=stamp_from_seconds(stamp), frame_id="base_link")
        poses = np.column_stack([speed * TIMES, np.zeros(10), np.zeros(10)])
        self.target.publish(message_from_target(TargetReport(stamp, TargetStatus.TRACKED), header))
        self.trajectory.publish(path_from_trajectory(Trajectory(stamp, poses, TIMES), header))


@pytest.fixture
def start(peer, ros_context):
    """Starts the node with parameters; returns it."""
    nodes = []

    def start(**parameters):
        node = ControllerNode(context=ros_context, parameter_overrides=simulated(**parameters))
        peer.add(node)
        nodes.append(node)
        return node

    yield start
    for node in nodes:
        node.destroy_node()


@pytest.fixture
def moving(peer, start):
    """A node that follows: its inputs and the commands it sends."""
    start()
    commands = peer.collect(Twist, "cmd_vel", qos.COMMAND)
    inputs = Inputs(peer)
    inputs.run_until(lambda: moves(commands, 0.2), "commands that follow sound inputs")
    return inputs, commands


def moves(commands, speed):
    """Whether the newest command is faster ahead, m/s."""
    return bool(commands) and commands[-1].linear.x > speed


def reason_of(peer):
    """What diagnostics say of the controller next."""
    arrays = peer.collect(DiagnosticArray, "diagnostics", qos.RELIABLE)
    peer.wait_until(lambda: any("controller" in s.name for a in arrays for s in a.status), "diagnostics")
    return next(s.message for a in reversed(arrays) for s in a.status if "controller" in s.name)


def is_stop(twist):
    return twist.linear.x == 0.0 and twist.linear.y == 0.0 and twist.angular.z == 0.0


def test_zeros_are_sent_before_anything_came(peer, start):
    start()
    commands = peer.collect(Twist, "cmd_vel", qos.COMMAND)
    peer.wait_until(lambda: len(commands) > 5, "zero commands")
    assert all(is_stop(c) for c in commands)
    assert reason_of(peer) == StopReason.NO_ODOMETRY.value


@pytest.mark.parametrize(
    ("silent", "reason"),
    [
        ("trajectory", StopReason.STALE_TRAJECTORY),
        ("points", StopReason.STALE_CLOUD),
        ("odom", StopReason.STALE_ODOMETRY),
    ],
)
def test_silent_input_stops_and_is_named(peer, moving, silent, reason):
    """How soon is held by tests with a clock of their own: test_fuzz_controller.py, test_follower.py."""
    inputs, commands = moving
    reasons = peer.collect(String, "stop_reason", qos.LATCHED)
    inputs.run_until(lambda: any(m.data == reason.value for m in reasons), reason.value, without=(silent,))
    inputs.run_until(lambda: is_stop(commands[-1]), "a stop", without=(silent,))
    del commands[:]
    inputs.run_until(lambda: len(commands) > 5, "more commands", without=(silent,))
    assert all(is_stop(command) for command in commands)


def bad_path(inputs):
    inputs.send_trajectory(speed=math.nan)


def path_from_1970(inputs):
    inputs.send_trajectory(stamp=10.0)


def path_from_the_future(inputs):
    inputs.send_trajectory(stamp=time.time() + 500.0)


def path_in_another_frame(inputs):
    inputs.trajectory.publish(Path(header=Header(stamp=stamp_from_seconds(time.time()), frame_id="map")))


def path_of_twenty_thousand_poses(inputs):
    header = Header(stamp=stamp_from_seconds(time.time()), frame_id="base_link")
    inputs.trajectory.publish(Path(header=header, poses=[PoseStamped()] * 20_000))


def empty_path(inputs):
    inputs.trajectory.publish(Path(header=Header(stamp=stamp_from_seconds(time.time()), frame_id="base_link")))


def empty_cloud(inputs):
    inputs.send_points(np.zeros((0, 3)))


def nan_cloud(inputs):
    inputs.send_points(np.full((500, 3), math.nan))


def odometry_jump(inputs):
    inputs.send_odom(x=40.0)


def nan_odometry(inputs):
    inputs.send_odom(x=math.nan)


@pytest.mark.parametrize(
    "spoil",
    [
        bad_path,
        path_from_1970,
        path_from_the_future,
        path_in_another_frame,
        path_of_twenty_thousand_poses,
        empty_path,
        empty_cloud,
        nan_cloud,
        odometry_jump,
        nan_odometry,
    ],
)
def test_bad_input_stops_and_the_node_lives_on(peer, moving, spoil):
    inputs, commands = moving
    del commands[:]
    spoil(inputs)
    peer.wait_until(lambda: any(is_stop(c) for c in commands), "a stop")
    inputs.run_until(lambda: moves(commands, 0.1), "commands that follow sound inputs again")


def test_an_imu_upside_down_stops_the_robot_and_the_reason_is_told(peer, moving):
    inputs, commands = moving
    reasons = peer.collect(String, "stop_reason", qos.LATCHED)
    inputs.roll = math.pi - 0.1
    for _ in range(50):
        inputs.run(0.4)
        if any(reason.data == StopReason.BAD_ATTITUDE.value for reason in reasons):
            break
    assert StopReason.BAD_ATTITUDE.value in [reason.data for reason in reasons]
    del commands[:]
    inputs.run(0.4)
    assert all(is_stop(command) for command in commands)
    inputs.roll = 0.0
    for _ in range(50):
        inputs.run(0.4)
        if commands and not is_stop(commands[-1]):
            break
    assert not is_stop(commands[-1]), "upright, it follows again"


def test_disarmed_node_stands_until_enabled(peer, start):
    start(armed=False)
    commands = peer.collect(Twist, "cmd_vel", qos.COMMAND)
    inputs = Inputs(peer)
    inputs.run(0.5)
    assert all(is_stop(c) for c in commands)
    client = peer.node.create_client(SetBool, "enable")
    assert peer.ask(client, SetBool.Request(data=True)).success
    inputs.run_until(lambda: moves(commands, 0.1), "commands that follow")


def test_the_reason_to_stop_is_told_when_it_changes(peer, start):
    start()
    reasons = peer.collect(String, "stop_reason", qos.LATCHED)
    peer.wait_until(lambda: bool(reasons), "the first reason")
    inputs = Inputs(peer)
    inputs.run_until(lambda: reasons[-1].data == "", "the end of all reasons")
    assert reasons[0].data == StopReason.NO_ODOMETRY.value
    inputs.send_odom(x=40.0)
    peer.wait_until(lambda: any(m.data == StopReason.ODOMETRY_JUMP.value for m in reasons), "the jump")


def test_lost_odometry_has_one_reason_and_moving_commands_have_a_status(peer, moving):
    inputs, _ = moving
    reasons = peer.collect(String, "stop_reason", qos.LATCHED)
    statuses = peer.collect(String, "control_status", qos.LATCHED)
    said = lambda: tuple(messages[-1].data for messages in (reasons, statuses) if messages)  # noqa: E731
    inputs.run_until(lambda: said() == ("", ControlStatus.FOLLOWING.value), "following, without a reason")
    lost = (StopReason.STALE_ODOMETRY.value, ControlStatus.STOPPED.value)
    inputs.run_until(lambda: said() == lost, "the stop and its reason", without=("odom",))
    count = len(reasons)
    inputs.run(1.0, without=("odom",))
    assert len(reasons) == count, f"one reason, and not by turns {[message.data for message in reasons]}"


def test_stamped_commands_carry_stamp_and_frame(peer, start):
    start(use_stamped=True)
    commands = peer.collect(TwistStamped, "cmd_vel", qos.COMMAND)
    peer.wait_until(lambda: bool(commands), "a command")
    assert commands[-1].header.frame_id == "base_link" and commands[-1].header.stamp.sec > 0


def test_parameters_change_at_run_time_or_are_refused_with_the_reason(peer, start):
    start()
    good = peer.set_parameters("controller", max_linear_vel=0.4)
    bad = peer.set_parameters("controller", max_linear_vel=40.0)
    fixed = peer.set_parameters("controller", use_stamped=True)
    pair = peer.set_parameters("controller", min_lookahead_dist=1.9)
    assert good[0].successful
    assert not bad[0].successful and "Min: 0.0, Max: 3.0" in bad[0].reason
    assert not fixed[0].successful and "read-only" in fixed[0].reason
    assert not pair[0].successful and "max_lookahead_dist" in pair[0].reason
    commands = peer.collect(Twist, "cmd_vel", qos.COMMAND)
    Inputs(peer).run_until(lambda: moves(commands, 0.3), "commands that follow")
    assert max(command.linear.x for command in commands) <= 0.4


def test_shutdown_leaves_the_robot_standing(peer, start):
    node = start()
    commands = peer.collect(Twist, "cmd_vel", qos.COMMAND)
    Inputs(peer).run_until(lambda: moves(commands, 0.2), "commands that follow")
    peer.remove(node)
    node.on_shutdown()
    peer.wait_until(lambda: is_stop(commands[-1]), "a stop as the last command")

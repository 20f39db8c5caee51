"""The bridge node and a GO2 of plain DDS on the loopback: requests reach it, its state and sensors reach ROS."""

import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import Twist, TwistStamped
from nav_msgs.msg import Odometry
from sensor_msgs.msg import Joy, PointCloud2
from std_msgs.msg import Bool, String
from std_srvs.srv import SetBool, Trigger
from tests.helpers.fake_go2 import POINTS_X, FakeGo2
from tf2_msgs.msg import TFMessage
from unitree_api.msg import Request

from go2_bridge.safety.arming import HoldReason
from track_common.ros import qos
from track_common.ros.conversions import cloud_from_points, seconds_from_stamp
from track_common.ros.question import Question

pytestmark = pytest.mark.ros
MOVE, STOP_MOVE, STAND_UP = 1008, 1003, 1004
SILENCE = 0.5  # s without a Move: twice as long as a command is worth
BRIDGE = Path(sys.executable).parent / "bridge_node"


class Operator:
    """Holds the deadman, sends a command, and lets the robot live, at 50 Hz while it ``run``s."""

    def __init__(self, peer, robot, process, stamped=False):
        self.peer, self.robot, self.process = peer, robot, process
        self.clients, self.twist, self.is_held, self.is_pressed = {}, Twist(), True, False
        self.twist.linear.x, self.twist.linear.y, self.twist.angular.z = 0.4, -0.1, 0.2
        self.is_stamped = stamped
        self.command = peer.publisher(TwistStamped if stamped else Twist, "cmd_vel", qos.COMMAND)
        self.deadman = peer.publisher(Bool, "deadman", qos.RELIABLE, readers=0)  # none where a joystick is used
        self.button = peer.publisher(Bool, "e_stop", qos.RELIABLE)

    def run(self, seconds, without=()):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.step(without)

    def run_until(self, predicate, what, timeout=30.0, without=()):
        end = time.monotonic() + timeout
        while not predicate():
            assert time.monotonic() < end, f"waited {timeout} s for {what}"
            self.step(without)

    def step(self, without=()):
        if "robot" not in without:
            self.robot.step()
        if "command" not in without:
            self.command.publish(TwistStamped(twist=self.twist) if self.is_stamped else self.twist)
        if "deadman" not in without:
            self.deadman.publish(Bool(data=self.is_held))
        self.button.publish(Bool(data=self.is_pressed))
        self.peer.spin(0.02)

    def call(self, name, request):
        if name not in self.clients:
            kind = SetBool if isinstance(request, SetBool.Request) else Trigger
            self.clients[name] = self.peer.node.create_client(kind, name)
        client = self.clients[name]
        self.run_until(client.service_is_ready, f"the service {name}")
        question = Question(client, request)
        self.run_until(lambda: question.is_answered, f"the answer of {name}")
        return question.answer

    def arm(self):
        """Arm as soon as robot and bridge have found one another."""
        self.run_until(lambda: self.call("arm", SetBool.Request(data=True)).success, "arming")

    def walk(self):
        """Until Moves reach the robot."""
        self.arm()
        self.run_until(lambda: self.count(MOVE) > 5, "Moves")

    def stand(self, without=()):
        """Until StopMoves have come after the last Move and no Move has come for a while; then none comes any more.

        How long all this may take is held by tests with a clock of their own: test_fuzz_bridge.py, test_driver_gate.py.
        """
        self.run_until(lambda: self.is_standing(), "StopMoves and no more Moves", without=without)
        moves = self.count(MOVE)
        self.run(SILENCE, without)
        assert self.count(MOVE) == moves, "it moves again"

    def is_standing(self):
        last = max((call.received for call in self.robot.calls if call.api_id == MOVE), default=0.0)
        return self.count(STOP_MOVE, last) > 3 and time.monotonic() - last > SILENCE

    def count(self, api, since=0.0):
        return sum(call.api_id == api and call.received > since for call in self.robot.calls)


@pytest.fixture
def start(peer, ros_domain, ros_environment):
    """Starts the bridge's executable and a robot; returns the operator."""
    processes = []

    def run(*words, clock_offset=-126.0, stamped=False):
        words = [part for word in words for part in ("-p", word)]
        command = [str(BRIDGE), "--ros-args", *words]
        processes.append(subprocess.Popen(command, env=ros_environment, stderr=subprocess.PIPE, text=True))
        return Operator(peer, FakeGo2(ros_domain, clock_offset), processes[-1], stamped)

    yield run
    for process in processes:
        process.kill()
        process.communicate(timeout=10)


def wait_for_disarming(operator, reason):
    """Until diagnostics name what disarmed the bridge."""
    arrays = []
    operator.peer.node.create_subscription(DiagnosticArray, "diagnostics", arrays.append, 10)
    pairs = lambda: [(pair.key, pair.value) for array in arrays for pair in array.status[0].values]  # noqa: E731
    operator.run_until(lambda: ("disarmed_by", reason.value) in pairs(), f"'{reason.value}' in the diagnostics")


def reason_of(operator):
    """What diagnostics say of the bridge next."""
    arrays = []
    operator.peer.node.create_subscription(DiagnosticArray, "diagnostics", arrays.append, 10)
    operator.run_until(lambda: arrays, "diagnostics")
    return arrays[-1].status[0]


def test_requests_reach_the_robot_only_when_armed_and_stop_with_everything_that_may_fail(start):
    operator = start()
    robot = operator.robot
    operator.run_until(lambda: reason_of(operator).message == HoldReason.NOT_ARMED.value, "a bridge ready to arm")
    assert operator.count(MOVE) == 0, "nothing moves before it is armed"

    operator.walk()
    call = next(call for call in robot.calls if call.api_id == MOVE)
    assert call.parameter == {"x": 0.4, "y": -0.1, "z": 0.2}
    since = time.monotonic()
    operator.run_until(lambda: operator.count(MOVE, since) > 20, "Moves that go on")
    assert operator.count(MOVE, since) <= 50 * (time.monotonic() - since) + 2
    assert len({call.identity for call in robot.calls}) == len(robot.calls), "every request has an id of its own"

    operator.stand(without=("command",))
    last = max(call.received for call in robot.calls if call.api_id == MOVE)
    assert operator.count(STOP_MOVE, last) < 30, "StopMove is repeated for 0.3 s, then there is silence"

    moves_again(operator)
    operator.twist.linear.x = math.nan
    operator.stand()
    operator.twist.linear.x = 0.4
    moves_again(operator)

    operator.is_held = False
    operator.stand()
    operator.is_held = True
    moves_again(operator)

    operator.is_pressed = True
    operator.stand()
    assert not operator.call("arm", SetBool.Request(data=True)).success
    assert not operator.call("reset", Trigger.Request()).success, "the button is still pressed"
    operator.is_pressed = False
    operator.run_until(lambda: operator.call("reset", Trigger.Request()).success, "a reset")
    moves = operator.count(MOVE)
    operator.run(0.3)
    assert operator.count(MOVE) == moves, "a reset does not arm"


def moves_again(operator):
    since = time.monotonic()
    operator.run_until(lambda: operator.count(MOVE, since) > 5, "Moves again")


def test_robot_that_is_not_ready_or_has_another_owner_is_left_alone(start, peer):
    operator = start()
    operator.robot.error_code = 1001
    answers = []
    while not answers or answers[-1].message in (HoldReason.NO_STATE.value, HoldReason.NO_HEALTH.value):
        operator.run(0.05)
        answers.append(operator.call("arm", SetBool.Request(data=True)))
    assert (answers[-1].success, answers[-1].message) == (False, HoldReason.NOT_READY.value)
    assert operator.call("stand_up", Trigger.Request()).success
    operator.run_until(lambda: operator.count(STAND_UP) == 1, "StandUp")

    operator.robot.error_code = 1013
    operator.walk()
    other = peer.node.create_publisher(Request, "/api/sport/request", 1)
    wait_for_disarming(operator, HoldReason.OTHER_OWNER)
    operator.stand()
    assert not operator.call("arm", SetBool.Request(data=True)).success
    peer.node.destroy_publisher(other)
    operator.walk()


def test_second_robot_in_the_domain_disarms_and_cannot_be_armed_beside(start, ros_domain):
    operator = start()
    operator.walk()
    other = FakeGo2(ros_domain, 0.0)
    wait_for_disarming(operator, HoldReason.OTHER_ROBOT)
    operator.stand()
    other.step()
    moves = sum(call.api_id == MOVE for call in other.calls)
    answer = operator.call("arm", SetBool.Request(data=True))
    assert (answer.success, answer.message) == (False, HoldReason.OTHER_ROBOT.value)
    operator.run(SILENCE)
    other.step()
    assert sum(call.api_id == MOVE for call in other.calls) == moves, "the other robot hears the same topic"


@pytest.mark.parametrize("clock_offset", [126.0, -1.7e9 + 10.0], ids=["ahead", "1970"])
def test_odometry_tf_and_cloud_come_on_our_clock(start, peer, clock_offset):
    operator = start(clock_offset=clock_offset)
    odometry, clouds = peer.collect(Odometry, "odom", qos.SENSOR), peer.collect(PointCloud2, "points", qos.SENSOR)
    transforms = peer.collect(TFMessage, "tf", qos.TF)
    operator.run_until(lambda: len(odometry) > 20 and len(clouds) > 20 and transforms, "sensors")
    ages = [time.time() - seconds_from_stamp(message.header.stamp) for message in (odometry[-1], clouds[-1])]
    assert max(ages) < 15.0 and min(ages) >= 0.0  # by the robot's clock 126 s, or fifty years
    pose = odometry[-1].pose.pose.position
    assert (pose.x, pose.y, pose.z) == (1.0, 2.0, 0.31)
    transform = transforms[-1].transforms[0]
    assert (transform.header.frame_id, transform.child_frame_id) == ("odom", "base_link")
    assert clouds[-1].header.frame_id == "utlidar_lidar"
    assert cloud_from_points(clouds[-1], np.eye(4)).points_base[:, 0].tolist() == list(POINTS_X)
    values = {pair.key: pair.value for pair in reason_of(operator).values}
    assert float(values["odometry_clock_offset"].split()[0]) == pytest.approx(-clock_offset, abs=5.0)
    assert (values["battery"], values["error_code"]) == ("80 %", "1013")
    operator.robot.x, operator.robot.height = 9.0, math.nan
    count = len(clouds)
    operator.run_until(lambda: len(clouds) > count + 10, "clouds beside broken odometry")
    operator.robot.x, operator.robot.height = 5.0, 0.31
    operator.run_until(lambda: 5.0 in places(odometry, transforms)[0], "sound odometry")
    operator.run_until(lambda: 5.0 in places(odometry, transforms)[1], "sound transforms")
    assert all(9.0 not in xs for xs in places(odometry, transforms)), "what is not finite goes no further"


def places(odometry, transforms):
    """Where the robot has been, m: by odometry and by tf."""
    moved = [transform.transform.translation.x for message in transforms for transform in message.transforms]
    return [message.pose.pose.position.x for message in odometry], moved


@pytest.mark.parametrize("signals", [[signal.SIGTERM], [signal.SIGINT, signal.SIGINT]], ids=["term", "double ctrl-c"])
def test_signal_leaves_the_robot_standing(start, signals):
    operator = start()
    operator.walk()
    for number in signals:
        os.kill(operator.process.pid, number)
        time.sleep(0.005)
    operator.stand()
    assert operator.process.wait(15) == 0


def test_joystick_dry_run_and_odometry_of_the_sport_state(start, peer):
    operator = start("dry_run:=true", "deadman:=joy", "deadman_button:=2", "odometry_source:=sport_state")
    traces, odometry = peer.collect(String, "bridge_trace"), peer.collect(Odometry, "odom", qos.SENSOR)
    joy = peer.publisher(Joy, "joy")
    joy.publish(Joy(buttons=[1, 1, 0]))
    operator.run(0.2)
    assert not operator.call("arm", SetBool.Request(data=True)).success, "another button is no deadman"
    held = peer.node.create_timer(0.05, lambda: joy.publish(Joy(buttons=[0, 0, 1])))
    operator.run(0.2)
    operator.arm()
    operator.run_until(lambda: any(call["api_id"] == MOVE for call in calls_of(traces)), "a Move in the trace")
    operator.run_until(lambda: bool(odometry), "odometry")
    peer.node.destroy_timer(held)
    assert operator.robot.calls == []
    assert peer.node.count_publishers("/api/sport/request") == 0
    assert (odometry[-1].pose.pose.position.x, odometry[-1].pose.pose.position.y) == (1.0, 2.0)


def test_stamped_commands_as_nav2_sends_them_reach_the_robot(start, peer):
    operator = start("use_stamped:=true", stamped=True)
    operator.walk()
    assert next(call for call in operator.robot.calls if call.api_id == MOVE).parameter["x"] == 0.4
    operator.twist.linear.x = math.nan
    operator.stand()


def calls_of(traces):
    return [call for message in traces for call in json.loads(message.data)["requests"]]


def test_a_neighbour_that_is_frozen_or_killed_cannot_hold_the_bridge_up_for_they_share_no_memory(start):
    operator = start()
    operator.run_until(lambda: operator.robot.calls or reason_of(operator).message, "a bridge that talks")

    def segments(process):
        return [line for line in Path(f"/proc/{process}/maps").read_text().splitlines() if "/dev/shm/fastrtps_" in line]

    assert segments("self"), "this process uses Fast DDS's shared memory"
    assert segments(operator.process.pid) == []

"""The recovery over real DDS, with a real action server of Nav2's name in another process, well-behaved and not."""

import math
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from geometry_msgs.msg import Twist
from nav_msgs.msg import Odometry as OdometryMessage
from rcl_interfaces.srv import GetParameters
from rclpy.node import Node
from rclpy.parameter import Parameter
from std_msgs.msg import Header, String
from std_srvs.srv import SetBool, Trigger
from tests.helpers.fake_nav2 import LOG
from vision_msgs.msg import Detection3D

from go2_bridge.nodes.recovery_node import RecoveryNode
from go2_bridge.recovery.machine import Stage
from track_common.ros import qos
from track_common.ros.conversions import message_from_odometry, stamp_from_seconds
from track_common.ros.question import Question
from track_common.ros.targets import message_from_target
from track_common.types import Odometry, TargetReport, TargetStatus

pytestmark = pytest.mark.ros

FAKE_NAV2 = Path(__file__).parents[1] / "helpers" / "fake_nav2.py"
DEADLINE = 0.6  # s, given here to acceptance and feedback
ONLY_APPROACH = {"wait_time": 0.0, "turn_timeout": 0.0, "sweep_timeout": 0.0, "standoff": 1.0}
QUICK = {"navigator.accept_timeout": DEADLINE, "navigator.feedback_timeout": DEADLINE}


class Scene:
    """What the planner and the robot say, and what the recovery wants: the robot stands at the origin."""

    def __init__(self, peer):
        self.peer, self.yaw = peer, 0.0
        self.target = peer.publisher(Detection3D, "target_state", qos.LATEST)
        self.odom = peer.publisher(OdometryMessage, "odom", qos.SENSOR_OUT)
        self.wishes = peer.collect(Twist, "recovery/cmd_vel", qos.COMMAND)
        self.stages = peer.collect(String, "recovery/stage", qos.LATCHED)

    def say(self, status, point=(4.0, 0.0)):
        """One frame: odometry, the planner's word and the target's place."""
        now = time.time()
        self.odom.publish(message_from_odometry(Odometry(now, 0.0, 0.0, self.yaw), "odom", "base_link"))
        target = TargetReport(now, TargetStatus(status), position_base=np.array([*point, 1.0]))
        header = Header(stamp=stamp_from_seconds(now), frame_id="base_link")
        self.target.publish(message_from_target(target, header))

    def run(self, status, until, seconds=20.0, **kwargs):
        """Frames at 25 Hz until ``until`` holds."""
        start = time.monotonic()
        while time.monotonic() - start < seconds:
            self.say(status, **kwargs)
            self.peer.spin(0.04)
            if until():
                return
        raise AssertionError(f"not within {seconds} s; stages {[m.data for m in self.stages]}")

    def see(self):
        """Let the node know the target."""
        self.run("tracked", lambda: self.stage is Stage.FOLLOWING, point=(4.0, 0.0))
        self.run("tracked", iter([False] * 5 + [True]).__next__)

    @property
    def stage(self):
        return Stage(self.stages[-1].data) if self.stages else None


@pytest.fixture
def nav2(ros_environment, peer):
    """Starts the fake Nav2 in a mode; returns the process and its log."""
    processes = []

    def start(mode):
        processes.append(subprocess.Popen([sys.executable, str(FAKE_NAV2), mode], env=ros_environment))
        return processes[-1], peer.collect(String, "nav2_log", LOG)

    yield start
    for process in processes:
        process.kill()
        process.wait()


@pytest.fixture
def start(peer, ros_context):
    """Starts the node with parameters; returns the scene around it."""
    nodes = []

    def start(**parameters):
        overrides = [Parameter(name, value=value) for name, value in parameters.items()]
        nodes.append(RecoveryNode(context=ros_context, parameter_overrides=overrides))
        peer.add(nodes[-1])
        return Scene(peer)

    yield start
    for node in nodes:
        node.destroy_node()


def wait_for_navigator(peer, node_count=1):
    """Until the node's client has found the server."""
    peer.wait_until(
        lambda: any(name.endswith("send_goal") for name, _ in peer.node.get_service_names_and_types()), "the server"
    )
    peer.spin(0.3)


def test_a_lost_target_is_gone_after_by_nav2_until_it_is_seen_again(peer, start, nav2):
    _, log = nav2("serve")
    scene = start(**ONLY_APPROACH)
    wait_for_navigator(peer)
    scene.see()
    scene.run("lost", lambda: any(w.linear.x == pytest.approx(0.3) for w in scene.wishes))
    scene.run("lost", lambda: scene.stage is Stage.APPROACHING and bool(log))
    assert log[0].data == "goal odom 3.00 0.00"  # the standoff before where it was
    scene.run("tracked", lambda: log[-1].data == "cancelled")
    scene.run("tracked", lambda: scene.wishes[-1] == Twist() and scene.stage is Stage.FOLLOWING)
    count = len(scene.wishes)
    scene.run("tracked", iter([False] * 10 + [True]).__next__)
    assert len(scene.wishes) == count and scene.stage is Stage.FOLLOWING
    assert [m.data for m in log].count("cancelled") == 1


@pytest.mark.parametrize("mode", ["reject", "abort", "ignore", "silent"])
def test_a_navigator_that_does_not_serve_is_given_up_in_time(peer, start, nav2, mode):
    _, log = nav2(mode)
    scene = start(**ONLY_APPROACH, **QUICK)
    wait_for_navigator(peer)
    scene.see()
    scene.run("lost", lambda: scene.stage is Stage.GIVEN_UP)
    peer.wait_until(lambda: any(m.data.startswith("goal") for m in log), "what the navigator was asked")
    assert [m.data for m in log if m.data.startswith("goal")] == ["goal odom 3.00 0.00"]
    assert all(wish == Twist() for wish in scene.wishes)


def test_a_navigator_that_dies_on_the_way_is_given_up_in_time(peer, start, nav2):
    process, _ = nav2("serve")
    scene = start(**ONLY_APPROACH, **QUICK)
    wait_for_navigator(peer)
    scene.see()
    scene.run("lost", lambda: any(w.linear.x > 0.0 for w in scene.wishes))
    process.kill()
    scene.run("lost", lambda: scene.stage is Stage.GIVEN_UP and scene.wishes[-1] == Twist())


def test_waypoints_are_gone_to_one_by_one_then_home(peer, start, nav2):
    _, log = nav2("arrive")
    scene = start(**{**ONLY_APPROACH, "approach_timeout": 0.0, "waypoints": "1 2 0; 3 4 0", "home": "5 6 0"})
    wait_for_navigator(peer)
    scene.see()
    scene.run("lost", lambda: scene.stage is Stage.GIVEN_UP and len(log) >= 3)
    assert [m.data for m in log] == ["goal map 1.00 2.00", "goal map 3.00 4.00", "goal map 5.00 6.00"]


def test_without_a_navigator_it_turns_and_looks_round_only(peer, start):
    scene = start(wait_time=0.0)
    scene.see()
    scene.yaw = math.radians(60)  # the target is 60 degrees to the right by now
    scene.run("lost", lambda: any(w.angular.z < -0.5 for w in scene.wishes) and scene.stage is Stage.TURNING)
    scene.yaw = 0.0
    scene.run("lost", lambda: scene.stage is Stage.SWEEPING and abs(scene.wishes[-1].angular.z) > 0.5)
    assert all(w.linear.x == 0.0 for w in scene.wishes)
    scene.run("tracked", lambda: scene.wishes[-1] == Twist())


def test_another_instruction_forgets_the_last_target(peer, start):
    scene = start(wait_time=0.0)
    sentence = peer.publisher(String, "instruction", qos.LATCHED)
    sentence.publish(String(data="the man in the blue shirt"))
    scene.see()
    sentence.publish(String(data="the woman in the red dress"))
    peer.wait_until(lambda: sentence_of(peer) == "the woman in the red dress", "the sentence")
    scene.run("lost", iter([False] * 15 + [True]).__next__)
    assert scene.stage is Stage.FOLLOWING and not any(w.angular.z for w in scene.wishes)


def sentence_of(peer):
    """The recovery's sentence, as its parameter shows it."""
    client = peer.node.create_client(GetParameters, "recovery/get_parameters")
    return peer.ask(client, GetParameters.Request(names=["instruction"])).values[0].string_value


def test_services_start_the_search_anew_and_end_it(peer, start):
    scene = start(wait_time=0.0, turn_timeout=0.4, sweep_timeout=0.0)
    enabled = []

    def on_enable(request, response):
        enabled.append(request.data)
        response.success, response.message = True, "disarmed: standing"
        return response

    peer.node.create_service(SetBool, "enable", on_enable)
    search, follow = peer.node.create_client(Trigger, "search"), peer.node.create_client(SetBool, "follow")
    peer.wait_until(lambda: search.service_is_ready() and follow.service_is_ready(), "the services")
    scene.see()
    scene.yaw = 2.0  # and the turn is never carried out
    scene.run("lost", lambda: scene.stage is Stage.GIVEN_UP)
    asked = Question(search, Trigger.Request())
    scene.run("lost", lambda: scene.stage is Stage.TURNING)
    scene.run("lost", lambda: asked.is_answered)
    assert asked.answer.success
    asked = Question(follow, SetBool.Request(data=False))
    scene.run("lost", lambda: scene.stages[-1].data == "standing" and enabled == [False])
    scene.run("lost", lambda: asked.is_answered)
    assert asked.answer.success
    scene.run("lost", lambda: scene.wishes[-1] == Twist())


class Controller:
    """A controller's service, which answers as a test wants: not at all, or with a yes or no."""

    def __init__(self, peer, answer):
        self.peer, self.answer, self.asked = peer, answer, []
        self._node = Node("controller", context=peer.node.context)
        self._server = self._node.create_service(SetBool, "enable", self._on_enable)
        if answer is not None:
            peer.add(self._node)

    def _on_enable(self, request, response):
        self.asked.append(request.data)
        response.success, response.message = self.answer
        return response

    def close(self):
        self.peer.remove(self._node)
        self._node.destroy_node()


@pytest.fixture
def controller(peer):
    """Makes the controller's service."""
    made = []

    def make(answer):
        made.append(Controller(peer, answer))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize(
    ("answer", "is_confirmed", "words", "stage"),
    [
        ((True, "disarmed: standing"), True, "standing", "standing"),
        ((False, "a test says no"), False, "a test says no", "the stop is not confirmed"),
        (None, False, "did not answer within 0.5 s", "the stop is not confirmed"),
    ],
    ids=["confirmed", "refused", "silent"],
)
def test_follow_false_answers_what_the_controller_says(peer, start, controller, answer, is_confirmed, words, stage):
    controller(answer)
    scene = start(confirm_timeout=0.5)
    follow = peer.node.create_client(SetBool, "follow")
    peer.wait_until(follow.service_is_ready, "the service")
    peer.wait_until(lambda: peer.node.count_clients("enable") == 1, "the client of enable")
    peer.spin(0.3)
    future = follow.call_async(SetBool.Request(data=False))
    count = len(scene.stages)
    peer.wait_until(future.done, "the answer")
    assert future.result().success is is_confirmed and words in future.result().message
    peer.wait_until(lambda: scene.stages[-1].data == stage, "the stage")
    assert is_confirmed or "standing" not in [message.data for message in scene.stages[count:]]


def test_without_a_controller_a_stop_is_not_confirmed(peer, start):
    scene = start(confirm_timeout=0.3)
    future = peer.ask(peer.node.create_client(SetBool, "follow"), SetBool.Request(data=False))
    assert not future.success and "is not there" in future.message
    peer.wait_until(lambda: scene.stages[-1].data == "the stop is not confirmed", "the stage")

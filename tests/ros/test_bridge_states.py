"""One owner for each state of the bridge: what is unknown is not armed, and a second commander disarms."""

import time

import pytest
from geometry_msgs.msg import Twist
from rclpy.parameter import Parameter
from std_msgs.msg import Bool
from std_srvs.srv import SetBool

from go2_bridge.nodes.bridge_node import BridgeNode
from go2_bridge.safety.arming import HoldReason
from track_common.ros import qos

pytestmark = pytest.mark.ros


class Operator:
    """Holds the deadman and commands 0.5 m/s while it ``run``s; repeats the button's state where there is a button."""

    def __init__(self, peer, node):
        self.peer, self.node, self.is_pressed, self.button = peer, node, None, None
        self.command = peer.publisher(Twist, "cmd_vel", qos.COMMAND)
        self.deadman = peer.publisher(Bool, "deadman", qos.RELIABLE)
        self._arm = peer.node.create_client(SetBool, "arm")

    def step(self):
        twist = Twist()
        twist.linear.x = 0.5
        self.command.publish(twist)
        self.deadman.publish(Bool(data=True))
        if self.button is not None and self.is_pressed is not None:
            self.button.publish(Bool(data=self.is_pressed))
        self.peer.spin(0.02)

    def until(self, predicate, what, timeout=15.0):
        end = time.monotonic() + timeout
        while not predicate():
            assert time.monotonic() < end, f"waited {timeout} s for {what}"
            self.step()

    def arm(self):
        """The bridge's answer."""
        self.until(self._arm.service_is_ready, "the service arm")
        future = self._arm.call_async(SetBool.Request(data=True))
        self.until(future.done, "the answer of arm")
        return future.result()

    def arm_for_sure(self):
        self.until(lambda: self.arm().success, "arming")


@pytest.fixture
def start(peer, ros_context):
    """Starts a bridge to no robot; returns its operator."""
    nodes = []

    def start(**parameters):
        values = {"driver": "fake", **parameters}
        overrides = [Parameter(name, value=value) for name, value in values.items()]
        nodes.append(BridgeNode(context=ros_context, parameter_overrides=overrides))
        peer.add(nodes[-1])
        return Operator(peer, nodes[-1])

    yield start
    for node in nodes:
        node.destroy_node()


def test_a_button_pressed_before_the_bridge_began_is_unknown_and_unknown_is_not_armed(start, peer):
    button = peer.node.create_publisher(Bool, "e_stop", qos.RELIABLE)
    button.publish(Bool(data=True))
    operator = start()
    operator.until(lambda: operator.node.count_publishers("e_stop") == 1, "the button's publisher")
    answer = operator.arm()
    assert (answer.success, answer.message) == (False, HoldReason.NO_E_STOP.value)
    operator.button, operator.is_pressed = button, False
    operator.arm_for_sure()


def test_a_button_that_falls_silent_or_goes_away_disarms(start, peer):
    operator = start(e_stop_timeout=0.3)
    operator.button = peer.node.create_publisher(Bool, "e_stop", qos.RELIABLE)
    operator.is_pressed = False
    operator.until(lambda: operator.node.count_publishers("e_stop") == 1, "the button's publisher")
    for silence in ("no message", "no publisher"):
        operator.arm_for_sure()
        if silence == "no message":
            operator.is_pressed = None
        else:
            peer.node.destroy_publisher(operator.button)
            operator.button = None
        operator.until(lambda: not operator.node._gate.arming.is_armed, "the end of the arming")
        assert operator.node._gate.arming.disarmed_by == HoldReason.E_STOP_SILENT.value
        operator.is_pressed = False


def test_where_a_button_is_required_no_publisher_is_no_arming(start):
    answer = start(e_stop="required").arm()
    assert (answer.success, answer.message) == (False, HoldReason.NO_E_STOP.value)


def test_a_second_publisher_on_cmd_vel_never_drives_and_disarms(start, peer):
    operator = start()
    sent = []
    operator.node._driver.send = lambda command, now: sent.append(command)
    operator.arm_for_sure()
    operator.until(lambda: bool(sent), "commands that pass")
    other = peer.node.create_publisher(Twist, "cmd_vel", qos.COMMAND)
    twist = Twist()
    twist.linear.x = -0.2

    def drives_beside():
        other.publish(twist)
        return not operator.node._gate.arming.is_armed

    operator.until(drives_beside, "the end of the arming")
    assert all(command.vx == 0.5 for command in sent)
    assert operator.node._gate.arming.disarmed_by == HoldReason.OTHER_COMMANDER.value
    assert operator.arm().message == HoldReason.OTHER_COMMANDER.value
    peer.node.destroy_publisher(other)
    operator.arm_for_sure()


def test_commanders_that_are_expected_are_allowed(start, peer):
    operator = start(command_publishers=2)
    peer.node.create_publisher(Twist, "cmd_vel", qos.COMMAND)
    operator.until(lambda: operator.node.count_publishers("cmd_vel") == 2, "the second publisher")
    operator.arm_for_sure()

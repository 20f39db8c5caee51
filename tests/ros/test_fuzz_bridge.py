"""Spoilt messages on each input of the bridge: it lives, and a Move leaves only where everything asked for is sound."""

import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
from geometry_msgs.msg import Twist
from nav_msgs.msg import Odometry as OdometryMessage
from rclpy.parameter import Parameter
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Bool
from std_srvs.srv import SetBool, Trigger
from tests.helpers.sensors import RING
from tests.helpers.spoiling import COUNTS, Recorder, callbacks_of, spoil, spoilt_runs
from unitree_go.msg import BmsState, LowState, SportModeState, TimeSpec, WirelessController

from go2_bridge.drivers.config import BridgeConfig
from go2_bridge.drivers.sport_api import Api
from go2_bridge.nodes.bridge_node import BridgeNode
from track_common.ros.conversions import message_from_odometry, points_from_array, stamp_from_seconds
from track_common.types import Odometry

pytestmark = pytest.mark.ros
CONFIG = BridgeConfig()
READY = (100, 1013, 1015, 1016, 1017, 2010)
TICK = 0.02  # s
EDGE = 1e-6
TIMEOUTS = {  # s; input: how old it may be
    "cmd_vel": CONFIG.command_timeout,
    "deadman": CONFIG.deadman_timeout,
    "lf/sportmodestate": CONFIG.state_timeout,
    "lf/lowstate": CONFIG.health_timeout,
}


class RecordingBridge(BridgeNode):
    """Keeps what it would transmit (dry run: there is no robot)."""

    def __init__(self, **kwargs):
        self.sent = []
        super().__init__(**kwargs)

    def _transmit(self, request):
        self.sent.append(request)
        super()._transmit(request)


class Bridge:
    """The node with a clock of ours, its callbacks called as its executor would call them."""

    def __init__(self, context, patch):
        self.now = 1000.0
        clock = SimpleNamespace(monotonic=lambda: self.now)
        patch.setattr("go2_bridge.nodes.bridge_node.time", clock)
        patch.setattr("go2_bridge.nodes.robot_sensors.time", clock)
        self.node = RecordingBridge(context=context, parameter_overrides=[Parameter("dry_run", value=True)])
        self.odom = self.node._sensors._odom = Recorder()
        self.node._sensors._tf, self.node._sensors._points = Recorder(), Recorder()
        self._callbacks = callbacks_of(self.node)
        self.last, self.sound_at = {}, {}
        self.is_pressed = False

    def deliver(self, topic, message):
        """Hand a message over; a Move that leaves is judged."""
        self.last[topic] = message
        if topic == "wirelesscontroller":
            self.sound_at.setdefault(topic, -math.inf)
            if not is_idle(message):
                self.sound_at[topic] = self.now
        elif topic == "lf/sportmodestate":
            stamp = (message.stamp.sec, message.stamp.nanosec)
            if stamp != getattr(self, "_stamp", None):
                self.sound_at[topic], self._stamp = self.now, stamp
        else:
            self.sound_at[topic] = self.now
        self.is_pressed |= topic == "e_stop" and message.data
        self._callbacks[topic](message)
        self.judge()

    def tick(self):
        self.now += TICK
        self.node._tick()
        return self.judge()

    def judge(self):
        """Limits hold for any Move, and it needs every input sound and fresh; whether there was one."""
        moves = [json.loads(r.parameter) for r in self.node.sent if r.api is Api.MOVE]
        del self.node.sent[:]
        for move in moves:
            assert all(math.isfinite(v) for v in move.values())
            assert -CONFIG.max_reverse_vel <= move["x"] <= CONFIG.max_linear_vel
            assert abs(move["y"]) <= CONFIG.max_lateral_vel and abs(move["z"]) <= CONFIG.max_angular_vel
            for topic, timeout in TIMEOUTS.items():
                assert self.now - self.sound_at[topic] <= timeout + EDGE, f"stale {topic}"
                assert SOUND[topic](self.last[topic]), f"unsound {topic}"
            assert self.now - self.sound_at["wirelesscontroller"] > CONFIG.stick_hold, "the stick has the robot"
            assert not self.is_pressed, "the emergency stop is latched"
        for message in self.odom.messages:
            pose, twist = message.pose.pose.position, message.twist.twist
            numbers = (pose.x, pose.y, pose.z, twist.linear.x, twist.linear.y, twist.angular.z)
            assert all(math.isfinite(v) for v in numbers)
        del self.odom.messages[:]
        return bool(moves)

    def arm(self):
        """What an operator does after a stop that stays."""
        self._callbacks["e_stop"](Bool(data=False))
        self.node._on_reset(Trigger.Request(), Trigger.Response())
        self.is_pressed = False
        self.node._on_arm(SetBool.Request(data=True), SetBool.Response())
        del self.node.sent[:]


def is_sound_command(message):
    return all(abs(v) < 100.0 for v in (message.linear.x, message.linear.y, message.angular.z))


def is_sound_health(message):
    temperatures = [motor.temperature for motor in message.motor_state]
    return message.bms_state.soc >= CONFIG.min_battery and max(temperatures) <= CONFIG.max_motor_temperature


def is_ready(message):
    return message.error_code in READY or (message.error_code == 0 and message.mode in (1, 3))


def is_idle(message):
    return all(abs(v) < CONFIG.stick_threshold for v in (message.lx, message.ly, message.rx, message.ry))


SOUND = {
    "cmd_vel": is_sound_command,
    "deadman": lambda message: message.data,
    "lf/sportmodestate": is_ready,
    "lf/lowstate": is_sound_health,
}


def command(now):
    message = Twist()
    message.linear.x, message.linear.y, message.angular.z = 0.4, -0.1, 0.2
    return message


def state(now):
    return SportModeState(stamp=TimeSpec(sec=int(now), nanosec=int(now % 1.0 * 1e9)), error_code=1013, mode=1)


def cloud(now):
    message = points_from_array(RING, OdometryMessage().header)
    message.header.stamp = stamp_from_seconds(now)
    return message


MAKE = {  # sound messages of now
    "cmd_vel": command,
    "deadman": lambda now: Bool(data=True),
    "e_stop": lambda now: Bool(data=False),
    "lf/sportmodestate": state,
    "lf/lowstate": lambda now: LowState(bms_state=BmsState(soc=80)),
    "wirelesscontroller": lambda now: WirelessController(),
    "utlidar/robot_odom": lambda now: message_from_odometry(Odometry(now, 0.0, 0.0, 0.0), "odom", "base_link"),
    "utlidar/cloud": cloud,
}


@pytest.fixture(scope="module")
def bridge(module_context):
    with pytest.MonkeyPatch.context() as patch:
        bridge = Bridge(module_context, patch)
        yield bridge
        bridge.node.destroy_node()


@pytest.mark.parametrize("count", [COUNTS[0], pytest.param(COUNTS[1], marks=pytest.mark.slow)])
@pytest.mark.parametrize("topic", MAKE)
def test_spoilt_messages_never_move_the_robot(bridge, topic, count):
    moved = [0]

    def run(rng, messages, spoilt_in_a_row):
        bridge.now += 10.0
        for index in range(messages):
            if index % 50 == 0:
                moved[0] += calm(bridge)
            feed(bridge, index, without="" if index % spoilt_in_a_row == 0 else topic)
            if index % 10 == 0:
                bridge.arm()
            bridge.deliver(topic, spoil(MAKE[topic](bridge.now), rng))
            bridge.tick()

    spoilt_runs(count, run)
    assert moved[0] == count // 50, "sound messages in between should move it, or nothing was shown"


def calm(bridge):
    """Sound messages alone until a touched stick is forgotten; whether the robot then moves."""
    for index in range(round((CONFIG.stick_hold + 0.2) / TICK)):
        feed(bridge, index, without="")
        bridge.arm()
        is_moving = bridge.tick()
    return is_moving


def feed(bridge, index, without):
    """The sound messages of one tick; the battery's and the cloud are slower."""
    for topic, make in MAKE.items():
        if topic != without and (index % 5 == 0 or topic not in ("lf/lowstate", "utlidar/cloud")):
            bridge.deliver(topic, make(bridge.now))


def test_clouds_go_through_as_they_came(bridge):
    """The bridge judges their time only; what is in them is judged by whoever looks."""
    sent = bridge.node._sensors._points = Recorder()
    for _ in range(3):
        bridge.now += TICK
        bridge.deliver("utlidar/cloud", cloud(bridge.now))
    assert isinstance(sent.messages[-1], PointCloud2)
    assert len(sent.messages[-1].data) == np.asarray(RING, np.float32).nbytes

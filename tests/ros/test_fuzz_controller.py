"""Spoilt messages on each input of the controller: it lives, and moves only on what is sound."""

import math

import numpy as np
import pytest
from geometry_msgs.msg import Twist
from rclpy.time import Time
from std_msgs.msg import Header
from tests.helpers.sensors import RING
from tests.helpers.simulated_robot import simulated
from tests.helpers.spoiling import COUNTS, Recorder, callbacks_of, spoil, spoilt_runs
from tf2_msgs.msg import TFMessage

from go2_bridge.config import ControllerConfig
from go2_bridge.follower import REORDER
from go2_bridge.nodes.controller_node import ControllerNode
from track_common.ros.clouds import cloud_from_points
from track_common.ros.conversions import (
    MessageError,
    message_from_odometry,
    path_from_trajectory,
    points_from_array,
    seconds_from_stamp,
    stamp_from_seconds,
)
from track_common.ros.frames import transform_from_matrix
from track_common.ros.targets import message_from_target
from track_common.types import Odometry, TargetReport, TargetStatus, Trajectory

pytestmark = pytest.mark.ros
CONFIG = ControllerConfig()
TIMES = np.arange(1, 6) * 0.2
WAY = np.column_stack([TIMES, np.zeros((5, 2))])
TICK = 0.02  # s


class Controller:
    """The node with a clock of ours, its callbacks called as its executor would call them."""

    def __init__(self, context):
        overrides = simulated(use_sim_time=True, display_rate=0.0)
        self.node = ControllerNode(context=context, parameter_overrides=overrides)
        self.node._command_publisher = self.commands = Recorder()
        self.node._reason_publisher = self.node._status_publisher = Recorder()
        self._callbacks = callbacks_of(self.node)
        self.begin()

    def begin(self):
        """Forget everything; the mount is known."""
        self.now = 1000.0
        self.node._follower.reset()
        self.count, self.sound = 0, {topic: [] for topic in SOUND}
        self.last_sound, self.last_unsound = dict.fromkeys(SOUND, 0), dict.fromkeys(SOUND, 0)
        mount = transform_from_matrix(np.eye(4), stamp_from_seconds(0.0), "base_link", "lidar")
        self._callbacks["tf_static"](TFMessage(transforms=[mount]))

    def deliver(self, topic, message):
        """Hand a message over, and note whether it was sound."""
        self._callbacks[topic](message)
        self.count += 1
        if topic not in SOUND:
            return
        past = self.sound[topic]
        if SOUND[topic](message):
            self.sound[topic] = [*past[-40:], (stamp_of(message), self.now)]
            self.last_sound[topic] = self.count
        elif not (topic == "trajectory" and any(0.0 < stamp - stamp_of(message) < REORDER for stamp, _ in past[-5:])):
            self.last_unsound[topic] = self.count  # a trajectory slightly out of order is ignored, sound or not

    def tick(self):
        self.now += TICK
        self.node.get_clock().set_ros_time_override(Time(nanoseconds=round(self.now * 1e9)))

    def judge(self):
        """Let it decide; limits hold for any command, and one that moves needs every input sound and fresh."""
        self.node._tick()
        command = self.commands.messages[-1]
        speeds = (command.linear.x, command.linear.y, command.angular.z)
        assert all(math.isfinite(v) for v in speeds)
        assert -CONFIG.max_reverse_vel <= speeds[0] <= CONFIG.max_linear_vel
        assert abs(speeds[1]) <= CONFIG.max_lateral_vel and abs(speeds[2]) <= CONFIG.max_angular_vel
        del self.commands.messages[:]
        if any(speeds):
            for topic in ("odom", "trajectory"):
                assert self.last_sound[topic] > self.last_unsound[topic], f"the newest {topic} is unsound"
            self.assert_fresh("odom", CONFIG.odometry_timeout, math.inf)
            self.assert_fresh("points", CONFIG.cloud_timeout, math.inf)
            self.assert_fresh("trajectory", CONFIG.max_age, CONFIG.trajectory_timeout)
        return any(speeds)

    def assert_fresh(self, topic, oldest, silence):
        edge = 1e-6
        assert any(
            self.now - oldest - edge <= stamp <= self.now + CONFIG.future_slack + edge
            and self.now - arrived <= silence + edge
            for stamp, arrived in self.sound[topic]
        ), f"no sound and fresh {topic}"


def stamp_of(message):
    return seconds_from_stamp(message.header.stamp) if hasattr(message, "header") else 0.0


def is_small(limit, *values):
    return all(math.isfinite(v) and abs(v) < limit for v in values)


def is_sound_odometry(message):
    position, q, twist = message.pose.pose.position, message.pose.pose.orientation, message.twist.twist
    is_rotation = is_small(3.0, q.x, q.y, q.z, q.w) and q.x**2 + q.y**2 + q.z**2 + q.w**2 > 0.2
    return (
        is_rotation
        and is_small(1e6, position.x, position.y)
        and is_small(100.0, twist.linear.x, twist.linear.y, twist.angular.z)
    )


def is_sound_cloud(message):
    try:
        count = len(cloud_from_points(message, np.eye(4)).points_base)
    except MessageError:
        return False
    return message.header.frame_id in ("lidar", "base_link") and count >= CONFIG.min_cloud_points


def is_sound_trajectory(message):
    stamps = [seconds_from_stamp(p.header.stamp) for p in message.poses]
    numbers = [v for p in message.poses for v in (p.pose.position.x, p.pose.position.y)]
    numbers += [getattr(p.pose.orientation, axis) for p in message.poses for axis in "xyzw"]
    is_rising = all(a < b for a, b in zip(stamps, stamps[1:], strict=False))
    return message.header.frame_id == "base_link" and bool(stamps) and is_small(1e6, *numbers) and is_rising


SOUND = {"odom": is_sound_odometry, "points": is_sound_cloud, "trajectory": is_sound_trajectory}


def header(now, frame_id):
    return Header(stamp=stamp_from_seconds(now), frame_id=frame_id)


def target(now):
    report = TargetReport(now, TargetStatus.TRACKED, "in view", np.array([5.0, 0.0, 1.0]))
    return message_from_target(report, header(now, "base_link"))


MAKE = {  # sound messages of now
    "odom": lambda now: message_from_odometry(Odometry(now, 0.0, 0.0, 0.0), "odom", "base_link"),
    "points": lambda now: points_from_array(RING, header(now, "lidar")),
    "trajectory": lambda now: path_from_trajectory(Trajectory(now, WAY, TIMES), header(now, "base_link")),
    "target_state": target,
    "recovery/cmd_vel": lambda now: Twist(),
}
FEEDS = ("odom", "points", "target_state", "trajectory")


@pytest.fixture(scope="module")
def controller(module_context):
    controller = Controller(module_context)
    yield controller
    controller.node.destroy_node()


@pytest.mark.parametrize("count", [COUNTS[0], pytest.param(COUNTS[1], marks=pytest.mark.slow)])
@pytest.mark.parametrize("topic", MAKE)
def test_spoilt_messages_never_move_the_robot(controller, topic, count):
    moved = [0, 0]

    def run(rng, messages, spoilt_in_a_row):
        controller.begin()
        for index in range(messages):
            controller.tick()
            feed(controller, index, without="" if index % spoilt_in_a_row == 0 else topic)
            moved[0] += index % 5 == 0 and controller.judge()
            controller.deliver(topic, spoil(MAKE[topic](controller.now - rng.choice([0.0, 0.01, 0.3])), rng))
            moved[1] += controller.judge()

    spoilt_runs(count, run)
    assert moved[0] > count // 100, "sound messages in between should move it, or nothing was shown"


def feed(controller, index, without):
    """The sound messages of one tick: odometry in every one, the rest in every third."""
    for topic in FEEDS if index % 3 == 0 else FEEDS[:1]:
        if topic != without:
            controller.deliver(topic, MAKE[topic](controller.now))


def test_a_trajectory_that_asks_for_a_stop_is_answered_at_once_and_after_the_one_that_waits(controller):
    controller.begin()
    for index in range(20):
        controller.tick()
        feed(controller, index, without="")
        moves = controller.judge()
    assert moves
    controller.tick()
    feed(controller, 0, without="")  # so short a time before a tick that the trajectory waits
    controller.deliver(
        "trajectory", path_from_trajectory(Trajectory(controller.now, [], []), header(controller.now, "base_link"))
    )
    last = controller.commands.messages[-1]
    assert (last.linear.x, last.linear.y, last.angular.z) == (0.0, 0.0, 0.0)
    assert not controller.judge()

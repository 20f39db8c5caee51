"""The planner node over real DDS: a box becomes a trajectory stamped like its image; bad input becomes none."""

import math
import threading
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PointStamped
from nav_msgs.msg import Path
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, PointCloud2
from std_msgs.msg import Header, String
from tests.helpers.sensors import Sensors
from vision_msgs.msg import Detection2DArray

from track_common.config import ConfigError
from track_common.instruction import parse_instruction
from track_common.ros import qos
from track_common.ros.conversions import (
    detections_from_sighting,
    points_from_array,
    stamp_from_seconds,
    trajectory_from_path,
)
from track_common.ros.diagnostics import ERROR
from track_common.types import Box, Sighting
from trackvla_ros.nodes.planner_node import PlannerNode
from trackvla_ros.registry import POLICIES

pytestmark = pytest.mark.ros

FAR = Box(np.array([304.0, 166.0, 336.0, 267.0]))


class Inputs(Sensors):
    """What a planner listens to."""

    def __init__(self, peer, node):
        super().__init__(peer, has_camera=True)
        self._peer = peer
        self.box = peer.publisher(Detection2DArray, "target_box", qos.LATEST)
        self.instruction = peer.publisher(String, "instruction", qos.LATCHED)
        self.node = node
        self.send_info()
        self.until(lambda: node._camera is not None, "the camera's calibration")

    def until(self, predicate, what):
        self._peer.wait_until(predicate, what)

    def send_odom_and_wait(self, stamp):
        """Odometry that has arrived: a box on another topic could overtake it."""
        self.send_odom(stamp=stamp)
        self.until(lambda: self.node._odometry is not None and self.node._odometry.stamp == stamp, "odometry")

    def say(self, sentence):
        """A sentence that has arrived."""
        self.instruction.publish(String(data=sentence))
        self.until(lambda: self.node.get_parameter("instruction").value == sentence, "the sentence")

    def send_box(self, stamp, box=FAR):
        header = Header(stamp=stamp_from_seconds(stamp), frame_id="camera")
        self.box.publish(detections_from_sighting(Sighting(stamp, box), header))


@pytest.fixture
def start(peer, ros_context):
    nodes = []

    def start(**parameters):
        overrides = [Parameter(name, value=value) for name, value in parameters.items()]
        node = PlannerNode(context=ros_context, parameter_overrides=overrides)
        peer.add(node)
        nodes.append(node)
        return node

    yield start
    for node in nodes:
        node.on_shutdown()
        node.destroy_node()


@pytest.fixture
def planner(peer, start):
    """Inputs of a running planner and the trajectories it sends."""
    node = start()
    paths = peer.collect(Path, "trajectory", qos.LATEST)
    return Inputs(peer, node), paths


def test_box_becomes_a_trajectory_with_the_images_stamp(peer, planner):
    inputs, paths = planner
    statuses = peer.collect(String, "target_status", qos.LATEST)
    targets = peer.collect(PointStamped, "target_point", qos.LATEST)
    stamp = 1700000000.123456789
    inputs.send_odom_and_wait(stamp)
    inputs.send_box(stamp)
    peer.wait_until(lambda: bool(paths and statuses and targets), "a trajectory")
    assert paths[0].header.stamp == stamp_from_seconds(stamp) == targets[0].header.stamp
    trajectory = trajectory_from_path(paths[0])
    assert trajectory.times == pytest.approx(np.arange(1, 11) * 0.1, abs=1e-6)
    assert trajectory.poses_base[-1, 0] > 0.3
    assert statuses[0].data == "tracked" and targets[0].point.x > 4.0


def test_lost_box_is_published_too_and_stands_still(peer, planner):
    inputs, paths = planner
    inputs.send_box(100.0, box=None)
    peer.wait_until(lambda: bool(paths), "a trajectory")
    assert not trajectory_from_path(paths[0]).poses_base.any()


def test_image_outside_the_odometry_gets_no_trajectory(peer, planner):
    inputs, paths = planner
    inputs.send_odom_and_wait(1000.0)
    inputs.send_box(500.0)
    peer.spin(0.3)
    assert not paths


def test_spoilt_messages_leave_the_planner_working(peer, planner):
    inputs, paths = planner
    inputs.send_box(1.0, Box(np.array([math.nan] * 4)))
    inputs.send_box(1.1, Box(np.array([50.0, 50.0, 50.0, 50.0])))
    inputs.info.publish(CameraInfo(header=Header(frame_id="camera")))
    inputs.points.publish(PointCloud2(header=Header(frame_id="lidar"), width=5, height=1))
    inputs.points.publish(points_from_array(np.full((9, 3), math.nan), Header(frame_id="lidar")))
    inputs.send_odom(x=math.nan, stamp=1.0)
    inputs.instruction.publish(String(data="x" * 10_000))
    peer.spin(0.3)
    assert not any(path.poses for path in paths)  # the sentence is answered by a stop
    inputs.say("follow the man in red")
    inputs.send_box(2.0)
    peer.wait_until(lambda: any(path.poses for path in paths), "a trajectory after spoilt messages")


def test_unknown_policy_is_refused_at_start_and_at_run_time(peer, start):
    with pytest.raises(ConfigError, match="box_servo"):
        start(policy="box_serve")
    start()
    answer = peer.set_parameters("planner", policy="nonsense")
    assert not answer[0].successful and "box_servo" in answer[0].reason


def test_policy_parameters_change_at_run_time(peer, planner):
    inputs, paths = planner
    inputs.send_box(1.0)
    peer.wait_until(lambda: len(paths) == 1, "a trajectory")
    answer = peer.set_parameters("planner", **{"box_servo.max_speed": 0.1})
    assert answer[0].successful
    inputs.send_box(2.0)
    peer.wait_until(lambda: len(paths) == 2, "another")
    ends = [trajectory_from_path(p).poses_base[-1, 0] for p in paths]
    assert ends[1] < 0.11 < ends[0]


def test_slow_policy_does_not_hold_up_the_node_and_the_newest_box_wins(peer, start, monkeypatch):
    node = start()
    paths = peer.collect(Path, "trajectory", qos.LATEST)
    inputs = Inputs(peer, node)
    infer = node._worker._policy.infer
    has_begun, may_answer = threading.Event(), threading.Semaphore(0)

    def slow(observation):
        has_begun.set()
        assert may_answer.acquire(timeout=30.0)
        return infer(observation)

    def waits_for(second):
        request = node._worker._waiting
        return request is not None and request.header.stamp.sec == second

    monkeypatch.setattr(node._worker._policy, "infer", slow)
    inputs.send_box(10.0)
    peer.wait_until(has_begun.is_set, "the first box to be looked at")
    for k in range(1, 8):
        inputs.send_box(10.0 + k)
        peer.spin(0.03)
    peer.wait_until(lambda: waits_for(17), "the last box to wait")
    for count in (1, 2):
        may_answer.release()
        peer.wait_until(lambda n=count: len(paths) >= n, f"{count} trajectories")
    may_answer.release()
    peer.spin(0.3)
    assert [p.header.stamp.sec for p in paths] == [10, 17]


def test_failing_policy_asks_for_a_stop_and_the_node_lives_on(peer, start, monkeypatch):
    node = start()
    paths = peer.collect(Path, "trajectory", qos.LATEST)
    inputs = Inputs(peer, node)
    with monkeypatch.context() as patch:
        patch.setattr(node._worker._policy, "infer", lambda observation: 1 / 0)
        inputs.send_box(10.0)
        peer.wait_until(lambda: bool(paths), "an empty trajectory")
        assert not paths[0].poses
    inputs.send_box(11.0)
    peer.wait_until(lambda: len(paths) == 2, "a trajectory again")
    assert len(paths[1].poses) == 10


def test_policy_that_answers_nan_is_stopped_and_begun_anew(peer, start, monkeypatch):
    node = start()
    paths = peer.collect(Path, "trajectory", qos.LATEST)
    inputs = Inputs(peer, node)
    policy = node._worker._policy
    infer, reset, begun = policy.infer, policy.reset, []

    def spoilt(observation):
        trajectory = infer(observation)
        return trajectory if begun else replace(trajectory, poses_base=np.full((10, 3), np.nan))

    def begin(instruction):
        begun.append(instruction)
        reset(instruction)

    monkeypatch.setattr(policy, "infer", spoilt)
    monkeypatch.setattr(policy, "reset", begin)
    inputs.send_box(10.0)
    peer.wait_until(lambda: bool(paths) and bool(begun), "an empty trajectory and a new beginning")
    assert not paths[0].poses
    inputs.send_box(11.0)
    peer.wait_until(lambda: len(paths) == 2, "a trajectory again")
    assert len(paths[1].poses) == 10


def test_a_trajectory_that_cannot_be_published_is_an_error_and_the_next_one_is_published(peer, start):
    """A box stamped at the end of ROS's 32-bit seconds: its waypoints' stamps lie beyond, which no message holds."""
    node = start()
    paths = peer.collect(Path, "trajectory", qos.LATEST)
    statuses = peer.collect(DiagnosticArray, "diagnostics")
    inputs = Inputs(peer, node)
    inputs.send_box(2**31 - 1.0)
    peer.wait_until(lambda: bool(paths), "an empty trajectory")
    assert not paths[0].poses
    peer.wait_until(lambda: bool(statuses) and statuses[-1].status[0].level == ERROR, "the error in diagnostics")
    inputs.send_box(11.0)
    peer.wait_until(lambda: len(paths) == 2, "a trajectory again")
    assert len(paths[1].poses) == 10 and node._worker._thread.failures == 1


@pytest.mark.parametrize("error", [RecursionError("too deep"), KeyError("weights"), MemoryError()])
def test_a_policy_that_cannot_be_loaded_is_refused_and_the_old_one_goes_on(peer, planner, monkeypatch, error):
    inputs, paths = planner

    def load(_config):
        raise error

    broken = SimpleNamespace(make=load, needs_image=True)
    monkeypatch.setitem(POLICIES, "trackvla", broken)
    answer = peer.set_parameters("planner", policy="trackvla")[0]
    assert not answer.successful
    assert f"policy 'trackvla' cannot be loaded: {type(error).__name__}" in answer.reason
    inputs.send_box(11.0)
    peer.wait_until(lambda: bool(paths), "a trajectory of the old policy")
    assert len(paths[0].poses) == 10


@pytest.mark.parametrize(
    "sentence", ["stop", "stop following the man in red", "folge dem Mann im roten Hemd", "where is the man in red?"]
)
def test_a_sentence_that_names_nobody_to_follow_stands_still_whatever_box_comes(peer, planner, sentence):
    inputs, paths = planner
    states = peer.collect(DiagnosticArray, "diagnostics")
    inputs.say("follow the man in red")
    inputs.send_box(10.0)
    peer.wait_until(lambda: bool(paths) and len(paths[-1].poses) == 10, "a trajectory")
    inputs.say(sentence)
    count = len(paths)
    inputs.send_box(11.0)
    peer.wait_until(lambda: any(p.header.stamp.sec == 11 for p in paths), "the answer to a box")
    assert not any(path.poses for path in paths[count:])
    told = parse_instruction(sentence).standstill_reason
    peer.wait_until(lambda: any(told in s.message for m in states for s in m.status), "the reason in diagnostics")
    inputs.say("follow the man in red")
    inputs.send_box(12.0)
    peer.wait_until(lambda: any(p.header.stamp.sec == 12 and p.poses for p in paths), "a trajectory again")


def test_a_stop_sentence_stops_before_the_next_image(peer, planner):
    inputs, paths = planner
    inputs.send_box(10.0)
    peer.wait_until(lambda: bool(paths) and len(paths[-1].poses) == 10, "a trajectory")
    inputs.instruction.publish(String(data="stop!"))
    peer.wait_until(lambda: len(paths) > 1 and not paths[-1].poses, "an empty trajectory")


def test_ten_thousand_boxes_are_refused_and_the_next_message_is_not(peer, planner):
    inputs, paths = planner
    statuses = peer.collect(DiagnosticArray, "diagnostics")
    detection = detections_from_sighting(Sighting(1.0, FAR), Header(frame_id="camera")).detections[0]
    inputs.box.publish(Detection2DArray(header=Header(frame_id="camera"), detections=[detection] * 10_000))
    peer.wait_until(lambda: any("bytes" in s.status[0].message for s in statuses), "the refusal")
    assert not paths
    inputs.send_box(2.0)
    peer.wait_until(lambda: bool(paths), "a trajectory")


def test_a_candidate_without_a_size_does_not_cost_the_target(peer, planner):
    inputs, paths = planner
    statuses = peer.collect(DiagnosticArray, "diagnostics")
    message = detections_from_sighting(Sighting(1.0, FAR, (FAR, FAR)), Header(frame_id="camera"))
    message.detections[1].bbox.size_y = 0.0
    inputs.box.publish(message)
    peer.wait_until(lambda: bool(paths), "a trajectory")
    assert trajectory_from_path(paths[0]).poses_base[-1, 0] > 0.3

    def is_said():
        return any("1 of 3 boxes" in pair.value for s in statuses for pair in s.status[0].values)

    peer.wait_until(is_said, "the box that was left out")

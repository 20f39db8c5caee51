"""The planner node with the real TrackVLA model (random weights): what it publishes, swaps at run time, bad input."""

import dataclasses
import json
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from nav_msgs.msg import Path as PathMessage
from rcl_interfaces.msg import Log
from rclpy.parameter import Parameter
from rclpy.parameter_client import AsyncParameterClient
from sensor_msgs.msg import Image
from std_msgs.msg import Header, String
from tests.helpers.sensors import Sensors
from visualization_msgs.msg import MarkerArray

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from track_common.interfaces import Observation  # noqa: E402
from track_common.ros import qos  # noqa: E402
from track_common.ros.conversions import image_from_rgb, stamp_from_seconds, trajectory_from_path  # noqa: E402
from track_common.ros.logs import NodeLog  # noqa: E402
from track_common.types import Frame, Trajectory  # noqa: E402
from trackvla_ros.model.anchors import fan_anchors  # noqa: E402
from trackvla_ros.model.sizes import SIZES  # noqa: E402
from trackvla_ros.model.weights import build_random, save_model  # noqa: E402
from trackvla_ros.nodes.inference_worker import InferenceWorker, Request  # noqa: E402
from trackvla_ros.nodes.planner_node import PlannerNode  # noqa: E402

pytestmark = pytest.mark.ros

TINY = SIZES["tiny"]
ANCHORS = fan_anchors(TINY.head.anchors, TINY.head.waypoints, 0.1)
RANDOM = {"policy": "trackvla", "trackvla.random_weights": True, "trackvla.size": "tiny", "instruction": "follow her"}


class Robot(Sensors):
    """A robot's camera and what the planner answers it."""

    def __init__(self, peer):
        super().__init__(peer, has_camera=True)
        self._peer = peer
        self.images = peer.publisher(Image, "image_raw", qos.SENSOR_OUT)
        self.instruction = peer.publisher(String, "instruction", qos.LATCHED)
        self.paths = peer.collect(PathMessage, "trajectory", qos.LATEST)
        self.log = peer.collect(Log, "/rosout", qos.RELIABLE)
        self.send_info()
        peer.spin(0.1)

    def see(self, stamp, shape=(48, 64, 3)):
        """Send an image, wait for its trajectory."""
        self.send_image(stamp, shape)
        sent = stamp_from_seconds(stamp)
        self._peer.wait_until(lambda: any(p.header.stamp == sent for p in self.paths), f"a trajectory at {stamp}")
        return trajectory_from_path(self.paths[-1])

    def send_image(self, stamp, shape=(48, 64, 3)):
        rgb = np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)
        self.images.publish(image_from_rgb(rgb, Header(stamp=stamp_from_seconds(stamp), frame_id="camera")))

    def was_said(self, words):
        return any(words in entry.msg for entry in self.log)


@pytest.fixture
def start(peer, ros_context):
    nodes, log = [], NodeLog()  # which run_node makes for a process

    def start(**parameters):
        overrides = [Parameter(name, value=value) for name, value in {**RANDOM, **parameters}.items()]
        node = PlannerNode(context=ros_context, parameter_overrides=overrides)
        log.attach(node)
        peer.add(node)
        nodes.append(node)
        return Robot(peer)

    yield start
    log.close()
    for node in nodes:
        node.on_shutdown()
        node.destroy_node()


def test_every_image_gets_a_trajectory_and_all_candidates_with_their_scores(peer, start):
    robot = start()
    candidates = peer.collect(MarkerArray, "trajectory/candidates", qos.LATEST)
    assert len(robot.see(10.0).poses_base) == TINY.head.waypoints
    peer.wait_until(lambda: bool(candidates), "the candidates")
    lines = [m for m in candidates[0].markers if m.points]
    assert [len(line.points) for line in lines] == [TINY.head.waypoints] * TINY.head.anchors
    assert len({(line.color.r, line.color.g, line.color.b) for line in lines}) > 1  # coloured by score


# --- bad input ---


def test_an_instruction_too_long_stops_until_the_next_one(peer, start):
    robot = start()
    diagnostics = peer.collect(DiagnosticArray, "diagnostics", qos.RELIABLE)
    robot.see(10.0)
    robot.instruction.publish(String(data="follow " * 1000))
    peer.wait_until(lambda: not robot.paths[-1].poses, "a stop")
    wanted = "7000 characters; wanted at most 2000"
    peer.wait_until(lambda: any(wanted in s.message for m in diagnostics for s in m.status), "the reason")
    count = len(robot.paths)
    robot.send_image(10.1)
    peer.spin(0.3)
    assert not any(path.poses for path in robot.paths[count:])
    robot.instruction.publish(String(data="follow him"))
    numbers = iter(range(100))

    def is_planned_again():
        robot.see(10.2 + 0.1 * next(numbers))
        return len(trajectory_from_path(robot.paths[-1]).poses_base) == TINY.head.waypoints

    peer.wait_until(is_planned_again, "a trajectory after the new sentence")


def test_an_empty_instruction_stands_still(peer, start):
    robot = start(instruction="")
    statuses = peer.collect(String, "target_status", qos.LATEST)
    assert not robot.see(10.0).poses_base.any()
    peer.wait_until(lambda: bool(statuses), "a status")
    assert statuses[0].data == "idle"


@pytest.mark.parametrize("change", ["clock", "size"])
def test_a_clock_or_size_that_jumps_is_a_reset_said_in_the_log(peer, start, change):
    robot = start()
    for i in range(3):
        robot.see(100.0 + 0.1 * i)
    trajectory = robot.see(3.0) if change == "clock" else robot.see(100.3, (60, 80, 3))
    assert len(trajectory.poses_base) == TINY.head.waypoints
    words = "the clock jumped back" if change == "clock" else "frames changed from (48, 64, 3) to (60, 80, 3)"
    peer.wait_until(lambda: robot.was_said(words), "the reset in the log")


def test_a_broken_image_is_said_and_the_next_one_planned(peer, start):
    robot = start()
    broken = Image(header=Header(stamp=stamp_from_seconds(1.0)), height=480, width=640, encoding="rgb8", step=1920)
    robot.images.publish(broken)
    peer.wait_until(lambda: robot.was_said("image refused"), "the refusal")
    assert not robot.paths
    robot.see(1.1)


# --- swapped at run time ---


def set_together(peer, **values):
    """Set several parameters of the planner at once; its answer holds ``successful`` and ``reason``."""
    client = AsyncParameterClient(peer.node, "planner")
    peer.wait_until(client.services_are_ready, "the planner's parameter services")
    future = client.set_parameters_atomically([Parameter(name, value=value) for name, value in values.items()])
    peer.wait_until(future.done, "the planner's answer")
    return future.result().result


@pytest.fixture
def checkpoint(tmp_path):
    save_model(build_random(TINY, ANCHORS), ANCHORS, tmp_path / "good", {})
    return tmp_path / "good"


def test_checkpoint_and_dtype_are_swapped_while_it_runs(peer, start, checkpoint):
    robot = start()
    robot.see(10.0)
    answer = peer.set_parameters("planner", **{"trackvla.dtype": "bfloat16"})
    assert answer[0].successful
    robot.see(10.1)
    waypoints = dataclasses.replace(TINY, head=dataclasses.replace(TINY.head, waypoints=5))
    anchors = fan_anchors(8, 5, 0.1)
    save_model(build_random(waypoints, anchors), anchors, checkpoint.parent / "other", {})
    swap = {"trackvla.random_weights": False, "trackvla.checkpoint": str(checkpoint.parent / "other")}
    answer = set_together(peer, **swap)
    assert answer.successful, answer.reason
    assert len(robot.see(10.2).poses_base) == 5


def test_checkpoints_that_cannot_be_used_are_refused_and_the_old_one_goes_on(peer, start, checkpoint):
    robot = start()
    for how in ("anchors", "shape", "vocabulary", "pickle", "absent", "cut", "anchors cut", "nested"):
        folder = Path(shutil.copytree(checkpoint, checkpoint.parent / how))
        words = spoil_checkpoint(folder, how)
        answer = set_together(peer, **{"trackvla.random_weights": False, "trackvla.checkpoint": str(folder)})
        assert not answer.successful
        assert words in answer.reason
    assert len(robot.see(10.0).poses_base) == TINY.head.waypoints


def spoil_checkpoint(folder, how):
    """Break a checkpoint; returns the words its refusal must have."""
    config = json.loads((folder / "config.json").read_text())
    if how == "anchors":
        (folder / "anchors.safetensors").unlink()
        return "anchors.safetensors is missing"
    if how == "shape":
        config["model"]["head"]["width"] = 64
        (folder / "config.json").write_text(json.dumps(config))
        return "head.dit.blocks.0.out.bias (32,), wanted (64,)"
    if how == "vocabulary":
        config["model"]["language"]["vocabulary"] += 6
        (folder / "config.json").write_text(json.dumps(config))
        return "language.lm_head.weight (544, 32), wanted (550, 32)"
    if how in ("cut", "anchors cut"):
        file = folder / ("model.safetensors" if how == "cut" else "anchors.safetensors")
        file.write_bytes(file.read_bytes()[:100])
        return f"{file} is damaged or cut short"
    if how == "nested":
        (folder / "config.json").write_text("[" * 100_000)
        return "config.json is damaged or cut short (RecursionError"
    if how == "pickle":
        (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
        return "can run code"
    (folder / "config.json").unlink()
    return "config.json is missing"


def test_what_this_machine_cannot_do_is_refused_by_name(peer, start):
    robot = start()
    for name, value, words in (
        ("device", "cuda:7", "use cpu"),
        ("device", "gpu", "device 'gpu'"),
        ("compile", "cuda_graphs", "needs a CUDA device"),
    ):
        answer = peer.set_parameters("planner", **{f"trackvla.{name}": value})[0]
        assert not answer.successful
        assert words in answer.reason
    robot.see(10.0)


def test_a_node_without_a_checkpoint_runs_the_shipped_model(start):
    robot = start(**{"trackvla.random_weights": False, "instruction": "follow the man in the red shirt"})
    trajectory = robot.see(10.0, (480, 640, 3))
    assert trajectory.poses_base.shape == (10, 3) and trajectory.poses_base.any()


def test_the_shipped_model_refuses_an_exclusion(start):
    robot = start(**{"trackvla.random_weights": False, "instruction": "follow the man who is not wearing red"})
    trajectory = robot.see(10.0, (480, 640, 3))
    assert not trajectory.poses_base.any(), "it stands still"


# --- the worker: nobody waits for a network ---


class SlowPolicy:
    """Takes until it is let go; answers with the sentence it was given as stamp."""

    def __init__(self):
        self.began, self.is_let_go, self.instruction = threading.Event(), threading.Event(), ""

    def reset(self, instruction):
        self.instruction = instruction

    def infer(self, observation):
        self.began.set()
        self.is_let_go.wait(5.0)
        return Trajectory(float(self.instruction), np.zeros((1, 3)), np.array([0.1]))


def request():
    return Request(lambda: Observation(Frame(np.zeros((4, 4, 3), np.uint8), 0.0)), Header())


def test_reset_and_swap_wait_for_no_inference_and_stale_answers_are_dropped():
    answers, done = [], threading.Event()
    policy = SlowPolicy()
    worker = InferenceWorker(policy, "1", lambda t, r: (answers.append(t.stamp), done.set()), pytest.fail)
    worker.put(request())
    assert policy.began.wait(5.0)
    worker.reset("2")
    worker.swap(policy, "3")
    worker.put(request())
    assert not answers and not policy.is_let_go.is_set()
    policy.is_let_go.set()
    assert done.wait(5.0)
    worker.close()
    assert answers == [3.0]

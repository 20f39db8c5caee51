"""The tracker node over real DDS: every image is answered with its own header, bad ones are dropped, trackers swap."""

import os
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("rclpy")
pytestmark = pytest.mark.ros

from builtin_interfaces.msg import Time  # noqa: E402
from sensor_msgs.msg import CompressedImage, Image  # noqa: E402
from std_msgs.msg import Header, String  # noqa: E402
from vision_msgs.msg import Detection2D, Detection2DArray  # noqa: E402

from track_common.ros import qos  # noqa: E402
from track_common.ros.images import compressed_from_rgb, image_from_pixels  # noqa: E402

ATTEMPTS = 5
SIZE = (120, 160)
SQUARE = np.array([60.0, 40.0, 100.0, 90.0])


def scene(shift: int = 0) -> np.ndarray:
    """A textured red square on textured grey; a correlation filter can follow it."""
    rng = np.random.default_rng(0)
    rgb = rng.integers(90, 130, (*SIZE, 3), np.uint8)
    patch = rng.integers(0, 60, (50, 40, 3), np.uint8)
    patch[..., 0] += 180
    rgb[40:90, 60 + shift : 100 + shift] = patch
    return rgb


def image(rgb: np.ndarray, sec: int, nanosec: int = 0) -> Image:
    return image_from_pixels(rgb, "rgb8", Header(stamp=Time(sec=sec, nanosec=nanosec), frame_id="camera"))


def first_box() -> Detection2D:
    message = Detection2D()
    message.bbox.center.position.x, message.bbox.center.position.y = 80.0, 65.0
    message.bbox.size_x, message.bbox.size_y = 40.0, 50.0
    return message


class Tracker:
    """The node in its own process and the topics around it."""

    def __init__(self, peer, environment, *settings: str, compressed: bool = False) -> None:
        command = [sys.executable, "-m", "vlt_ros.nodes.tracker_node", "--ros-args"]
        arguments = [part for setting in settings for part in ("-p", setting)]
        self.process = subprocess.Popen(command + arguments, env={**os.environ, **environment})
        self._peer = peer
        kind, topic = (CompressedImage, "image_raw/compressed") if compressed else (Image, "image_raw")
        self.images = peer.publisher(kind, topic, qos.SENSOR_OUT)
        self.answers = peer.collect(Detection2DArray, "target_box", qos.LATEST)

    def ask(self, message) -> Detection2DArray:
        """The answer to one image."""
        before = len(self.answers)
        for _ in range(ATTEMPTS):  # the first image may leave before both ends know each other
            self.images.publish(message)
            if self._peer.spin_until(lambda: self._answer(message, before) is not None, seconds=3.0):
                break
        answer = self._answer(message, before)
        assert answer is not None, f"no answer to {ATTEMPTS} images"
        return answer

    def _answer(self, message, before: int) -> Detection2DArray | None:
        return next((a for a in self.answers[before:] if a.header.stamp == message.header.stamp), None)

    def start_at_square(self) -> None:
        publisher = self._peer.publisher(Detection2D, "init_box", qos.RELIABLE)
        publisher.publish(first_box())
        self._peer.spin(0.5)

    def is_alive(self) -> bool:
        return self.process.poll() is None


@pytest.fixture
def make_tracker(peer, ros_environment):
    started = []

    def make(*settings: str, compressed: bool = False) -> Tracker:
        started.append(Tracker(peer, ros_environment, *settings, compressed=compressed))
        return started[-1]

    yield make
    for tracker in started:
        tracker.process.terminate()
        assert tracker.process.wait(timeout=10) == 0


def target(answer: Detection2DArray) -> Detection2D | None:
    return next((d for d in answer.detections if d.id == "target"), None)


@pytest.mark.parametrize("sec", [0, 5, 4_000_000_000])
def test_answer_carries_the_images_header_whatever_the_stamp(make_tracker, sec):
    tracker = make_tracker("instruction:=follow the man in red")
    answer = tracker.ask(image(scene(), min(sec, 2**31 - 1), 123))
    assert (answer.header.stamp.sec, answer.header.stamp.nanosec) == (min(sec, 2**31 - 1), 123)
    assert answer.header.frame_id == "camera" and answer.detections == []  # nobody there: lost, and said so


def test_csrt_follows_what_the_first_box_holds(make_tracker):
    tracker = make_tracker("tracker:=csrt")
    assert target(tracker.ask(image(scene(), 1))) is None
    tracker.start_at_square()
    tracker.ask(image(scene(0), 2))
    for step in range(1, 6):
        found = target(tracker.ask(image(scene(2 * step), 2, step * 100_000_000)))
    assert found is not None
    assert found.bbox.center.position.x == pytest.approx(90.0, abs=4.0)


def test_bad_images_are_dropped_and_the_node_lives(make_tracker, peer):
    tracker = make_tracker("instruction:=follow the man in red")
    tracker.ask(image(scene(), 1))
    empty, cut, strange = Image(), image(scene(), 2), image(scene(), 3)
    cut.data = cut.data[:100]
    strange.encoding = "no_such_encoding"
    for bad in (empty, cut, strange):
        tracker.images.publish(bad)
        peer.spin(0.3)
    answer = tracker.ask(image(scene(), 4))
    assert answer.header.stamp.sec == 4 and tracker.is_alive()


def test_compressed_images_are_read(make_tracker):
    tracker = make_tracker("image_transport:=compressed", compressed=True)
    header = Header(stamp=Time(sec=7), frame_id="camera")
    assert tracker.ask(compressed_from_rgb(scene(), header)).header.stamp.sec == 7


def test_swap_to_csrt_is_refused_without_a_target_and_keeps_the_old_tracker(make_tracker, peer):
    tracker = make_tracker("instruction:=follow the man in red")
    tracker.ask(image(scene(), 1))
    result = peer.set_parameters("tracker", tracker="csrt")[0]
    assert not result.successful and "not in view" in result.reason
    unknown = peer.set_parameters("tracker", tracker="csrd")[0]
    assert not unknown.successful and "csrt" in unknown.reason and "grounded" in unknown.reason
    assert tracker.ask(image(scene(), 2)).header.stamp.sec == 2


def test_settings_of_the_tracker_change_at_run_time_within_their_range(make_tracker, peer):
    tracker = make_tracker("tracker:=csrt")
    tracker.start_at_square()
    assert target(tracker.ask(image(scene(), 1))) is not None
    assert peer.set_parameters("tracker", **{"csrt.psr_threshold": 0.05})[0].successful
    refused = peer.set_parameters("tracker", **{"csrt.psr_threshold": 7.0})[0]
    assert not refused.successful and "0.0..1.0" in refused.reason
    assert target(tracker.ask(image(scene(), 1, 100_000_000))) is not None  # went on from the last box


def test_instruction_topic_and_senseless_sentences_are_survived(make_tracker, peer):
    tracker = make_tracker()
    instructions = peer.publisher(String, "instruction", qos.LATCHED)
    for number, text in enumerate(("x" * 10_000, "", "folge dem Mann", "follow the person in front of you")):
        instructions.publish(String(data=text))
        peer.spin(0.3)
        assert target(tracker.ask(image(scene(), number + 1))) is None
    assert tracker.is_alive()


def test_annotated_image_is_sent_to_who_asks(make_tracker, peer):
    tracker = make_tracker("instruction:=follow the man in red")
    drawn = peer.collect(Image, "image_annotated", qos.SENSOR)
    peer.spin(0.5)
    tracker.ask(image(scene(), 3))
    peer.wait_until(lambda: len(drawn) > 0, "an annotated image")
    assert (drawn[-1].height, drawn[-1].width) == SIZE and drawn[-1].header.stamp.sec == 3


BROKEN = """
from vlt_ros.nodes import tracker_node
from vlt_ros.session import TrackingSession
def broken(self, frame):
    raise RuntimeError("out of memory")
TrackingSession.process = broken
tracker_node.main()
"""


def test_a_tracker_that_breaks_ends_the_node_loudly(peer, ros_environment):
    environment = {**os.environ, **ros_environment}
    process = subprocess.Popen([sys.executable, "-c", BROKEN], env=environment, stderr=subprocess.PIPE, text=True)
    images = peer.publisher(Image, "image_raw", qos.SENSOR_OUT)

    def has_ended() -> bool:
        images.publish(image(scene(), 1))
        return process.poll() is not None

    peer.wait_until(has_ended, "the end of the node")
    said = process.stderr.read()
    assert process.returncode == 1 and "out of memory" in said

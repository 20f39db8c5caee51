"""The tracker node over real DDS: every image is answered with its own header, bad ones are dropped, trackers swap."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rclpy")
pytestmark = pytest.mark.ros

from builtin_interfaces.msg import Time  # noqa: E402
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus  # noqa: E402
from sensor_msgs.msg import CameraInfo, CompressedImage, Image  # noqa: E402
from std_msgs.msg import Header, String  # noqa: E402
from vision_msgs.msg import Detection2D, Detection2DArray  # noqa: E402

from track_common.boxes import iou  # noqa: E402
from track_common.ros import qos  # noqa: E402
from track_common.ros.conversions import box_from_detection, info_from_camera  # noqa: E402
from track_common.ros.images import compressed_from_rgb, image_from_pixels  # noqa: E402
from track_common.types import Camera  # noqa: E402
from vlt_ros import registry  # noqa: E402

ATTEMPTS = 5
STARTED = 60.0  # s; a node that makes a network ready takes a while on a busy machine
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

    def __init__(self, process: subprocess.Popen, peer, compressed: bool = False) -> None:
        self.process, self._peer = process, peer
        kind, topic = (CompressedImage, "image_raw/compressed") if compressed else (Image, "image_raw")
        self.images = peer.publisher(kind, topic, qos.SENSOR_OUT, timeout=STARTED)
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

    def start_at_square(self, sec: int) -> None:
        """Give the first box and send images of ``sec`` until one after it is answered with a target."""
        publisher = self._peer.publisher(Detection2D, "init_box", qos.RELIABLE)
        publisher.publish(first_box())
        steps = iter(range(1, 1000))  # the box may be overtaken by images, which come on another topic
        self._peer.wait_until(
            lambda: target(self.ask(image(scene(), sec, next(steps) * 1_000_000))) is not None,
            "a target",
            STARTED,
        )

    def is_alive(self) -> bool:
        return self.process.poll() is None


@pytest.fixture
def make_tracker(peer, ros_environment):
    started = []

    def make(*settings: str, compressed: bool = False) -> Tracker:
        command = [sys.executable, "-m", "vlt_ros.nodes.tracker_node", "--ros-args"]
        arguments = [part for setting in settings for part in ("-p", setting)]
        started.append(subprocess.Popen(command + arguments, env={**os.environ, **ros_environment}))
        return Tracker(started[-1], peer, compressed)

    yield make
    for process in started:
        process.terminate()
        assert process.wait(timeout=20) == 0


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
    tracker.start_at_square(2)
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


def nano_file(folder: Path) -> Path:
    """The weights that come with the package; where they are missing, untrained ones of the same sizes."""
    torch = pytest.importorskip("torch")
    from vlt_ros.model import checkpoint, zoo
    from vlt_ros.model.paths import NetworkPath
    from vlt_ros.siamese.tracker import NANO_WEIGHTS

    if NANO_WEIGHTS.is_file():
        return NANO_WEIGHTS
    backbone = {"stem": 12, "widths": [24, 48, 96, 160], "depths": [2, 2, 3, 2], "has_classifier": False}
    torch.manual_seed(0)
    path = NetworkPath.random(np.random.default_rng(0), backbone["depths"])
    network = zoo.build("vlt_scar", {"backbone": backbone, "width": 64, "groups": 8, "tower": 2})
    checkpoint.save(network, path, folder / "nano.safetensors")
    return folder / "nano.safetensors"


def slowness() -> float:
    """How much longer than on an idle machine things take now, 1 or more."""
    began, used = time.perf_counter(), time.process_time()
    while time.process_time() - used < 0.1:
        pass
    return (time.perf_counter() - began) / 0.1


def film(tracker: Tracker, peer, is_over, numbers: Iterator[int]) -> list[tuple[float, np.ndarray | None]]:
    """Play the square at 10 images/s, moving 1 px a second, until it is over; when answers came, their boxes (4,)."""
    seen, answered, due = [], len(tracker.answers), time.monotonic()
    for number in numbers:
        tracker.images.publish(image(scene(number // 10), 100 + number // 10, number % 10 * 100_000_000))
        due = max(due + 0.1, time.monotonic())
        while time.monotonic() < due:
            peer.spin(0.02)
            for answer in tracker.answers[answered:]:
                found = target(answer)
                seen.append((time.monotonic(), None if found is None else box_from_detection(found).xyxy))
            answered = len(tracker.answers)
        if is_over(seen):
            return seen
    raise AssertionError(f"not over after the whole film; boxes {seen[-3:]}")


@pytest.mark.models
@pytest.mark.parametrize("prepare", ["vlt_nano", ""])
def test_a_swap_to_vlt_nano_keeps_the_box_without_a_gap_within_a_second(make_tracker, peer, tmp_path, prepare):
    settings = [f"vlt_nano.checkpoint:={nano_file(tmp_path)}"]
    if prepare:
        settings.append("vlt_nano.engine:=folded")  # is slow to make: prepared, that does not matter
    else:
        pytest.importorskip("openvino")
        registry.make_tracker("vlt_nano", {"checkpoint": str(nano_file(tmp_path))})  # its graphs, as the set-up does
    tracker = make_tracker("tracker:=kcf", f"prepare:='{prepare}'", *settings)
    tracker.start_at_square(99)
    numbers = iter(range(400))
    before = film(tracker, peer, lambda seen: sum(box is not None for _, box in seen) >= 5, numbers)
    slow = slowness()
    asked, began = peer.ask_parameters("tracker", tracker="vlt_nano"), time.monotonic()
    done: list[float] = []

    def is_over(seen):
        if asked.is_answered and not done:
            done.append(time.monotonic())
        return bool(done) and sum(when > done[0] for when, _ in seen) >= 3

    after = film(tracker, peer, is_over, numbers)
    slow = max(slow, slowness())
    assert asked.answer.results[0].successful
    patience = 3.0 * slow  # s; the load changes between two looks at it
    assert done[0] - began < patience
    assert np.max(np.diff([when for when, _ in before[-1:] + after])) < patience
    boxes = [box for _, box in before[-1:] + [seen for seen in after if seen[0] < done[0]] + after[-3:-2]]
    assert all(box is not None for box in boxes)
    overlaps = [float(iou(one, other)) for one, other in zip(boxes, boxes[1:], strict=False)]
    assert min(overlaps) > 0.6


def test_settings_of_the_tracker_change_at_run_time_within_their_range(make_tracker, peer):
    tracker = make_tracker("tracker:=csrt")
    tracker.start_at_square(1)
    assert peer.set_parameters("tracker", **{"csrt.psr_threshold": 0.05})[0].successful
    refused = peer.set_parameters("tracker", **{"csrt.psr_threshold": 7.0})[0]
    assert not refused.successful and "Min: 0.0, Max: 1.0, value: 7.0" in refused.reason
    assert target(tracker.ask(image(scene(), 2))) is not None  # went on from the last box


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

    def is_drawn() -> bool:
        tracker.ask(image(scene(), 3))
        return bool(drawn)

    peer.wait_until(is_drawn, "an annotated image")
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
    images = peer.publisher(Image, "image_raw", qos.SENSOR_OUT, timeout=STARTED)

    def has_ended() -> bool:
        images.publish(image(scene(), 1))
        return process.poll() is not None

    peer.wait_until(has_ended, "the end of the node")
    said = process.stderr.read()
    assert process.returncode == 1 and "out of memory" in said


def diagnostics_of(peer):
    statuses = peer.collect(DiagnosticArray, "diagnostics")
    return lambda level, text: any(s.status[0].level == level and text in s.status[0].message for s in statuses)


def test_an_image_of_another_size_than_camera_info_gets_no_box_and_an_error(make_tracker, peer):
    tracker = make_tracker("tracker:=csrt")
    said = diagnostics_of(peer)
    infos = peer.publisher(CameraInfo, "camera_info", qos.SENSOR_OUT)

    def is_refused():
        infos.publish(info_from_camera(Camera.from_hfov(1280, 720, 1.2), Header(frame_id="camera")))
        tracker.images.publish(image(scene(), 1))
        return said(DiagnosticStatus.ERROR, "image is 160x120, its camera_info says 1280x720")

    peer.wait_until(is_refused, "the refusal")
    infos.publish(info_from_camera(Camera.from_hfov(160, 120, 1.2), Header(frame_id="camera")))
    assert tracker.ask(image(scene(), 9)).header.stamp.sec == 9


FAILING = """
from vlt_ros.nodes import tracker_node
from vlt_ros.correlation import CsrtTracker
def fail(self, frame):
    raise ValueError("a template of another kind")
CsrtTracker.update = fail
tracker_node.main()
"""


def test_a_tracker_that_fails_on_its_images_is_an_error_and_publishes_no_box(peer, ros_environment):
    """An empty target_box says that nobody is in view; a tracker that fails does not know that."""
    environment = {**os.environ, **ros_environment}
    words = ["--ros-args", "-p", "tracker:=csrt"]
    command = [sys.executable, "-c", FAILING, *words]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    tracker, said = Tracker(process, peer), diagnostics_of(peer)
    peer.publisher(Detection2D, "init_box", qos.RELIABLE).publish(first_box())

    def is_said():
        tracker.images.publish(image(scene(), 1))
        return said(DiagnosticStatus.ERROR, "no box is published: ValueError: a template of another kind")

    peer.wait_until(is_said, "the error", STARTED)
    for _ in range(5):
        tracker.images.publish(image(scene(), 2))
        peer.spin(0.1)
    assert not any(answer.header.stamp.sec == 2 for answer in tracker.answers) and tracker.is_alive()
    process.terminate()
    _, log = process.communicate(timeout=20)
    assert "a template of another kind" in log

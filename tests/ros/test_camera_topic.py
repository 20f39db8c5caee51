"""Images are found raw or compressed, remapped as image_transport has it; a camera that slows down is warned of."""

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header
from vision_msgs.msg import Detection2DArray

from track_common.ros import qos
from track_common.ros.camera_topic import CameraTopic, compressed_topic
from track_common.ros.conversions import image_from_rgb, stamp_from_seconds
from track_common.ros.diagnostics import WARN, Diagnostics
from track_common.ros.images import compressed_from_rgb
from vlt_ros.nodes.tracker_node import TrackerNode

pytestmark = pytest.mark.ros

CAMERA = "/camera/color/image_raw"
REMAP = ["--ros-args", "-r", f"image_raw:={CAMERA}"]
PICTURE = np.full((48, 64, 3), 90, np.uint8)


def header(stamp: float) -> Header:
    return Header(stamp=stamp_from_seconds(stamp), frame_id="camera")


@pytest.fixture
def start(peer, ros_context):
    """A node with a camera; returns node and the images it takes."""
    nodes = []

    def start(*arguments, **options):
        node = Node("viewer", context=ros_context, cli_args=list(arguments))
        taken = []
        CameraTopic(node, Diagnostics(node), taken.append, **options)
        nodes.append(node)
        peer.add(node)
        return node, taken

    yield start
    for node in nodes:
        peer.remove(node)
        node.destroy_node()


@pytest.mark.parametrize(
    ("arguments", "topic"),
    [
        ([], "/image_raw/compressed"),
        (REMAP, f"{CAMERA}/compressed"),
        ([*REMAP, "-r", "image_raw/compressed:=/jpeg"], "/jpeg"),
        (["--ros-args", "-r", "__ns:=/go2_a"], "/go2_a/image_raw/compressed"),
    ],
)
def test_the_compressed_topic_lies_beside_the_raw_one_unless_it_is_remapped_itself(ros_context, arguments, topic):
    node = Node("viewer", context=ros_context, cli_args=arguments)
    assert compressed_topic(node) == topic
    node.destroy_node()


def test_a_camera_that_sends_jpeg_alone_is_found_behind_a_remapped_raw_topic(peer, start):
    _, taken = start(*REMAP)
    publisher = peer.publisher(CompressedImage, f"{CAMERA}/compressed", qos.SENSOR_OUT)
    publisher.publish(compressed_from_rgb(PICTURE, header(1.0)))
    peer.wait_until(lambda: bool(taken), "the image")
    assert isinstance(taken[0], CompressedImage)


def test_raw_images_are_taken_where_both_are_sent(peer, start):
    raw = peer.node.create_publisher(Image, CAMERA, qos.SENSOR_OUT)
    jpeg = peer.node.create_publisher(CompressedImage, f"{CAMERA}/compressed", qos.SENSOR_OUT)
    _, taken = start(*REMAP)
    peer.wait_until(lambda: raw.get_subscription_count() == 1, "a reader of raw images")
    raw.publish(image_from_rgb(PICTURE, header(1.0)))
    jpeg.publish(compressed_from_rgb(PICTURE, header(1.0)))
    peer.wait_until(lambda: bool(taken), "the image")
    peer.spin(0.7)  # longer than it takes to look for the other topic
    assert [type(message) for message in taken] == [Image]


def test_a_camera_that_slows_down_is_a_warning_with_both_rates(peer, start):
    _, taken = start(camera_rate=30.0)
    images = peer.publisher(Image, "image_raw", qos.SENSOR_OUT)
    diagnostics = peer.collect(DiagnosticArray, "diagnostics", qos.RELIABLE)
    for number in range(35):
        images.publish(image_from_rgb(PICTURE, header(100.0 + number / 10)))
        peer.wait_until(lambda number=number: len(taken) > number, f"image {number}")
    wanted = "the camera sends 10.0 images a second; camera_rate asks for 30.0"
    peer.wait_until(lambda: any(wanted in s.message and s.level == WARN for m in diagnostics for s in m.status), wanted)


def test_camera_info_alone_tells_the_usual_rate(peer, start):
    _, taken = start()
    images = peer.publisher(Image, "image_raw", qos.SENSOR_OUT)
    infos = peer.publisher(CameraInfo, "camera_info", qos.SENSOR_OUT)
    diagnostics = peer.collect(DiagnosticArray, "diagnostics", qos.RELIABLE)
    for number in range(40):
        infos.publish(CameraInfo(header=header(100.0 + number / 10)))
        peer.spin(0.01)  # one that is lost on the way makes the usual rate a little lower
        if number % 4 == 0:
            images.publish(image_from_rgb(PICTURE, header(100.0 + number / 10)))
            peer.wait_until(lambda number=number: len(taken) > number // 4, f"image {number // 4}")
    wanted = "the camera sends 2.5 images a second; camera_info has had "
    peer.wait_until(lambda: any(wanted in s.message for m in diagnostics for s in m.status), wanted)


def test_the_tracker_answers_a_camera_that_sends_jpeg_alone(peer, ros_context):
    node = TrackerNode(context=ros_context, cli_args=REMAP)
    peer.add(node)
    try:
        boxes = peer.collect(Detection2DArray, "target_box", qos.LATEST)
        publisher = peer.publisher(CompressedImage, f"{CAMERA}/compressed", qos.SENSOR_OUT)
        publisher.publish(compressed_from_rgb(PICTURE, header(1.0)))
        peer.wait_until(lambda: bool(boxes), "an answer")
        assert boxes[0].header == header(1.0)
    finally:
        node.on_shutdown()
        peer.remove(node)
        node.destroy_node()

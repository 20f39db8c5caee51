"""The video node over real DDS: frames come as camera images, an unreadable video ends it with a reason."""

import os
import subprocess
import sys

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy")
pytestmark = pytest.mark.ros

from sensor_msgs.msg import CameraInfo, Image  # noqa: E402

from track_common.ros import qos  # noqa: E402
from track_common.ros.images import rgb_from_image  # noqa: E402
from vlt_ros.nodes.video_node import Audience  # noqa: E402

LEVELS = (20, 120, 220)


@pytest.fixture
def folder(tmp_path):
    for number, level in enumerate(LEVELS):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((48, 64, 3), level, np.uint8))
    return tmp_path


def start(environment, *settings: str) -> subprocess.Popen:
    arguments = [part for setting in settings for part in ("-p", setting)]
    command = [sys.executable, "-m", "vlt_ros.nodes.video_node", "--ros-args", *arguments]
    return subprocess.Popen(command, env={**os.environ, **environment}, stderr=subprocess.PIPE, text=True)


def test_folder_plays_in_order_with_camera_info_of_its_field_of_view(folder, peer, ros_environment):
    process = start(ros_environment, f"video:={folder}", "loop:=true", "rate:=10.0", "hfov:=1.5708")
    try:
        images = peer.collect(Image, "image_raw", qos.RELIABLE)
        infos = peer.collect(CameraInfo, "camera_info", qos.RELIABLE)
        peer.wait_until(lambda: len(images) >= 6 and len(infos) > 0, "six images")
    finally:
        process.terminate()
    levels = [int(rgb_from_image(message)[0, 0, 0]) for message in images[:6]]
    start_index = LEVELS.index(levels[0])
    assert levels == [LEVELS[(start_index + i) % 3] for i in range(6)]
    assert infos[0].k[0] == pytest.approx(32.0, abs=0.01) and infos[0].width == 64
    assert process.wait(timeout=40) == 0


def test_node_ends_with_the_video(folder, peer, ros_environment):
    process = start(ros_environment, f"video:={folder}", "rate:=20.0", "wait_for_subscribers:=0.0")
    assert process.wait(timeout=40) == 0


def test_first_frame_waits_for_a_subscriber_who_then_misses_none(folder, peer, ros_environment):
    process = start(ros_environment, f"video:={folder}", "rate:=20.0", "wait_for_subscribers:=60.0")
    try:
        peer.wait_until(lambda: peer.node.count_publishers("image_raw") > 0, "the node")
        peer.spin(1.0)  # in which an impatient node would have shown all of its three frames
        images = peer.collect(Image, "image_raw", qos.RELIABLE)
        peer.wait_until(lambda: len(images) == len(LEVELS), f"three images; there were {len(images)}")
        assert process.wait(timeout=40) == 0
    finally:
        process.kill()
    assert [int(rgb_from_image(message)[0, 0, 0]) for message in images] == list(LEVELS)


@pytest.mark.parametrize(
    ("counts", "first"),
    [((0, 0, 0, 0, 0, 0), 5), ((0, 1, 1, 1, 1), 3), ((1, 1, 2, 2, 2, 2), 4), ((1, 0, 1, 1, 1, 1), 4)],
)
def test_video_begins_when_its_subscribers_have_settled_or_patience_ends(counts, first):
    audience = Audience(patience=1.2, now=0.0)
    begun = [audience.is_there(count, 0.25 * index) for index, count in enumerate(counts)]
    assert begun.index(True) == first


@pytest.mark.parametrize("video", ["/no/such/video.mp4", ""])
def test_unreadable_video_is_named_in_one_line(video, ros_environment):
    process = start(ros_environment, *([f"video:={video}"] if video else []))
    _, said = process.communicate(timeout=40)
    assert process.returncode == 2
    assert "wanted a video file or a folder of images" in said and "Traceback" not in said

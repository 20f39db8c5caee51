"""Spoilt messages on each input of tracker and planner: both live, and what they publish can be read and reached."""

import math

import numpy as np
import pytest
import rclpy
from std_msgs.msg import Header
from tests.helpers.sensors import CAMERA, RING
from tests.helpers.spoiling import COUNTS, Recorder, callbacks_of, spoil, spoilt_runs
from tf2_msgs.msg import TFMessage

from track_common.ros.conversions import (
    box_from_detection,
    detections_from_sighting,
    image_from_rgb,
    info_from_camera,
    message_from_odometry,
    points_from_array,
    stamp_from_seconds,
    trajectory_from_path,
)
from track_common.ros.frames import transform_from_matrix
from track_common.types import Box, Camera, Odometry, Sighting
from trackvla_ros.nodes.planner_node import PlannerNode
from vlt_ros.nodes.tracker_node import TrackerNode

pytestmark = pytest.mark.ros
PICTURE = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
FIGURE = Box(np.array([304.0, 166.0, 336.0, 267.0]))
SPOT = Box(np.array([20.0, 10.0, 40.0, 40.0]))  # somewhere in the picture
REACH = 20.0  # m; a waypoint farther off is refused by the controller
SIZES = [COUNTS[0], pytest.param(COUNTS[1], marks=pytest.mark.slow)]


def header(now, frame_id):
    return Header(stamp=stamp_from_seconds(now), frame_id=frame_id)


MAKE = {  # sound messages of now
    "image_raw": lambda now: image_from_rgb(PICTURE, header(now, "camera")),
    "camera_info": lambda now: info_from_camera(CAMERA, header(now, "camera")),
    "points": lambda now: points_from_array(RING, header(now, "lidar")),
    "odom": lambda now: message_from_odometry(Odometry(now, 0.0, 0.0, 0.0), "odom", "base_link"),
    "target_box": lambda now: detections_from_sighting(Sighting(now, FIGURE, (FIGURE,)), header(now, "camera")),
    "init_box": lambda now: detections_from_sighting(Sighting(now, SPOT), header(now, "camera")).detections[0],
}


def mounts():
    never = stamp_from_seconds(0.0)
    camera = transform_from_matrix(CAMERA.T_base_camera, never, "base_link", "camera")
    return TFMessage(transforms=[camera, transform_from_matrix(np.eye(4), never, "base_link", "lidar")])


@pytest.fixture(scope="module")
def planner(module_context):
    """The node without its thread: whatever is handed over is planned at once."""
    node = PlannerNode(context=module_context)
    worker, policy = node._worker, node._worker._policy
    worker.close()
    policy.reset("")
    worker._start = None
    worker.put = lambda request: worker._infer(policy, request) is None
    node._trajectory_publisher, node._target_publisher = Recorder(), Recorder()
    yield node
    node.destroy_node()


@pytest.mark.parametrize("count", SIZES)
@pytest.mark.parametrize("topic", ["camera_info", "points", "odom", "target_box"])
def test_planner_says_nothing_that_cannot_be_read(planner, topic, count):
    callbacks, paths = callbacks_of(planner), planner._trajectory_publisher.messages
    callbacks["tf_static"](mounts())
    now, moving = 1000.0, 0

    def run(rng, messages, spoilt_in_a_row):
        nonlocal now, moving
        now += 100.0
        for index in range(messages):
            now += 0.03
            for name in ("camera_info", "points", "odom", "target_box"):
                if name != topic or index % spoilt_in_a_row == 0:
                    callbacks[name](MAKE[name](now))
            callbacks[topic](spoil(MAKE[topic](now), rng))
            for path in paths:
                trajectory = trajectory_from_path(path)
                assert np.all(np.abs(trajectory.poses_base[:, :2]) < REACH)
                moving += bool(trajectory.poses_base.any())
            del paths[:], planner._target_publisher.messages[:]

    spoilt_runs(count, run)
    assert moving > count // 100, "sound messages in between should lead somewhere, or nothing was shown"


@pytest.fixture(scope="module")
def tracker(module_domain):
    """The node with a correlation filter on its first box; images are tracked in this thread."""
    rclpy.init(args=["--ros-args", "-p", "tracker:=kcf"], domain_id=module_domain)
    node = TrackerNode()
    node._boxes = Recorder()
    yield node
    node.destroy_node()
    rclpy.try_shutdown()


@pytest.mark.parametrize("count", SIZES)
@pytest.mark.parametrize("topic", ["image_raw", "camera_info", "init_box"])
def test_tracker_says_nothing_that_cannot_be_read(tracker, topic, count):
    callbacks, boxes = callbacks_of(tracker), tracker._boxes.messages
    callbacks["tf_static"](mounts())
    camera = Camera.from_hfov(PICTURE.shape[1], PICTURE.shape[0], 1.2)  # another size's images get no box
    make = {**MAKE, "camera_info": lambda now: info_from_camera(camera, header(now, "camera"))}
    callbacks["camera_info"](make["camera_info"](0.0))
    found = 0

    def run(rng, messages, spoilt_in_a_row):
        nonlocal found
        for index in range(messages):
            if index % (5 * spoilt_in_a_row) == 0:
                callbacks["init_box"](MAKE["init_box"](0.0))
            message = spoil(make[topic](1000.0 + index), rng)
            if topic != "image_raw":
                callbacks[topic](message)
                message = MAKE["image_raw"](1000.0 + index)
            tracker._track(message)
            for answer in boxes:
                for detection in answer.detections:
                    assert all(math.isfinite(v) for v in box_from_detection(detection).xyxy)
                found += len(answer.detections)
            del boxes[:]

    spoilt_runs(count, run)
    assert found > count // 100, "sound images in between should give a box, or nothing was shown"

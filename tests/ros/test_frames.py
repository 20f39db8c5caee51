"""Mounts from tf_static, by the same numbers that went in; nothing where frames are not connected."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rclpy.node import Node
from scipy.spatial.transform import Rotation
from tf2_msgs.msg import TFMessage

from track_common.ros import qos
from track_common.ros.frames import (
    MovingFrames,
    StaticFrames,
    listen_to_frames,
    matrix_from_transform,
    transform_from_matrix,
)
from track_common.ros.stamps import stamp_from_seconds

pytestmark = pytest.mark.ros

STAMP = stamp_from_seconds(0.0)
turns = st.tuples(*[st.floats(-3.0, 3.0)] * 3)
shifts = st.tuples(*[st.floats(-10.0, 10.0)] * 3)


def matrix(turn, shift) -> np.ndarray:
    result = np.eye(4)
    result[:3, :3], result[:3, 3] = Rotation.from_rotvec(turn).as_matrix(), shift
    return result


@given(turns, shifts)
def test_a_transform_survives(turn, shift):
    expected = matrix(turn, shift)
    np.testing.assert_allclose(
        matrix_from_transform(transform_from_matrix(expected, STAMP, "a", "b")), expected, atol=1e-9
    )


try:
    from tf2_py import BufferCore
except ImportError:
    BufferCore = None
TF2 = pytest.param("tf2", marks=[pytest.mark.apt_ros, pytest.mark.skipif(BufferCore is None, reason="needs tf2_py")])


@pytest.fixture(params=["ours", TF2])
def frames(request, peer):
    """Our reader of tf_static, and tf2's buffer where it is installed."""
    return StaticFrames(peer.node) if request.param == "ours" else MovingFrames(peer.node, BufferCore())


def test_a_chain_of_mounts_is_followed_both_ways(peer, frames):
    publisher = peer.publisher(TFMessage, "tf_static", qos.TF_STATIC)
    camera, lens = matrix((0.0, 0.0, 1.0), (0.3, 0.0, 0.4)), matrix((0.5, 0.0, 0.0), (0.0, 0.1, 0.0))
    mounts = [transform_from_matrix(camera, STAMP, "base_link", "camera")]
    mounts.append(transform_from_matrix(lens, STAMP, "camera", "lens"))
    publisher.publish(TFMessage(transforms=mounts))
    peer.wait_until(lambda: frames.lookup("base_link", "lens") is not None, "the mounts")
    for stamp in (None, STAMP, stamp_from_seconds(1e9)):
        np.testing.assert_allclose(frames.lookup("base_link", "lens", stamp), camera @ lens, atol=1e-9)
    np.testing.assert_allclose(frames.lookup("lens", "base_link"), np.linalg.inv(camera @ lens), atol=1e-9)
    assert frames.lookup("base_link", "lidar") is None


def test_a_mount_that_was_never_filled_is_not_taken_for_the_identity(peer, frames):
    publisher = peer.publisher(TFMessage, "tf_static", qos.TF_STATIC)
    broken = transform_from_matrix(np.eye(4), STAMP, "base_link", "camera")
    broken.transform.rotation.w = 0.0
    sound = transform_from_matrix(np.eye(4), STAMP, "base_link", "lidar")
    publisher.publish(TFMessage(transforms=[broken, sound]))
    peer.wait_until(lambda: frames.lookup("base_link", "lidar") is not None, "the sound one")
    assert frames.lookup("base_link", "camera") is None


def test_frames_are_looked_for_in_the_namespace(ros_context, peer):
    node = Node("robot", namespace="go2_a", context=ros_context)
    peer.add(node)
    frames = listen_to_frames(node)
    publisher = peer.publisher(TFMessage, "/go2_a/tf_static", qos.TF_STATIC)
    publisher.publish(TFMessage(transforms=[transform_from_matrix(np.eye(4), STAMP, "base_link", "lidar")]))
    peer.wait_until(lambda: frames.lookup("base_link", "lidar") is not None, "the mount")
    assert peer.node.count_subscribers("/tf_static") == 0
    peer.remove(node)
    node.destroy_node()


@pytest.mark.apt_ros
@pytest.mark.skipif(BufferCore is None, reason="needs tf2_py")
def test_a_camera_on_a_joint_is_where_it_was_at_the_stamp(peer):
    frames = MovingFrames(peer.node, BufferCore())
    moving, still = (peer.publisher(TFMessage, f"tf{end}", profile) for end, profile in JOINT_TOPICS)
    lens = matrix((0.5, 0.0, 0.0), (0.0, 0.1, 0.0))
    still.publish(TFMessage(transforms=[transform_from_matrix(lens, STAMP, "head", "lens")]))
    for seconds, yaw in ((10.0, 0.0), (10.1, 0.2)):
        head = transform_from_matrix(pan(yaw), stamp_from_seconds(seconds), "base_link", "head")
        moving.publish(TFMessage(transforms=[head]))
    at = stamp_from_seconds
    peer.wait_until(lambda: frames.lookup("base_link", "lens", at(10.15)) is not None, "the joint")
    np.testing.assert_allclose(frames.lookup("base_link", "lens", at(10.05)), pan(0.1) @ lens, atol=1e-6)
    np.testing.assert_allclose(frames.lookup("base_link", "lens", at(10.15)), pan(0.2) @ lens, atol=1e-6)
    assert frames.lookup("base_link", "lens", at(10.3)) is None, "0.2 s old"
    assert frames.lookup("base_link", "lens", at(9.9)) is None, "before the first"


JOINT_TOPICS = (("", qos.TF), ("_static", qos.TF_STATIC))


def pan(yaw: float) -> np.ndarray:
    return matrix((0.0, 0.0, yaw), (0.3, 0.0, 0.4))

"""Mounts from tf_static, by the same numbers that went in; nothing where frames are not connected."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from tf2_msgs.msg import TFMessage

from track_common.ros import qos
from track_common.ros.frames import StaticFrames, matrix_from_transform, transform_from_matrix
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


def test_a_chain_of_mounts_is_followed_both_ways(peer):
    frames = StaticFrames(peer.node)
    publisher = peer.publisher(TFMessage, "tf_static", qos.TF_STATIC)
    camera, lens = matrix((0.0, 0.0, 1.0), (0.3, 0.0, 0.4)), matrix((0.5, 0.0, 0.0), (0.0, 0.1, 0.0))
    mounts = [transform_from_matrix(camera, STAMP, "base_link", "camera")]
    mounts.append(transform_from_matrix(lens, STAMP, "camera", "lens"))
    publisher.publish(TFMessage(transforms=mounts))
    peer.wait_until(lambda: frames.lookup("base_link", "lens") is not None, "the mounts")
    np.testing.assert_allclose(frames.lookup("base_link", "lens"), camera @ lens, atol=1e-9)
    np.testing.assert_allclose(frames.lookup("lens", "base_link"), np.linalg.inv(camera @ lens), atol=1e-9)
    assert frames.lookup("base_link", "lidar") is None


def test_a_mount_that_was_never_filled_is_not_taken_for_the_identity(peer):
    frames = StaticFrames(peer.node)
    broken = transform_from_matrix(np.eye(4), STAMP, "base_link", "camera")
    broken.transform.rotation.w = 0.0
    frames._on_transforms(TFMessage(transforms=[broken]))
    assert frames.lookup("base_link", "camera") is None

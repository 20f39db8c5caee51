"""The launch piece `robot_state`: mounts of a robot's file on tf_static, for one who comes late."""

import pytest
from tests.helpers.running_launch import RunningLaunch

from go2_bridge.mounts import MOUNTS
from track_common.ros.frames import StaticFrames

pytestmark = pytest.mark.ros


def test_a_late_listener_learns_where_the_sensors_sit(peer, ros_environment, tmp_path):
    with RunningLaunch(["robot_state", "robot:=go2"], ros_environment, tmp_path / "output.txt") as launch:
        launch.wait_for_text("base_link has camera_link, utlidar_lidar", 40.0)
        peer.wait_until(lambda: peer.node.count_publishers("tf_static") > 0, "the node", 40.0)
        frames = StaticFrames(peer.node)
        peer.wait_until(lambda: frames.lookup("base_link", "utlidar_lidar") is not None, "the mounts", 40.0)
        assert frames.lookup("base_link", "utlidar_lidar") == pytest.approx(MOUNTS["l1"].matrix)
        assert frames.lookup("base_link", "camera_link") == pytest.approx(MOUNTS["camera"].matrix)
        assert frames.lookup("base_link", "livox_frame") is None, "not mounted, so not said"

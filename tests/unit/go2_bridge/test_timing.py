"""A trajectory in odom: anchored, sampled, pruned; and which ones are refused."""

import math

import numpy as np
import pytest

from go2_bridge.control.timing import anchor, extended, fault_of, pose_at, remaining
from track_common.types import Trajectory

TIMES = np.arange(1, 11) * 0.1
AHEAD = np.column_stack([TIMES, np.zeros(10), np.zeros(10)])  # 1 m/s straight on


def trajectory(poses=AHEAD, times=TIMES, stamp=5.0):
    return Trajectory(stamp, np.asarray(poses, float), np.asarray(times, float))


def test_anchor_places_the_path_where_the_image_was_taken():
    path = anchor(trajectory(), np.array([2.0, 3.0, math.pi / 2]))
    assert path.poses_odom[0] == pytest.approx([2.0, 3.0, math.pi / 2])
    assert path.poses_odom[-1] == pytest.approx([2.0, 4.0, math.pi / 2])
    assert path.times[[0, -1]] == pytest.approx([5.0, 6.0])


def test_pose_between_waypoints_is_interpolated_and_held_past_the_end():
    path = anchor(trajectory(), np.zeros(3))
    assert pose_at(path, 5.25) == pytest.approx([0.25, 0, 0])
    assert pose_at(path, 9.0) == pytest.approx([1.0, 0, 0])


def test_yaw_is_interpolated_the_short_way():
    poses = np.array([[0, 0, 3.1], [0, 0, -3.1]])
    path = anchor(trajectory(poses, [0.1, 0.2]), np.zeros(3))
    assert abs(pose_at(path, 5.15)[2]) == pytest.approx(math.pi, abs=1e-6)


def test_passed_waypoints_are_dropped_by_arc_and_the_carrot_by_time():
    path = anchor(trajectory(), np.zeros(3))
    line, distance = remaining(path, np.array([0.42, 0.1]), 5.9)
    assert line[0] == pytest.approx([0.42, 0.1]) and line[1] == pytest.approx([0.5, 0.0])
    assert distance == pytest.approx(0.48)


def test_robot_ahead_of_its_time_waits():
    _, distance = remaining(anchor(trajectory(), np.zeros(3)), np.array([0.9, 0.0]), 5.3)
    assert distance == 0.0


def test_extension_keeps_the_last_pace_for_its_duration_only():
    path = extended(anchor(trajectory(), np.zeros(3)), 0.3)
    assert pose_at(path, 6.3) == pytest.approx([1.3, 0, 0])
    assert pose_at(path, 8.0) == pytest.approx([1.3, 0, 0])


@pytest.mark.parametrize(
    ("bad", "word"),
    [
        (trajectory(AHEAD * math.nan), "not finite"),
        (trajectory(AHEAD * 1e6), "beyond"),
        (trajectory(AHEAD, TIMES[::-1]), "rise"),
        (trajectory(AHEAD[:, :2]), "wanted"),
        (trajectory(AHEAD, TIMES[:4]), "wanted"),
        (trajectory(stamp=math.nan), "stamp"),
    ],
)
def test_unsound_trajectory_is_named(bad, word):
    assert word in fault_of(bad)


def test_empty_trajectory_is_sound_and_means_stop():
    assert fault_of(trajectory(np.zeros((0, 3)), np.zeros(0))) == ""

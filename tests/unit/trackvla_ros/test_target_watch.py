"""Target and status for policies that say only where to go: from the tracker's box, the LiDAR and the time since."""

import math

import numpy as np
import pytest

from track_common.interfaces import Observation, Timed
from track_common.types import Box, Camera, Cloud, Frame, Odometry, Sighting, TargetStatus, Trajectory
from trackvla_ros.registry import make_policy, watched_policy
from trackvla_ros.target_watch import TargetWatch, TargetWatchConfig, status_unseen
from trackvla_ros.watched_policy import WatchedPolicy

CAMERA = Camera.from_hfov(640, 480, math.radians(90.0))
FAR = np.array([304.0, 166.0, 336.0, 267.0])  # a body at about 5 m
TIMES = np.arange(1, 11) * 0.1
WALK = Trajectory(0.0, np.column_stack([TIMES, np.zeros((10, 2))]), TIMES)


def seen(stamp, box=FAR, *, sighting_stamp=None, odometry=True, cloud=None, yaw=0.0):
    frame = Frame(np.zeros((1, 1, 3), np.uint8), stamp, CAMERA)
    sighting = Sighting(stamp if sighting_stamp is None else sighting_stamp, None if box is None else Box(box))
    return Observation(frame, sighting, cloud, Odometry(stamp, 0.0, 0.0, yaw) if odometry else None)


def at(stamp, trajectory=WALK, **kwargs):
    return Trajectory(stamp, trajectory.poses_base, TIMES, trajectory.status, **kwargs)


def test_a_box_gives_the_target_and_lidar_its_range():
    by_box = TargetWatch().completed(at(1.0), seen(1.0))
    body = np.array([[4.4, y, z] for y in np.linspace(-0.2, 0.2, 10) for z in np.linspace(0.3, 1.5, 10)])
    by_lidar = TargetWatch().completed(at(1.0), seen(1.0, cloud=Cloud(body, 1.0)))
    assert by_box.status is TargetStatus.TRACKED
    assert by_box.target_base == pytest.approx([5.3, 0.0, 1.0], abs=0.6)
    assert by_lidar.target_base[0] == pytest.approx(4.52, abs=0.02)


def test_a_target_out_of_sight_coasts_is_searched_and_is_lost_with_the_seconds_as_reason():
    watch = TargetWatch()
    watch.completed(at(0.0), seen(0.0))
    said = [watch.completed(at(t), seen(t, None)) for t in (1.0, 5.0, 10.5)]
    assert [t.status for t in said] == [TargetStatus.COASTING, TargetStatus.SEARCHING, TargetStatus.LOST]
    assert said[-1].reason == "out of sight for 10.5 s" and said[-1].target_base is None
    assert said[0].target_base is not None
    assert watch.completed(at(11.0), seen(11.0)).status is TargetStatus.TRACKED


def test_before_the_first_box_and_without_a_tracker_the_policys_word_holds():
    watch = TargetWatch()
    assert watch.completed(at(0.0), seen(0.0, None)).status is TargetStatus.TRACKED
    bare = Observation(Frame(np.zeros((1, 1, 3), np.uint8), 50.0, CAMERA))
    assert watch.completed(at(50.0), bare).status is TargetStatus.TRACKED


@pytest.mark.parametrize("status", [TargetStatus.STOPPED, TargetStatus.IDLE, TargetStatus.LOST])
def test_a_policy_that_stands_keeps_its_status_and_reason(status):
    standing = Trajectory(1.0, np.zeros((10, 3)), TIMES, status, reason="the model says stop")
    answer = TargetWatch().completed(standing, seen(1.0))
    assert (answer.status, answer.reason) == (status, "the model says stop")


def test_a_policy_that_knows_its_target_is_left_alone():
    own = at(1.0, target_base=np.array([1.0, 2.0, 1.0]))
    assert TargetWatch().completed(own, seen(1.0)) is own


def test_the_box_of_an_earlier_image_is_placed_where_the_robot_was_then():
    watch = TargetWatch()
    watch.completed(at(1.0), seen(1.0, None, sighting_stamp=0.9))
    turned = watch.completed(at(1.1), seen(1.1, sighting_stamp=1.0, yaw=0.3))
    assert math.atan2(turned.target_base[1], turned.target_base[0]) == pytest.approx(-0.3, abs=0.01)


def test_a_scan_of_before_the_odometry_does_not_range():
    body = np.array([[4.4, y, z] for y in np.linspace(-0.2, 0.2, 10) for z in np.linspace(0.3, 1.5, 10)])
    without = TargetWatch().completed(at(1.0), seen(1.0))
    unplaced = TargetWatch().completed(at(1.0), seen(1.0, cloud=Cloud(body, 0.9)))
    assert unplaced.target_base == pytest.approx(without.target_base)


def test_a_trunk_frame_has_the_chest_lower():
    answer = TargetWatch(TargetWatchConfig(base_height=0.31)).completed(at(1.0), seen(1.0))
    assert answer.target_base[2] == pytest.approx(0.69)


@pytest.mark.parametrize(
    ("unseen", "status"),
    [(0.0, "tracked"), (1.2, "coasting"), (1.3, "searching"), (10.2, "searching"), (10.3, "lost")],
)
def test_statuses_by_the_time_out_of_sight(unseen, status):
    assert status_unseen(unseen, 1.2, 9.0)[0].value == status


def test_policies_that_look_at_boxes_are_not_watched_and_networks_are():
    assert not isinstance(watched_policy("box_servo"), WatchedPolicy)
    remote = watched_policy("remote", {"url": "ws://127.0.0.1:9"})
    assert isinstance(remote, WatchedPolicy) and isinstance(remote, Timed)
    remote.policy._link.close()
    assert type(make_policy("box_servo")).__name__ == "BoxServoPolicy"

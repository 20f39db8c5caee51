"""What stood near the robot is still believed to stand there where the LiDAR cannot look."""

import numpy as np
import pytest

from go2_bridge.config import ControllerConfig
from go2_bridge.control.surroundings import Surroundings
from go2_bridge.control.unseen import MEMORY, REACH, Unseen
from go2_bridge.safety.stop_zone import allowed_share
from track_common.pose_buffer import PoseBuffer
from track_common.types import Cloud, Odometry, VelocityCommand

CONFIG = ControllerConfig()
PERIOD = 1.0 / 15.0  # s
BOX = np.array([[-0.2, 0.4 + y, z] for y in (0.0, 0.05, 0.1) for z in (0.2, 0.3)])
WALL = np.array([[2.5, y, 0.5] for y in np.linspace(-1.0, 1.0, 21)])
STEP = VelocityCommand(0.0, 0.4)


def test_a_place_is_remembered_for_a_while_and_near_the_robot_only():
    unseen, robot, nothing = Unseen(), np.zeros(2), np.zeros((0, 2))
    unseen.on_sweep(np.array([[0.5, 0.0], [REACH + 0.1, 0.0]]), robot, 10.0)
    unseen.on_sweep(nothing, robot, 10.0 + 0.9 * MEMORY)
    assert unseen.points == pytest.approx(np.array([[0.5, 0.0]]))
    unseen.on_sweep(nothing, np.array([0.4 - REACH, 0.0]), 10.0 + 0.95 * MEMORY)
    assert len(unseen.points) == 0
    unseen.on_sweep(np.array([[0.5, 0.0]]), robot, 20.0)
    unseen.on_sweep(nothing, robot, 20.0 + 1.1 * MEMORY)
    assert len(unseen.points) == 0


def test_what_is_seen_again_is_kept_once():
    unseen = Unseen()
    for k in range(20):
        unseen.on_sweep(np.array([[0.5, 0.01 * (k % 2)]]), np.zeros(2), 0.1 * k)
    assert len(unseen.points) == 1


def passed(box, seconds_after):
    """Surroundings of a robot that had a low box beside it for 2 s and has seen none of it since; and the time."""
    poses = PoseBuffer()
    around = Surroundings(CONFIG, poses)
    for k in range(round((2.0 + seconds_after) / PERIOD)):
        stamp = k * PERIOD
        poses.push(Odometry(stamp, 0.0, 0.0, 0.0))
        around.on_cloud(Cloud(np.vstack([WALL, box]) if stamp < 2.0 else WALL, stamp))
        around.track()
    return around, stamp


@pytest.mark.parametrize(("seconds", "is_free"), [(0.5, False), (MEMORY - 0.5, False), (MEMORY + 0.5, True)])
def test_the_robot_does_not_step_into_what_it_has_seen_there(seconds, is_free):
    around, now = passed(BOX, seconds)
    seen = around.seen_from(np.zeros(3), now, None, 0.0)
    assert (allowed_share(STEP, seen, CONFIG) == 1.0) == is_free


def test_nothing_is_remembered_where_the_robot_itself_is_nor_after_odom_has_moved():
    around, now = passed(BOX, 0.5)
    onto = around.seen_from(np.array([-0.2, 0.4, 0.0]), now, None, 0.0)
    assert np.min(np.hypot(*onto.points.T)) > 1.0
    around.forget_movers()
    assert allowed_share(STEP, around.seen_from(np.zeros(3), now, None, 0.0), CONFIG) == 1.0

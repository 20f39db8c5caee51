"""Waypoints: symmetry, limits and the standoff."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trackvla_ros.box_servo import BoxServoConfig
from trackvla_ros.follow_trajectory import STEP, follow

MOTION = BoxServoConfig().motion
component = st.floats(-4, 4)
pace = st.floats(-2, 2)


@settings(derandomize=True, max_examples=100, deadline=None)
@given(component, component, pace, pace, st.floats(-1, 1.5))
def test_mirrored_scene_mirrors_the_waypoints(x, y, vx, vy, speed):
    if abs(y) < 1e-6:
        return  # it may pass straight behind, where left and right are equally good
    flip = np.array([1, -1])
    here = follow(np.array([x, y]), np.array([vx, vy]), np.array([speed, 0.0]), MOTION)
    there = follow(np.array([x, y]) * flip, np.array([vx, vy]) * flip, np.array([speed, 0.0]), MOTION)
    assert there == pytest.approx(here * [1, -1, -1], abs=1e-6)


@settings(derandomize=True, max_examples=100, deadline=None)
@given(component, component, pace, pace)
def test_waypoints_keep_the_limits(x, y, vx, vy):
    poses = follow(np.array([x, y]), np.array([vx, vy]), np.zeros(2), MOTION)
    steps = np.linalg.norm(np.diff(poses[:, :2], axis=0, prepend=[[0, 0]]), axis=1)
    turns = np.abs(np.diff(np.unwrap(poses[:, 2]), prepend=0))
    assert steps.max() <= MOTION.max_speed * STEP + 1e-9
    assert turns.max() <= MOTION.max_turn * STEP + 1e-9


def test_target_walking_at_the_standoff_is_matched_in_pace():
    poses = follow(np.array([MOTION.standoff, 0.0]), np.array([1.0, 0.0]), np.array([1.0, 0.0]), MOTION)
    assert poses[-1, 0] == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize(
    ("distance", "speed", "moves"),
    [(1.72, 0.0, 0), (2.28, 0.0, 0), (1.66, 0.0, -1), (2.34, 0.0, 1), (2.28, 0.5, 1), (1.98, 0.5, 0)],
)
def test_a_robot_at_rest_stays_between_1_7_and_2_3_m_and_one_on_the_move_settles_nearer(distance, speed, moves):
    velocity = np.array([speed, 0.0])
    way = follow(np.array([distance, 0.0]), np.zeros(2), velocity, MOTION)[-1, 0]
    coasting = 0.5 * speed**2 / MOTION.max_decel  # what it needs to stand, whatever it wants
    assert int(way - coasting > 0.03) - int(way - coasting < -0.03) == moves


def test_standing_target_inside_the_band_is_left_alone_but_faced():
    poses = follow(np.array([0.0, MOTION.standoff + 0.05]), np.zeros(2), np.zeros(2), MOTION)
    assert not poses[:, :2].any() and poses[-1, 2] == pytest.approx(1.57, abs=0.05)

"""A sweep taken while the robot moved comes out as if it had stood still."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from track_common.deskew import deskewed
from track_common.geometry import inverse, transform_points
from track_common.pose_buffer import PoseBuffer
from track_common.types import Cloud, Odometry

STAMP, SWEEP = 50.0, 0.1
WALL = np.column_stack([np.linspace(-4.0, 4.0, 400), np.full(400, 3.0), np.linspace(0.1, 1.0, 400)])  # y = 3 m in odom


def motion(t: np.ndarray, vx: float, vy: float, wz: float) -> np.ndarray:
    """(K, 3) poses after ``t`` (K,) s of constant body velocity from the origin of odom."""
    turn = wz if abs(wz) > 1e-6 else 1e-6
    s, c = np.sin(turn * t), 1.0 - np.cos(turn * t)
    return np.column_stack([(vx * s - vy * c) / turn, (vx * c + vy * s) / turn, turn * t])


def odometry(velocity: tuple[float, float, float], until: float = 0.2, rate: float = 50.0) -> PoseBuffer:
    buffer = PoseBuffer()
    times = np.arange(-0.2, until + 1e-9, 1.0 / rate)
    for t, (x, y, yaw) in zip(times, motion(times, *velocity), strict=True):
        buffer.push(Odometry(STAMP + float(t), float(x), float(y), float(yaw), *velocity))
    return buffer


def swept(velocity: tuple[float, float, float], first: float = 0.0) -> Cloud:
    """The wall, its points measured one after the other over a sweep that begins ``first`` s after the stamp."""
    times = first + np.linspace(0.0, SWEEP, len(WALL))
    seen = transform_points(inverse(motion(times, *velocity)), WALL[:, :2])
    return Cloud(np.column_stack([seen, WALL[:, 2]]), STAMP, times)


velocities = st.tuples(st.floats(-2.0, 2.0), st.floats(-0.5, 0.5), st.floats(-1.8, 1.8))


def test_wall_scanned_while_turning_comes_out_straight():
    turning = (0.0, 0.0, 1.0)
    crooked = replace(swept(turning), origin_base=np.array([0.29, 0.0, -0.05]))
    assert np.abs(crooked.points_base[:, 1] - 3.0).max() > 0.3
    straight = deskewed(crooked, odometry(turning))
    assert np.abs(straight.points_base[:, 1] - 3.0).max() < 0.002
    assert straight.times is None and straight.stamp == STAMP
    assert straight.origin_base is crooked.origin_base


@settings(max_examples=50)
@given(velocities, st.sampled_from([0.0, -SWEEP, -0.05]))
def test_every_return_is_where_it_would_have_been_seen_at_the_stamp(velocity, first):
    found = deskewed(swept(velocity, first), odometry(velocity, rate=100.0))
    assert np.abs(found.points_base - WALL).max() < 0.003


@settings(max_examples=50)
@given(velocities)
def test_odometry_that_lags_behind_the_sweep_is_drawn_on(velocity):
    found = deskewed(swept(velocity), odometry(velocity, until=0.05))
    assert np.abs(found.points_base - WALL).max() < 0.02


def test_standing_robot_changes_nothing():
    still = swept((0.0, 0.0, 0.0))
    assert deskewed(still, odometry((0.0, 0.0, 0.0))).points_base == pytest.approx(still.points_base, abs=1e-5)


def test_without_odometry_over_the_sweep_returns_stay_where_they_are():
    crooked = swept((0.0, 0.0, 1.0))
    for poses in (PoseBuffer(), odometry((0.0, 0.0, 1.0), until=-0.1)):
        left = deskewed(crooked, poses)
        assert left.points_base is crooked.points_base and left.times is None


def test_cloud_without_times_is_left_as_it_is():
    cloud = Cloud(WALL, STAMP)
    assert deskewed(cloud, odometry((1.0, 0.0, 1.0))) is cloud


def test_one_time_for_all_moves_all_alike():
    """A sweep whose driver puts its whole length on every point."""
    late = Cloud(WALL, STAMP, np.full(len(WALL), 0.05))
    moved = deskewed(late, odometry((1.0, 0.0, 0.0))).points_base - WALL
    assert moved == pytest.approx(np.tile([0.05, 0.0, 0.0], (len(WALL), 1)), abs=1e-4)


def trotting(t):
    """Roll and pitch (rad) of a GO2 that trots at 2.5 Hz."""
    return 0.04 * np.sin(15.7 * t + 0.3), 0.05 * np.sin(15.7 * t)


def trotting_sweep(yaw_rate):
    """A floor and a post seen by a robot that turns and trots, and its odometry."""
    times = np.linspace(0.0, SWEEP, 600)
    across = np.linspace(-3.0, 3.0, 600)
    still = np.column_stack([np.full(600, 3.0), across, np.where(np.arange(600) % 2, -0.31, 0.5)])
    poses = PoseBuffer()
    for t in np.arange(-0.2, 0.2, 0.002):
        poses.push(Odometry(STAMP + t, 0.0, 0.0, yaw_rate * t, 0.0, 0.0, yaw_rate, 0.31, *trotting(t)))
    turns = Rotation.from_euler("ZYX", np.column_stack([yaw_rate * times, *trotting(times)[::-1]])).as_matrix()
    first = Rotation.from_euler("ZYX", [0.0, *trotting(0.0)[::-1]]).as_matrix()
    seen = np.einsum("nji,nj->ni", turns, still)
    return Cloud(seen.astype(np.float32), STAMP, times.astype(np.float32)), poses, still @ first


@pytest.mark.parametrize("yaw_rate", [0.0, 1.0, -1.5])
def test_a_trunk_that_rolls_and_pitches_meanwhile_leaves_the_floor_flat(yaw_rate):
    cloud, poses, wanted = trotting_sweep(yaw_rate)
    planar = deskewed(cloud, poses, use_attitude=False).points_base
    assert np.abs(planar - wanted)[:, 2].max() > 0.08
    assert np.abs(deskewed(cloud, poses).points_base - wanted).max() < 0.02


def test_the_lean_of_a_robot_that_lies_is_not_used():
    cloud, poses, _ = trotting_sweep(1.0)
    lying = PoseBuffer()
    for odometry_ in poses._odometry:
        lying.push(replace(odometry_, roll=odometry_.roll + np.pi - 0.1))
    assert deskewed(cloud, lying).points_base == pytest.approx(deskewed(cloud, poses, use_attitude=False).points_base)

"""Planar motions form a group, polylines are measured along themselves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from track_common import geometry

coordinate = st.floats(-100.0, 100.0)
poses = st.tuples(coordinate, coordinate, st.floats(-3.1, 3.1)).map(np.array)
points = st.lists(st.tuples(coordinate, coordinate), min_size=2, max_size=8).map(np.array)


def assert_same_pose(first, second):
    np.testing.assert_allclose(first[:2], second[:2], atol=1e-9)
    assert abs(geometry.wrap_angle(first[2] - second[2])) < 1e-9


@given(st.floats(-1e4, 1e4))
def test_a_wrapped_angle_points_the_same_way_and_is_in_range(angle):
    wrapped = float(geometry.wrap_angle(angle))
    assert -np.pi <= wrapped < np.pi
    assert np.exp(1j * wrapped) == pytest.approx(np.exp(1j * angle), abs=1e-9)


@given(poses)
def test_a_pose_after_its_inverse_is_where_one_stood(pose):
    assert_same_pose(geometry.compose(pose, geometry.inverse(pose)), np.zeros(3))


@given(poses, poses, poses)
def test_composition_does_not_depend_on_grouping(a, b, c):
    left = geometry.compose(geometry.compose(a, b), c)
    assert_same_pose(left, geometry.compose(a, geometry.compose(b, c)))


@given(poses, poses)
def test_what_is_seen_from_a_pose_is_found_again(origin, pose):
    assert_same_pose(geometry.compose(origin, geometry.relative(origin, pose)), pose)


def test_a_turned_robot_sees_its_left_where_the_world_has_it():
    np.testing.assert_allclose(
        geometry.transform_points(np.array([1.0, 2.0, np.pi / 2]), np.array([0.0, 1.0])), [0.0, 2.0]
    )


def test_a_cloud_turns_about_z_and_keeps_its_heights():
    moved = geometry.transform_cloud(np.array([1.0, 0.0, np.pi]), np.array([[1.0, 0.0, 0.7]]))
    np.testing.assert_allclose(moved, [[0.0, 0.0, 0.7]], atol=1e-12)


@given(points, st.floats(0.0, 1.0))
def test_a_point_on_a_line_lies_between_its_neighbours_at_the_asked_length(line, share):
    lengths = geometry.arc_lengths(line)
    wanted = share * lengths[-1]
    point = geometry.point_at(line, wanted)
    index = min(int(np.searchsorted(lengths, wanted, side="right")) - 1, len(line) - 2)
    assert np.linalg.norm(point - line[index]) + np.linalg.norm(line[index + 1] - point) == pytest.approx(
        np.linalg.norm(line[index + 1] - line[index]), abs=1e-6
    )


def test_beyond_its_ends_a_line_stays_at_them():
    line = np.array([[0.0, 0.0], [2.0, 0.0]])
    np.testing.assert_allclose([geometry.point_at(line, -1.0), geometry.point_at(line, 9.0)], line)


def test_between_two_poses_one_turns_the_short_way():
    between = geometry.interpolate_pose(np.array([0.0, 0.0, 3.0]), np.array([2.0, 0.0, -3.0]), 0.5)
    assert_same_pose(between, np.array([1.0, 0.0, np.pi]))

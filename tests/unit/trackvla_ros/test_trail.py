"""The way a target has walked: straight where that is open, in its footsteps where not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from track_common.geometry import arc_lengths
from trackvla_ros.box_servo import BoxServoConfig
from trackvla_ros.follow_trajectory import follow
from trackvla_ros.trail import LONGEST, SPACING, Trail

MOTION = BoxServoConfig().motion
ROBOT = np.array([0.0, 0.0])
CORNER = np.array([2.0, 0.0])  # the target walks to it along x, then along y, behind a wall


def round_the_corner(first, second):
    """Whether a straight line stays out of the quadrant y > 0.2, x < 1.8 behind the wall."""
    line = np.linspace(first, second, 50)
    return not bool(np.any((line[:, 0] < 1.8) & (line[:, 1] > 0.2)))


def walk(trail, robot=ROBOT, is_open=round_the_corner, end=1.5):
    way = np.zeros((0, 2))
    for target in [*np.linspace([1.0, 0.0], CORNER, 20), *np.linspace(CORNER, CORNER + [0.0, end], 20)]:
        way = trail.way(robot, target, is_open)
    return way


def test_an_open_line_is_gone_straight():
    way = walk(Trail(), is_open=lambda a, b: True)
    assert way == pytest.approx(np.array([ROBOT, CORNER + [0.0, 1.5]]))


def test_round_a_corner_it_leads_over_the_last_footstep_that_can_be_reached():
    way = walk(Trail())
    assert way[0] == pytest.approx(ROBOT) and way[-1] == pytest.approx(CORNER + [0.0, 1.5])
    assert round_the_corner(way[0], way[1]) and not round_the_corner(way[0], way[2])
    assert all(round_the_corner(a, b) for a, b in zip(way[:-1], way[1:], strict=True))


def test_what_lies_behind_is_not_gone_back_to_where_nothing_is_open():
    trail = Trail()
    walk(trail)
    way = trail.way(np.array([1.95, 0.6]), CORNER + [0.0, 1.5], lambda a, b: False)
    assert np.all(way[1:, 1] > 0.6)


def test_a_long_walk_keeps_no_more_than_so_many_footsteps():
    trail = Trail()
    for x in np.arange(0.0, 2.0 * LONGEST * SPACING, 1.5 * SPACING):
        way = trail.way(ROBOT, np.array([x, 5.0]), lambda a, b: False)
    assert len(way) <= LONGEST + 2


def test_waypoints_go_along_the_way_and_not_through_the_wall():
    way = walk(Trail())
    position = np.zeros(2)
    for _ in range(4):  # a second each, at a standing target
        poses = follow(way[-1] - position, np.zeros(2), np.zeros(2), MOTION, way - position)
        position = position + poses[-1, :2]
        assert round_the_corner(position - poses[-1, :2], position)
    left = float(arc_lengths(way)[-1] - np.linalg.norm(position))  # it stands on the first, straight piece
    assert MOTION.standoff - 0.1 < left < MOTION.standoff + MOTION.rest_farther + 0.1


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.floats(0.5, 4.0), st.floats(-1.0, 1.0), st.floats(-1.0, 1.5), st.floats(0.0, 1.2))
def test_a_straight_way_gives_the_waypoints_of_none(x, y, pace, speed):
    target, velocity, own = np.array([x, y]), np.array([pace, 0.0]), np.array([speed, 0.0])
    straight = follow(target, velocity, own, MOTION)
    along = follow(target, velocity, own, MOTION, np.array([[0.0, 0.0], 0.5 * target, target]))
    assert np.linalg.norm(along[-1, :2] - straight[-1, :2]) < 0.25  # it turns to the way a little later

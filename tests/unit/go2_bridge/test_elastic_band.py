"""The elastic band and the detour it starts from: round obstacles, taut, on one side, in bounded time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import KDTree

from go2_bridge.config import ControllerConfig
from go2_bridge.control.band_planner import BandPlanner, ahead_of
from go2_bridge.control.detour import detour
from go2_bridge.control.elastic_band import NEAR_START, SLACK, BandConfig, is_free, sampled, stretch
from go2_bridge.control.movers import Mover
from go2_bridge.control.obstacles import ObstacleBuffer, thinned
from track_common.geometry import arc_lengths

RADII = BandConfig(hard=0.235, soft=0.45)
START, GOAL = np.zeros(2), np.array([3.0, 0.0])
LINE = np.array([START, GOAL])


def wall(x0, y0, x1, y1):
    return sampled(np.array([[x0, y0], [x1, y1]]), 0.04)


def least_room(points, obstacles):
    return KDTree(obstacles).query(sampled(points, 0.05))[0].min()


def test_band_in_the_open_stays_the_line_it_was():
    band = stretch(LINE, None, RADII)
    assert band.points[[0, -1]] == pytest.approx(LINE) and not band.is_broken
    assert np.abs(band.points[:, 1]).max() == 0.0


def test_crooked_line_is_pulled_taut():
    crooked = np.array([[0, 0], [1, 0.6], [2, -0.6], [3, 0]])
    band = stretch(crooked, KDTree(np.array([[50.0, 50.0]])), RADII)
    assert np.abs(band.points[:, 1]).max() < 0.5 * 0.6


def test_obstacle_beside_the_line_pushes_the_band_away_from_it():
    leg = wall(1.5, 0.2, 1.55, 0.2)
    band = stretch(LINE, KDTree(leg), RADII)
    assert band.points[:, 1].min() < -0.05 and not band.is_broken
    assert least_room(band.points, leg) > RADII.hard


def test_neighbouring_bubbles_overlap_and_hold_only_free_space():
    obstacles = np.vstack([wall(1.0, 0.35, 1.6, 0.35), wall(1.8, -0.5, 2.4, -0.5)])
    band = stretch(LINE, KDTree(obstacles), RADII)
    gaps = np.linalg.norm(np.diff(band.points, axis=0), axis=1)
    assert np.all(gaps < band.radii[:-1] + band.radii[1:])
    true_room = KDTree(obstacles).query(band.points)[0]
    assert np.all(band.radii <= true_room + 1e-9)


def test_band_through_a_wall_is_cut_before_it_and_says_so():
    barrier = wall(1.5, -3.0, 1.5, 3.0)
    band = stretch(LINE, KDTree(barrier), RADII)
    assert band.is_broken
    assert band.points[-1, 0] < 1.5 - RADII.hard + 0.05


def test_band_through_a_doorway_keeps_to_the_middle():
    door = np.vstack([wall(1.5, 0.30, 1.5, 3.0), wall(1.5, -3.0, 1.5, -0.70)])
    band = stretch(detour(START, GOAL, door, RADII.hard, RADII.soft), KDTree(door), RADII)
    assert not band.is_broken
    assert np.interp(1.5, band.points[:, 0], band.points[:, 1]) == pytest.approx(-0.2, abs=0.12)


@settings(derandomize=True, max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(0.5, 2.5), st.floats(-1.0, 1.0)), min_size=1, max_size=12))
def test_mirrored_obstacles_mirror_the_band(points):
    obstacles = np.array([p for p in points if abs(p[1]) > 0.1] or [(1.0, 0.5)])
    here = stretch(LINE, KDTree(obstacles), RADII)
    there = stretch(LINE, KDTree(obstacles * [1, -1]), RADII)
    assert there.is_broken == here.is_broken
    assert there.points == pytest.approx(here.points * [1, -1], abs=1e-6)


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(-1, 4), st.floats(-2, 2)), min_size=1, max_size=40))
def test_no_bubble_is_too_small_for_the_robot_nor_near_the_start_tighter_than_where_it_stands(points):
    band = stretch(LINE, KDTree(np.array(points)), RADII)
    is_near = arc_lengths(band.points) < NEAR_START
    assert np.all(band.radii[~is_near] >= RADII.hard) and np.all(np.isfinite(band.points))
    assert np.all(band.radii[is_near] >= min(RADII.hard, band.radii[0]) - SLACK)


def test_detour_goes_round_with_room_and_ends_at_the_goal():
    box = np.vstack([wall(1.5, -0.4, 1.5, 0.8), wall(1.5, 0.8, 2.0, 0.8)])
    way = detour(START, GOAL, box, RADII.hard, RADII.soft)
    assert way is not None and way[-1] == pytest.approx(GOAL)
    assert least_room(way, box) > RADII.hard - 0.08  # less half a cell's diagonal
    assert way[:, 1].min() < -0.5  # the shorter side


def test_detour_to_an_unreachable_goal_ends_as_near_as_it_can():
    room = np.vstack([wall(2, -1, 2, 1), wall(4, -1, 4, 1), wall(2, -1, 4, -1), wall(2, 1, 4, 1)])
    way = detour(START, GOAL, room, RADII.hard, RADII.soft)
    assert way is not None and np.linalg.norm(way[-1] - GOAL) < 1.5
    assert least_room(way, room) > RADII.hard - 0.08


def test_enclosed_robot_has_no_way():
    cage = np.vstack([wall(-0.2, y, 0.2, y) for y in (-0.2, 0.2)] + [wall(x, -0.2, x, 0.2) for x in (-0.2, 0.2)])
    way = detour(START, GOAL, cage, 0.19, 0.3)
    assert way is None or np.linalg.norm(way[-1]) < 0.4


def test_side_once_chosen_is_kept_while_the_obstacle_wobbles():
    planner = BandPlanner(ControllerConfig())
    sides = []
    for k in range(12):
        wobble = 0.06 * (-1) ** k
        planner.forget_obstacles()
        planner.on_sweep(wall(1.5, -0.3 + wobble, 1.5, 0.3 + wobble), 0.1 * k)
        band = planner.plan(LINE)
        assert not band.is_broken
        sides.append(np.sign(np.interp(1.5, band.points[:, 0], band.points[:, 1])))
    assert len(set(sides)) == 1


def test_obstacle_that_went_away_lets_the_band_back_to_the_line():
    planner = BandPlanner(ControllerConfig())
    planner.on_sweep(wall(1.5, -0.3, 1.5, 0.3), 0.0)
    assert np.abs(planner.plan(LINE).points[:, 1]).max() > 0.3
    planner.on_sweep(np.zeros((0, 2)), 5.0)
    assert np.abs(planner.plan(LINE).points[:, 1]).max() == 0.0


def person(place, velocity, stamp=0.0):
    course = np.array(place) + np.outer(np.linspace(-0.8, 0.0, 9), velocity)
    pace = np.array(velocity, float)
    return Mover(np.array(place, float), pace, stamp, course, pace)


def side_at(band, x):
    return float(np.interp(x, band.points[:, 0], band.points[:, 1]))


def test_who_will_have_crossed_is_not_in_the_way_and_leaves_no_trail_behind():
    planner, gone = BandPlanner(ControllerConfig()), person([1.5, 0.4], [0.0, 1.0])
    planner.on_sweep(gone.course, 0.0)
    assert np.abs(planner.plan(LINE, [gone], 1.0, 0.0).points[:, 1]).max() == 0.0


def test_who_stands_in_the_way_is_passed_and_who_comes_on_is_passed_where_they_will_be():
    standing = BandPlanner(ControllerConfig()).plan(LINE, [person([1.5, -0.1], [0.0, 0.0])], 1.0, 0.0)
    assert not standing.is_broken and abs(side_at(standing, 1.5)) > 0.25
    coming = BandPlanner(ControllerConfig()).plan(LINE, [person([2.5, -0.1], [-0.8, 0.0])], 1.0, 0.0)
    assert side_at(coming, 1.4) > 0.3 > side_at(coming, 2.6)


def test_people_are_passed_on_one_side_however_their_course_wavers():
    planner, sides = BandPlanner(ControllerConfig()), set()
    for k in range(20):
        other = person([1.2 + 0.06 * k, 0.06 * (-1) ** k], [0.6, 0.05 * (-1) ** k], 0.1 * k)
        line = LINE + [0.04 * k, 0.0]
        sides.add(np.sign(side_at(planner.plan(line, [other], 1.2, 0.1 * k), other.position[0] + 0.6)))
    assert len(sides - {0.0}) == 1  # 0: where there is no room on that side it goes straight, and waits


def test_a_long_way_round_people_is_not_taken():
    planner = BandPlanner(ControllerConfig())
    planner.on_sweep(np.vstack([wall(1.5, 0.45, 1.5, 2.5), wall(1.5, -2.5, 1.5, -0.45)]), 0.0)  # a doorway
    band = planner.plan(LINE, [person([1.5, 0.0], [0.0, 0.0])], 1.0, 0.0)
    assert not band.is_broken and band.points[-1] == pytest.approx(GOAL)
    assert np.abs(band.points[:, 1]).max() < 0.2


def test_a_kept_side_is_given_up_once_the_short_way_is_open():
    planner = BandPlanner(ControllerConfig())
    planner.on_sweep(wall(1.5, -1.5, 1.5, 0.6), 0.0)
    assert side_at(planner.plan(LINE), 1.5) > 0.7
    planner.forget_obstacles()
    planner.on_sweep(wall(1.5, 0.3, 1.5, 0.6), 1.0)  # now only a post, near the line but not on it
    assert side_at(planner.plan(LINE), 1.5) < 0.3


def test_passed_part_of_a_band_is_dropped():
    left = ahead_of(np.array([[0, 0], [1, 0], [2, 0], [3, 0]], float), np.array([1.4, 0.2]))
    assert left == pytest.approx(np.array([[1.4, 0.2], [2, 0], [3, 0]]))


def test_line_is_free_only_with_room_all_along():
    tree = KDTree(np.array([[1.5, 0.3]]))
    assert is_free(LINE, tree, 0.25) and not is_free(LINE, tree, 0.35)
    assert is_free(LINE, None, 5.0)


def test_buffer_remembers_as_long_as_told_and_thins_to_voxels():
    buffer = ObstacleBuffer(0.5)
    buffer.push(np.array([[1.0, 0.0], [1.001, 0.001]]), 0.0)
    buffer.push(np.array([[2.0, 0.0]]), 0.4)
    assert len(buffer.points()) == 2
    buffer.push(np.array([[3.0, 0.0]]), 0.8)
    assert sorted(buffer.points()[:, 0]) == [2.0, 3.0]
    assert len(thinned(np.zeros((0, 2)))) == 0

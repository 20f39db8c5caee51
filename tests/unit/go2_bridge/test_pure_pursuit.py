"""Pure pursuit: known arcs, symmetry, regulation, the view."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from go2_bridge.config import ControllerConfig
from go2_bridge.control.pure_pursuit import curvature, heading, pursue, regulated

CONFIG = ControllerConfig()
WHEELED = dataclasses.replace(CONFIG, is_holonomic=False, view_weight=0.0)
ORIGIN = np.zeros(3)
HFOV = math.radians(90.0)
BODY_ANGLE = math.atan2(0.25, 1.9)  # half a body at the standoff


def line_to(x, y):
    return np.linspace([0.0, 0.0], [x, y], 12)


def test_curvature_is_that_of_the_circle_through_the_carrot():
    radius, angle = 2.0, 0.4
    carrot = np.array([radius * math.sin(angle), radius * (1 - math.cos(angle))])
    assert curvature(carrot, 0.1) == pytest.approx(1 / radius)


def test_straight_path_is_followed_at_its_own_pace():
    command = pursue(line_to(2.0, 0.0), 0.5, ORIGIN, 0.0, CONFIG)
    assert (command.vx, command.vy, command.wz) == pytest.approx((0.5 / CONFIG.lookahead_time, 0.0, 0.0))


def test_nothing_left_to_go_only_turns():
    command = pursue(line_to(0.0, 0.0), 0.0, ORIGIN, 0.3, CONFIG)
    assert command.vx == 0.0 and command.vy == 0.0 and command.wz == pytest.approx(0.3 / CONFIG.heading_time)


def test_wheeled_base_drives_the_arc():
    carrot = np.array([1.0, 0.3])
    command = pursue(line_to(*carrot), 2.0, ORIGIN, 0.0, WHEELED)
    assert command.vy == 0.0
    assert command.wz / command.vx == pytest.approx(curvature(carrot, 0.3), rel=1e-6)


def test_wheeled_base_turns_first_where_the_path_leaves_sideways():
    command = pursue(line_to(0.1, 1.0), 0.5, ORIGIN, 0.0, WHEELED)
    assert command.vx == 0.0 and command.wz > 1.0


def test_walking_base_crabs_round_something_and_keeps_the_target_in_view():
    command = pursue(line_to(1.0, 0.5), 0.5, ORIGIN, -2.0 * CONFIG.view_limit, CONFIG)
    assert command.vx > 0 and command.vy > 0 and command.wz < -0.9 * CONFIG.view_limit / CONFIG.heading_time


def test_backward_path_is_walked_backwards():
    assert pursue(line_to(-1.0, 0.0), 0.3, ORIGIN, 0.0, CONFIG).vx < -0.3


def test_tight_curves_are_slowed_to_the_floor_but_not_below():
    assert regulated(1.0, 0.5, CONFIG) == 1.0
    assert regulated(1.0, 1e3, CONFIG) == CONFIG.regulated_linear_scaling_min_speed
    assert regulated(0.1, 1e3, CONFIG) == 0.1


def test_where_it_is_tight_the_robot_points_along_its_way_and_in_the_open_more_at_the_target():
    way = np.array([math.cos(0.4), math.sin(0.4)])
    assert heading(way, 0.0, CONFIG, room=0.0) == pytest.approx(0.4)
    assert heading(way, 0.0, CONFIG, room=1.0) == pytest.approx((1.0 - CONFIG.view_weight) * 0.4)


def test_walking_backwards_it_faces_the_target():
    assert heading(np.array([-1.0, 0.1]), 0.3, CONFIG) == pytest.approx(0.3)


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.floats(-3.14, 3.14), st.floats(-3.14, 3.14), st.floats(0.0, 1.0))
def test_the_target_is_kept_in_view_whatever_the_way(way, bearing, room):
    turn = heading(np.array([math.cos(way), math.sin(way)]), bearing, CONFIG, room)
    assert abs(bearing - turn) <= CONFIG.view_limit + 1e-9  # once turned, the target is that far aside at most
    if abs(bearing) > CONFIG.view_limit:
        assert turn * bearing > 0.0  # at the edge it never turns away


@settings(derandomize=True, max_examples=40, deadline=None)
@given(st.floats(-1.2, 1.2), st.floats(0.0, 1.0), st.floats(-0.5, 0.5))
def test_the_view_holds_in_motion_while_the_target_walks_across(way, room, rate):
    """Turning as told, through the dead time and lag of a GO2, with the target's bearing changing all the while."""
    dt, bearing, turning, sent = 0.02, 0.0, 0.0, [0.0] * 8
    for _ in range(200):
        ahead = np.array([math.cos(way), math.sin(way)])
        foreseen = bearing + sum((rate - turning) * dt for _ in sent)  # what dead time compensation gives,
        foreseen += rate * CONFIG.heading_time  # and the trajectory: where the target will be by then
        sent.append(heading(ahead, foreseen, CONFIG, room) / CONFIG.heading_time)
        turning += (sent.pop(0) - turning) * dt / CONFIG.time_constant
        bearing += (rate - turning) * dt
        assert abs(bearing) < 0.5 * HFOV - BODY_ANGLE


@settings(derandomize=True, max_examples=150, deadline=None)
@given(st.floats(-2, 2), st.floats(-2, 2), st.floats(0, 2), st.floats(-1.5, 1.5), st.booleans())
def test_mirrored_scene_mirrors_the_command(x, y, distance, yaw, is_holonomic):
    config = dataclasses.replace(CONFIG, is_holonomic=is_holonomic)
    here = pursue(line_to(x, y), distance, ORIGIN, yaw, config)
    there = pursue(line_to(x, -y), distance, ORIGIN, -yaw, config)
    assert (there.vx, there.vy, there.wz) == pytest.approx((here.vx, -here.vy, -here.wz), abs=1e-9)

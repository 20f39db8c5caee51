"""Pure pursuit: known arcs, symmetry, regulation, the view."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from go2_bridge.config import ControllerConfig
from go2_bridge.control.pure_pursuit import curvature, pursue, regulated, view_share

CONFIG = ControllerConfig()
WHEELED = dataclasses.replace(CONFIG, is_holonomic=False, view_weight=0.0)
ORIGIN = np.zeros(3)


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
    command = pursue(line_to(1.0, 0.5), 0.5, ORIGIN, -CONFIG.view_limit, CONFIG)
    assert command.vx > 0 and command.vy > 0 and command.wz < -1.0


def test_backward_path_is_walked_backwards():
    assert pursue(line_to(-1.0, 0.0), 0.3, ORIGIN, 0.0, CONFIG).vx < -0.3


def test_tight_curves_are_slowed_to_the_floor_but_not_below():
    assert regulated(1.0, 0.5, CONFIG) == 1.0
    assert regulated(1.0, 1e3, CONFIG) == CONFIG.regulated_linear_scaling_min_speed
    assert regulated(0.1, 1e3, CONFIG) == 0.1


def test_edge_of_the_view_takes_the_whole_turn():
    assert view_share(0.0, CONFIG) == CONFIG.view_weight
    assert view_share(-CONFIG.view_limit, CONFIG) == pytest.approx(1.0)


@settings(derandomize=True, max_examples=150, deadline=None)
@given(st.floats(-2, 2), st.floats(-2, 2), st.floats(0, 2), st.floats(-1.5, 1.5), st.booleans())
def test_mirrored_scene_mirrors_the_command(x, y, distance, yaw, is_holonomic):
    config = dataclasses.replace(CONFIG, is_holonomic=is_holonomic)
    here = pursue(line_to(x, y), distance, ORIGIN, yaw, config)
    there = pursue(line_to(x, -y), distance, ORIGIN, -yaw, config)
    assert (there.vx, there.vy, there.wz) == pytest.approx((here.vx, -here.vy, -here.wz), abs=1e-9)

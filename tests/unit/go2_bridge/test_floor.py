"""What is floor and what is not: level, on ramps, under a pitching body, before steps; and the robot's own hull."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from go2_bridge.config import ControllerConfig
from go2_bridge.safety.floor import heights_above_floor
from go2_bridge.safety.returns import told_apart

TILT = math.radians(6.0)
LEVEL, LEANING = ControllerConfig(), ControllerConfig(max_floor_tilt=TILT)


def floor(noise: float = 0.008, reach: float = 5.0, seed: int = 0) -> np.ndarray:
    """Returns (N, 3) of a level floor, denser near the robot."""
    rng = np.random.default_rng(seed)
    distance, angle = rng.uniform(0.5, reach, 4000), rng.uniform(-math.pi, math.pi, 4000)
    return np.column_stack([distance * np.cos(angle), distance * np.sin(angle), rng.normal(0.0, noise, 4000)])


def box(x: float, y: float, height: float, bottom: float = 0.0) -> np.ndarray:
    """Returns (N, 3) of the upright face of something 0.3 m wide."""
    across, up = np.meshgrid(np.linspace(-0.15, 0.15, 12), np.linspace(bottom, height, 12))
    return np.column_stack([np.full(across.size, x), y + across.ravel(), up.ravel()])


def leaning(points: np.ndarray, pitch: float, roll: float) -> np.ndarray:
    return points @ Rotation.from_euler("yx", [pitch, roll]).as_matrix().T


angles = st.floats(-0.06, 0.06)  # rad


def test_level_floor_is_no_obstacle():
    assert len(told_apart(floor(), LEVEL).solid) == len(told_apart(floor(), LEANING).solid) == 0


def test_leaning_floor_is_an_obstacle_only_where_it_is_taken_for_level():
    ramp = leaning(floor(), 0.06, 0.0)
    assert len(told_apart(ramp, LEVEL).solid) > 500 and len(told_apart(ramp, LEANING).solid) == 0


@settings(max_examples=40)
@given(angles, angles, st.floats(0.7, 3.0), st.floats(-1.0, 1.0))
def test_box_on_a_leaning_floor_is_seen_and_the_floor_is_not(pitch, roll, x, y):
    thing = box(x, y, 0.4)
    found = told_apart(leaning(np.vstack([floor(), thing]), pitch, roll), LEANING).solid
    assert 0.6 * len(thing) < len(found) < len(thing)  # its lower third stands no higher than floor may


@pytest.mark.parametrize("config", [LEVEL, LEANING])
@pytest.mark.parametrize("height", [0.16, 0.2, 0.3])
def test_step_up_is_an_obstacle(config, height):
    """Most of what lies ahead is the step's tread; a plane through it must not be taken for the floor."""
    ground = floor()
    ground = ground[ground[:, 0] > 0.4]
    ground[ground[:, 0] > 1.2, 2] += height
    found = told_apart(ground, config).solid
    assert len(found) > 200 and found[:, 0].min() == pytest.approx(1.2, abs=0.05)


@pytest.mark.parametrize("height", [0.0, 0.05, 0.08])
def test_door_sill_is_walked_over(height):
    sill = box(1.0, 0.0, height)
    assert len(told_apart(np.vstack([floor(), sill]), LEVEL).solid) == 0


def test_ceiling_and_what_the_robot_fits_under_are_left_out():
    table = box(1.0, 0.0, 1.4, bottom=1.05)
    assert len(told_apart(np.vstack([floor(), table]), LEVEL).solid) == 0


def test_ramp_steeper_than_allowed_stops():
    assert len(told_apart(leaning(floor(), -math.radians(12.0), 0.0), LEANING).solid) > 0


def test_furniture_alone_is_never_a_floor():
    """Where the floor swallows the light, tops of low things must not become it."""
    tops = np.vstack([box(x, y, 0.25, bottom=0.2) for x in (0.8, 1.6, 2.4) for y in (-1.0, 0.0, 1.0)])
    assert heights_above_floor(tops, 0.0, TILT) == pytest.approx(tops[:, 2])
    assert len(told_apart(tops, LEANING).solid) == len(tops)


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(0, 300), st.floats(0.01, 5.0))
def test_any_returns_have_finite_heights_and_without_tilt_their_own(seed, count, spread):
    points = np.random.default_rng(seed).normal(0.0, spread, (count, 3)).astype("f4")
    assert np.isfinite(heights_above_floor(points, 0.0, TILT)).all()
    assert heights_above_floor(points, 0.2, 0.0) == pytest.approx(points[:, 2] + 0.2)


@given(st.floats(-0.36, 0.36), st.floats(-0.17, 0.17), st.floats(0.2, 0.9))
def test_the_robot_does_not_see_its_own_hull(x, y, z):
    assert len(told_apart(np.array([[x, y, z]]), LEVEL).solid) == 0


@given(st.floats(0.0, 2 * math.pi), st.floats(0.03, 2.0), st.floats(0.2, 0.9))
def test_what_stands_off_the_hull_is_seen(angle, gap, z):
    half = 0.5 * math.hypot(LEVEL.robot_length, LEVEL.robot_width) + gap
    assert len(told_apart(np.array([[half * math.cos(angle), half * math.sin(angle), z]]), LEVEL).solid) == 1


def test_base_above_the_floor_changes_nothing_but_the_frame():
    scene = np.vstack([leaning(floor(), 0.05, 0.0), box(1.5, 0.3, 0.6)])
    raised = replace(LEANING, base_height=0.31)
    assert len(told_apart(scene - [0.0, 0.0, 0.31], raised).solid) == len(told_apart(scene, LEANING).solid) > 50


@pytest.mark.parametrize("value", [0.0, math.nan, math.inf, -math.inf, 1e30, 1e-9])
@pytest.mark.parametrize("config", [LEVEL, LEANING])
def test_worthless_numbers_are_no_obstacles(value, config):
    assert len(told_apart(np.full((500, 3), value), config).solid) == 0

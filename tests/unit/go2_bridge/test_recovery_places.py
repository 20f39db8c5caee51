"""Places a search starts from and walks to: written ones, and the one where the target was last seen."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from go2_bridge.recovery.config import RecoveryConfig, places_of
from go2_bridge.recovery.last_seen import LastSeen, lookout, moved_on, remember, side_of
from track_common.config import ConfigError, override

ORIGIN = np.zeros(3)
coordinates = st.floats(-20, 20)


def at(x, y, vx=0.0, vy=0.0):
    return LastSeen(np.array([x, y]), np.array([vx, vy]), 0.0)


def test_places_are_read_with_spaces_or_commas():
    assert places_of(" 1 2 3; -4,5,0.5 ;") == ((1.0, 2.0, 3.0), (-4.0, 5.0, 0.5))
    assert places_of("") == ()


@pytest.mark.parametrize("text", ["1 2", "1 2 3 4", "a b c", "1 2 nan"])
def test_an_unreadable_place_is_named(text):
    with pytest.raises(ConfigError, match="x y yaw"):
        override(RecoveryConfig(), {"waypoints": text})


def test_two_homes_and_a_sweep_too_short_for_a_turn_are_refused():
    with pytest.raises(ConfigError, match="more than one"):
        override(RecoveryConfig(), {"home": "0 0 0; 1 1 1"})
    with pytest.raises(ConfigError, match="too short"):
        override(RecoveryConfig(), {"sweep_timeout": 3.0})


def test_the_velocity_of_a_walker_is_learnt_and_forgotten_over_a_gap():
    last = None
    for i in range(40):
        last = remember(last, np.array([0.1 * i, -0.05 * i]), 0.1 * i)
    assert last.velocity == pytest.approx([1.0, -0.5], abs=0.01)
    assert remember(last, np.zeros(2), 9.0).velocity == pytest.approx([0.0, 0.0])
    assert remember(last, np.zeros(2), 1.0) is last
    assert moved_on(last, np.array([7.0, 7.0])).velocity is last.velocity


@settings(derandomize=True, deadline=None)
@given(coordinates, coordinates, st.floats(-3, 3), st.floats(0.5, 4.0))
def test_the_lookout_lies_between_robot_and_place_at_the_standoff(x, y, yaw, standoff):
    last, pose = at(x, y, 0.0, 1.0), np.array([1.0, -1.0, yaw])
    place = lookout(last, pose, standoff)
    distance = math.dist(last.position, pose[:2])
    if place is None:
        assert distance <= standoff
    else:
        assert math.dist(place[:2], last.position) == pytest.approx(standoff, abs=1e-6)
        assert math.dist(place[:2], pose[:2]) == pytest.approx(distance - standoff, abs=1e-6)
        assert place[2] == pytest.approx(math.pi / 2)


def test_the_lookout_faces_the_place_of_a_target_that_stood():
    assert lookout(at(3.0, 3.0, 0.1, 0.0), ORIGIN, 1.0)[2] == pytest.approx(math.pi / 4)


halves = st.integers(-8, 8).map(lambda n: 0.5 * n + 0.1)  # nothing lies on the axis or on a threshold


@settings(derandomize=True, deadline=None)
@given(halves, halves, halves, halves)
def test_a_mirrored_scene_has_the_other_side(x, y, vx, vy):
    assert side_of(at(x, y, vx, vy), ORIGIN) == -side_of(at(x, -y, vx, -vy), ORIGIN)


def test_the_side_is_where_it_went_else_where_it_stood():
    assert side_of(at(3.0, 0.5, 0.0, -1.0), ORIGIN) == -1.0
    assert side_of(at(3.0, 0.5), ORIGIN) == 1.0

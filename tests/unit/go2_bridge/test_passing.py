"""Where walkers are met, on which side they are passed, and the step away from who comes too near."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from go2_bridge.config import ControllerConfig
from go2_bridge.control.movers import BODY, Mover
from go2_bridge.control.passing import (
    CLOSING_IN,
    MANNERS,
    SIDE_KEPT,
    STEP_AWAY,
    Passing,
    fenced,
    make_way,
    meetings,
    sidesteps,
)
from track_common.types import VelocityCommand

WAY = np.array([[0.0, 0.0], [3.0, 0.0]])
CONFIG = ControllerConfig()


def walker(place, velocity):
    pace = np.array(velocity, float)
    return Mover(np.array(place, float), pace, 0.0, np.array([place], float), pace)


def met(*walkers, pace=1.0, reach=0.5):
    return meetings(WAY, pace, walkers, 0.0, reach)


def test_a_meeting_is_where_both_are_at_one_time():
    (meeting,) = met(walker([2.0, 0.1], [-1.0, 0.0]))
    assert meeting.place == pytest.approx([1.0, 0.1], abs=0.06)
    assert meeting.offset == pytest.approx(0.1)
    assert meeting.left == pytest.approx([0.0, 1.0])


def test_who_is_gone_or_not_there_yet_or_as_quick_is_not_met():
    assert met(walker([1.0, 0.2], [0.0, 1.0])) == []  # gone by then
    assert met(walker([1.0, 3.0], [0.0, -0.5])) == []  # not there yet
    assert met(walker([0.8, 0.0], [1.0, 0.0])) == []  # goes on before the robot at its own pace


def test_a_side_is_kept_until_nobody_has_been_met_for_a_while():
    passing = Passing()
    first, second = met(walker([1.5, 0.1], [0.0, 0.0])), met(walker([1.5, -0.1], [0.0, 0.0]))
    assert passing.sides(first, 0.0) == ([-1.0], False)
    passing.keep(first, [-1.0], 0.0)
    assert passing.sides(second, 0.1) == ([-1.0], True)
    assert passing.sides(second, 0.1 + SIDE_KEPT) == ([1.0], False)


def test_the_fence_stands_on_the_side_that_is_not_taken():
    meeting = met(walker([1.5, 0.1], [0.0, 0.0]))
    right, left = fenced(meeting, [-1.0]), fenced(meeting, [1.0])
    assert right[:, 1].max() > 0.9 > -0.2 < right[:, 1].min()
    assert left[:, 1].min() < -0.7 and left[:, 1].max() == pytest.approx(0.1 + BODY, abs=0.02)


def test_steps_to_the_side_keep_going_on_within_what_the_base_can():
    steps = sidesteps(VelocityCommand(1.0, 0.3, 0.2), CONFIG)
    assert steps is not None
    assert np.all((steps[:, 0] >= 0.4) & (steps[:, 0] <= 1.0)) and np.all(np.abs(steps[:, 2]) <= 0.2)
    assert steps[:, 1].min() < 0.0 < 0.3 < steps[:, 1].max() <= CONFIG.max_lateral_vel * CONFIG.gain_vy


@pytest.mark.parametrize("command", [VelocityCommand(0.1), VelocityCommand(-0.5), VelocityCommand(0.0, 0.4, 1.0)])
def test_who_is_not_on_the_way_forwards_steps_nowhere(command):
    assert sidesteps(command, CONFIG) is None


def test_a_base_that_cannot_walk_sideways_has_no_steps_to_the_side():
    assert sidesteps(VelocityCommand(1.0), ControllerConfig(is_holonomic=False)) is None


place = st.tuples(st.floats(-1.5, 1.5), st.floats(-1.5, 1.5))


@settings(derandomize=True, max_examples=200, deadline=None)
@given(place, st.floats(-1.0, 1.0), st.floats(-0.5, 0.5))
def test_a_step_away_never_leads_nearer_and_is_bounded(middle, vx, vy):
    wanted = VelocityCommand(vx, vy, 0.3)
    given = make_way(wanted, np.array([middle]), CONFIG)
    step = np.array([given.vx - wanted.vx, given.vy - wanted.vy])
    half = np.array([0.5 * CONFIG.robot_length, 0.5 * CONFIG.robot_width])
    towards = np.array(middle) - np.clip(middle, -half, half)
    closing = max(float(np.array([vx, vy]) @ towards) / max(float(np.hypot(*towards)), 1e-6), 0.0)
    assert given.wz == 0.3 and math.hypot(*step) <= STEP_AWAY + closing + 1e-9
    assert float(step @ towards) <= 1e-9
    if np.hypot(*towards) > BODY + MANNERS:
        assert given == wanted


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.floats(-0.35, 0.35), st.floats(-0.5, 0.5), st.floats(0.0, 0.5))
def test_a_way_that_leads_at_somebody_near_does_not_eat_up_the_step(x, vx, vy):
    room = 0.2 * MANNERS
    beside = np.array([[x, 0.5 * CONFIG.robot_width + BODY + room]])
    assert make_way(VelocityCommand(vx, vy), beside, CONFIG).vy <= 0.2 * CLOSING_IN - 0.8 * STEP_AWAY + 1e-9 < 0.0


def test_who_stands_at_the_flank_is_given_room_sideways_where_the_base_can():
    beside = np.array([[0.0, -0.5 * CONFIG.robot_width - BODY]])
    assert make_way(VelocityCommand(0.5), beside, CONFIG) == VelocityCommand(0.5, pytest.approx(STEP_AWAY))
    wheeled = ControllerConfig(is_holonomic=False)
    assert make_way(VelocityCommand(0.5), beside, wheeled) == VelocityCommand(0.5)

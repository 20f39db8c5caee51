"""Ages of the robot's stamps: minutes off, from 1970, drifting, set while running, late, frozen."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from go2_bridge.drivers.robot_clock import CONFIRM_TIME, RobotClock

JUMP, RATE = 0.5, 150.0


def ages(clock, start, count, offset=0.0, delay=0.005, drift=0.0):
    """Ages of ``count`` messages sent from ``start`` (our clock) on; the robot's clock is ``offset`` behind ours."""
    times = start + np.arange(count) / RATE
    return [clock.age(float(t * (1.0 + drift) - offset), float(t + delay)) for t in times]


@pytest.mark.parametrize("offset", [126.0, -126.0, 1.7e9, 0.0], ids=["behind", "ahead", "1970", "same"])
def test_any_offset_is_taken_away(offset):
    assert max(ages(RobotClock(JUMP), 1000.0, 300, offset)) < 1e-5


def test_delay_beyond_the_fastest_message_remains():
    clock = RobotClock(JUMP)
    ages(clock, 1000.0, 50, 126.0, delay=0.005)
    assert ages(clock, 1001.0, 50, 126.0, delay=0.105) == pytest.approx([0.1] * 50, abs=1e-6)


def test_drift_of_a_second_in_three_hours_does_not_add_up():
    clock = RobotClock(JUMP)
    late = ages(clock, 0.0, int(600 * RATE), 126.0, drift=-100e-6)
    assert max(late) < 0.003


@pytest.mark.parametrize("step", [-40.0, 40.0, -1.7e9])
def test_clock_that_was_set_is_believed_after_a_while_and_not_before(step):
    clock = RobotClock(JUMP)
    ages(clock, 1000.0, 100, 126.0)
    after = ages(clock, 1001.0, 150, 126.0 - step)
    first = next(i for i, age in enumerate(after) if age is not None)
    assert CONFIRM_TIME <= first / RATE < CONFIRM_TIME + 0.1
    assert max(after[first:]) < 1e-5
    assert clock.resets == 1


def test_single_wild_stamp_changes_nothing():
    clock = RobotClock(JUMP)
    ages(clock, 1000.0, 100)
    for wild in (5.0, 1e12, math.nan, math.inf):
        assert clock.age(wild, 1001.0) is None
    assert ages(clock, 1001.1, 20) == pytest.approx([0.0] * 20, abs=1e-6)


def test_frozen_stamp_never_counts_however_long_it_is_repeated():
    clock = RobotClock(JUMP)
    ages(clock, 1000.0, 100)
    last = 1000.0 + 99 / RATE
    assert [clock.age(last, last + i / RATE) for i in range(1, 600)] == [None] * 599


def test_network_that_became_slow_is_never_taken_for_a_clock_that_was_set():
    clock = RobotClock(JUMP)
    ages(clock, 1000.0, 100, 126.0)
    assert ages(clock, 1001.0, 600, 126.0, delay=0.8) == [None] * 600
    assert clock.resets == 0


def test_old_message_that_comes_late_is_left_out():
    clock = RobotClock(JUMP)
    ages(clock, 1000.0, 100)
    assert clock.age(1000.5, 1000.7) is None


@settings(derandomize=True, max_examples=150)
@given(
    st.lists(
        st.tuples(st.floats(0.0, 0.1), st.floats(allow_nan=True, allow_infinity=True) | st.floats(-2.0, 2.0)),
        max_size=40,
    )
)
def test_ages_are_never_negative_and_times_never_run_backwards(steps):
    clock, received, last = RobotClock(JUMP), 1000.0, -math.inf
    for step, stamp in steps:
        received += step
        resets = clock.resets
        age = clock.age(received - 126.0 + stamp, received)
        if age is not None:
            assert age >= 0.0
            assert received - age > last or clock.resets > resets
            last = received - age

"""Poses are found by stamp, never guessed, and a broken chain of odometry is forgotten."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from track_common.pose_buffer import PoseBuffer
from track_common.types import Odometry


def filled(seconds: float = 1.0, speed: float = 1.0) -> PoseBuffer:
    """Straight ahead at ``speed``, 50 Hz, from stamp 10."""
    buffer = PoseBuffer()
    for stamp in np.arange(10.0, 10.0 + seconds + 1e-9, 0.02):
        assert buffer.push(Odometry(float(stamp), speed * float(stamp - 10.0), 0.0, 0.0))
    return buffer


@given(st.floats(10.0, 11.0))
def test_a_pose_is_interpolated_at_any_stamp_it_covers(stamp):
    pose = filled().pose_at(stamp)
    assert pose is not None
    assert pose[0] == pytest.approx(stamp - 10.0, abs=1e-9)


def test_outside_the_buffer_there_is_no_pose():
    buffer = filled()
    assert buffer.pose_at(9.99) is None
    assert buffer.pose_at(11.11) is None
    assert PoseBuffer().pose_at(0.0) is None


def test_shortly_after_the_newest_it_is_held():
    pose = filled().pose_at(11.05)
    assert pose is not None
    assert pose[0] == pytest.approx(1.0)


def test_the_past_is_forgotten_after_its_time():
    buffer = filled(seconds=5.0)
    assert buffer.pose_at(11.9) is None
    assert buffer.pose_at(12.1) is not None


@pytest.mark.parametrize(
    "broken",
    [
        Odometry(11.02, 6.0, 0.0, 0.0),  # a jump of 5 m
        Odometry(5.0, 1.0, 0.0, 0.0),  # a clock that was set back
        Odometry(20.0, 1.0, 0.0, 0.0),  # a long gap
    ],
)
def test_a_break_empties_the_buffer_and_says_so(broken):
    buffer = filled()
    assert not buffer.push(broken)
    assert buffer.newest == broken
    assert buffer.pose_at(10.5) is None


def test_a_message_slightly_out_of_order_is_ignored():
    buffer = filled()
    newest = buffer.newest
    assert buffer.push(Odometry(10.99, 0.98, 0.0, 0.0))
    assert buffer.newest == newest


@pytest.mark.parametrize("name", ["stamp", "x", "yaw", "wz"])
def test_a_value_that_is_not_finite_is_refused_and_changes_nothing(name):
    buffer = filled()
    newest = buffer.newest
    with pytest.raises(ValueError, match="not finite"):
        buffer.push(replace(Odometry(11.02, 1.02, 0.0, 0.0), **{name: math.nan}))
    assert buffer.newest == newest

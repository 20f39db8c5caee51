"""The Kalman filter of the target: converges, coasts, gates, stays a covariance."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trackvla_ros.target_filter import MAX_SPEED, predict, start, update

R = 0.01 * np.eye(2)


def walked(velocity, looks=30):
    state = start(np.zeros(2), R, 0.0)
    for k in range(1, looks):
        state = predict(state, 0.1 * k)
        state = update(state, np.asarray(velocity) * 0.1 * k, R)
    return state


def test_steady_walk_is_learnt_within_three_seconds():
    state = walked([1.0, -0.5])
    assert state.velocity == pytest.approx([1.0, -0.5], abs=0.1)
    assert state.position == pytest.approx(np.array([1.0, -0.5]) * 2.9, abs=0.05)


def test_unseen_walker_goes_on_and_slows_down():
    state = walked([1.0, 0.0])
    later = predict(state, state.stamp + 1.0)
    assert 0.6 < later.position[0] - state.position[0] < 1.0
    assert later.velocity[0] < state.velocity[0]
    assert np.trace(later.covariance) > np.trace(state.covariance)


def test_far_look_is_a_miss_and_moves_nothing():
    state = walked([0.0, 0.0])
    after = update(state, np.array([5.0, 5.0]), R)
    assert after.misses == 1 and after.mean == pytest.approx(state.mean)


def test_accepted_look_clears_the_misses():
    state = update(walked([0.0, 0.0]), np.array([5.0, 5.0]), R)
    assert update(state, state.position, R).misses == 0


def test_earlier_stamp_changes_nothing():
    state = walked([1.0, 0.0])
    assert predict(state, state.stamp - 1.0) is state


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(-3, 3), st.floats(-3, 3), st.floats(0, 2)), min_size=1, max_size=30))
def test_covariance_stays_sound_and_pace_human_for_any_looks(looks):
    state = start(np.zeros(2), R, 0.0)
    for x, y, dt in looks:
        state = update(predict(state, state.stamp + dt), np.array([x, y]), R)
    assert np.all(np.linalg.eigvalsh(state.covariance) > 0)
    assert np.linalg.norm(state.velocity) <= MAX_SPEED + 1e-9

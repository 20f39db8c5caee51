"""Dead-time compensation: the pose rolled forward is the pose the robot then has."""

import math

import pytest

from go2_bridge.control.plant import CommandHistory, Plant, roll_forward
from track_common.types import Odometry, VelocityCommand

PLANT = Plant(0.15, 0.30, (0.80, 0.74, 0.90))


def test_step_response_follows_the_formula():
    history = CommandHistory()
    history.push(0.0, VelocityCommand(vx=1.0))
    state = roll_forward(Odometry(0.0, 0.0, 0.0, 0.0), history, PLANT, 1.15)
    assert state.vx == pytest.approx(0.8 * (1 - math.exp(-1.0 / 0.3)), abs=1e-6)
    assert state.x == pytest.approx(0.8 * (1.0 - 0.3 * (1 - math.exp(-1.0 / 0.3))), abs=2e-3)


def test_nothing_moves_before_the_dead_time_is_over():
    history = CommandHistory()
    history.push(0.0, VelocityCommand(1.0, 0.5, 1.0))
    state = roll_forward(Odometry(0.0, 1.0, 2.0, 0.3), history, PLANT, 0.15)
    assert (state.x, state.y, state.yaw) == pytest.approx((1.0, 2.0, 0.3))


def test_older_commands_still_act_on_a_new_measurement():
    history = CommandHistory()
    history.push(0.0, VelocityCommand(vx=1.0))
    history.push(1.0, VelocityCommand(vx=0.0))
    state = roll_forward(Odometry(1.0, 0.0, 0.0, 0.0, vx=0.8), history, PLANT, 1.15)
    assert state.vx == pytest.approx(0.8) and state.x == pytest.approx(0.12)


def test_rolling_in_two_goes_is_rolling_in_one():
    history = CommandHistory()
    for k in range(40):
        history.push(0.02 * k, VelocityCommand(1.0, 0.1 * (k % 3), 0.5 - 0.02 * k))
    begin = Odometry(0.4, 0.0, 0.0, 0.5, 0.5, 0.0, 0.1)
    once = roll_forward(begin, history, PLANT, 0.95)
    twice = roll_forward(roll_forward(begin, history, PLANT, 0.7), history, PLANT, 0.95)
    assert once.pose == pytest.approx(twice.pose, abs=1e-4)


def test_clock_that_falls_back_empties_the_history():
    history = CommandHistory()
    history.push(100.0, VelocityCommand(vx=1.0))
    history.push(1.0, VelocityCommand(vx=0.2))
    assert history.between(0.5, 2.0) == [(0.5, VelocityCommand()), (1.0, VelocityCommand(vx=0.2))]

"""Policy and controller on the smallest closed loop: the gap settles, latency is survived, a lost walker means stop."""

import math

import numpy as np
import pytest
from plant import run

from go2_bridge.config import ControllerConfig
from go2_bridge.follower import Follower
from go2_bridge.safety.watchdog import StopReason
from track_common.types import STOP
from trackvla_ros.box_servo import BoxServoConfig, BoxServoPolicy

STANDOFF = BoxServoConfig().standoff
SPEED = 1.2  # m/s


def straight(t):
    return 2.0 + SPEED * max(t - 1.0, 0.0), 0.0


def circle(t):
    return 2.0 + 3.0 * math.sin(t / 3.0), 3.0 - 3.0 * math.cos(t / 3.0)


def stopping(t):
    return 2.0 + SPEED * min(t, 6.0), 0.0


def coming(t):
    return 4.0 - 0.6 * min(t, 8.0), 0.0


def follow(walker, duration=14.0, config=None, **kwargs):
    return run(BoxServoPolicy(), Follower(config or ControllerConfig()), walker, duration, **kwargs)


@pytest.mark.parametrize("latency", [0.0, 0.1, 0.3, 0.6])
def test_gap_to_a_straight_walker_settles_near_the_standoff(latency):
    result = follow(straight, latency=latency)
    assert result.column(1, since=10.0) == pytest.approx(STANDOFF, abs=0.3)
    assert result.column(3, since=10.0).std() < 0.1


@pytest.mark.parametrize("latency", [0.0, 0.3])
def test_turning_walker_stays_in_view_at_the_standoff(latency):
    result = follow(circle, latency=latency)
    assert np.abs(result.column(2)).max() < math.radians(15)
    assert result.column(1, since=8.0) == pytest.approx(STANDOFF, abs=0.25)


def test_stopping_walker_is_not_run_into_and_the_robot_comes_to_rest():
    result = follow(stopping, 16.0)
    assert result.column(1).min() > 0.95
    assert result.column(1, since=15.0) == pytest.approx(STANDOFF, abs=0.2)
    assert np.abs(result.column(3, since=15.5)).max() < 0.05


def test_coming_walker_is_backed_away_from():
    result = follow(coming, 8.0)
    assert result.column(1).min() > 1.2 and result.column(3).min() < -0.3


def test_lost_walker_is_coasted_for_then_searched_then_the_robot_stands():
    result = follow(straight, 15.0, hidden=lambda t: t > 4.0)
    assert np.abs(result.column(5, since=9.0)).max() > 0.8  # looks round
    assert np.abs(result.column(3, since=9.0)).max() < 0.05
    assert result.reasons[-1] == StopReason.TARGET_LOST.value
    assert result.rows[-1][3:] == (STOP.vx, STOP.vy, STOP.wz)


def test_dead_time_compensation_turns_to_a_target_beside_without_overshoot():
    def beside(t):
        return 1.6, 1.0

    overshoot = [
        -follow(beside, 4.0, ControllerConfig(use_dead_time_compensation=use), latency=0.2).column(2).min()
        for use in (True, False)
    ]
    assert overshoot[0] < 0.09 and overshoot[0] < 0.5 * overshoot[1]


def test_table_leg_beside_the_way_is_passed_without_touching():
    leg = np.array([[4.0 + dx, 0.05 + dy, z] for dx in (-0.03, 0.03) for dy in (-0.03, 0.03) for z in (0.3, 0.6, 0.9)])
    ring = np.array([[20 * math.cos(a), 20 * math.sin(a), 1.0] for a in np.linspace(0, 6, 40)])
    result = follow(lambda t: (2.0 + 0.8 * t, 0.0), 10.0, walls=np.vstack([ring, leg]))
    assert result.column(1, since=9.0).max() < 3.0

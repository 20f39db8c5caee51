"""What the recovery remembers, and when it takes back what it knew."""

import math

import numpy as np
import pytest

from go2_bridge.recovery.config import RecoveryConfig
from go2_bridge.recovery.machine import Order, Stage
from go2_bridge.recovery.recovery import Navigation, Recovery
from track_common.types import Odometry, TargetReport, TargetStatus

TRACKED, COASTING, SEARCHING, LOST = list(TargetStatus)[:4]
CONFIG = RecoveryConfig(wait_time=0.0)
READY = Navigation(is_ready=True)


@pytest.fixture
def recovery():
    """Has followed a target that walked off to the left of the robot, which stands at the origin; the time is 1.0."""
    recovery = Recovery(CONFIG)
    for k in range(11):
        say(recovery, 0.1 * k, TRACKED, (3.0, 0.1 * k))
    return recovery


def say(recovery, now, status, point=None, odometry=None):
    recovery.on_odometry(odometry or Odometry(now, 0.0, 0.0, 0.0))
    recovery.on_target(now, TargetReport(now, status, position_base=None if point is None else np.array([*point, 1.0])))
    return recovery.decide(now, READY)


def test_it_turns_to_where_the_target_was_seen_last(recovery):
    order = say(recovery, 1.1, LOST)
    assert recovery.stage is Stage.TURNING
    assert order.wz == pytest.approx(CONFIG.turn_gain * math.atan2(1.0, 3.0))


def test_where_prediction_has_it_counts_while_the_policy_coasts_but_not_once_it_is_lost(recovery):
    say(recovery, 1.1, COASTING, (3.0, 1.5))
    order = say(recovery, 1.2, LOST, (-3.0, -3.0))
    assert order.wz == pytest.approx(CONFIG.turn_gain * math.atan2(1.5, 3.0))


def test_a_place_that_is_not_finite_is_left_out(recovery):
    say(recovery, 1.1, TRACKED, (math.nan, 1.0))
    assert say(recovery, 1.2, LOST).wz == pytest.approx(CONFIG.turn_gain * math.atan2(1.0, 3.0))


def test_an_odometry_jump_voids_the_place_so_it_only_looks_round(recovery):
    say(recovery, 1.1, LOST, odometry=Odometry(1.1, 50.0, 0.0, 0.0))
    assert recovery.stage is Stage.SWEEPING and recovery.goal is None


def test_another_target_forgets_the_last_one_and_what_is_on_its_way_about_it(recovery):
    recovery.forget(1.05)
    say(recovery, 1.1, TRACKED, (3.0, 1.0))  # sent before the planner heard of the new one
    assert say(recovery, 1.7, LOST) == Order() and not recovery.has_seen


@pytest.mark.parametrize("silent", ["planner", "odometry"])
def test_silence_stands_at_once_keeps_the_goal_a_moment_then_drops_it(recovery, silent):
    for k in range(40):
        say(recovery, 1.0 + 0.1 * k, LOST, odometry=Odometry(1.0 + 0.1 * k, 0.0, 0.0, math.atan2(1.0, 3.0)))
        if recovery.goal is not None:
            break
    begun = 1.0 + 0.1 * k
    assert recovery.stage is Stage.APPROACHING
    orders = []
    for k in range(20):
        now = begun + 0.1 * k
        if silent == "odometry":
            recovery.on_target(now, TargetReport(now, LOST))
        else:
            recovery.on_odometry(Odometry(now, 0.0, 0.0, 0.0))
        orders.append((now - begun, recovery.decide(now, READY), recovery.goal))
    limit = recovery.status_timeout if silent == "planner" else recovery.odometry_timeout
    assert all(order == Order() for age, order, _ in orders if age > limit + 0.01)
    assert any(goal is not None for age, _, goal in orders if age > limit + 0.01)
    assert orders[-1][2] is None and recovery.stage is Stage.FOLLOWING

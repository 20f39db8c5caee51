"""Another planner's velocity: obeyed only while the policy says *lost*, and never past a limit or the stop layer."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from go2_bridge.config import ControllerConfig
from go2_bridge.follower import Follower
from go2_bridge.safety.watchdog import ControlStatus, StopReason
from track_common.types import STOP, Cloud, Odometry, TargetStatus, Trajectory, VelocityCommand

T0 = 100.0
RING = np.array([[6 * math.cos(a), 6 * math.sin(a), 0.6] for a in np.linspace(0, 6.2, 80)])
WALL = np.array([[0.42, y, z] for y in np.linspace(-1, 1, 40) for z in (0.3, 0.6)])
TIMES = np.arange(1, 11) * 0.1
CONFIG = ControllerConfig(max_lead=0.0)


def drive(status, wish, seconds=1.0, points=RING, until=None, planner_until=None):
    """Decisions at 50 Hz of a follower fed with everything; the wish stops at ``until`` s, the planner likewise.

    It asks for nothing besides to get a base that lags there sooner: this one never moves.
    """
    follower, decisions = Follower(CONFIG), []
    for k in range(round(seconds * 50)):
        now = T0 + 0.02 * k
        follower.on_odometry(Odometry(now, 0.0, 0.0, 0.0))
        follower.on_cloud(Cloud(points, now))
        if planner_until is None or now - T0 < planner_until:
            follower.on_trajectory(Trajectory(now, np.zeros((10, 3)), TIMES, status))
        if until is None or now - T0 < until:
            follower.on_wish(now, wish)
        decisions.append(follower.control(now))
    return decisions


def test_a_wish_is_obeyed_while_the_target_is_lost_and_says_so():
    last = drive(TargetStatus.LOST, VelocityCommand(0.4, 0.0, 0.5))[-1]
    assert last.command.vx == pytest.approx(0.4 / CONFIG.gain_vx)
    assert last.command.wz == pytest.approx(0.5 / CONFIG.gain_wz)
    assert (last.reason, last.status) == ("", ControlStatus.RECOVERING.value)


@pytest.mark.parametrize("status", [s for s in TargetStatus if s is not TargetStatus.LOST])
def test_a_wish_is_not_obeyed_while_the_policy_drives(status):
    decisions = drive(status, VelocityCommand(0.8, 0.3, 1.0))
    assert all(decision.command == STOP for decision in decisions)  # its trajectory stands


def test_without_a_wish_a_lost_target_means_stop():
    follower = drive(TargetStatus.LOST, VelocityCommand(0.5), until=0.5)
    silent = round((0.5 + CONFIG.trajectory_timeout + 0.04) * 50)
    assert follower[20].command.vx > 0.2
    assert all(d.command == STOP and d.reason == StopReason.TARGET_LOST.value for d in follower[silent:])


def test_a_wish_does_not_outlive_the_planner():
    decisions = drive(TargetStatus.LOST, VelocityCommand(0.5), planner_until=0.3)
    assert decisions[-1].command == STOP and decisions[-1].reason == StopReason.STALE_TRAJECTORY.value


def test_a_wish_into_a_wall_is_stopped():
    decisions = drive(TargetStatus.LOST, VelocityCommand(0.8), points=np.vstack([RING, WALL]))
    assert decisions[-1].command == STOP and decisions[-1].reason == StopReason.OBSTACLE.value


values = st.floats(width=32)


@settings(derandomize=True, deadline=None, max_examples=40)
@given(values, values, values)
def test_no_wish_passes_a_limit_and_none_that_is_not_finite_moves(vx, vy, wz):
    for decision in drive(TargetStatus.LOST, VelocityCommand(vx, vy, wz), seconds=0.2):
        command = decision.command
        assert -CONFIG.max_reverse_vel <= command.vx <= CONFIG.max_linear_vel
        assert abs(command.vy) <= CONFIG.max_lateral_vel and abs(command.wz) <= CONFIG.max_angular_vel
        if not np.isfinite([vx, vy, wz]).all():
            assert command == STOP

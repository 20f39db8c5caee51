"""Robot state: which states may walk, and odometry from poses alone."""

import math

import pytest

from go2_bridge.drivers.config import BridgeConfig
from go2_bridge.drivers.robot_state import PoseOdometry, RobotState, is_ready
from track_common.config import ConfigError, override

CONFIG = BridgeConfig()


@pytest.mark.parametrize(
    ("error_code", "mode", "expected"),
    [
        (1013, 0, True),
        (1015, 3, True),
        (1002, 0, False),  # stand lock: it would ignore a Move
        (1001, 7, False),  # damped
        (2007, 3, False),  # dodging by itself
        (0, 1, True),  # firmware before 1.1.6, balance stand
        (0, 3, True),
        (0, 5, False),  # lying
        (0, 0, False),  # what a sport service that is off sends
    ],
)
def test_only_states_that_obey_a_move_are_ready(error_code, mode, expected):
    assert is_ready(RobotState(1.0, error_code, mode), CONFIG) is expected


def test_list_of_states_that_is_none_is_refused():
    with pytest.raises(ConfigError, match="ready_states is '100;1013'"):
        override(CONFIG, {"ready_states": "100;1013"})


def test_timeout_shorter_than_the_rate_allows_is_refused():
    with pytest.raises(ConfigError, match="command_timeout"):
        override(CONFIG, {"rate": 20.0, "command_timeout": 0.06})


def test_velocity_is_in_the_body_frame_and_survives_the_turn_of_the_heading():
    odometry, made = PoseOdometry(), None
    for tick in range(40):  # 0.6 m/s along odom's y and 0.5 rad/s, heading passing from pi to -pi
        t = tick * 0.05
        yaw = math.remainder(math.pi - 0.4 + 0.5 * t, math.tau)
        made = odometry.update(100.0 + t, 0.0, 0.6 * t, yaw)
    assert math.hypot(made.vx, made.vy) == pytest.approx(0.6)
    assert math.atan2(made.vy, made.vx) == pytest.approx(math.remainder(math.pi / 2 - made.yaw, math.tau))
    assert made.wz == pytest.approx(0.5)


def test_first_pose_has_no_velocity_and_a_pose_that_is_not_finite_gives_none():
    odometry = PoseOdometry()
    first = odometry.update(50.0, 2.0, 0.0, 0.0)
    assert (first.x, first.vx, first.wz) == (2.0, 0.0, 0.0)
    assert odometry.update(50.1, 2.0, 0.0, math.nan) is None


@pytest.mark.parametrize("distance", [1.0, 40.0])
def test_a_pose_that_jumped_has_no_velocity_and_the_next_ones_only_their_own(distance):
    odometry = PoseOdometry()
    for tick in range(20):
        odometry.update(100.0 + 0.01 * tick, 0.006 * tick, 0.0, 0.0)  # 0.6 m/s
    made = [odometry.update(100.2 + 0.01 * tick, distance + 0.006 * tick, 0.0, 0.0) for tick in range(20)]
    assert made[0].x == distance
    assert made[0].vx == 0.0
    assert [m.vx for m in made[1:]] == pytest.approx([0.6] * 19)

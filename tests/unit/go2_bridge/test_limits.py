"""The last clamp: limits hold for any input, unsound input stops."""

import dataclasses
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from go2_bridge.config import ControllerConfig
from go2_bridge.drivers.config import BridgeConfig
from go2_bridge.drivers.registry import make_driver
from go2_bridge.safety.limits import clamp, limit_change
from track_common.config import ConfigError
from track_common.types import STOP, VelocityCommand

CONFIG = ControllerConfig()
number = st.floats(allow_nan=True, allow_infinity=True)


@settings(derandomize=True, max_examples=400)
@given(number | st.floats(-3.0, 3.0), number | st.floats(-3.0, 3.0), number, st.floats(0.1, 1.0))
def test_no_number_at_all_passes_the_limits(vx, vy, wz, limit):
    config = dataclasses.replace(CONFIG, max_linear_vel=limit)
    command = clamp(VelocityCommand(vx, vy, wz), config)
    assert -CONFIG.max_reverse_vel <= command.vx <= limit
    assert abs(command.vy) <= CONFIG.max_lateral_vel
    assert abs(command.wz) <= CONFIG.max_angular_vel


def test_rounding_does_not_pass_a_limit_either():
    limits = [0.001 * k for k in range(100, 2000)]
    asked = [
        clamp(VelocityCommand(v), dataclasses.replace(CONFIG, max_linear_vel=m)) for m in limits for v in (2.3, 2.9)
    ]
    assert all(command.vx <= m for command, m in zip(asked, [m for m in limits for _ in range(2)], strict=True))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e6])
@pytest.mark.parametrize("place", ["vx", "vy", "wz"])
def test_unsound_component_stops_everything(bad, place):
    assert clamp(VelocityCommand(**{"vx": 0.5, "vy": 0.1, "wz": 0.2, place: bad}), CONFIG) == STOP


def test_too_fast_keeps_its_direction():
    command = clamp(VelocityCommand(4.0, 0.4, 0.0), CONFIG)
    assert command.vy / command.vx == pytest.approx(0.1)


ELLIPSE = dataclasses.replace(CONFIG, limit_shape="ellipse")


@settings(derandomize=True, max_examples=400)
@given(number | st.floats(-3.0, 3.0), number | st.floats(-3.0, 3.0), number | st.floats(-3.0, 3.0))
def test_an_elliptic_limit_holds_for_all_three_together(vx, vy, wz):
    command = clamp(VelocityCommand(vx, vy, wz), ELLIPSE)
    ahead = ELLIPSE.max_linear_vel if command.vx >= 0.0 else ELLIPSE.max_reverse_vel
    shares = (command.vx / ahead, command.vy / ELLIPSE.max_lateral_vel, command.wz / ELLIPSE.max_angular_vel)
    assert math.hypot(*shares) <= 1.0 + 1e-9


def test_an_elliptic_limit_keeps_direction_and_curvature_and_what_is_inside():
    command = clamp(VelocityCommand(1.8, 0.3, 1.5), ELLIPSE)
    assert (command.vy / command.vx, command.wz / command.vx) == pytest.approx((0.3 / 1.8, 1.5 / 1.8))
    for inside in (VelocityCommand(2.0), VelocityCommand(0.0, -0.7), VelocityCommand(0.0, 0.0, 1.8), STOP):
        assert clamp(inside, ELLIPSE) == inside
    assert clamp(VelocityCommand(1.0, 0.3, 0.9), ELLIPSE) == VelocityCommand(1.0, 0.3, 0.9)


def test_a_limit_of_zero_in_an_ellipse_is_zero():
    planar = dataclasses.replace(ELLIPSE, max_lateral_vel=0.0, max_reverse_vel=0.0)
    assert clamp(VelocityCommand(-1.0, 0.5, 1.0), planar) == VelocityCommand(0.0, 0.0, 1.0)


def test_the_gate_before_the_robot_has_the_elliptic_limit_too():
    limits = BridgeConfig(limit_shape="ellipse").limits
    command = clamp(VelocityCommand(0.8, 0.3, 1.0), limits)
    assert math.hypot(command.vx / 0.8, command.vy / 0.3, command.wz / 1.0) == pytest.approx(1.0)


def test_slowing_down_may_be_quicker_than_speeding_up():
    up = limit_change(VelocityCommand(vx=2.0), VelocityCommand(vx=1.0), 0.1, CONFIG)
    down = limit_change(STOP, VelocityCommand(vx=1.0), 0.1, CONFIG)
    assert up.vx == pytest.approx(1.0 + 0.1 * CONFIG.max_linear_accel)
    assert down.vx == pytest.approx(1.0 - 0.1 * CONFIG.max_linear_decel)


def test_driver_clamps_again():
    driver = make_driver("fake")
    driver.send(VelocityCommand(vx=50.0), 1.0)
    assert driver.sent[0][1].vx == CONFIG.max_linear_vel  # type: ignore[attr-defined]


def test_unknown_driver_lists_the_known_ones():
    with pytest.raises(ConfigError, match="fake"):
        make_driver("sport")

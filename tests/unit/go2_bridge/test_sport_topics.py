"""The Sport API driver: what it transmits for a command, for a stop, and for numbers that are neither."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from go2_bridge.config import ControllerConfig
from go2_bridge.drivers.config import BridgeConfig
from go2_bridge.drivers.registry import make_driver
from go2_bridge.drivers.sport_api import Api, move
from go2_bridge.drivers.sport_topics import STOP_REPEAT, SportTopicsDriver
from track_common.config import ConfigError
from track_common.types import STOP, VelocityCommand

LIMITS = BridgeConfig().limits
FORBIDDEN = {1001, 1030, 1031, 1032, 2041, 2042, 2043, 2044, 2050, 2051}  # damp and acrobatics, by the vendor's SDK


@pytest.fixture
def robot():
    """A driver and the list of what it transmitted."""
    sent = []
    return SportTopicsDriver(LIMITS, sent.append), sent


def test_move_carries_the_body_velocity_under_the_robots_names(robot):
    driver, sent = robot
    driver.send(VelocityCommand(0.5, -0.1, 0.25), 0.0)
    assert (sent[0].api, json.loads(sent[0].parameter)) == (Api.MOVE, {"x": 0.5, "y": -0.1, "z": 0.25})
    assert not sent[0].wants_reply


@pytest.mark.parametrize("speed", [1e-6, 0.01, 0.04])
def test_a_move_below_a_robots_deadband_is_sent_as_it_is(robot, speed):
    driver, sent = robot
    driver.send(VelocityCommand(speed, 0.0, -speed), 0.0)
    assert json.loads(sent[0].parameter) == {"x": speed, "y": 0.0, "z": -speed}


def test_stop_is_repeated_and_then_there_is_silence(robot):
    driver, sent = robot
    driver.send(VelocityCommand(0.5), 10.0)
    for tick in range(100):
        driver.stop(10.02 + 0.02 * tick)
    assert {request.api for request in sent[1:]} == {Api.STOP_MOVE}
    assert len(sent) - 1 == pytest.approx(STOP_REPEAT / 0.02 + 1, abs=1)


def test_every_stop_after_a_move_is_heard_again(robot):
    driver, sent = robot
    driver.stop(0.0)
    driver.stop(5.0)
    assert len(sent) == 1
    driver.send(VelocityCommand(0.5), 5.1)
    driver.stop(5.2)
    assert [request.api for request in sent[1:]] == [Api.MOVE, Api.STOP_MOVE]


def test_zero_command_is_a_stop(robot):
    driver, sent = robot
    driver.send(STOP, 0.0)
    assert [request.api for request in sent] == [Api.STOP_MOVE]


number = st.floats(allow_nan=True, allow_infinity=True) | st.floats(-2.0, 2.0)


@settings(derandomize=True, max_examples=200)
@given(number, number, number)
def test_no_number_passes_the_limits_and_none_but_finite_ones_move(vx, vy, wz):
    sent = []
    SportTopicsDriver(LIMITS, sent.append).send(VelocityCommand(vx, vy, wz), 0.0)
    if not all(map(math.isfinite, (vx, vy, wz))):
        assert sent[0].api is Api.STOP_MOVE
    elif sent[0].api is Api.MOVE:
        speeds = json.loads(sent[0].parameter)
        assert -LIMITS.max_reverse_vel - 1e-9 <= speeds["x"] <= LIMITS.max_linear_vel + 1e-9
        assert abs(speeds["y"]) <= LIMITS.max_lateral_vel + 1e-9
        assert abs(speeds["z"]) <= LIMITS.max_angular_vel + 1e-9


def test_move_itself_refuses_what_json_cannot_say():
    with pytest.raises(ValueError, match="JSON"):
        move(VelocityCommand(vx=math.nan))


def test_acrobatics_and_damp_cannot_be_asked_for():
    assert FORBIDDEN & set(Api) == set()
    with pytest.raises(ValueError, match="1030"):
        Api(1030)


def test_without_a_way_to_transmit_there_is_no_driver():
    with pytest.raises(ConfigError, match="bridge_node"):
        make_driver("sport_topics", ControllerConfig())
    assert isinstance(make_driver("sport_topics", LIMITS, lambda request: None), SportTopicsDriver)

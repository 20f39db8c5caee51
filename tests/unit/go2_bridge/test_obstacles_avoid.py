"""What driver obstacles_avoid sends for a Move, a stop and a posture, and when its avoidance counts as on."""

import json

import pytest

from go2_bridge.drivers.obstacles_avoid import (
    AVOID_REQUEST_TOPIC,
    CONFIRMED_FOR,
    MOVE,
    SWITCH_GET,
    SWITCH_SET,
    USE_REMOTE_COMMAND_FROM_API,
    AvoidanceClient,
)
from go2_bridge.drivers.sport_api import REQUEST_TOPIC, STOP_MOVE, Api, SportRequest, move
from go2_bridge.safety.arming import HoldReason
from track_common.types import VelocityCommand

WALK = move(VelocityCommand(0.4, -0.1, 0.2))


def sent(requests):
    return [(r.topic, r.api_id, json.loads(r.parameter)) for r in requests]


def test_a_walk_takes_the_robot_once_and_a_stop_gives_it_back():
    client = AvoidanceClient()
    walking = (AVOID_REQUEST_TOPIC, MOVE, {"x": 0.4, "y": -0.1, "yaw": 0.2, "mode": 0})
    taking = (AVOID_REQUEST_TOPIC, USE_REMOTE_COMMAND_FROM_API, {"is_remote_commands_from_api": True})
    assert sent(client.translate(WALK)) == [taking, walking]
    assert sent(client.translate(WALK)) == [walking]
    stopping = (REQUEST_TOPIC, Api.STOP_MOVE.value, {})
    standing = (AVOID_REQUEST_TOPIC, MOVE, {"x": 0.0, "y": 0.0, "yaw": 0.0, "mode": 0})
    giving = (AVOID_REQUEST_TOPIC, USE_REMOTE_COMMAND_FROM_API, {"is_remote_commands_from_api": False})
    assert sent(client.translate(STOP_MOVE)) == [stopping, standing, giving]
    assert sent(client.translate(STOP_MOVE)) == [stopping]
    assert sent(client.translate(WALK)) == [taking, walking]


def test_a_posture_is_the_sport_apis():
    assert sent(AvoidanceClient().translate(SportRequest(Api.STAND_UP))) == [(REQUEST_TOPIC, 1004, {})]


def test_it_is_on_while_the_service_says_so():
    client = AvoidanceClient()
    assert client.check(10.0) is HoldReason.NO_AVOIDANCE
    assert [r.api_id for r in client.poll()] == [SWITCH_SET, SWITCH_GET]
    client.on_response(SWITCH_GET, 0, '{"enable": true}', 10.0)
    assert client.check(10.0 + CONFIRMED_FOR) is None
    assert [r.api_id for r in client.poll()] == [SWITCH_GET]
    assert client.check(10.1 + CONFIRMED_FOR) is HoldReason.NO_AVOIDANCE


@pytest.mark.parametrize(
    ("code", "data"),
    [(3203, '{"enable": true}'), (0, '{"enable": false}'), (0, '{"enable": 1}'), (0, "on"), (0, "[true]"), (0, "")],
)
def test_whatever_is_no_clear_yes_is_no(code, data):
    client = AvoidanceClient()
    client.on_response(SWITCH_GET, code, data, 10.0)
    assert client.check(10.0) is HoldReason.NO_AVOIDANCE


def test_the_answer_to_another_call_confirms_nothing():
    client = AvoidanceClient()
    client.on_response(SWITCH_SET, 0, '{"enable": true}', 10.0)
    assert client.check(10.0) is HoldReason.NO_AVOIDANCE

"""What goes over a GO2's data channel: the documented form of a request, and state read back or refused."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from go2_bridge.config import ControllerConfig
from go2_bridge.drivers.config import BridgeConfig
from go2_bridge.drivers.link import Stick
from go2_bridge.drivers.registry import make_driver
from go2_bridge.drivers.robot_state import Health, RobotState
from go2_bridge.drivers.sport_api import Api
from go2_bridge.drivers.webrtc_messages import TOPICS, news_from_message, request_data
from track_common.config import ConfigError, override
from track_common.types import VelocityCommand

STATE = {
    "stamp": {"sec": 12, "nanosec": 500_000_000},
    "error_code": 1013,
    "mode": 1,
    "position": [1.0, 2.0, 0.3],
    "imu_state": {"rpy": [0.0, 0.1, 0.7]},
}


def message(topic, data):
    return {"type": "msg", "topic": topic, "data": data}


def test_a_move_has_the_documented_form():
    sent = []
    make_driver("webrtc", ControllerConfig(), sent.append).send(VelocityCommand(0.3, -0.1, 0.2), 0.0)
    data = request_data(sent[0], 2**31 + 5)
    assert data["header"] == {"identity": {"id": 5, "api_id": 1008}}
    assert json.loads(data["parameter"]) == {"x": 0.3, "y": -0.1, "z": 0.2}


def test_a_stop_does_too_and_nothing_outside_the_whitelist_can_be_said():
    sent = []
    make_driver("webrtc", ControllerConfig(), sent.append).stop(0.0)
    assert request_data(sent[0], 1) == {"header": {"identity": {"id": 1, "api_id": 1003}}, "parameter": "{}"}
    assert {int(api) for api in Api} == {1002, 1003, 1004, 1005, 1008}


def test_state_battery_and_sticks_are_read():
    assert news_from_message(message("rt/lf/sportmodestate", STATE)) == RobotState(12.5, 1013, 1, 1.0, 2.0, 0.7)
    low = {"bms_state": {"soc": 77}, "motor_state": [{"temperature": 40}, {"temperature": 55}]}
    assert news_from_message(message("rt/lf/lowstate", low)) == Health(77.0, 55.0)
    assert news_from_message(message("rt/wirelesscontroller", {"lx": 0, "ly": -0.4, "rx": 0.1, "ry": 0})) == Stick(0.4)


def test_a_state_without_a_pose_still_counts_as_a_state():
    state = news_from_message(message("rt/lf/sportmodestate", {**STATE, "position": []}))
    assert isinstance(state, RobotState) and state.error_code == 1013 and math.isnan(state.x)


json_value = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(sorted(STATE)), inner, max_size=5),
    max_leaves=8,
)


@settings(derandomize=True, max_examples=500)
@given(st.sampled_from([*TOPICS, "rt/other"]), json_value)
def test_no_message_breaks_the_reader(topic, data):
    news = news_from_message(message(topic, data))
    assert news is None or isinstance(news, (RobotState, Health, Stick))
    assert news_from_message(data) is None or isinstance(data, dict)


def test_webrtc_without_an_odometry_it_can_bring_is_refused():
    with pytest.raises(ConfigError, match="set odometry_source to sport_state"):
        override(BridgeConfig(), {"driver": "webrtc"})
    override(BridgeConfig(), {"driver": "webrtc", "odometry_source": "sport_state"})

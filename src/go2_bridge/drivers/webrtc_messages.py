"""What goes over the data channel of a GO2's WebRTC, as plain dictionaries: requests there, state back. No WebRTC here.

Formats as in unitree-webrtc-connect 2.2.0: {"type", "topic", "data"}; the data has the field names of the DDS messages.
"""

from __future__ import annotations

import math
from typing import Any

from go2_bridge.drivers.link import Stick
from go2_bridge.drivers.robot_state import Health, RobotState
from go2_bridge.drivers.sport_api import SportRequest

REQUEST_TOPIC = "rt/api/sport/request"
STATE_TOPIC, HEALTH_TOPIC, STICK_TOPIC = "rt/lf/sportmodestate", "rt/lf/lowstate", "rt/wirelesscontroller"
TOPICS = (STATE_TOPIC, HEALTH_TOPIC, STICK_TOPIC)  # those to subscribe to
ID_RANGE = 2**31  # identities are 32-bit there

News = RobotState | Health | Stick


def request_data(request: SportRequest, identity: int) -> dict[str, Any]:
    """The "data" of one Sport API request, to go out as type "req"."""
    header = {"identity": {"id": identity % ID_RANGE, "api_id": int(request.api)}}
    return {"header": header, "parameter": request.parameter}


def news_from_message(message: Any) -> News | None:
    """What a message of ``TOPICS`` says; None where it is anything else or lacks what it should hold."""
    try:
        topic, data = message["topic"], message["data"]
        if topic == STATE_TOPIC:
            return _state(data)
        if topic == HEALTH_TOPIC:
            temperatures = [float(motor["temperature"]) for motor in data["motor_state"]]
            return Health(float(data["bms_state"]["soc"]), max(temperatures))
        if topic == STICK_TOPIC:
            sticks = [float(data[name]) for name in ("lx", "ly", "rx", "ry")]
            return Stick(max(abs(v) if math.isfinite(v) else math.inf for v in sticks))
    except (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError):
        return None
    return None


def _state(data: Any) -> RobotState:
    """A pose that is missing or not finite stays NaN: the state counts, odometry is not made of it."""
    stamp, position, rpy = data["stamp"], data.get("position", ()), data.get("imu_state", {}).get("rpy", ())
    pose = (*position[:2], rpy[2]) if len(position) >= 2 and len(rpy) == 3 else (math.nan,) * 3
    x, y, yaw = (float(v) for v in pose)
    seconds = float(stamp["sec"]) + 1e-9 * float(stamp["nanosec"])
    if not math.isfinite(seconds):
        raise ValueError(f"stamp {stamp} is not finite")
    return RobotState(seconds, int(data["error_code"]), int(data["mode"]), x, y, yaw)

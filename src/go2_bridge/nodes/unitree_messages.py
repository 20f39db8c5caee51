"""Unitree's messages <-> the drivers' types: the only file that knows their fields."""

from __future__ import annotations

import math

from unitree_api.msg import Request
from unitree_go.msg import LowState, SportModeState, WirelessController

from go2_bridge.drivers.obstacles_avoid import ServiceRequest
from go2_bridge.drivers.robot_state import Health, RobotState

NANO = 1e-9


def request_message(request: ServiceRequest, identity: int) -> Request:
    """Message of a call; ``identity`` is what the answer will carry."""
    message = Request(parameter=request.parameter)
    message.header.identity.id, message.header.identity.api_id = int(identity), request.api_id
    message.header.policy.noreply = not request.wants_reply
    return message


def state_from_message(message: SportModeState) -> RobotState:
    """Robot state; its pose may be NaN where the message's is."""
    return RobotState(
        stamp=message.stamp.sec + message.stamp.nanosec * NANO,
        error_code=int(message.error_code),
        mode=int(message.mode),
        x=float(message.position[0]),
        y=float(message.position[1]),
        yaw=float(message.imu_state.rpy[2]),
    )


def health_from_message(message: LowState) -> Health:
    """Battery and the hottest motor."""
    return Health(float(message.bms_state.soc), float(max(motor.temperature for motor in message.motor_state)))


def deflection_from_message(message: WirelessController) -> float:
    """Largest deflection of a stick, 0..1; infinite where one is not finite."""
    sticks = [float(v) for v in (message.lx, message.ly, message.rx, message.ry)]
    return max(abs(v) if math.isfinite(v) else math.inf for v in sticks)

"""Driver ``obstacles_avoid``: Moves go through the GO2's own avoidance service, a second safety under ours.

Ids and JSON as in unitree_sdk2_python's obstacles_avoid client (read 2026). Postures and StopMove stay with the Sport
API: a stop must not depend on the service that may have failed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from go2_bridge.drivers.sport_api import REQUEST_TOPIC, Api, SportRequest
from go2_bridge.safety.arming import HoldReason

AVOID_REQUEST_TOPIC = "/api/obstacles_avoid/request"  # in DDS rt/api/obstacles_avoid/request
AVOID_RESPONSE_TOPIC = "/api/obstacles_avoid/response"
SWITCH_SET, SWITCH_GET, MOVE, USE_REMOTE_COMMAND_FROM_API = 1001, 1002, 1003, 1004
VELOCITY_MODE = 0  # of Move; 1 and 2 are positions, which this program never sends
CONFIRMED_FOR = 1.5  # s; the answer to SwitchGet is asked for twice a second


@dataclass(frozen=True)
class ServiceRequest:
    """One call of one of the robot's services: topic of the service, id there, JSON, whether it should answer."""

    topic: str
    api_id: int
    parameter: str
    wants_reply: bool = True


class AvoidanceClient:
    """Turns requests of the Sport API into those of the avoidance service, and keeps the service on.

    The service obeys programs only after UseRemoteCommandFromApi(true); with the stop that is taken back, so that the
    robot's own remote has the robot again.
    """

    def __init__(self) -> None:
        self._has_command = False
        self._is_on, self._confirmed_at = False, float("-inf")

    def translate(self, request: SportRequest) -> list[ServiceRequest]:
        """What to send for a request, in this order."""
        if request.api is Api.MOVE:
            speeds = json.loads(request.parameter)
            taking = [] if self._has_command else [_use_remote(True)]
            self._has_command = True
            return [*taking, _move(speeds["x"], speeds["y"], speeds["z"])]
        ours = ServiceRequest(REQUEST_TOPIC, request.api.value, request.parameter, request.wants_reply)
        if request.api is not Api.STOP_MOVE or not self._has_command:
            return [ours]
        self._has_command = False
        return [ours, _move(0.0, 0.0, 0.0), _use_remote(False)]

    def poll(self) -> list[ServiceRequest]:
        """What to send twice a second: is the avoidance on? Where it is not known to be, switch it on first."""
        switching = [] if self._is_on else [_avoid(SWITCH_SET, enable=True)]
        return [*switching, _avoid(SWITCH_GET)]

    def on_response(self, api_id: int, code: int, data: str, now: float) -> None:
        """An answer of the service; whatever is no clear yes to SwitchGet counts as off."""
        if api_id == SWITCH_GET:
            self._is_on = code == 0 and _says_enabled(data)
            self._confirmed_at = now

    def check(self, now: float) -> HoldReason | None:
        """Why nothing may move; None while the avoidance is confirmed to be on."""
        is_fresh = 0.0 <= now - self._confirmed_at <= CONFIRMED_FOR
        return None if self._is_on and is_fresh else HoldReason.NO_AVOIDANCE


def _move(vx: float, vy: float, wz: float) -> ServiceRequest:
    """Walk at a body velocity, m/s and rad/s; the service calls the turn ``yaw``, the Sport API ``z``."""
    return _avoid(MOVE, wants_reply=False, x=float(vx), y=float(vy), yaw=float(wz), mode=VELOCITY_MODE)


def _use_remote(is_ours: bool) -> ServiceRequest:
    return _avoid(USE_REMOTE_COMMAND_FROM_API, is_remote_commands_from_api=is_ours)


def _avoid(api_id: int, wants_reply: bool = True, **parameter: float | bool) -> ServiceRequest:
    return ServiceRequest(AVOID_REQUEST_TOPIC, api_id, json.dumps(parameter, allow_nan=False), wants_reply)


def _says_enabled(data: str) -> bool:
    try:
        answer = json.loads(data)
    except ValueError:
        return False
    return isinstance(answer, dict) and answer.get("enable") is True

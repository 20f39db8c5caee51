"""Requests of the GO2's Sport API that may leave this program, and no others.

Ids and JSON as in unitree_ros2 and unitree_sdk2_python (read 2026). Acrobatics, Damp and gait switches are left out on
purpose: what is not here cannot be sent.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import IntEnum

from track_common.types import VelocityCommand

REQUEST_TOPIC = "/api/sport/request"  # in DDS rt/api/sport/request
RESPONSE_TOPIC = "/api/sport/response"
STATE_TOPIC = "/lf/sportmodestate"


CODES = {  # what a service answers with, by unitree_sdk2_python and unitree_ros2
    3102: "the request could not be sent",
    3103: "the call is not registered",
    3104: "no answer in time",
    3203: "this firmware has not got the call",
    3204: "its parameter is not what the service takes",
    3205: "refused: another client holds the lease",
    3206: "the lease does not exist",
    3207: "the lease is held already",
    4201: "the action was not done in time",
    4205: "the state machine does not allow it now; call balance_stand first",
}


class Api(IntEnum):
    """The whitelist."""

    BALANCE_STAND = 1002
    STOP_MOVE = 1003
    STAND_UP = 1004
    STAND_DOWN = 1005
    MOVE = 1008


@dataclass(frozen=True)
class SportRequest:
    """One call: what it is, its JSON, and whether the robot should answer."""

    api: Api
    parameter: str = "{}"  # calls without arguments send an empty object
    wants_reply: bool = True


STOP_MOVE = SportRequest(Api.STOP_MOVE)


def move(command: VelocityCommand) -> SportRequest:
    """Walk at a body velocity; held for about a second by the robot, unfiltered. Not answered, as in the vendor's SDK.

    Raises:
        ValueError: a component is not finite (JSON has no word for it).
    """
    speeds = {"x": float(command.vx), "y": float(command.vy), "z": float(command.wz)}
    return SportRequest(Api.MOVE, json.dumps(speeds, allow_nan=False), wants_reply=False)

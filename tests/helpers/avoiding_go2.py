"""A GO2 with its obstacle avoidance service, in plain DDS: answers its calls, obeys its Move, stands where blocked."""

import json
import time

from cyclonedds.pub import DataWriter
from cyclonedds.sub import DataReader
from cyclonedds.topic import Topic
from tests.helpers import unitree_dds as dds
from tests.helpers.fake_go2 import RELIABLE, Call, FakeGo2

SWITCH_SET, SWITCH_GET, AVOID_MOVE, USE_REMOTE = 1001, 1002, 1003, 1004
UNKNOWN_CALL = 3203


class AvoidingGo2(FakeGo2):
    """``has_service`` False is a firmware without it. ``is_blocked``: its own LiDAR sees something ahead."""

    def __init__(self, domain: int, clock_offset: float = 0.0) -> None:
        super().__init__(domain, clock_offset)
        self.is_avoiding, self.obeys_programs, self.has_service, self.is_blocked = False, False, True, False
        self.avoid_calls: list[Call] = []
        self.velocity = (0.0, 0.0, 0.0)  # m/s, m/s, rad/s: what it walks
        topics = {name: f"rt/api/obstacles_avoid/{name}" for name in ("request", "response")}
        self._avoid_requests = DataReader(
            self._participant, Topic(self._participant, topics["request"], dds.Request), qos=RELIABLE
        )
        self._answers = DataWriter(
            self._participant, Topic(self._participant, topics["response"], dds.Response), qos=RELIABLE
        )

    def step(self) -> None:
        """As any GO2, then the service."""
        super().step()
        for request in self._avoid_requests.take(200):
            if isinstance(request, dds.Request):
                self._serve(request)

    def _serve(self, request: dds.Request) -> None:
        identity, parameter = request.header.identity, json.loads(request.parameter)
        self.avoid_calls.append(Call(time.monotonic(), identity.id, identity.api_id, parameter))
        answer = {}
        if identity.api_id == SWITCH_SET:
            self.is_avoiding = parameter["enable"]
        elif identity.api_id == SWITCH_GET:
            answer = {"enable": self.is_avoiding}
        elif identity.api_id == USE_REMOTE:
            self.obeys_programs = parameter["is_remote_commands_from_api"]
        elif identity.api_id == AVOID_MOVE and self.obeys_programs:
            ahead = 0.0 if self.is_blocked else parameter["x"]
            self.velocity = (ahead, parameter["y"], parameter["yaw"])
        if not request.header.policy.noreply:
            status = dds.Status(0 if self.has_service else UNKNOWN_CALL)
            header = dds.ResponseHeader(dds.Identity(identity.id, identity.api_id), status)
            self._answers.write(dds.Response(header, json.dumps(answer) if self.has_service else ""))

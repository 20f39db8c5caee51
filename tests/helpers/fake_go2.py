"""A GO2 as the network sees it, in plain DDS: no ROS, the robot's own type and topic names, a clock of its own."""

import json
import math
import os
import struct
import time
from dataclasses import dataclass

from cyclonedds.core import Policy, Qos
from cyclonedds.domain import DomainParticipant
from cyclonedds.pub import DataWriter
from cyclonedds.sub import DataReader
from cyclonedds.topic import Topic
from tests.helpers import unitree_dds as dds
from tests.helpers.planar_robot import PlanarRobot

from track_common.types import STOP, VelocityCommand

LOOPBACK = """<General><Interfaces><NetworkInterface address="127.0.0.1"/></Interfaces>
<AllowMulticast>spdp</AllowMulticast></General>
<Discovery><ParticipantIndex>auto</ParticipantIndex><Peers><Peer address="127.0.0.1"/></Peers></Discovery>"""
MOVE, STOP_MOVE = 1008, 1003
POINTS_X = (1.0, 2.0, 3.0)  # m, of the cloud's points
TICK = 0.01  # s of a walking robot
RELIABLE = Qos(Policy.Reliability.Reliable(10**8), Policy.History.KeepLast(200))
BEST_EFFORT = Qos(Policy.Reliability.BestEffort, Policy.History.KeepLast(1))
TOPICS = {
    "state": ("rt/lf/sportmodestate", dds.SportModeState),
    "low_state": ("rt/lf/lowstate", dds.LowState),
    "odometry": ("rt/utlidar/robot_odom", dds.Odometry),
    "points": ("rt/utlidar/cloud", dds.PointCloud2),
}


@dataclass(frozen=True)
class Call:
    """A sport request as it came in."""

    received: float  # s, monotonic
    identity: int
    api_id: int
    parameter: dict


class FakeGo2:
    """Publishes what a standing GO2 does, stamps ``clock_offset`` (s) ahead, and keeps the sport requests it gets."""

    def __init__(self, domain: int, clock_offset: float) -> None:
        self.clock_offset, self.error_code, self.battery, self.height = clock_offset, 1013, 80, 0.31
        self.x, self.y, self.yaw = 1.0, 2.0, 0.0
        self.calls: list[Call] = []
        os.environ["CYCLONEDDS_URI"] = LOOPBACK  # read when the first participant of a domain is made
        self._participant = DomainParticipant(domain)
        self._writers = {
            name: DataWriter(self._participant, Topic(self._participant, topic, kind), qos=BEST_EFFORT)
            for name, (topic, kind) in TOPICS.items()
        }
        requests = Topic(self._participant, "rt/api/sport/request", dds.Request)
        self._reader = DataReader(self._participant, requests, qos=RELIABLE)

    def step(self) -> None:
        """Publish everything once and take what came in."""
        seconds, nanoseconds = divmod(time.time_ns() + round(self.clock_offset * 1e9), 10**9)
        header = dds.Header(dds.Time(seconds, nanoseconds), "odom")
        state = dds.SportModeState(
            dds.TimeSpec(seconds, nanoseconds),
            self.error_code,
            dds.Imu(rpy=(0.0, 0.0, self.yaw)),
            mode=1,
            position=(self.x, self.y, 0.3),
        )
        self._writers["state"].write(state)
        self._writers["low_state"].write(dds.LowState(bms_state=dds.Battery(soc=self.battery)))
        turn = dds.Quaternion(z=math.sin(0.5 * self.yaw), w=math.cos(0.5 * self.yaw))
        pose = dds.PoseWithCovariance(dds.Pose(dds.Point(self.x, self.y, self.height), turn))
        self._writers["odometry"].write(dds.Odometry(header, pose=pose))
        self._writers["points"].write(_cloud(dds.Header(header.stamp, "utlidar_lidar")))
        for request in self._reader.take(200):
            if not isinstance(request, dds.Request):  # the news that a writer has left
                continue
            identity = request.header.identity
            call = Call(time.monotonic(), identity.id, identity.api_id, json.loads(request.parameter))
            self.calls.append(call)
            self.on_call(call)

    def on_call(self, call: Call) -> None:
        """Stand whatever is asked for."""


def _cloud(header: dds.Header) -> dds.PointCloud2:
    """A sweep in the layout of /utlidar/cloud: x, y, z, intensity, ring, time since the stamp; 32 bytes a point."""
    kinds = {"x": (0, 7), "y": (4, 7), "z": (8, 7), "intensity": (16, 7), "ring": (20, 4), "time": (24, 7)}
    fields = [dds.PointField(name, offset, kind) for name, (offset, kind) in kinds.items()]
    data = b"".join(struct.pack("<fff4xfHxxf4x", x, 0.5, -0.2, 90.0, 3, 0.01) for x in POINTS_X)
    size = len(POINTS_X)
    return dds.PointCloud2(header, 1, size, fields, False, 32, 32 * size, list(data))


class WalkingGo2(FakeGo2):
    """Obeys Move and StopMove as the simulator's plant does: with dead time, lag and a command held for 1 s."""

    def __init__(self, domain: int, clock_offset: float = -126.0) -> None:
        super().__init__(domain, clock_offset)
        self._body = PlanarRobot(now=time.monotonic())

    def step(self) -> None:
        """Walk until now, then as any GO2."""
        while self._body.now < time.monotonic():
            self._body.step(TICK)
        self.x, self.y, self.yaw = self._body.x, self._body.y, self._body.yaw
        super().step()

    def on_call(self, call: Call) -> None:
        """Take a velocity."""
        if call.api_id == MOVE:
            self._body.command(VelocityCommand(call.parameter["x"], call.parameter["y"], call.parameter["z"]))
        elif call.api_id == STOP_MOVE:
            self._body.command(STOP)


def main() -> None:
    """`python -m tests.helpers.fake_go2`: a walking GO2 in ROS_DOMAIN_ID until Ctrl-C, to rehearse with."""
    robot = WalkingGo2(int(os.environ.get("ROS_DOMAIN_ID", "0")))
    while True:
        robot.step()
        time.sleep(TICK)


if __name__ == "__main__":
    main()

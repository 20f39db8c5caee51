"""The smallest closed loop: a walking point seen without error, a delayed first-order robot, policy and controller."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from go2_bridge.follower import Follower
from track_common.geometry import inverse, transform_points
from track_common.interfaces import Observation, Policy
from track_common.types import Array, Box, Camera, Cloud, Frame, Odometry, Sighting, VelocityCommand

DT = 0.02  # s
DEAD_TIME, TAU, GAINS = 0.15, 0.30, (0.80, 0.74, 0.90)  # a GO2 on concrete
CAMERA = Camera.from_hfov(640, 480, math.radians(90.0))
HEIGHT, WIDTH = 1.70, 0.50  # m, the walker


class Robot:
    """A delayed first-order base integrated exactly as little as needed: written apart from go2_bridge's own plant."""

    def __init__(self, pose: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> None:
        self.x, self.y, self.yaw = pose
        self.velocity = np.zeros(3)
        self._pipe: deque[VelocityCommand] = deque([VelocityCommand()] * round(DEAD_TIME / DT + 0.5))

    def step(self, command: VelocityCommand) -> None:
        self._pipe.append(command)
        acting = self._pipe.popleft()
        aim = np.array(GAINS) * (acting.vx, acting.vy, acting.wz)
        self.velocity = self.velocity + (aim - self.velocity) * DT / TAU
        c, s = math.cos(self.yaw), math.sin(self.yaw)
        self.x += (c * self.velocity[0] - s * self.velocity[1]) * DT
        self.y += (s * self.velocity[0] + c * self.velocity[1]) * DT
        self.yaw += self.velocity[2] * DT

    def odometry(self, stamp: float) -> Odometry:
        return Odometry(stamp, self.x, self.y, self.yaw, *(float(v) for v in self.velocity))


@dataclass
class Run:
    """What happened: rows of time, gap and bearing of the walker, command vx, vy, wz; stop reasons and statuses."""

    rows: list[tuple[float, ...]] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    statuses: list[str] = field(default_factory=list)

    def column(self, index: int, since: float = 0.0) -> Array:
        rows = np.array(self.rows)
        return rows[rows[:, 0] >= since, index]


def box_of(walker_base: Array) -> Array | None:
    """(4,) box of an upright walker at (2,) in base_link as an ideal detector gives it; None where out of view."""
    half = 0.5 * WIDTH
    across = np.array([-walker_base[1], walker_base[0]]) / max(float(np.linalg.norm(walker_base)), 1e-6)
    corners = [np.append(walker_base + sign * half * across, z) for sign in (-1, 1) for z in (0.0, HEIGHT)]
    optical = (np.array(corners) - CAMERA.T_base_camera[:3, 3]) @ CAMERA.T_base_camera[:3, :3]
    if np.any(optical[:, 2] < 0.1):
        return None
    u = CAMERA.fx * optical[:, 0] / optical[:, 2] + CAMERA.cx
    v = CAMERA.fy * optical[:, 1] / optical[:, 2] + CAMERA.cy
    box = np.array([max(u.min(), 0), max(v.min(), 0), min(u.max(), 640), min(v.max(), 480)])
    return box if box[2] - box[0] > 4 and box[3] - box[1] > 4 else None


def lidar(walker_base: Array, walls: Array, stamp: float) -> Cloud:
    """Returns of the walker's near side and of whatever else stands there, (N, 3) in base_link."""
    angles = np.linspace(-math.pi, math.pi, 24, endpoint=False)
    skin = walker_base + 0.15 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    facing = np.sum((skin - walker_base) * -walker_base, axis=1) > 0
    body = [np.column_stack([skin[facing], np.full(facing.sum(), z)]) for z in (0.3, 0.6, 0.9, 1.2)]
    return Cloud(np.vstack([*body, walls]), stamp)


def run(
    policy: Policy,
    follower: Follower,
    walker: Callable[[float], tuple[float, float]],
    duration: float,
    *,
    latency: float = 0.1,
    hidden: Callable[[float], bool] = lambda _: False,
    walls: Array | None = None,
) -> Run:
    """Camera and LiDAR at 10 Hz, control at 50 Hz; a trajectory comes ``latency`` s after its image."""
    robot, result, pending = Robot(), Run(), deque()
    ring = np.array([[8 * math.cos(a), 8 * math.sin(a), 1.0] for a in np.linspace(0, 6, 40)])
    walls = ring if walls is None else walls
    policy.reset("follow")
    for step in range(round(duration / DT)):
        now = step * DT
        odometry = robot.odometry(now)
        follower.on_odometry(odometry)
        seen = transform_points(inverse(odometry.pose), np.array(walker(now)))
        if step % 5 == 0:
            local = np.column_stack([transform_points(inverse(odometry.pose), walls[:, :2]), walls[:, 2]])
            cloud = lidar(seen, local, now)
            follower.on_cloud(cloud)
            box = None if hidden(now) else box_of(seen)
            sighting = Sighting(now, None if box is None else Box(box))
            frame = Frame(np.zeros((1, 1, 3), np.uint8), now, CAMERA)
            pending.append((now + latency, policy.infer(Observation(frame, sighting, cloud, odometry))))
        while pending and pending[0][0] <= now + 1e-9:
            follower.on_trajectory(pending.popleft()[1])
        decision = follower.control(now)
        robot.step(decision.command)
        command = decision.command
        gap = float(np.linalg.norm(seen))
        result.rows.append((now, gap, math.atan2(seen[1], seen[0]), command.vx, command.vy, command.wz))
        result.reasons.append(decision.reason)
        result.statuses.append(decision.status)
    return result

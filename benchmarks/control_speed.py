"""Speed of the controller: one cycle from cloud message to command, the elastic band alone, and 50 Hz held over DDS.

    python benchmarks/control_speed.py [--rounds 300] [--points 20000] [--minutes 10] [--json FILE]

A cycle is what the node does from a PointCloud2 in hand to the command: decode, de-skew, filter, place, band, pursuit,
stop layer. ``plain`` is the same chain as one would first write it in numpy, below, without de-skew; both take turns in
one process on one thread, so that a busy machine slows both alike. Times are processor time, wall times stand beside.
``--minutes`` also drives the real controller process over DDS (``control_rate.py``); do that on an idle machine.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import time
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from control_rate import hold_rate
from scipy.spatial import KDTree
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header

from go2_bridge.config import ControllerConfig
from go2_bridge.control.elastic_band import BandConfig, stretch
from go2_bridge.control.pure_pursuit import pursue
from go2_bridge.follower import Follower
from go2_bridge.safety.stop_zone import arc, gap_to_footprint
from track_common.geometry import arc_lengths, transform_points
from track_common.ros.conversions import cloud_from_points, stamp_from_seconds
from track_common.ros.run import settle_memory
from track_common.types import STOP, Array, Odometry, Trajectory, VelocityCommand, camera_mount

GOALS = {"cycle_p99_ms": 10.0, "band_p99_ms": 3.0, "jitter_p99_ms": 5.0}
SPEED, TARGET = 0.8, np.array([2.0, 0.2, 0.0])  # m/s the robot walks at; where the followed person is, m in base_link
SWEEP_PERIOD, CONTROLS_A_SWEEP = 0.1, 5  # a LiDAR of 10 Hz under a loop of 50 Hz
SWEEP = 0.066  # s one sweep takes
OFFSETS = {"x": 0, "y": 4, "z": 8, "time": 24}  # of float32 fields in the 32 bytes a point of a GO2's own LiDAR
LAYOUT = np.dtype({"names": [*OFFSETS], "formats": ["f4"] * 4, "offsets": [*OFFSETS.values()], "itemsize": 32})
TIMES = np.arange(1, 11) * 0.1  # s of the waypoints
MOUNT = camera_mount(0.2, 0.0, 0.3) @ np.array([[0, -1, 0, 0], [0, 0, -1, 0], [1, 0, 0, 0], [0, 0, 0, 1.0]])


def room(rng: np.random.Generator, count: int, x: float) -> Array:
    """(count, 3) returns in base_link at ``x`` m down a furnished corridor, floor, walls, posts and the person."""
    floor = np.column_stack([rng.uniform(-6, 6, count // 3), rng.uniform(-2, 2, count // 3), np.zeros(count // 3)])
    walls = np.column_stack(
        [rng.uniform(-6, 8, count // 3), rng.choice([-2.0, 2.0], count // 3), rng.uniform(0, 2.4, count // 3)]
    )
    places = np.array([[k - x, 0.75 * (-1) ** k] for k in range(-4, 60, 2)])
    posts = places[rng.integers(0, len(places), count // 6)] + rng.normal(0, 0.06, (count // 6, 2))
    person = TARGET[:2] + rng.normal(0, 0.12, (count - 2 * (count // 3) - count // 6, 2))
    upright = np.vstack([posts, person])
    points = np.vstack([floor, walls, np.column_stack([upright, rng.uniform(0, 1.7, len(upright))])])
    return points + rng.normal(0, 0.01, points.shape)


def scatter(rng: np.random.Generator, count: int, _x: float) -> Array:
    """(count, 3) returns anywhere around but on the way: no two in one voxel, the worst there can be."""
    points = rng.uniform((-8, -8, -0.2), (8, 8, 2.0), (2 * count, 3))
    is_off = (np.abs(points[:, 1]) > 0.45) | (points[:, 0] < -0.8)
    return points[is_off][:count]


class PlainCycle:
    """The same chain as it comes to mind: float64, np.unique, every return against every pose and bubble."""

    def __init__(self, config: ControllerConfig) -> None:
        self.config, self.sweeps = config, []
        half = 0.5 * config.robot_width + config.stop_margin
        self.radii = BandConfig(hard=half, soft=half + config.band_margin)

    def run(self, message: PointCloud2, odometry: Odometry, trajectory: Trajectory) -> VelocityCommand:
        records = np.frombuffer(message.data, LAYOUT)
        points = np.stack([records[name].astype(float) for name in "xyz"], axis=1)
        points = (
            points[np.isfinite(points).all(axis=1) & np.any(points != 0.0, axis=1)] @ MOUNT[:3, :3].T + MOUNT[:3, 3]
        )
        points = points[
            (points[:, 2] > self.config.min_obstacle_height) & (points[:, 2] < self.config.max_obstacle_height), :2
        ]
        points = points[gap_to_footprint(points, self.config) > 0.02]
        is_target = np.linalg.norm(points - TARGET[:2], axis=1) < self.config.target_radius
        self.sweeps = [*self.sweeps[-4:], transform_points(odometry.pose, points[~is_target])]
        obstacles = np.vstack(self.sweeps)
        self.data = obstacles[np.unique(np.floor(obstacles / 0.05).astype(int), axis=0, return_index=True)[1]]
        line = np.vstack([odometry.pose[:2], transform_points(odometry.pose, trajectory.poses_base[:, :2])])
        band = stretch(line, self, self.radii)  # pyright: ignore[reportArgumentType]
        wanted = pursue(band.points, arc_lengths(band.points)[-1], odometry.pose, odometry.yaw, self.config, 1.0)
        return self._cleared(wanted, points, is_target)

    def query(self, points: Array) -> tuple[Array, Array]:
        """As ``KDTree.query``, by all distances."""
        squared = ((points[:, None] - self.data[None]) ** 2).sum(axis=-1)
        return np.sqrt(squared.min(axis=1)), squared.argmin(axis=1)

    def _cleared(self, wanted: VelocityCommand, points: Array, is_target: Array) -> VelocityCommand:
        margins = np.where(is_target, self.config.stop_margin + self.config.person_margin, self.config.stop_margin)
        for x, y, yaw in arc(wanted, np.linspace(0.0, 1.6, 17)):
            c, s = math.cos(yaw), math.sin(yaw)
            seen = (points - (x, y)) @ np.array([[c, -s], [s, c]])
            if np.any(gap_to_footprint(seen, self.config) < margins):
                return STOP
        return wanted


def cycles(make_scene: Callable[..., Array], rounds: int, count: int) -> dict[str, list[float]]:
    """Seconds of each kind of cycle; ours and the plain one get the same messages in turn."""
    follower, plain = Follower(), PlainCycle(ControllerConfig())
    clouds = list(_messages(make_scene, min(rounds, 50), count))  # 4 m on: the posts stand as before
    took: dict[str, list[float]] = {name: [] for name in ("cycle", "cycle_wall", "no_new_cloud", "plain", "moved")}
    for k in range(rounds):
        now = 100.0 + SWEEP_PERIOD * k
        odometry = Odometry(now, SPEED * SWEEP_PERIOD * k, 0.0, 0.0, SPEED)
        trajectory = _trajectory(now - 0.05)
        message = clouds[k % len(clouds)]
        message.header.stamp = stamp_from_seconds(now - SWEEP)
        for step in range(CONTROLS_A_SWEEP):
            later = now + 0.02 * step
            follower.on_odometry(Odometry(later, odometry.x + SPEED * 0.02 * step, 0.0, 0.0, SPEED))
            if step == 0:
                follower.on_trajectory(trajectory)
            wall, begin = time.perf_counter(), time.process_time()
            if step == 0:
                follower.on_cloud(cloud_from_points(message, MOUNT))
            command = follower.control(later).command
            took["cycle" if step == 0 else "no_new_cloud"].append(time.process_time() - begin)
            if step == 0:
                took["cycle_wall"].append(time.perf_counter() - wall)
        took["moved"].append(float(command.vx > 0.0))
        begin = time.process_time()
        plain.run(message, odometry, trajectory)
        took["plain"].append(time.process_time() - begin)
    return took


def band_alone(rounds: int) -> tuple[list[float], int]:
    """Seconds to stretch a band among 800 returns beside it, and how many bubbles it has."""
    rng = np.random.default_rng(0)
    obstacles = rng.uniform([0, -3], [8, 3], (800, 2))
    tree = KDTree(obstacles[np.abs(obstacles[:, 1]) > 0.35])
    line, half = np.array([[0.0, 0.0], [6.5, 0.0]]), 0.235
    took, bubbles = [], 0
    for _ in range(rounds):
        begin = time.process_time()
        bubbles = len(stretch(line, tree, BandConfig(hard=half, soft=half + 0.25)).points)
        took.append(time.process_time() - begin)
    return took, bubbles


def _messages(make_scene: Callable[..., Array], number: int, count: int) -> Iterator[PointCloud2]:
    """Sweeps in the layout of a GO2's own LiDAR, whose points carry their times."""
    rng = np.random.default_rng(0)
    inverse = np.linalg.inv(MOUNT)
    for k in range(number):
        points = make_scene(rng, count, SPEED * SWEEP_PERIOD * k) @ inverse[:3, :3].T + inverse[:3, 3]
        records = np.zeros(len(points), LAYOUT)
        records["x"], records["y"], records["z"] = points.T
        records["time"] = np.linspace(0.0, SWEEP, len(points))
        message = PointCloud2(header=Header(frame_id="lidar"), height=1, width=len(points), point_step=32)
        message.fields = [
            PointField(name=name, offset=offset, datatype=PointField.FLOAT32, count=1)
            for name, offset in OFFSETS.items()
        ]
        message.row_step, message.data = 32 * len(points), array("B", records.tobytes())
        yield message


def _trajectory(stamp: float) -> Trajectory:
    poses = np.column_stack([SPEED * TIMES, np.zeros(10), np.zeros(10)])
    return Trajectory(stamp, poses, TIMES, target_base=TARGET)


def summary(seconds: list[float]) -> dict[str, float]:
    """Milliseconds: n, median, p90, p99, largest; the spread is the half width between the quartiles."""
    ms = 1e3 * np.array(seconds)
    low, middle, high, p90, p99 = np.percentile(ms, (25, 50, 75, 90, 99))
    figures = {"median": middle, "spread": 0.5 * (high - low), "p90": p90, "p99": p99, "max": ms.max()}
    return {"n": len(ms), **{name: round(float(value), 3) for name, value in figures.items()}}


def machine() -> dict[str, Any]:
    """What it ran on, and how busy that was."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "numpy": np.__version__,
    }


def main() -> None:
    """Print one line of JSON per figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=300, help="cycles of each kind")
    parser.add_argument("--points", type=int, default=20_000, help="returns a cloud")
    parser.add_argument("--minutes", type=float, default=0.0, help="also hold 50 Hz over DDS for so long")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    args = parser.parse_args()
    figures: dict[str, Any] = {"machine": machine(), "goals": GOALS, "points": args.points}
    settle_memory()  # as a node does before it spins
    for scene in (room, scatter):
        took = cycles(scene, args.rounds, args.points)
        moved = float(np.mean(took.pop("moved")))
        result: dict[str, Any] = {name: summary(values) for name, values in took.items()}
        result["times_faster_than_plain"] = round(result["plain"]["median"] / result["cycle"]["median"], 2)
        figures[scene.__name__] = {**result, "share_of_cycles_that_moved": round(moved, 3)}
    took, bubbles = band_alone(args.rounds)
    figures["band"] = {"bubbles": bubbles, **summary(took)}
    if args.minutes > 0.0:
        figures["rate"] = hold_rate(args.minutes, list(_messages(room, 50, args.points)), MOUNT, TARGET)
    for name, value in figures.items():
        print(json.dumps({name: value}))
    if args.json:
        args.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()

"""One control cycle with a large sweep fits into its period many times over; benchmarks/control_speed.py measures."""

import time

import numpy as np

from go2_bridge.follower import Follower
from track_common.types import Cloud, Odometry, Trajectory

TIMES = np.arange(1, 11) * 0.1
POINTS = 20_000


def test_cycle_with_twenty_thousand_returns_is_quick():
    rng = np.random.default_rng(0)
    points = rng.uniform((-8.0, -8.0, 0.0), (8.0, 8.0, 2.0), (2 * POINTS, 3)).astype("f4")
    points = points[(np.abs(points[:, 1]) > 0.5) | (points[:, 0] < -0.8)][:POINTS]
    follower, took = Follower(), []
    for k in range(25):
        now = 10.0 + 0.1 * k
        follower.on_odometry(Odometry(now, 0.05 * k, 0.0, 0.0, 0.5))
        poses = np.column_stack([TIMES, np.zeros(10), np.zeros(10)])
        follower.on_trajectory(Trajectory(now - 0.05, poses, TIMES))
        begin = time.process_time()
        follower.on_cloud(Cloud(points, now - 0.066, np.linspace(0.0, 0.066, POINTS, dtype="f4")))
        decision = follower.control(now)
        took.append(time.process_time() - begin)
    assert decision.command.vx > 0.2
    assert np.median(took) < 0.015  # 10 ms is the bound for p99 on a quiet core; this leaves room for a shared one

"""A walker leaves round a corner, goes behind two walls and comes back beside the robot: who looks round sees it."""

import math

import numpy as np
import pytest
from plant import run

from evt_bench.lost_target import first_gap
from go2_bridge.config import ControllerConfig
from go2_bridge.follower import Follower
from go2_bridge.recovery.config import RecoveryConfig
from go2_bridge.recovery.recovery import Navigation, Recovery
from go2_bridge.safety.watchdog import ControlStatus, StopReason
from track_common.geometry import arc_lengths, point_at
from track_common.types import TargetStatus, VelocityCommand
from trackvla_ros.box_servo import BoxServoConfig, BoxServoPolicy

SLOW = BoxServoConfig(search_time=0.0, max_speed=0.5)  # it is outpaced, and leaves the search to the recovery
DURATION = 17.0  # s


class Scene:
    """The walk of a seed, an L of walls along it, and who sees what."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.speed, far = rng.uniform(1.1, 1.3), rng.uniform(2.3, 2.7)
        self.walls = np.array([[[2.9, 0.8], [2.9, far]], [[2.9, far], [-0.5, far]]])
        self._walk = np.array([[2.0, 0.0], [3.8, 0.0], [3.8, far + 0.9], [-1.4, far + 0.9], [-1.4, -1.0]])
        self._length = arc_lengths(self._walk)[-1]
        self.pose = np.zeros(3)

    def walker(self, t):
        x, y = point_at(self._walk, min(self.speed * t, self._length))
        return float(x), float(y)

    def is_hidden(self, t):
        """Whether a wall crosses the line from robot to walker."""
        return any(cross(self.pose[:2], np.array(self.walker(t)), *wall) for wall in self.walls)

    def points(self):
        ring = [[9 * math.cos(a), 9 * math.sin(a), 1.0] for a in np.linspace(0, 6.2, 80)]
        spots = [begin + share * (end - begin) for begin, end in self.walls for share in np.linspace(0.0, 1.0, 60)]
        return np.array([*ring, *([x, y, z] for x, y in spots for z in (0.3, 0.9))])


def cross(a, b, c, d):
    """Whether the segments a-b and c-d, (2,) each, cross."""

    def side(p, q, r):
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    return side(a, b, c) * side(a, b, d) < 0.0 and side(c, d, a) * side(c, d, b) < 0.0


class Recovered:
    """The policy, with the recovery listening to it as its node does and wishing at the camera's rate."""

    needs_image = False

    def __init__(self, scene, follower, config):
        self._policy, self._scene, self._follower = BoxServoPolicy(SLOW), scene, follower
        self._recovery = None if config is None else Recovery(config)
        self.looks, self.statuses = [], []

    def reset(self, instruction):
        self._policy.reset(instruction)

    def infer(self, observation):
        trajectory = self._policy.infer(observation)
        now = observation.frame.stamp
        self._scene.pose = observation.odometry.pose
        self.looks.append((now, observation.sighting.box is not None))
        self.statuses.append(trajectory.status)
        if self._recovery is not None:
            self._recovery.on_odometry(observation.odometry)
            self._recovery.on_target(now, trajectory.target)
            order = self._recovery.decide(now, Navigation())
            if order.wz:
                self._follower.on_wish(now, VelocityCommand(wz=order.wz))
        return trajectory


def follow(seed, config):
    """(result, policy) of a run with the recovery so configured, or without."""
    scene, follower = Scene(seed), Follower(ControllerConfig())
    policy = Recovered(scene, follower, config)
    result = run(policy, follower, scene.walker, DURATION, hidden=scene.is_hidden, walls=scene.points())
    return result, policy


@pytest.mark.parametrize("seed", [0, 1])
def test_a_walker_that_comes_back_is_found_sooner_by_turning_and_looking_round(seed):
    gaps = [first_gap(follow(seed, config)[1].looks) for config in (None, RecoveryConfig())]
    (lost, without), (lost_too, found) = gaps
    assert lost == lost_too, "both lose it at the same corner"
    assert found is not None
    assert without is None or found < without - 1.0


def test_the_search_moves_nothing_while_the_walker_is_seen_and_ends_when_it_is_not_found():
    config = RecoveryConfig(wait_time=0.2, turn_timeout=1.0, sweep_turns=1.0, sweep_timeout=8.0)
    scene, follower = Scene(0), Follower(ControllerConfig())
    policy = Recovered(scene, follower, config)
    result = run(policy, follower, lambda t: (2.0 + t, 0.0), DURATION, hidden=lambda t: t > 4.0, walls=scene.points())
    recovering = [status == ControlStatus.RECOVERING.value for status in result.statuses]
    assert any(recovering)
    first = result.rows[recovering.index(True)][0]
    assert policy.statuses[round(first * 10) - 2] is TargetStatus.LOST
    assert result.reasons[-1] == StopReason.TARGET_LOST.value
    assert sum(recovering) * 0.02 < 0.2 + 1.0 + 8.0 + 1.0

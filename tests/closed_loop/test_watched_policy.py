"""A policy that answers images with waypoints alone follows as box_servo does once its target is filled in."""

from dataclasses import replace

import numpy as np
import pytest
from plant import run

from evt_bench.agents import AgentSpec
from evt_bench.episodes import EpisodeConfig
from evt_bench.run import BenchConfig, run_episode
from evt_bench.world.config import CameraConfig
from evt_bench.world.world import WorldConfig
from go2_bridge.config import ControllerConfig
from go2_bridge.follower import Follower
from track_common.types import TargetStatus
from trackvla_ros import registry
from trackvla_ros.box_servo import BoxServoConfig, BoxServoPolicy
from trackvla_ros.registry import POLICIES, PolicyEntry
from trackvla_ros.watched_policy import WatchedPolicy

SMALL = BenchConfig(
    world=WorldConfig(camera=CameraConfig(width=320, height=240)),
    episodes=EpisodeConfig(style="rooms", min_speed=1.0, max_speed=1.1),
)


class Waypoints:
    """What a network says: waypoints, always "tracked", never where its target is."""

    def __init__(self, config=None):
        self._policy = BoxServoPolicy(config)

    def reset(self, instruction):
        self._policy.reset(instruction)

    def infer(self, observation):
        answer = self._policy.infer(observation)
        return replace(answer, target_base=None, status=TargetStatus.TRACKED, reason="")


class Noted:
    """Keeps a policy's answers."""

    def __init__(self, policy):
        self._policy, self.answers = policy, []

    def reset(self, instruction):
        self._policy.reset(instruction)

    def infer(self, observation):
        self.answers.append(self._policy.infer(observation))
        return self.answers[-1]


def walk(t):
    return 2.0 + 1.0 * max(t - 1.0, 0.0), 0.0


def test_the_followed_person_is_masked_as_for_box_servo_and_is_an_obstacle_without():
    """Nobody else is there: all the LiDAR sees within 3 m is the person who is followed."""
    gaps, bands = {}, {}
    for name, policy in (
        ("box_servo", BoxServoPolicy()),
        ("watched", WatchedPolicy(Waypoints())),
        ("bare", Waypoints()),
    ):
        follower = Follower(ControllerConfig())
        result = run(policy, follower, walk, 8.0)
        gaps[name], bands[name] = result.column(1, since=4.0), len(follower.obstacles)
    assert gaps["watched"] == pytest.approx(gaps["box_servo"], abs=0.15)
    near = {}
    for name, policy in (("watched", WatchedPolicy(Waypoints())), ("bare", Waypoints())):
        follower = Follower(ControllerConfig())
        run(policy, follower, lambda t: (2.0, 0.0), 2.0)
        near[name] = int(np.sum(np.hypot(*(follower.obstacles - [2.0, 0.0]).T) < 0.5)) if len(follower.obstacles) else 0
    assert near["watched"] == 0, "the person's points are masked"
    assert near["bare"] > 0, "without the target the band bends round the person"


def test_a_target_that_hides_for_good_is_lost_so_that_the_recovery_begins():
    policy = Noted(WatchedPolicy(Waypoints()))
    run(policy, Follower(ControllerConfig()), walk, 14.0, hidden=lambda t: t > 2.0)
    statuses = [answer.status for answer in policy.answers]
    order = [TargetStatus.TRACKED, TargetStatus.COASTING, TargetStatus.SEARCHING, TargetStatus.LOST]
    assert list(dict.fromkeys(statuses)) == order
    assert "out of sight" in policy.answers[-1].reason


def test_bench_follow_runs_a_network_with_its_target_filled_in(monkeypatch):
    made = []

    class Network(Waypoints):
        def __init__(self, config=None):
            super().__init__(config)
            made.append(self)

    monkeypatch.setattr(registry, "_named", lambda target: Network if target == "network" else BoxServoConfig)
    monkeypatch.setitem(POLICIES, "network", PolicyEntry("network", "config", needs_image=True))
    record = run_episode("STT", 1, AgentSpec("network", "truth"), SMALL)
    assert made and record.success, record
    assert not record.collision and 1.0 < record.following_distance < 3.0

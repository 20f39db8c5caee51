"""A robot on legs whose IMU, odometry, gains or ground are not as configured: it slows or stops, and does not swing."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from evt_bench.world.legs import LegsBase, LegsConfig
from evt_bench.world.plant import PlantConfig
from go2_bridge.config import ControllerConfig
from go2_bridge.follower import Follower
from go2_bridge.safety.watchdog import ControlStatus, StopReason
from track_common.geometry import compose, inverse, transform_points
from track_common.interfaces import Decision
from track_common.levelling import rotation_from_lean
from track_common.types import Array, Cloud, Odometry, TargetStatus, Trajectory
from trackvla_ros.box_servo import BoxServoConfig
from trackvla_ros.follow_trajectory import TIMES, follow

DT = 1.0 / 60.0  # s; a trajectory at every sixth step, a point cloud at every fourth, a command at every second
PACE = 0.8  # m/s of the target, who walks ahead of the robot along a gentle curve
CONFIG = ControllerConfig(base_height=0.31)
RANDOM = np.random.default_rng(5)
FLOOR = RANDOM.uniform(-4.0, 4.0, (1500, 2))
WALL = np.column_stack([7.0 * np.cos(angles := RANDOM.uniform(0.0, math.tau, 200)), 7.0 * np.sin(angles)])
SOUND: Callable[[Odometry], Odometry] = lambda odometry: odometry  # noqa: E731


@dataclass
class Walk:
    """What happened: decisions, their times (s), true speeds (m/s), those forwards, and gaps to the target (m)."""

    decisions: list[Decision] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    speeds: list[float] = field(default_factory=list)
    speeds_ahead: list[float] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    has_fallen: bool = False
    warning: str = ""

    @property
    def swing(self) -> float:
        """Fastest change (rad/s^2) of the commanded turn; a stop is sent at once and does not count."""
        turns = np.array([d.command.wz for d in self.decisions])
        is_stop = np.array([d.command.is_stop for d in self.decisions])
        changes = np.abs(np.diff(turns)) / np.diff(self.times)
        return float(np.max(changes[~is_stop[1:]], initial=0.0))

    def late(self, values: list, seconds: float = 1.5) -> list:
        """The values of the last ``seconds``."""
        return values[-round(seconds / (2.0 * DT)) :]


def walk(
    spoil: Callable[[Odometry], Odometry] = SOUND,
    factor: float = 1.0,
    ground: Callable[[Array], Array] = lambda places: np.zeros(len(places)),
    height: float = 0.31,
    seconds: float = 6.0,
) -> Walk:
    """Follow somebody on legs.

    Args:
        spoil: what the odometry says instead of the truth.
        factor: of the base's gains; 2 goes twice as quick as configured.
        ground: height (N,) m of the floor at (N, 2) m.
        height: of the trunk over it, m; 0.31 is configured.
        seconds: s.
    """
    plant = PlantConfig(gain_vx=0.8 * factor, gain_vy=0.74 * factor, gain_wz=0.9 * factor)
    base, pose = LegsBase(LegsConfig(height=height), plant, np.random.default_rng(4)), np.zeros(3)
    follower, result, command = Follower(CONFIG), Walk(), None
    for step in range(round(seconds / DT)):
        now, trunk = 1.0 + step * DT, base.trunk
        target = np.array([1.9 + PACE * step * DT, 0.6 * math.sin(0.5 * step * DT)])
        x, y, yaw = pose.tolist()
        odometry = Odometry(now, x, y, yaw, *base.measured)
        odometry = replace(odometry, z=trunk.height, roll=trunk.roll, pitch=trunk.pitch)
        follower.on_odometry(spoil(odometry))
        if step % 4 == 0:
            follower.on_cloud(Cloud(seen_by(base, pose, ground), now))
        if step % 6 == 0:
            follower.on_trajectory(trajectory(pose, target, base, now))
        if step % 2 == 0:
            result.decisions.append(follower.control(now))
            result.times.append(now)
            result.speeds.append(math.hypot(*base.velocity[:2]))
            result.speeds_ahead.append(base.velocity[0])
            result.gaps.append(float(np.hypot(*(target - pose[:2]))))
            command = result.decisions[-1].command
        assert command is not None
        base.command(command, now)
        pose = compose(pose, np.array(base.step(now, DT)) * DT)
    result.has_fallen, result.warning = base.has_fallen, follower.warning
    return result


def seen_by(base: LegsBase, pose: Array, ground: Callable[[Array], Array]) -> Array:
    """(N, 3) points of floor and a round wall about the robot, in base_link, with a LiDAR's noise."""
    floor = np.column_stack([FLOOR, ground(transform_points(pose, FLOOR)) - ground(pose[None, :2])])
    wall = np.column_stack([WALL, np.linspace(0.2, 1.0, len(WALL))])
    points = np.vstack([floor, wall]) - [0.0, 0.0, base.trunk.height]
    noise = RANDOM.normal(0.0, 0.01, points.shape)
    return (points + noise) @ rotation_from_lean(base.trunk.roll, base.trunk.pitch)


def trajectory(pose: Array, target: Array, base: LegsBase, now: float) -> Trajectory:
    """To follow a target that is truly known."""
    target_base = transform_points(inverse(pose), target)
    velocity = transform_points(np.array([0.0, 0.0, -pose[2]]), np.array([PACE, 0.0]))
    poses = follow(target_base, velocity, np.array(base.velocity[:2]), BoxServoConfig().motion)
    return Trajectory(now, poses, TIMES, TargetStatus.TRACKED, np.append(target_base, 0.7))


@pytest.fixture(scope="module")
def sound() -> Walk:
    """The same walk with nothing wrong."""
    return walk()


def test_a_sound_robot_keeps_up(sound):
    assert not sound.has_fallen and sound.swing <= CONFIG.max_angular_accel + 1e-6
    assert {d.status for d in sound.late(sound.decisions)} == {ControlStatus.FOLLOWING.value}
    assert sound.gaps[-1] < 2.4 and np.mean(sound.late(sound.speeds)) > 0.7


def test_an_imu_upside_down_stops_the_robot():
    upside_down = walk(lambda o: replace(o, roll=o.roll + math.pi - 0.1), seconds=2.0)
    assert {d.reason for d in upside_down.decisions[1:]} == {StopReason.BAD_ATTITUDE.value}
    assert all(d.command.is_stop for d in upside_down.decisions)


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("frozen", lambda o: replace(o, roll=0.01, pitch=0.02)),
        ("90 degrees off", lambda o: replace(o, roll=o.pitch, pitch=-o.roll)),
        ("mounted with a lean", lambda o: replace(o, roll=o.roll + 0.08, pitch=o.pitch + 0.1)),
    ],
)
def test_an_attitude_that_cannot_be_believed_slows_the_robot_and_is_said(name, spoil, sound):
    doubted = walk(spoil)
    assert {d.status for d in doubted.late(doubted.decisions)} == {ControlStatus.DOUBTING.value}, name
    assert 0.2 < np.mean(doubted.late(doubted.speeds)) < CONFIG.doubt_speed + 0.05
    assert doubted.swing <= CONFIG.max_angular_accel + 1e-6 and not doubted.has_fallen


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("backwards", lambda o: replace(o, vx=-o.vx)),
        ("poses that stand still", lambda o: replace(o, x=0.0, y=0.0, yaw=0.0)),
    ],
)
def test_a_velocity_that_contradicts_the_poses_stops_the_robot(name, spoil):
    walked = walk(spoil, seconds=4.0)
    first = next(k for k, d in enumerate(walked.decisions) if d.reason == StopReason.CONTRADICTION.value)
    assert walked.times[first] < 1.0 + 2.5, name
    assert walked.decisions[first].command.is_stop
    assert walked.swing <= CONFIG.max_angular_accel + 1e-6


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_a_base_twice_as_slow_or_quick_as_configured_does_not_swing_and_keeps_its_distance(factor):
    walked = walk(factor=factor, seconds=8.0)
    assert walked.swing <= CONFIG.max_angular_accel + 1e-6 and not walked.has_fallen
    assert min(walked.gaps) > 1.3
    turns = np.array([d.command.wz for d in walked.late(walked.decisions, 4.0)])
    assert np.sum(np.diff(np.sign(turns[np.abs(turns) > 0.1])) != 0) <= 4  # no limit cycle
    if factor > 1.0:
        assert walked.gaps[-1] < 2.4  # a slow one falls behind


@pytest.mark.parametrize("height", [0.1, -0.1])
def test_a_step_of_a_tenth_of_a_metre_across_the_way_does_not_make_it_swing(height):
    walked = walk(ground=lambda places: height * (places[:, 0] > 3.0))
    assert walked.swing <= CONFIG.max_angular_accel + 1e-6 and not walked.has_fallen
    assert all(d.reason for d in walked.decisions if d.command.is_stop), "it stands and does not say why"
    assert min(walked.speeds_ahead) > -0.2, "it backs away from a step"


@pytest.mark.parametrize("height", [0.21, 0.41])
def test_a_trunk_a_tenth_of_a_metre_lower_or_higher_than_configured_is_noticed_and_hesitates_no_more(height):
    walked = walk(height=height, seconds=8.0)
    assert walked.swing <= CONFIG.max_angular_accel + 1e-6 and not walked.has_fallen
    found = re.match(r"base_link is ([\d.]+) m above the floor, base_height says 0.31 m", walked.warning)
    assert found and float(found[1]) == pytest.approx(height, abs=0.03), walked.warning
    assert {d.status for d in walked.late(walked.decisions, 4.0)} == {ControlStatus.FOLLOWING.value}
    assert min(walked.late(walked.speeds_ahead, 4.0)) > 0.3

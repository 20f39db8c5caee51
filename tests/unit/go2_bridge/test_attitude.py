"""Levelling a leaning trunk's cloud, and the attitudes that are not to be believed."""

import math

import numpy as np
import pytest

from go2_bridge.config import ControllerConfig
from go2_bridge.control.surroundings import Surroundings
from go2_bridge.safety.attitude import AttitudeMonitor
from go2_bridge.safety.returns import told_apart
from go2_bridge.safety.watchdog import StopReason
from track_common.levelling import levelled_camera, levelled_cloud, rotation_from_lean
from track_common.pose_buffer import PoseBuffer
from track_common.types import Camera, Cloud, Odometry, VelocityCommand

HEIGHT, RATE = 0.31, 15.0
CONFIG = ControllerConfig(base_height=HEIGHT)
RANDOM = np.random.default_rng(2)
FLOOR = np.column_stack([RANDOM.uniform(-4.0, 4.0, (4000, 2)), np.full(4000, -HEIGHT)])
WALL = np.column_stack([np.full(600, 3.0), RANDOM.uniform(-2.0, 2.0, 600), RANDOM.uniform(-HEIGHT, 1.0, 600)])
ROOM = np.vstack([FLOOR, WALL])


def leaning(roll, pitch):
    """The room as a trunk sees it that leans so."""
    return ROOM @ rotation_from_lean(roll, pitch)


def watch(says, leans=lambda t: (0.03 * math.sin(15.0 * t), 0.06 * math.cos(14.0 * t)), config=CONFIG, seconds=4.0):
    """A monitor that saw a robot walk whose trunk leans and whose odometry ``says`` something of it; last lean used."""
    monitor, used = AttitudeMonitor(), None
    for step in range(round(seconds * RATE)):
        time = step / RATE
        true = leans(time)
        used = monitor.lean(leaning(*true), says(*true), 0.5, time, config)
    return monitor, used


def test_levelling_undoes_the_lean():
    cloud = levelled_cloud(Cloud(leaning(0.05, -0.08), 0.0), 0.05, -0.08)
    assert cloud.points_base == pytest.approx(ROOM, abs=1e-9)


def test_a_level_cloud_stays_the_very_same():
    cloud = Cloud(ROOM, 0.0)
    assert levelled_cloud(cloud, 0.0, 0.0) is cloud


def test_a_camera_on_a_nose_down_trunk_looks_lower():
    camera = Camera.from_hfov(640, 480, 1.5)
    ahead = levelled_camera(camera, 0.0, 0.1).T_base_camera[:3, 2]
    assert ahead[2] == pytest.approx(camera.T_base_camera[2, 2] - math.sin(0.1), abs=1e-6)
    assert levelled_camera(camera, 0.0, 0.0) is camera


def test_a_true_attitude_is_believed():
    monitor, used = watch(lambda roll, pitch: (roll, pitch))
    assert monitor.is_trusted and used != (0.0, 0.0) and monitor.warning(CONFIG) == ""


@pytest.mark.parametrize(
    ("mounting", "says"),
    [
        ("90 degrees off", lambda roll, pitch: (pitch, -roll)),
        ("the other way round", lambda roll, pitch: (-roll, -pitch)),
        ("a lean of its own", lambda roll, pitch: (roll + 0.08, pitch + 0.05)),
    ],
)
def test_an_attitude_that_makes_the_floor_worse_is_not_believed(mounting, says):
    monitor, used = watch(says)
    assert monitor.is_contradicted and used == (0.0, 0.0), mounting
    assert "IMU is mounted" in monitor.warning(CONFIG)


def test_a_frozen_attitude_is_not_believed_and_said():
    monitor, used = watch(lambda roll, pitch: (0.02, 0.03), lambda t: (0.0, 0.0))
    assert used == (0.0, 0.0) and not monitor.is_trusted
    assert monitor.is_frozen and "stands still" in monitor.warning(CONFIG)


def test_an_attitude_not_believed_slows_the_robot_and_lets_the_floor_lean():
    doubted, _ = watch(lambda roll, pitch: (pitch, -roll))
    slow = doubted.slowed(VelocityCommand(0.9, -1.2, 0.7), CONFIG)
    assert (slow.vx, slow.vy, slow.wz) == pytest.approx((0.3, -0.4, 0.7))
    assert doubted.slowed(VelocityCommand(0.2, 0.1, 0.7), CONFIG) == VelocityCommand(0.2, 0.1, 0.7)
    assert doubted.floor_config(CONFIG).max_floor_tilt == 0.1
    steep = ControllerConfig(base_height=HEIGHT, max_floor_tilt=0.14)
    assert doubted.floor_config(steep) is steep


def test_an_attitude_believed_slows_nothing():
    believed, _ = watch(lambda roll, pitch: (roll, pitch))
    assert believed.slowed(VelocityCommand(0.9, -1.2, 0.7), CONFIG) == VelocityCommand(0.9, -1.2, 0.7)
    assert believed.floor_config(CONFIG) is CONFIG


def test_the_floor_under_a_frozen_attitude_is_no_obstacle():
    poses = PoseBuffer()
    around = Surroundings(CONFIG, poses)
    for step in range(45):
        time = step / RATE
        poses.push(Odometry(time, 0.5 * time, 0.0, 0.0, 0.5, roll=0.01, pitch=0.01))
        around.on_cloud(Cloud(leaning(0.0, 0.07 * math.sin(9.0 * time)), time))
    around.on_cloud(Cloud(leaning(0.03, 0.07), 45 / RATE))
    assert around.attitude.is_frozen
    solid = around.obstacles(None)
    assert solid is not None and len(solid) > 250
    assert np.sum(solid[:, 0] - 0.5 * 44 / RATE < 2.8) == 0


def test_upside_down_is_a_reason_to_stop():
    poses = PoseBuffer()
    around = Surroundings(CONFIG, poses)
    poses.push(Odometry(1.0, 0.0, 0.0, 0.0, roll=math.pi - 0.02))
    around.on_cloud(Cloud(ROOM, 1.0))
    assert around.fault is StopReason.BAD_ATTITUDE
    poses.push(Odometry(1.1, 0.0, 0.0, 0.0, roll=0.02))
    around.on_cloud(Cloud(ROOM, 1.1))
    assert around.fault is None


def test_a_trunk_without_attitude_and_without_tolerance_is_warned_of():
    monitor, _ = watch(lambda roll, pitch: (0.0, 0.0))
    assert "set max_floor_tilt to 0.1" in monitor.warning(CONFIG)
    assert monitor.warning(ControllerConfig(base_height=HEIGHT, max_floor_tilt=0.1)) == ""
    assert monitor.warning(ControllerConfig()) == ""


def test_the_floor_of_a_leaning_trunk_is_no_obstacle_once_it_is_levelled():
    lean = (0.03, 0.07)
    seen = Cloud(leaning(*lean), 0.0)
    raw, level = told_apart(seen.points_base, CONFIG), told_apart(levelled_cloud(seen, *lean).points_base, CONFIG)
    assert np.sum(raw.solid[:, 0] < 2.9) > 100
    assert np.sum(level.solid[:, 0] < 2.9) == 0 and len(level.solid) > 300


def test_attitude_can_be_left_out():
    config = ControllerConfig(base_height=HEIGHT, use_attitude=False)
    assert watch(lambda roll, pitch: (roll, pitch), config=config)[1] == (0.0, 0.0)


def test_the_lean_is_interpolated_between_odometry_messages():
    poses = PoseBuffer()
    poses.push(Odometry(1.0, 0.0, 0.0, 0.0, roll=0.0, pitch=0.1))
    poses.push(Odometry(1.1, 0.0, 0.0, 0.0, roll=0.2, pitch=0.3))
    assert poses.lean_at(1.05) == pytest.approx((0.1, 0.2))
    assert poses.lean_at(1.15) == pytest.approx((0.2, 0.3))
    assert poses.lean_at(0.9) is None and poses.lean_at(1.3) is None

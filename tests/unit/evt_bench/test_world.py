"""The simulated place: repeatable, solid, and its sensors agree with its truth."""

import math
from dataclasses import replace

import numpy as np
import pytest

from evt_bench.episodes import EpisodeConfig, draw_episode
from evt_bench.world.config import LIDARS, CameraConfig, LidarConfig, OdometryConfig
from evt_bench.world.world import World, WorldConfig
from track_common.types import VelocityCommand

EMPTY = EpisodeConfig(style="hall", density=0.0)
EXACT = WorldConfig(camera=CameraConfig(noise=0.0), lidar=LidarConfig(noise=0.0, dropout=0.0))


@pytest.fixture
def world():
    place = World(draw_episode("DT", 3), EXACT)
    yield place
    place.close()


def drive(world, command, seconds):
    for _ in range(round(seconds / world.config.step.dt)):
        world.step(command)


def test_same_seed_same_states_whatever_is_looked_at(world):
    other = World(draw_episode("DT", 3), EXACT)
    command = VelocityCommand(0.6, 0.1, 0.3)
    for k in range(120):
        world.step(command)
        other.step(command)
        if k % 40 == 0:
            other.render()
            other.scan()
    first, second = world.truth(), other.truth()
    np.testing.assert_array_equal(first.robot, second.robot)
    np.testing.assert_array_equal([p.pose for p in first.people], [p.pose for p in second.people])
    other.close()


def test_robot_slides_along_a_wall_and_says_so():
    world = World(draw_episode("STT", 0, EMPTY), EXACT)
    drive(world, VelocityCommand(vx=1.5), 20.0)
    truth = world.truth()
    assert truth.is_touching
    assert truth.clearance > -1e-3
    world.close()


def test_odometry_without_drift_is_the_truth_seen_from_the_start():
    world = World(draw_episode("STT", 0, EMPTY), EXACT)
    start = world.truth().robot
    drive(world, VelocityCommand(0.5, 0.0, 0.4), 2.0)
    truth, odometry = world.truth().robot, world.odometry()
    assert math.hypot(odometry.x, odometry.y) == pytest.approx(np.hypot(*(truth - start)[:2]), abs=1e-6)
    assert odometry.yaw == pytest.approx(math.remainder(truth[2] - start[2], 2 * math.pi), abs=1e-6)
    world.close()


def test_drift_grows_with_the_way():
    config = WorldConfig(odometry=OdometryConfig(drift=0.05, yaw_drift=0.02))
    world, exact = World(draw_episode("STT", 0, EMPTY), config), World(draw_episode("STT", 0, EMPTY), EXACT)
    errors = []
    for _ in range(3):
        drive(world, VelocityCommand(vx=0.5), 1.0)
        drive(exact, VelocityCommand(vx=0.5), 1.0)
        errors.append(math.dist((world.odometry().x, world.odometry().y), (exact.odometry().x, exact.odometry().y)))
    assert 0.0 < errors[0] < errors[1] < errors[2]
    world.close()
    exact.close()


def test_the_target_is_drawn_where_the_pinhole_puts_it(world):
    view, truth = world.target_view(), world.truth()
    assert view.box_xyxy is not None and view.share > 0.9
    way = truth.people[0].pose[:2] - truth.robot[:2]
    bearing = math.remainder(math.atan2(way[1], way[0]) - truth.robot[2], 2 * math.pi)
    ahead, left = np.hypot(*way) * math.cos(bearing) - world.config.camera.x, np.hypot(*way) * math.sin(bearing)
    column = world.camera.cx - world.camera.fx * left / ahead  # the tilt moves it by less than its width
    middle = 0.5 * (view.box_xyxy[0] + view.box_xyxy[2])
    assert middle == pytest.approx(column, abs=40.0)


def test_the_target_shows_in_the_colours_it_wears():
    look = EpisodeConfig(style="hall", density=0.0, target_look="the man in the red shirt and blue trousers")
    world = World(draw_episode("STT", 4, look), EXACT)
    x0, y0, x1, y1 = world.target_view().box_xyxy.astype(int)
    body = world.render().rgb[y0:y1, x0:x1].astype(int)
    is_red = (body[..., 0] > 1.8 * body[..., 1]) & (body[..., 0] > 1.8 * body[..., 2])
    is_blue = (body[..., 2] > 1.5 * body[..., 0]) & (body[..., 2] > 1.3 * body[..., 1])
    height = len(body)
    assert is_red[: height // 2].sum() > 5 * is_red[height // 2 :].sum()
    assert is_blue[height // 2 :].sum() > 5 * is_blue[: height // 3].sum()
    world.close()


def test_pixels_of_the_target_fall_with_distance_squared():
    world = World(draw_episode("STT", 0, EMPTY), EXACT)
    first, distance = world.target_view().pixels, world.truth().target_distance
    drive(world, None, 3.0)
    far = world.truth().target_distance
    assert far > distance + 0.5
    assert world.target_view().pixels == pytest.approx(first * (distance / far) ** 2, rel=0.5)
    world.close()


def test_a_sweep_has_over_four_thousand_points_on_floor_walls_and_people(world):
    points = world.scan().points_base
    assert len(points) >= 4000 and points.dtype == np.float32
    assert np.median(np.abs(points[points[:, 2] < 0.05, 2])) < 1e-3
    truth = world.truth()
    c, s = math.cos(truth.robot[2]), math.sin(truth.robot[2])
    delta = truth.people[0].pose[:2] - truth.robot[:2]
    target_base = np.array([c * delta[0] + s * delta[1], c * delta[1] - s * delta[0]])
    near = np.hypot(*(points[:, :2] - target_base).T) < 0.3
    assert np.sum(near & (points[:, 2] > 0.1)) >= 5


def test_a_mid360_upright_on_the_back_looks_from_7_below_to_52_degrees_above_and_sees_no_floor_nearby():
    config = WorldConfig(lidar=replace(LIDARS["mid360"], noise=0.0))
    world = World(draw_episode("STT", 6, EMPTY), config)
    offsets = world.scan().points_base - [0.20, 0.0, 0.43]
    elevation = np.degrees(np.arctan2(offsets[:, 2], np.hypot(offsets[:, 0], offsets[:, 1])))
    assert elevation.min() == pytest.approx(-7.0, abs=0.5) and elevation.max() == pytest.approx(52.0, abs=0.5)
    on_floor = offsets[offsets[:, 2] < -0.425]
    assert len(on_floor) > 50 and np.hypot(*on_floor[:, :2].T).min() > 3.4
    world.close()


def test_clearance_agrees_with_the_sweep():
    world = World(draw_episode("STT", 6, EpisodeConfig(style="corridor", density=0.0)), EXACT)
    points = world.scan().points_base
    standing = points[(points[:, 2] > 0.1) & (points[:, 2] < 0.6)]
    outline = np.array([[-0.2, 0.0], [0.0, 0.0], [0.2, 0.0]])
    seen = np.min([np.hypot(*(standing[:, :2] - p).T).min() for p in outline]) - 0.16
    truth = world.truth()
    assert min(truth.clearance, truth.person_clearance) <= seen + 0.15
    world.close()


def test_people_wait_until_they_may_walk(world):
    world.people_wait = True
    start = world.truth().people[0].pose
    drive(world, VelocityCommand(wz=0.5), 1.0)
    np.testing.assert_array_equal(world.truth().people[0].pose, start)
    world.people_wait = False
    drive(world, None, 1.0)
    assert np.any(world.truth().people[0].pose != start)


def test_a_command_told_late_counts_from_when_it_was_given():
    prompt, late = (World(draw_episode("STT", 0, EMPTY), EXACT) for _ in range(2))
    given = prompt.time
    prompt.command(VelocityCommand(wz=0.5))
    for step in range(15):
        if step == 3:
            late.command(VelocityCommand(wz=0.5), given)
        prompt.step()
        late.step()
    assert late.odometry() == prompt.odometry()
    assert late.odometry().wz > 0.1

"""Motion blur: along the camera's turn, symmetric, none at rest."""

import numpy as np
import pytest

from evt_bench.episodes import draw_episode
from evt_bench.world.base import BaseConfig
from evt_bench.world.blur import motion_blurred, shift_in_image
from evt_bench.world.config import CameraConfig
from evt_bench.world.trunk import Trunk, base_in_world
from evt_bench.world.world import World, WorldConfig
from track_common.types import VelocityCommand, camera_mount

MOUNT = camera_mount(0.3, 0.0, 0.1)


def test_a_turn_to_the_left_moves_the_image_to_the_right():
    before = base_in_world(np.zeros(3), Trunk(0.3)) @ MOUNT
    now = base_in_world(np.array([0.0, 0.0, 0.01]), Trunk(0.3)) @ MOUNT
    assert shift_in_image(before, now, 0.01, 0.02, 320.0) == pytest.approx([6.4, 0.0], abs=0.01)


def test_nose_down_moves_the_image_up():
    before = base_in_world(np.zeros(3), Trunk(0.3)) @ MOUNT
    now = base_in_world(np.zeros(3), Trunk(0.3, pitch=0.01)) @ MOUNT
    assert shift_in_image(before, now, 0.01, 0.02, 320.0) == pytest.approx([0.0, -6.4], abs=0.01)


@pytest.mark.parametrize("shift", [(8.0, 0.0), (0.0, -5.0), (3.3, 4.1)])
def test_a_point_becomes_a_line_about_where_it_is(shift):
    image = np.zeros((41, 41, 3), np.uint8)
    image[20, 20] = 255
    blurred = motion_blurred(image, np.array(shift))[..., 0].astype(float)
    rows, columns = np.nonzero(blurred)
    weights = blurred[rows, columns]
    assert np.average(columns, weights=weights) == pytest.approx(20.0, abs=0.3)
    assert np.average(rows, weights=weights) == pytest.approx(20.0, abs=0.3)
    spread = np.array([np.ptp(columns), np.ptp(rows)])
    assert np.all(np.abs(spread - np.abs(shift)) <= 2.0)


def test_a_still_camera_is_sharp():
    image = np.random.default_rng(1).integers(0, 255, (20, 30, 3), np.uint8)
    assert motion_blurred(image, np.array([0.2, 0.1])) is image


def test_a_trotting_robots_picture_is_less_sharp_with_a_long_exposure():
    sharpness = []
    for exposure in (0.0, 0.03):
        camera = CameraConfig(width=320, height=240, noise=0.0, exposure=exposure)
        world = World(draw_episode("STT", 3), WorldConfig(camera=camera, base=BaseConfig(kind="legs")))
        for _ in range(60):
            world.step(VelocityCommand(0.6, 0.0, 1.0))
        rgb = world.render().rgb.astype(float)
        with_depth = world.look()[0].rgb.astype(float)
        world.close()
        assert np.abs(with_depth - rgb).mean() < 0.5, "a picture that is drawn with its depth is another"
        sharpness.append(float(np.abs(np.diff(rgb, axis=1)).mean()))
    assert sharpness[1] < 0.8 * sharpness[0]

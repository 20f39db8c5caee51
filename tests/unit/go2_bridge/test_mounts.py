"""Mounts of a GO2's sensors: which way they look, and that the robots' files hold settings there are."""

import math
from pathlib import Path

import numpy as np
import pytest
import yaml

from evt_bench.world.config import LidarConfig
from go2_bridge.mounts import MOUNTS, MountConfig
from track_common.config import override

ROBOTS = sorted((Path(__file__).parents[3] / "config" / "robots").glob("*.yaml"))


def test_the_camera_looks_ahead_and_up():
    ahead = MOUNTS["camera"].matrix[:3, 0]
    assert ahead == pytest.approx([math.cos(0.2), 0.0, math.sin(0.2)])


def test_the_l1_hangs_under_the_chin_as_in_the_simulator():
    mount, simulated = MOUNTS["l1"].matrix, LidarConfig().mount()
    assert np.degrees(np.arccos(mount[2, 2])) == pytest.approx(164.9, abs=0.1)
    np.testing.assert_allclose(mount[:3, :3], simulated[:3, :3], atol=1e-9)
    assert mount[2, 3] + 0.31 == pytest.approx(simulated[2, 3], abs=0.001)


def test_yaw_turns_first_as_in_urdf():
    mount = MountConfig(yaw=math.pi / 2, pitch=-0.3).matrix
    assert mount[:3, 0] == pytest.approx([0.0, math.cos(0.3), math.sin(0.3)], abs=1e-9)


@pytest.mark.parametrize("path", ROBOTS, ids=lambda path: path.stem)
def test_robot_files_hold_only_mounts_there_are(path):
    values = yaml.safe_load(path.read_text())["/**/robot_state"]["ros__parameters"]
    for name, value in values.items():
        mount, setting = name.split(".")
        override(MOUNTS[mount], {setting: value})

"""Range to a real pedestrian by box and LiDAR, beside its label: KITTI object frame 000000 (Geiger et al., 2012)."""

from pathlib import Path

import numpy as np
import pytest

from track_common.types import Array, Camera, camera_mount
from trackvla_ros.target_range import Person, measure

pytestmark = pytest.mark.data

CAMERA_HEIGHT = 1.65  # m above the road, KITTI's sensor set-up
WIDTH, HEIGHT = 1224, 370  # px of this frame


@pytest.fixture
def frame(data_folder) -> Path:
    folder = data_folder / "kitti_000000"
    if not folder.is_dir():
        pytest.skip(f"{data_folder} (TRACKVLA_DATA) has no kitti_000000")
    return folder


def calibration(frame: Path) -> dict[str, Array]:
    lines = (line.partition(":") for line in (frame / "calib.txt").read_text().splitlines() if ":" in line)
    return {name: np.array(values.split(), float) for name, _, values in lines}


def to_base(rectified: Array) -> Array:
    """Points (N, 3) of the rectified camera (x right, y down, z ahead) in a base_link on the road under it."""
    return np.column_stack([rectified[:, 2], -rectified[:, 0], CAMERA_HEIGHT - rectified[:, 1]])


def test_range_by_box_and_lidar_is_within_a_fifth_of_a_metre_of_the_label(frame):
    values, label = calibration(frame), (frame / "label.txt").read_text().split()
    projection = values["P2"].reshape(3, 4)
    to_second_camera = np.linalg.solve(projection[:, :3], projection[:, 3])
    mount, rectify = values["Tr_velo_to_cam"].reshape(3, 4), values["R0_rect"].reshape(3, 3)
    returns = np.fromfile(frame / "000000.bin", np.float32).reshape(-1, 4)[:, :3]
    points = to_base((returns @ mount[:, :3].T + mount[:, 3]) @ rectify.T + to_second_camera)
    place = to_base(np.array([label[11:14]], float) + to_second_camera)[0, :2]
    (fx, _, cx), (_, fy, cy) = projection[:2, :3]
    camera = Camera(WIDTH, HEIGHT, fx, fy, cx, cy, camera_mount(0.0, 0.0, CAMERA_HEIGHT))
    found = measure(np.array(label[4:8], float), camera, points, Person())
    assert found is not None and found.source == "lidar"
    assert np.linalg.norm(found.position_base) == pytest.approx(np.linalg.norm(place), abs=0.2)
    assert found.position_base == pytest.approx(place, abs=0.2)

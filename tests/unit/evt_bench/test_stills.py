"""Stills: what the depth image says of people, and scenes that are the same again."""

import numpy as np
import pytest

from evt_bench.data.record_stills import record_stills
from evt_bench.data.stills import MAP_SIDE, StillConfig, StillScene, label_people
from track_common.types import Camera, camera_mount
from trackvla_ros.training.shards import Shard, shards_in

SMALL = StillConfig(people=2, frames=3, dye_every=2, side=64)


def test_a_wall_of_depth_at_a_person_is_that_person():
    camera = Camera.from_hfov(64, 48, np.pi / 2, camera_mount(0.0, 0.0, 1.0))
    depth = np.full((48, 64), 9.0)
    depth[:, 28:36] = 2.0
    covered, shares = label_people(depth, camera, np.array([[2.0, 0.0], [np.nan, np.nan]]), np.array([1.7, 1.7]))
    assert covered.shape == (MAP_SIDE, MAP_SIDE)
    assert covered[MAP_SIDE // 2, MAP_SIDE // 2] == 1 and covered[MAP_SIDE // 2, 0] == 0
    assert 0.04 < shares[0] < 0.13 and shares[1] == 0.0


def test_the_nearer_axis_owns_a_point_between_two_people():
    camera = Camera.from_hfov(64, 48, np.pi / 2, camera_mount(0.0, 0.0, 1.0))
    places = np.array([[2.0, 0.3], [2.0, -0.3]])
    covered, _ = label_people(np.full((48, 64), 2.0), camera, places, np.array([1.7, 1.7]))
    middle = covered[MAP_SIDE // 2]
    assert middle[MAP_SIDE // 2 - 3] == 1 and middle[MAP_SIDE // 2 + 3] == 2, "left in the image is left of the robot"


def test_recording_again_writes_what_is_missing_and_the_same(tmp_path):
    assert record_stills(tmp_path, range(2), SMALL) == 2
    first = [Shard(path).array("people") for path in shards_in(tmp_path)]
    (tmp_path / "000001.safetensors").unlink()
    assert record_stills(tmp_path, range(2), SMALL) == 1
    again = [Shard(path).array("people") for path in shards_in(tmp_path)]
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(first, again, strict=True))


def test_people_in_view_are_where_their_labels_say():
    scene = StillScene(4, 0, StillConfig(people=3, frames=1))
    try:
        stills = [scene.draw() for _ in range(12)]
    finally:
        scene.close()
    seen = [(s, p) for s in stills for p in range(3) if s.people[p, 4] > 0.02]
    assert len(seen) >= 5
    for still, person in seen:
        columns = np.nonzero(still.covered == person + 1)[1]
        bearing = np.degrees(np.arctan2(still.people[person, 1], still.people[person, 0] - 0.3))
        middle = np.degrees(np.arctan(1.0 - 2.0 * (columns.mean() + 0.5) / MAP_SIDE))
        assert abs(bearing - middle) < 25.0 or np.hypot(*still.people[person, :2]) < 1.2


@pytest.mark.parametrize("field", ["image", "covered", "people", "attributes", "mount"])
def test_a_scene_is_the_same_again(field):
    stills = []
    for _ in range(2):
        scene = StillScene(2, 1, SMALL)
        stills.append(scene.draw())
        scene.close()
    assert np.array_equal(getattr(stills[0], field), getattr(stills[1], field), equal_nan=field in ("people", "mount"))

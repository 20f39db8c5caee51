"""Range and bearing of a person from a box, cut off or not, and from the LiDAR returns in it."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from track_common.instruction import lexicon
from track_common.types import Camera, camera_mount
from trackvla_ros.target_range import ANIMALS, Person, is_in_sight, measure, range_from_box, range_from_points

CAMERA = Camera.from_hfov(640, 480, math.radians(90.0))
PERSON = Person()


def box_at(x: float, y: float, camera: Camera = CAMERA, feet: float = 0.0, height: float = 1.70) -> np.ndarray:
    """Box of a flat upright person at (x, y) in base_link, cut to the image."""
    across = np.array([-y, x]) / math.hypot(x, y)
    corners = [np.append(np.array([x, y]) + s * 0.25 * across, z) for s in (-1, 1) for z in (feet, height)]
    optical = (np.array(corners) - camera.T_base_camera[:3, 3]) @ camera.T_base_camera[:3, :3]
    u = camera.fx * optical[:, 0] / optical[:, 2] + camera.cx
    v = camera.fy * optical[:, 1] / optical[:, 2] + camera.cy
    return np.clip([u.min(), v.min(), u.max(), v.max()], 0, [640, 480, 640, 480])


@pytest.mark.parametrize("distance", [1.0, 1.5, 2.0, 3.0, 5.0])
def test_whole_or_headless_box_gives_the_range_within_five_percent(distance):
    found = measure(box_at(distance, 0.0), CAMERA, None, PERSON)
    assert found is not None
    assert found.position_base == pytest.approx([distance, 0.0], abs=0.05 * distance + 0.02)


def test_tilted_camera_gives_the_same_range():
    camera = Camera.from_hfov(640, 480, math.radians(90.0), camera_mount(0.3, 0.0, 0.45, pitch=math.radians(12.0)))
    found = measure(box_at(2.5, 0.3, camera), camera, None, PERSON)
    assert found is not None
    assert found.position_base == pytest.approx([2.5, 0.3], abs=0.1)


def test_hidden_feet_leave_the_head_to_measure_by():
    box = box_at(3.0, 0.0, feet=0.38)
    distance, _ = range_from_box(box, CAMERA, PERSON, ground=0.0)
    assert distance == pytest.approx(2.7, abs=0.3)


def test_base_link_above_the_floor_changes_nothing_but_the_frame():
    low = measure(box_at(2.0, 0.0), CAMERA, None, PERSON, ground=0.0)
    mount = camera_mount(0.3, 0.0, 0.4 - 0.31)
    high = measure(box_at(2.0, 0.0), Camera.from_hfov(640, 480, math.pi / 2, mount), None, PERSON, ground=-0.31)
    assert low is not None and high is not None
    assert high.position_base == pytest.approx(low.position_base)


def test_side_cut_off_does_not_pull_the_bearing_to_the_middle():
    true_bearing = math.atan2(1.55, 1.5)
    found = measure(box_at(1.8, 1.55), CAMERA, None, PERSON)
    assert found is not None
    from_camera = found.position_base - CAMERA.T_base_camera[:2, 3]
    assert math.atan2(from_camera[1], from_camera[0]) == pytest.approx(true_bearing, abs=0.06)


def test_body_filling_the_image_is_near():
    distance, std = range_from_box(np.array([0.0, 0.0, 640.0, 480.0]), CAMERA, PERSON, 0.0)
    assert distance <= 0.3 and std > 0.1


def test_lidar_returns_of_the_body_win_over_those_of_the_wall_behind():
    body = [[2.0 - 0.12, y, z] for y in np.linspace(-0.1, 0.1, 4) for z in (0.4, 0.8)]
    wall = [[4.5, y, z] for y in np.linspace(-0.3, 0.3, 20) for z in (0.4, 0.8, 1.2)]
    found = measure(box_at(2.0, 0.0), CAMERA, np.array(body + wall), PERSON)
    assert found is not None and found.source == "lidar"
    assert found.position_base == pytest.approx([2.0, 0.0], abs=0.05)


def test_lidar_returns_that_contradict_the_box_are_left_alone():
    wall = np.array([[9.0, y, 0.8] for y in np.linspace(-0.3, 0.3, 30)])
    assert range_from_points(wall, box_at(2.0, 0.0), CAMERA, (1.7, 0.15), 0.0) is None


def test_place_behind_a_wall_is_not_in_sight_and_one_before_it_is():
    wall = np.array([[2.0, y, 0.6] for y in np.linspace(-1, 1, 40)])
    assert not is_in_sight(wall, np.array([3.0, 0.2]), 0.0)
    assert is_in_sight(wall, np.array([1.8, 0.2]), 0.0)


def test_half_hidden_body_is_measured_with_doubt():
    whole, half = box_at(2.0, 0.0), box_at(2.0, 0.0)
    half[2] = half[0] + 0.25 * (half[2] - half[0])
    sure, unsure = measure(whole, CAMERA, None, PERSON), measure(half, CAMERA, None, PERSON)
    assert sure is not None and unsure is not None
    assert np.trace(unsure.covariance) > 4 * np.trace(sure.covariance)


def test_side_hidden_behind_a_door_post_does_not_pull_the_person_to_the_gap():
    box = box_at(2.5, 0.0)
    box[2] -= 0.7 * (box[2] - box[0])  # its right part is hidden
    post = np.array([[1.5, -0.02 - 0.04 * k, z] for k in range(8) for z in (0.3, 0.6, 0.9, 1.2)])
    alone, beside = measure(box, CAMERA, None, PERSON), measure(box, CAMERA, post, PERSON)
    assert alone is not None and beside is not None
    assert alone.is_hidden and alone.is_doubtful and beside.is_hidden and not beside.is_doubtful
    assert abs(beside.position_base[1]) < 0.07 < abs(alone.position_base[1])


@pytest.mark.parametrize("box", [[5, 5, 5, 5], [math.nan] * 4, [700, 10, 800, 90], [10, 10, 9, 90]])
def test_unusable_box_measures_nothing(box):
    assert measure(np.array(box, float), CAMERA, None, PERSON) is None


@settings(derandomize=True, max_examples=150, deadline=None)
@given(st.lists(st.floats(-100, 800), min_size=4, max_size=4), st.integers(0, 40), st.integers(0, 9))
def test_any_box_and_cloud_measure_something_finite_or_nothing(corners, count, seed):
    points = np.random.default_rng(seed).normal(0, 3, (count, 3)).astype(np.float32)
    if count > 2:
        points[0] = math.nan
    found = measure(np.array(corners), CAMERA, points, PERSON)
    if found is not None:
        assert np.all(np.isfinite(found.position_base)) and np.all(np.linalg.eigvalsh(found.covariance) > 0)


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.floats(0.8, 6.0), st.floats(-0.9, 0.9))
def test_mirrored_box_mirrors_the_place(x, slope):
    box = box_at(x, slope * (x - 0.3))
    mirrored = np.array([640 - box[2], box[1], 640 - box[0], box[3]])
    here, there = measure(box, CAMERA, None, PERSON), measure(mirrored, CAMERA, None, PERSON)
    assert (here is None) == (there is None)
    if here is not None and there is not None:
        assert there.position_base == pytest.approx(here.position_base * [1, -1], abs=1e-9)


def test_camera_at_eye_level_ranges_by_the_feet():
    """There the head is on the horizon at any distance, so that its row says nothing."""
    camera = Camera.from_hfov(640, 480, math.radians(60.0), camera_mount(0.3, 0.0, 1.6))
    found = measure(box_at(6.0, 0.0, camera, height=1.8), camera, None, PERSON)
    assert found is not None
    assert found.position_base[0] == pytest.approx(6.0, abs=0.3)


@pytest.mark.parametrize("distance", [1.0, 2.0, 4.0])
def test_a_dog_is_ranged_by_its_own_size(distance):
    found = measure(box_at(distance, 0.0, height=0.55), CAMERA, None, ANIMALS["dog"])
    assert found is not None
    assert found.position_base == pytest.approx([distance, 0.0], abs=0.1 * distance)


def test_every_animal_that_may_be_followed_has_a_size():
    assert set(ANIMALS) == set(lexicon.ANIMALS)

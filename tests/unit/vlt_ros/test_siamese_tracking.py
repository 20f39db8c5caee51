"""The tracking loop around a network, with a ten-line network in place of the real one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from track_common.types import Array
from vlt_ros.siamese import scar, tt
from vlt_ros.siamese.follower import RULES
from vlt_ros.siamese.penalty import penalty
from vlt_ros.siamese.settings import SCAR_SETTINGS, TT_SETTINGS, Inference, settings_row
from vlt_ros.siamese.state import MIN_SIDE, TargetState, crop, start
from vlt_ros.siamese.windows import window_centres

IMAGE = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
BOX = np.array([60.0, 40, 100, 70])


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.tuples(st.floats(-40, 200), st.floats(-40, 160)), st.integers(3, 90))
def test_a_crop_shows_the_image_where_it_lies_and_the_padding_elsewhere(centre: tuple[float, float], side: int) -> None:
    padding = np.array([7.9, 8.0, 9.2])
    cut = crop(IMAGE, np.array(centre), side, side, padding)
    x0, y0 = (int(np.floor(at - (side + 1) / 2 + 0.5)) for at in centre)
    for row, column in ((0, 0), (side - 1, side - 1), (side // 2, side // 2), (0, side - 1)):
        y, x = y0 + row, x0 + column
        is_inside = 0 <= y < 120 and 0 <= x < 160
        assert cut[row, column].tolist() == (IMAGE[y, x].tolist() if is_inside else [7, 8, 9])


def test_crops_do_not_touch_the_image() -> None:
    before = IMAGE.copy()
    crop(IMAGE, np.array([0.0, 0.0]), 50, 127, np.zeros(3))
    assert np.array_equal(IMAGE, before)


def test_the_template_box_is_centred_and_scaled() -> None:
    state, template = start(IMAGE, BOX, 127)
    assert template.pixels.shape == (127, 127, 3)
    width, height = template.box_xyxy[2:] - template.box_xyxy[:2]
    assert template.box_xyxy[:2] + [width / 2, height / 2] == pytest.approx([63, 63])
    assert width / height == pytest.approx(40 / 30) and width == pytest.approx(40 * state.first_scale)


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.tuples(*[st.floats(-1e4, 1e4)] * 4))
def test_a_moved_target_stays_in_the_image_and_in_its_size_limits(values: tuple[float, ...]) -> None:
    state, _ = start(IMAGE, BOX, 127)
    moved = state.moved(np.array(values[:2]), np.array(values[2:]), (160, 120))
    assert np.all(moved.centre >= 0) and np.all(moved.centre <= [160, 120])
    assert np.all(moved.size >= MIN_SIDE) and np.all(moved.size <= [160, 120])
    assert np.all(moved.box_xyxy[:2] >= 0)


def test_a_ten_pixel_image_holds_a_ten_pixel_target() -> None:
    state, _ = start(IMAGE[:10, :10], np.array([2.0, 2, 8, 8]), 127)
    assert state.moved(np.array([50.0, 50]), np.array([50.0, 1]), (10, 10)).size.tolist() == [10, 10]


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.floats(2, 400), st.floats(2, 400), st.floats(0, 1))
def test_the_penalty_is_one_for_no_change_and_symmetric_in_size(width: float, height: float, k: float) -> None:
    size = np.array([width, height])
    assert penalty(width, height, size, size, k) == pytest.approx(1.0)
    assert penalty(2 * width, 2 * height, size, size, k) == pytest.approx(penalty(width / 2, height / 2, size, size, k))
    assert penalty(2 * width, height, size, size, k) <= 1.0


def scar_maps(row: int, column: int, side: float) -> scar.Maps:
    """A sure target in one cell, a box of ``side`` search pixels everywhere."""
    cls = np.full((2, 25, 25), -4.0, np.float32)
    cls[0] = 4.0
    rows, columns = np.mgrid[:25, :25]
    near = np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / 4)
    cls[1] = -4 + 12 * near
    return scar.Maps(cls, np.full((4, 25, 25), side / 2, np.float32), (near * 8).astype(np.float32))


@pytest.mark.parametrize("cell", [(12, 12), (9, 14), (16, 10)])
def test_scar_moves_to_the_cell_that_answers(cell: tuple[int, int]) -> None:
    state, _ = start(IMAGE, BOX, 127)
    size = float(np.mean(state.size * state.first_scale))
    done = scar.step(state, scar_maps(*cell, size), (160, 120), Inference(0.0, 0.0, 0.0))
    shift = 8 * (np.array(cell[::-1]) - 12) / state.first_scale
    assert done.state.centre - state.centre == pytest.approx(shift, abs=1.0)
    assert done.state.size == pytest.approx(state.size)  # lr 0 keeps it
    assert done.confidence > 0.9


def test_scar_survives_a_flat_answer() -> None:
    state, _ = start(IMAGE, BOX, 127)
    flat = scar.Maps(
        np.zeros((2, 25, 25), np.float32), np.full((4, 25, 25), 20, np.float32), np.zeros((25, 25), np.float32)
    )
    done = scar.step(state, flat, (160, 120), SCAR_SETTINGS["LaSOT"])
    assert np.all(np.isfinite(done.state.box_xyxy)) and done.score == 0.0


def tt_maps(token: int, box: Array) -> tt.Maps:
    cls = np.tile(np.array([-6.0, 6.0], np.float32), (1024, 1))
    cls[token] = [6, -6]
    return tt.Maps(cls, np.tile(box.astype(np.float32), (1024, 1)))


def test_tt_takes_the_box_of_the_best_token_as_a_share_of_the_crop() -> None:
    state, _ = start(IMAGE, BOX, 128)
    side = tt.search_side(state)
    answer = tt_maps(16 * 32 + 16, np.array([0.5, 0.6, 0.25, 0.125]))
    done = tt.step(state, answer, (160, 120), TT_SETTINGS["LaSOT"])
    assert done.state.centre == pytest.approx([80, 55 + 0.1 * side])
    assert done.state.size == pytest.approx([0.25 * side, 0.125 * side])


def test_the_window_outweighs_a_faint_answer_far_away() -> None:
    state, _ = start(IMAGE, BOX, 128)
    cls = np.zeros((1024, 2), np.float32)
    cls[0] = [1.0, 0.0]
    boxes = np.tile(np.array([0.5, 0.5, 0.2, 0.2], np.float32), (1024, 1))
    boxes[0] = [0.9, 0.9, 0.2, 0.2]
    answer = tt.Maps(cls, boxes)
    near = tt.step(state, answer, (160, 120), Inference(0.0, 1.0, 0.9)).state.centre
    far = tt.step(state, answer, (160, 120), Inference(0.0, 1.0, 0.0)).state.centre
    assert np.hypot(*(far - state.centre)) > np.hypot(*(near - state.centre))


@pytest.mark.parametrize("name", ["LaSOT", "LASOTTEST", "lasot", "GOT10KTEST", "got-10k", "TNL2K"])
def test_benchmark_names_are_found_however_written(name: str) -> None:
    assert settings_row(SCAR_SETTINGS, name) in SCAR_SETTINGS.values()


def test_both_trackers_have_the_same_benchmarks() -> None:
    assert set(SCAR_SETTINGS) == set(TT_SETTINGS) and set(RULES) == {"vlt_scar", "vlt_tt"}


@settings(derandomize=True, max_examples=40, deadline=None)
@given(st.integers(10, 900), st.integers(10, 700), st.floats(20, 500), st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_windows_cover_every_point_of_the_image(width: int, height: int, side: float, at: tuple[float, float]) -> None:
    centres = window_centres((width, height), side)
    point = np.array(at) * [width, height]
    assert np.any(np.all(np.abs(centres - point) <= side / 2 + 1e-6, axis=1))


def test_states_are_values() -> None:
    state, _ = start(IMAGE, BOX, 127)
    before = state.centre.copy()
    scar.step(state, scar_maps(3, 3, 60.0), (160, 120), SCAR_SETTINGS["LaSOT"])
    assert isinstance(state, TargetState) and np.array_equal(state.centre, before)

"""Drawings change the right pixels of a copy."""

import numpy as np
import pytest

from track_common.drawing import PATH, TARGET, draw_box, draw_sighting, draw_text, draw_trajectory, project
from track_common.types import Box, Camera, Sighting

BLANK = np.zeros((480, 640, 3), np.uint8)
CAMERA = Camera.from_hfov(640, 480, np.pi / 2)


def test_box_is_drawn_on_a_copy():
    drawn = draw_box(BLANK, np.array([100.0, 50.0, 200.0, 300.0]), colour=TARGET)
    assert tuple(drawn[150, 100]) == TARGET and tuple(drawn[150, 150]) == (0, 0, 0)
    assert not BLANK.any()


@pytest.mark.parametrize("box", [[np.nan] * 4, [np.inf, 0, 1, 1], [-1e12, -1e12, 1e12, 1e12]])
def test_strange_boxes_are_survived(box):
    assert draw_box(BLANK, np.array(box), "odd").shape == BLANK.shape


def test_point_ahead_projects_below_the_middle():
    pixel = project(CAMERA, np.array([[2.3, 0.0, 0.0]]))[0]  # camera at x 0.3, z 0.4: 2 m ahead, 0.4 m down
    assert pixel == pytest.approx([320.0, 240.0 + 320.0 * 0.4 / 2.0])


def test_point_to_the_left_projects_left():
    assert project(CAMERA, np.array([[2.3, 0.5, 0.0]]))[0, 0] < 320.0


def test_points_behind_the_camera_are_left_out():
    assert np.isnan(project(CAMERA, np.array([[-1.0, 0.0, 0.0]]))).all()
    assert not draw_trajectory(BLANK, CAMERA, np.array([[-1.0, 0.0, 0.0], [-2.0, 0.0, 0.0]])).any()


def test_trajectory_ahead_is_drawn():
    drawn = draw_trajectory(BLANK, CAMERA, np.array([[1.3, 0.0, 0.0], [2.3, 0.0, 0.0]]))
    assert tuple(drawn[304, 320]) == PATH


def test_lost_sighting_is_marked():
    lost = draw_sighting(BLANK, Sighting(0.0, None))
    seen = draw_sighting(BLANK, Sighting(0.0, Box(np.array([10.0, 60.0, 40.0, 90.0]))))
    assert lost.any() and not lost[60:].any()
    assert tuple(seen[75, 10]) == TARGET


@pytest.mark.parametrize(("text", "drawn"), [("grüne Jacke", "grune Jacke"), ("跟着 her", "?? her"), ("a\nb", "a b")])
def test_text_beyond_the_fonts_of_opencv_is_drawn_as_near_as_they_come(text, drawn):
    empty = np.zeros((60, 300, 3), np.uint8)
    assert np.array_equal(draw_text(empty, text, (4, 40)), draw_text(empty, drawn, (4, 40)))

"""Colour words name the right pixels, in light and in shade."""

import numpy as np
import pytest

from vlt_ros.colours import BASIC, COLOURS, membership_table, pixel_cells


def degree(name, rgb):
    return float(membership_table(name)[pixel_cells(np.array(rgb, np.uint8))])


CLOTH = {
    "red": (196, 28, 34),
    "blue": (34, 78, 188),
    "green": (32, 130, 58),
    "yellow": (238, 202, 38),
    "orange": (236, 120, 24),
    "purple": (112, 48, 150),
    "pink": (240, 138, 178),
    "brown": (104, 66, 38),
    "beige": (214, 196, 158),
    "black": (28, 28, 30),
    "white": (236, 236, 232),
    "grey": (128, 130, 134),
}


@pytest.mark.parametrize("name", CLOTH)
def test_cloth_gets_its_own_name_best(name):
    degrees = {other: degree(other, CLOTH[name]) for other in BASIC}
    assert max(degrees, key=degrees.get) == name and degrees[name] > 0.6


@pytest.mark.parametrize("name", ["red", "blue", "green", "purple"])
def test_shade_does_not_turn_a_colour_into_another(name):
    shaded = tuple(int(0.6 * c) for c in CLOTH[name])
    degrees = {other: degree(other, shaded) for other in BASIC}
    assert max(degrees, key=degrees.get) == name


def test_shades_move_the_lightness():
    dark_blue, light_blue = (20, 30, 80), (122, 178, 226)
    assert degree("dark blue", dark_blue) > degree("light blue", dark_blue)
    assert degree("light blue", light_blue) > degree("dark blue", light_blue)


def test_compound_takes_either():
    olive, green = (100, 105, 45), CLOTH["green"]
    assert min(degree("olive/green", olive), degree("olive/green", green)) > 0.5


@pytest.mark.parametrize("name", COLOURS)
def test_every_word_names_some_pixel_and_not_all(name):
    table = membership_table(name)
    assert table.max() > 0.5 and table.mean() < 0.5 and table.min() >= 0.0


@pytest.mark.parametrize("light", [0.5, 0.2])
@pytest.mark.parametrize("name", CLOTH)
def test_cloth_keeps_some_of_its_name_in_less_light(name, light):
    linear = (np.array(CLOTH[name]) / 255.0) ** 2.2 * light
    assert degree(name, 255.0 * np.clip(linear, 0.0, 1.0) ** (1.0 / 2.2)) > 0.12  # appearance.SHARE_BASE


@pytest.mark.parametrize(("name", "other"), [("red", "green"), ("blue", "red"), ("yellow", "blue"), ("green", "pink")])
def test_no_light_makes_it_another_hue(name, other):
    assert degree(other, CLOTH[name]) < 0.02


def test_as_the_camera_shows_it_grey_is_not_white():
    grey = pixel_cells(np.array(CLOTH["grey"], np.uint8))
    assert membership_table("white", in_any_light=False)[grey] < 0.02 < membership_table("white")[grey]

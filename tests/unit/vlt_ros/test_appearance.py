"""Looks of painted people: words fit their garments, legs alone are judged as legs, likeness is 1 with oneself."""

import numpy as np
import pytest

from helpers.painted import BLACK, BLUE, GREEN, RED, WHITE, box, paint
from track_common.types import Camera, camera_mount
from vlt_ros.appearance import body_span, look, similarity
from vlt_ros.words import parse

PERSON = box(320)


def evidence(sentence, top, bottom, where=PERSON):
    return look(paint([(where, top, bottom)]), where, parse(sentence)).evidence


def test_fitting_words_beat_others():
    assert evidence("red shirt", RED, BLACK) > 1.0 > -0.5 > evidence("blue shirt", RED, BLACK)


def test_garments_are_judged_where_they_are_worn():
    assert evidence("red shirt and blue trousers", RED, BLUE) > evidence("red shirt and blue trousers", BLUE, RED) + 1.0


def test_without_words_there_is_no_evidence():
    assert np.isnan(evidence("follow the person ahead", RED, BLACK))


def test_person_is_like_herself_and_unlike_others():
    first, again, other = (
        look(paint([(PERSON, *c)]), PERSON, parse("")).stripes for c in ((RED, BLACK),) * 2 + ((GREEN, BLUE),)
    )
    assert similarity(first, again) > 0.98 and similarity(first, other) < 0.4


def test_nothing_in_common_is_unknown():
    empty = np.zeros((3, 4))
    assert similarity(empty, np.ones((3, 4)) / 4.0) == 0.5


def test_box_cut_by_the_upper_border_shows_the_lower_body():
    near = np.array([200.0, 0.0, 400.0, 400.0])
    top, bottom = body_span(near, 640, 480, None)
    assert 0.1 < top < 0.6 and bottom == 1.0


@pytest.mark.parametrize("distance", [1.0, 1.5])
def test_mount_tells_how_much_of_the_head_is_cut(distance):
    camera = Camera.from_hfov(640, 480, np.pi / 2, camera_mount(0.0, 0.0, 0.45))
    feet = 240.0 + 320.0 * 0.45 / distance
    seen_up_to = 0.45 + distance * 240.0 / 320.0  # m at the image's upper edge
    width = 320.0 * 0.55 / distance
    top, bottom = body_span(np.array([300.0, 0.0, 300.0 + width, feet]), 640, 480, camera)
    assert top == pytest.approx(1.0 - seen_up_to / 1.7, abs=0.02) and bottom == 1.0


def test_words_about_what_is_out_of_the_image_are_not_judged():
    legs_only = np.array([200.0, 0.0, 460.0, 330.0])
    rgb = np.full((480, 640, 3), 30, np.uint8)
    assert np.isnan(look(rgb, legs_only, parse("blond hair")).evidence)


def in_light(rgb, factors):
    linear = (rgb / 255.0) ** 2.2 * np.array(factors)
    return (255.0 * np.clip(linear, 0.0, 1.0) ** (1.0 / 2.2)).astype(np.uint8)


@pytest.mark.parametrize("factors", [(1, 1, 1), (0.5, 0.5, 0.5), (1.15, 0.9, 0.6), (0.7, 0.85, 1.15)])
def test_a_dusky_pink_shirt_with_beige_trousers_is_recognised_and_other_words_are_not(factors):
    rgb = in_light(paint([(PERSON, (205, 125, 150), (190, 170, 135))]), factors)
    said, wrong = (parse(f"the woman with a {words}") for words in ("pink shirt and beige pants", "blue shirt"))
    assert look(rgb, PERSON, said).evidence > 0.0 > -0.5 > look(rgb, PERSON, wrong).evidence


@pytest.mark.parametrize(("sleeves", "is_meant"), [(RED, True), (BLUE, False), (WHITE, False)])
def test_the_second_colour_of_a_shirt_may_lie_on_the_sleeves(sleeves, is_meant):
    rgb = paint([(PERSON, WHITE, BLACK)])
    x0, y0, x1, y1 = PERSON.astype(int)
    for left in (x0 + 11, x1 - 24):
        rgb[y0 + 30 : y0 + 95, left : left + 13] = sleeves
    assert (look(rgb, PERSON, parse("the man in the red and white shirt")).evidence > 0.0) is is_meant


def test_a_denied_colour_must_show_as_it_is():
    grey = (105, 107, 110)
    assert evidence("the man not in white", grey, BLACK) >= 0.0 > evidence("the man not in white", WHITE, BLACK)

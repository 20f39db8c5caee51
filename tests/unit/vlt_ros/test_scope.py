"""Scope in pictures: excluded people and colours are not chosen, relations and places in a row choose the right one."""

import numpy as np
import pytest

from helpers.painted import BLACK, BLUE, GREEN, RED, WHITE, KnownDetector, box, frame
from track_common.boxes import iou
from track_common.interfaces import TargetError
from vlt_ros.grounded import GroundedTracker

STEP = 0.1  # s
ROW = [(box(120), RED, BLACK), (box(230), BLUE, BLACK), (box(520), GREEN, BLACK)]
NAMES = ("red", "blue", "green")


def chosen(sentence, people=ROW, frames=4, things=None):
    """Index of the person followed after some frames, None where nobody is; never another one on the way."""
    detector = KnownDetector()
    detector.things = things or {}
    tracker = GroundedTracker(detector=detector)
    found = set()
    for k in range(frames):
        image = frame(people, k * STEP, detector)
        sighting = tracker.init(image, sentence) if k == 0 else tracker.update(image)
        if sighting.box is not None:
            found.add(int(np.argmax([float(iou(sighting.box.xyxy, p[0])) for p in people])))
    assert len(found) <= 1, f"{sentence}: more than one was followed"
    return found.pop() if found else None


@pytest.mark.parametrize(
    ("sentence", "wanted"),
    [
        ("the man not wearing red and not wearing blue", "green"),
        ("the person who isn't wearing a red shirt, next to the man in red", "blue"),
        ("anyone except the man in the red shirt and the woman in green", "blue"),
        ("ignore the man in red and follow the woman in blue", "blue"),
        ("stop following the man in red and follow the woman in green", "green"),
        ("the woman next to the man in the red shirt", "blue"),
        ("the woman next to the man in the blue shirt", "red"),
        ("the man to the right of the woman in blue", "green"),
        ("the man to the left of the woman in blue", "red"),
        ("the person between the woman in red and the man in green", "blue"),
        ("the person on the left", "red"),
        ("the second person from the right", "blue"),
        ("the person on the right, not the man in blue", "green"),
        ("the man not in red, on the left", "blue"),
        ("anyone but the person on the left and the person on the right", "blue"),
    ],
)
def test_scope_decides_who_is_followed(sentence, wanted):
    assert NAMES[chosen(sentence)] == wanted


@pytest.mark.parametrize(
    "said", ["not wearing {}", "without a {} shirt", "who is not in {}", "other than the one in {}"]
)
@pytest.mark.parametrize("colour", NAMES)
def test_a_denied_colour_is_never_followed(said, colour):
    people = [ROW[NAMES.index(colour)], (box(430), WHITE, BLACK)]
    assert chosen(f"the person {said.format(colour)}", people) == 1
    assert chosen(f"the person {said.format(colour)}", people[:1]) is None


@pytest.mark.parametrize(
    ("sentence", "top", "trousers"),
    [
        ("the man in the red shirt but without blue trousers", RED, BLUE),
        ("the person in white without black trousers", WHITE, BLACK),
        ("the man in black but not with black trousers", BLACK, BLACK),
        ("follow the man in red. He has no blue trousers.", RED, BLUE),
    ],
)
def test_a_garment_that_fits_does_not_make_up_for_one_that_is_excluded(sentence, top, trousers):
    assert chosen(sentence, [(box(120), top, trousers)]) is None
    assert chosen(sentence, [(box(120), top, trousers), (box(420), top, GREEN)]) == 1


def test_behind_and_in_front_go_by_distance():
    people = [(box(200, 260, 440), RED, BLACK), (box(330, 180, 370), BLUE, BLACK)]
    assert chosen("the man behind the woman in red", people) == 1
    assert chosen("the man in front of the woman in blue", people) == 0
    assert chosen("the woman behind the man in blue", people) is None


def test_a_relation_that_holds_for_nobody_is_followed_by_nobody():
    assert chosen("the woman next to the man in the white shirt") is None
    assert chosen("the man with the dog") is None


def test_a_relation_chooses_only_at_first():
    detector = KnownDetector()
    tracker = GroundedTracker(detector=detector)
    for k in range(36):  # blue walks away from red to green's other side; blue stays the target
        people = [ROW[0], (box(230 + 5 * k), BLUE, BLACK), (box(590), GREEN, BLACK)]
        image = frame(people, k * STEP, detector)
        sighting = tracker.init(image, "the woman next to the man in red") if k == 0 else tracker.update(image)
    assert float(iou(sighting.box.xyxy, people[1][0])) > 0.5


@pytest.mark.parametrize(
    "sentence",
    [
        "stop following the man in the red shirt", "do not follow the man in red", "stay away from the man in red",
        "folge der Person mit der roten Jacke", "volg de man met de rode jas", "the red car", "follow the man in blu",
        "the man in a reed shirt", "the person wearing glasses", "anyone except the man", "where is the man in red?",
        "the man and the woman in red",
    ],
)  # fmt: skip
def test_nobody_is_followed_and_the_reason_is_said(sentence):
    with pytest.raises(TargetError) as error:
        GroundedTracker(detector=KnownDetector()).init(frame(ROW, 0.0, KnownDetector()), sentence)
    assert len(str(error.value)) > 20 and "\n" not in str(error.value)


DOG, CAR, BAG = np.array([545.0, 350.0, 620.0, 400.0]), np.array([5.0, 300.0, 90.0, 400.0]), box(230)[[0, 1, 0, 1]]
BAG = BAG + np.array([10.0, 40.0, 45.0, 90.0])


@pytest.mark.parametrize(
    ("sentence", "wanted"),
    [
        ("the man with the dog", "green"),
        ("the man next to the car", "red"),
        ("the kid with a backpack", "blue"),
        ("the person without a backpack, on the left", "red"),
        ("anyone but the man with the dog and the one with the backpack", "red"),
    ],
)
def test_things_and_animals_tell_people_apart(sentence, wanted):
    things = {"dog": [DOG], "car": [CAR], "handbag": [BAG]}  # the detector takes one bag for another
    assert NAMES[chosen(sentence, things=things)] == wanted


@pytest.mark.parametrize(("sentence", "dogs"), [("follow the dog", 1), ("the dog next to the man in green", 2)])
def test_an_animal_is_followed_and_no_person_in_its_place(sentence, dogs):
    detector = KnownDetector()
    detector.things = {"dog": [DOG, np.array([300.0, 360.0, 360.0, 400.0])][:dogs]}
    image = frame(ROW, 0.0, detector)
    sighting = GroundedTracker(detector=detector).init(image, sentence)
    assert float(iou(sighting.box.xyxy, DOG)) > 0.5
    detector.things = {}
    assert GroundedTracker(detector=detector).init(frame(ROW, 0.0, detector), sentence).box is None

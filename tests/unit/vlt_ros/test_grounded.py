"""The grounded tracker on painted people: words choose, crossings do not swap, unseen is lost, found again by looks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.painted import BLACK, BLUE, GREEN, RED, WHITE, KnownDetector, box, frame
from track_common.boxes import iou
from track_common.interfaces import TargetError
from track_common.types import Frame
from vlt_ros.grounded import GroundedTracker

STEP = 0.1  # s


@pytest.fixture
def detector():
    return KnownDetector()


@pytest.fixture
def tracker(detector):
    return GroundedTracker(detector=detector)


def is_on(sighting, wanted):
    return sighting.box is not None and float(iou(sighting.box.xyxy, wanted)) > 0.5


@pytest.mark.parametrize(
    ("sentence", "index"),
    [("the man in the red shirt", 0), ("the woman in blue", 1), ("person with green trousers", 2)],
)
def test_words_choose_the_person(tracker, detector, sentence, index):
    people = [(box(120), RED, BLACK), (box(320), BLUE, BLACK), (box(520), WHITE, GREEN)]
    sighting = tracker.init(frame(people, 0.0, detector), sentence)
    assert is_on(sighting, people[index][0])
    assert len(sighting.others) == 2 and all(other.label.isdigit() for other in sighting.others)


def test_nobody_fits_the_words(tracker, detector):
    people = [(box(200), BLUE, BLACK), (box(400), GREEN, BLACK)]
    sightings = [tracker.init(frame(people, 0.0, detector), "the man in the red shirt")]
    sightings += [tracker.update(frame(people, k * STEP, detector)) for k in range(1, 5)]
    assert all(s.box is None and len(s.others) == 2 for s in sightings)


def test_unspecific_sentence_takes_who_stands_in_front(tracker, detector):
    people = [(box(80), RED, BLACK), (box(320, 260, 440), BLUE, BLACK), (box(560), GREEN, BLACK)]
    assert is_on(tracker.init(frame(people, 0.0, detector), "follow the person in front of you"), people[1][0])


@pytest.mark.parametrize("is_target_hidden", [True, False])
def test_crossing_people_are_not_swapped(tracker, detector, is_target_hidden):
    for k in range(41):
        target, other = (box(120 + 10 * k), RED, BLACK), (box(520 - 10 * k), BLUE, BLACK)
        people = [target, other] if is_target_hidden else [other, target]
        is_covered = abs(target[0][0] - other[0][0]) < 45
        image = frame(people, k * STEP, detector, hidden=(0,) if is_covered else ())
        sighting = tracker.init(image, "the man in red") if k == 0 else tracker.update(image)
        assert not is_on(sighting, other[0]) or is_covered
    assert is_on(sighting, target[0])


@settings(derandomize=True, deadline=None, max_examples=4)
@given(speed=st.integers(12, 30), sway=st.integers(-15, 15), noise_seed=st.integers(0, 99))
def test_crossings_of_any_speed_end_on_the_target(speed, sway, noise_seed):
    rng, detector = np.random.default_rng(noise_seed), KnownDetector()
    tracker, frames = GroundedTracker(detector=detector), 400 // speed + 8
    for k in range(frames):
        x = min(120 + speed * k, 540)
        people = [(box(x, 200, 400 + sway), RED, BLACK), (box(660 - x), BLUE, BLACK)]
        is_covered = abs(2 * x - 660) < 45
        image = frame(people, k * STEP, detector, hidden=(0,) if is_covered else ())
        detector.boxes = [b + rng.normal(0.0, 3.0, 4) for b in detector.boxes]
        sighting = tracker.init(image, "the man in red") if k == 0 else tracker.update(image)
    assert is_on(sighting, people[0][0]) and not is_on(sighting, people[1][0])


def test_person_who_left_is_lost_and_found_again_by_looks(tracker, detector):
    others = [(box(450), BLUE, BLACK)]
    for k in range(25):
        image = frame([(box(200), RED, BLACK), *others], k * STEP, detector)
        sighting = tracker.init(image, "the man in red") if k == 0 else tracker.update(image)
    for k in range(25, 60):
        sighting = tracker.update(frame(others, k * STEP, detector))
        assert sighting.box is None
    for k in range(60, 66):
        sighting = tracker.update(frame([(box(580), RED, BLACK), *others], k * STEP, detector))
    assert is_on(sighting, box(580))


def test_first_box_alone_gives_the_looks(tracker, detector):
    people = [(box(150), GREEN, BLACK), (box(400), BLUE, BLACK)]
    sighting = tracker.init(frame(people, 0.0, detector), "", people[1][0])
    assert is_on(sighting, people[1][0])


@pytest.mark.parametrize("sentence", ["", "folge dem Mann", "y" * 10_000])
def test_sentence_that_says_nothing_is_refused(tracker, detector, sentence):
    with pytest.raises(TargetError):
        tracker.init(frame([(box(300), RED, BLACK)], 0.0, detector), sentence)


@pytest.mark.parametrize("bad", [[0, 0, 0, 0], [np.nan] * 4, [900, 900, 950, 950]])
def test_useless_first_box_is_refused(tracker, detector, bad):
    with pytest.raises(TargetError, match="first box"):
        tracker.init(frame([(box(300), RED, BLACK)], 0.0, detector), "a man", np.array(bad, float))


def test_legs_and_torso_without_head_keep_the_target(tracker, detector):
    for k in range(30):
        height = 300.0 + 20.0 * k  # comes nearer: the head leaves the image, then the chest
        people = [(box(320, height, 460), RED, BLACK), (box(90), BLUE, BLACK)]
        image = frame(people, k * STEP, detector)
        sighting = (
            tracker.init(image, "the man in the red shirt and black trousers") if k == 0 else tracker.update(image)
        )
        assert sighting.box is not None and sighting.box.xyxy[3] > 400


@pytest.mark.parametrize("stamps", [[5.0, 5.0, 5.0], [5.0, 4.0, 3.0], [0.0, 1e9, 0.0]])
def test_strange_clocks_are_survived(tracker, detector, stamps):
    people = [(box(300), RED, BLACK)]
    tracker.init(frame(people, stamps[0], detector), "the man in red")
    for stamp in stamps[1:]:
        assert is_on(tracker.update(frame(people, stamp, detector)), people[0][0])


def test_one_pixel_image_is_survived():
    sighting = GroundedTracker().init(Frame(np.zeros((1, 1, 3), np.uint8), 0.0), "a man")
    assert sighting.box is None


def test_box_stands_still_where_the_person_does(tracker, detector):
    rng = np.random.default_rng(3)
    centres = []
    for k in range(40):
        detector_box = box(320) + rng.normal(0.0, 4.0, 4)
        image = frame([(box(320), RED, BLACK)], k * STEP, detector)
        detector.boxes = [detector_box]
        sighting = tracker.init(image, "the man in red") if k == 0 else tracker.update(image)
        centres.append(sighting.box.xyxy[[0, 2]].mean())
    assert np.std(centres[10:]) < 0.9 * 4.0 / np.sqrt(2.0)  # less than the detector's own shaking

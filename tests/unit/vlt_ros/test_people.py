"""Tracks of painted people: furniture may hide legs at once, in a crowd sizes stay and halves are nobody's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.painted import BLACK, BLUE, RED, KnownDetector, box, frame
from vlt_ros.association import AssociationConfig
from vlt_ros.people import People
from vlt_ros.words import parse

STEP = 0.1  # s
WORDS = parse("the man in red")


def step(people, painted, detected, k):
    detector = KnownDetector()
    image = frame(painted, k * STEP, detector)
    detector.boxes = detected
    return people.step(image, detector.detect(image.rgb), STEP, WORDS)


def upper(whole_xyxy, share):
    """(4,) upper part of a box."""
    return np.concatenate([whole_xyxy[:3], [whole_xyxy[1] + share * (whole_xyxy[3] - whole_xyxy[1])]])


def stand(others=()):
    """People and the red man's identity after standing for six frames."""
    people = People(AssociationConfig())
    painted = [*others, (box(320), RED, BLACK)]
    for k in range(6):
        tracks = step(people, painted, [b for b, _, _ in painted], k)
    return people, painted, min(tracks, key=lambda t: abs(t.filter.box_xyxy[0] - box(320)[0])).identity


@pytest.mark.parametrize("share", [0.65, 0.6])
def test_legs_behind_a_table_do_not_end_the_track_of_who_stands_alone(share):
    people, painted, identity = stand()
    tracks = step(people, painted, [upper(box(320), share)], 6)
    assert [t.identity for t in tracks if t.is_seen] == [identity]


def test_in_a_crowd_a_half_does_not_take_the_track_over():
    other = (box(370), BLUE, BLACK)
    people, painted, identity = stand([other])
    tracks = step(people, painted, [other[0], upper(box(320), 0.45)], 6)
    assert identity not in [t.identity for t in tracks if t.is_seen]


@settings(derandomize=True, deadline=None, max_examples=5)
@given(shift=st.floats(5.0, 35.0), growth=st.floats(1.1, 1.35))
def test_who_is_half_hidden_keeps_the_size(shift, growth):
    heights = {}
    for is_crowded in (False, True):
        others = [(box(320 + shift, 200, 405), BLUE, BLACK)] if is_crowded else []
        people, painted, identity = stand()
        grown = box(320, 200 * growth)
        tracks = step(people, painted, [grown, *[b for b, _, _ in others]], 6)
        found = next(t.filter.box_xyxy for t in tracks if t.identity == identity)
        heights[is_crowded] = found[3] - found[1]
    assert abs(heights[True] - 200.0) < abs(heights[False] - 200.0)

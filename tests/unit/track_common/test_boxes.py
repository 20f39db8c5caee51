"""Box formats are one another's inverses; overlap is a share."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from track_common import boxes

corner = st.floats(-500.0, 500.0)
side = st.floats(0.0, 500.0)
xyxy = st.tuples(corner, corner, side, side).map(lambda v: np.array([v[0], v[1], v[0] + v[2], v[1] + v[3]]))


@given(xyxy, st.sampled_from(boxes.FORMATS))
def test_a_box_survives_every_format(box, box_format):
    np.testing.assert_allclose(boxes.to_xyxy(boxes.from_xyxy(box, box_format), box_format), box, atol=1e-9)


def test_an_unknown_format_is_named_with_those_known():
    with pytest.raises(ValueError, match="'xwyh' unknown; use xyxy, xywh, cxcywh"):
        boxes.to_xyxy(np.zeros(4), "xwyh")


@given(xyxy, xyxy)
def test_overlap_is_a_share_and_the_same_both_ways(first, second):
    overlap = float(boxes.iou(first, second))
    assert 0.0 <= overlap <= 1.0 + 1e-9
    assert overlap == pytest.approx(float(boxes.iou(second, first)))


def test_overlap_of_a_known_case():
    assert boxes.iou(np.array([0, 0, 2, 2]), np.array([1, 1, 3, 3])) == pytest.approx(1 / 7)


def test_a_box_overlaps_itself_wholly_and_an_empty_one_nothing():
    box = np.array([1.0, 2.0, 3.0, 4.0])
    assert boxes.iou(box, box) == pytest.approx(1.0)
    assert boxes.iou(np.zeros(4), np.zeros(4)) == 0.0


@given(xyxy)
def test_a_clipped_box_lies_in_the_image(box):
    clipped = boxes.clip_to_image(box, 640, 480)
    assert np.all(clipped >= 0.0)
    assert np.all(clipped <= [640, 480, 640, 480])


@pytest.mark.parametrize(
    ("box", "usable"),
    [
        ([10, 10, 20, 20], True),
        ([10, 10, 11, 20], False),  # too thin
        ([-50, 10, 1, 20], False),  # too little of it in the image
        ([20, 10, 10, 20], False),  # inside out
        ([np.nan, 10, 20, 20], False),
        ([10, 10, np.inf, 20], False),
    ],
)
def test_only_finite_boxes_inside_the_image_are_usable(box, usable):
    assert boxes.is_usable(np.array(box, float), 640, 480) is usable

"""The reason of a failed episode names what broke the following first, in words."""

import math

import pytest

from evt_bench.report.reasons import Moment, reason_of

HALF_VIEW = math.radians(45.0)


def moment(time, distance=2.0, pixels=9000, bearing=0.0, following=True, box=True):
    return Moment(time, distance, pixels, bearing, following, box)


def test_a_collision_says_how_near():
    text = reason_of([moment(0.1), moment(0.2, distance=0.43, following=False)], "collision", HALF_VIEW)
    assert text == "collision at 0.2 s: the target is 0.43 m away"


@pytest.mark.parametrize(
    ("broken", "cause"),
    [
        ({"bearing": 0.9}, "the target left the image on the left"),
        ({"bearing": -0.9}, "the target left the image on the right"),
        ({"distance": 3.4}, "the target was 3.4 m away"),
        ({"pixels": 200}, "the target was hidden or cut by the image's edge"),
        ({"pixels": 150_000, "distance": 0.8}, "the target filled the image"),
    ],
)
def test_what_broke_the_following_is_named(broken, cause):
    moments = [moment(0.1), moment(0.2, following=False, **broken), moment(0.3, distance=4.5, following=False)]
    text = reason_of(moments, "lost", HALF_VIEW)
    assert text.startswith("lost at 0.3 s") and f"the following broke at 0.2 s: {cause}" in text


def test_a_box_on_somebody_else_is_said():
    moments = [moment(0.1, box=False), moment(0.2, box=False), moment(0.3, following=False, pixels=10, box=None)]
    assert "the tracker's box did not lie on the target" in reason_of(moments, "normal", HALF_VIEW)
    assert "tracker" not in reason_of([moment(0.1), moment(0.2, pixels=9, following=False)], "normal", HALF_VIEW)


def test_an_end_too_near_is_said():
    assert reason_of([moment(0.1, distance=0.9)], "normal", HALF_VIEW).startswith(
        "ended 0.90 m from the target, nearer"
    )


def test_an_episode_that_never_followed_breaks_at_its_first_step():
    moments = [moment(0.1, bearing=0.9, following=False), moment(0.2, bearing=-0.9, following=False)]
    assert "broke at 0.1 s: the target left the image on the left" in reason_of(moments, "normal", HALF_VIEW)


def test_without_a_step_there_is_no_reason():
    with pytest.raises(ValueError, match="one at least"):
        reason_of([], "lost", HALF_VIEW)

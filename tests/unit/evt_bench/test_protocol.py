"""The EVT-Bench rules, each by a case worked by hand."""

import dataclasses

import pytest

from evt_bench.protocol import RULES, Judge, StepView
from track_common.config import ConfigError

IMAGE = 640 * 480
GOOD = StepView(distance=2.0, pixels=10_000, image_pixels=IMAGE, bearing=0.0, has_stopped=False)


def view(**changes):
    return dataclasses.replace(GOOD, **changes)


def run(*views, rules="code", max_steps=300):
    judge = Judge(rules, max_steps)
    for v in views:
        judge.step(v)
    return judge


def test_an_episode_ends_well_when_the_target_stops_in_range_and_in_view():
    judge = run(GOOD, GOOD, view(has_stopped=True))
    assert judge.is_over and judge.verdict().success
    assert judge.verdict().following_steps == judge.verdict().total_steps == 3


@pytest.mark.parametrize(
    ("last", "success"),
    [
        ({"distance": 3.0}, True),
        ({"distance": 3.01}, False),
        ({"distance": 0.99}, False),
        ({"distance": 1.0}, True),
        ({"pixels": 3000}, False),
        ({"pixels": 3001}, True),
        ({"pixels": int(0.3 * IMAGE)}, False),
        ({"pixels": int(0.3 * IMAGE) - 1}, True),
    ],
)
def test_success_needs_range_and_pixels_at_the_last_step(last, success):
    assert run(view(has_stopped=True, **last)).verdict().success is success


def test_pixel_limits_scale_with_the_image():
    small = view(pixels=751, image_pixels=IMAGE // 4, has_stopped=True)
    assert run(small).verdict().success
    assert not run(dataclasses.replace(small, pixels=750)).verdict().success


def test_a_collision_ends_the_episode_at_once():
    judge = run(GOOD, view(distance=0.49))
    assert judge.is_over and judge.verdict().status == "collision" and judge.verdict().collision
    assert not judge.verdict().success


def test_lost_after_more_than_twenty_far_steps_in_all():
    assert not run(*[view(distance=4.1)] * 20).is_over
    assert run(*[view(distance=4.1)] * 21).verdict().status == "lost"


def test_steps_between_three_and_four_metres_do_not_forget_far_ones_but_a_following_step_does():
    far, between = [view(distance=4.1)] * 11, [view(distance=3.5)] * 5
    assert run(*far, *between, *far[:10]).verdict().status == "lost"
    assert not run(*far, GOOD, *far).is_over


def test_at_the_step_limit_the_code_asks_for_no_lower_bound_but_the_paper_does():
    close = view(distance=0.8)
    assert run(*[close] * 3, max_steps=3).verdict().success
    assert not run(*[close] * 3, max_steps=3, rules="paper").verdict().success


def test_the_paper_looks_at_the_angle_not_at_pixels_and_loses_nobody():
    assert run(view(pixels=0, bearing=0.7, has_stopped=True), rules="paper").verdict().success
    assert not run(view(bearing=0.9, has_stopped=True), rules="paper").verdict().success
    assert not run(*[view(distance=9.0)] * 40, rules="paper").is_over


def test_a_step_after_the_end_is_an_error():
    judge = run(view(has_stopped=True))
    with pytest.raises(ValueError, match="over"):
        judge.step(GOOD)


def test_unknown_rules_are_refused_with_the_known_ones():
    with pytest.raises(ConfigError, match=", ".join(sorted(RULES))):
        Judge("habitat")

"""Gym-UnrealCV's rules: more than 50 steps in a row outside the fan end an episode, 500 steps are a success."""

import math

import pytest

from evt_bench.gym.rules import GymJudge

INSIDE, BESIDE, FAR = (3.0, 0.0), (3.0, math.radians(46.0)), (7.6, 0.0)


def judged(steps):
    judge = GymJudge()
    for distance, bearing in steps:
        judge.step(distance, bearing)
    return judge


@pytest.mark.parametrize("outside", [BESIDE, FAR, (3.0, -math.radians(46.0))])
def test_fifty_steps_outside_go_on_and_one_more_ends_the_episode(outside):
    judge = judged([outside] * 50)
    assert not judge.is_over and not judge.is_inside
    judge.step(*outside)
    assert judge.is_over and judge.is_failed and judge.steps == 51


def test_a_step_inside_forgets_those_outside():
    judge = judged([BESIDE] * 50 + [INSIDE] + [BESIDE] * 50)
    assert not judge.is_over
    judge.step(*INSIDE)
    assert judge.is_inside


def test_five_hundred_steps_are_a_success():
    judge = judged([INSIDE] * 500)
    assert judge.is_over and not judge.is_failed and judge.steps == 500
    with pytest.raises(ValueError, match="over"):
        judge.step(*INSIDE)


def test_the_borders_of_the_fan_are_inside():
    assert judged([(7.5, math.radians(45.0))]).is_inside

"""Differences are paired by target, and a tie is called a tie."""

import math

import pytest

from vlt_ros.paired import differences


def test_a_worked_case():
    scores = {
        "a": {"x": [0.5, 0.7], "y": [0.4], "z": [0.9]},
        "b": {"x": [0.5], "y": [0.3], "z": [0.7], "alone": [1.0]},
        "c": {"x": [0.9]},
    }
    ab, ac, bc = differences(scores)
    # by target .1, .1, .2: mean 2/15, standard deviation sqrt(1/300)
    assert (ab.mean, ab.error) == (pytest.approx(2 / 15), pytest.approx(math.sqrt(1 / 300) / math.sqrt(3)))
    assert (ab.targets, ab.better, ab.verdict) == (3, 3, "a")
    assert (ac.targets, ac.verdict, bc.verdict) == (1, "unknown", "unknown")
    assert math.isnan(ac.error)


def test_a_difference_within_two_errors_is_a_tie_and_swapping_the_trackers_changes_its_sign():
    scores = {"a": {"x": [0.5], "y": [0.6], "z": [0.4]}, "b": {"x": [0.4], "y": [0.7], "z": [0.4]}}
    (one,), (other,) = differences(scores), differences(dict(reversed(scores.items())))
    assert one.verdict == other.verdict == "tie"
    assert one.mean == pytest.approx(-other.mean)

"""Figures and standard errors against cases worked by hand."""

import dataclasses
import math

import numpy as np
import pytest

from evt_bench.metrics import EpisodeRecord, mean, proportion, ratio, summarise

RECORD = EpisodeRecord("STT", 0, "p", "t", True, False, "normal", 80, 100, 100, 2.0, 0.3, 0, 0.9)


def record(**changes):
    return dataclasses.replace(RECORD, **changes)


def test_success_and_collision_rates_with_binomial_errors():
    records = [record(), record(success=False, collision=True), record(), record()]
    row = summarise(records)
    assert (row.n, row.sr, row.cr) == (4, 0.75, 0.25)
    assert row.sr_se == pytest.approx(math.sqrt(0.75 * 0.25 / 4))


def test_micro_rate_counts_the_walk_that_an_early_end_missed():
    row = summarise([record(following_steps=50, total_steps=50, reference_steps=100), record(following_steps=100)])
    assert row.tr == pytest.approx(150 / 200)
    assert row.tr_macro == pytest.approx(1.0)


def test_micro_rate_never_divides_by_less_than_the_episode():
    assert summarise([record(following_steps=100, total_steps=200, reference_steps=100)]).tr == pytest.approx(0.5)


def test_unknown_distances_are_left_out_of_the_mean():
    row = summarise([record(following_distance=math.nan), record(following_distance=1.5)])
    assert row.distance == pytest.approx(1.5)
    assert math.isnan(summarise([record(on_target=math.nan)]).on_target)


def test_records_of_different_rows_do_not_mix():
    with pytest.raises(ValueError, match="one task"):
        summarise([record(), record(task="DT")])
    with pytest.raises(ValueError, match="none"):
        summarise([])


def test_ratio_error_agrees_with_resampling():
    rng = np.random.default_rng(0)
    bottom = rng.uniform(50, 300, 400)
    top = bottom * rng.uniform(0.5, 1.0, 400)
    value, error = ratio(top, bottom)
    picks = rng.integers(0, 400, (2000, 400))
    resampled = top[picks].sum(axis=1) / bottom[picks].sum(axis=1)
    assert value == pytest.approx(top.sum() / bottom.sum())
    assert error == pytest.approx(resampled.std(), rel=0.1)


def test_error_of_a_single_value_is_unknown_and_of_equal_ones_zero():
    assert math.isnan(mean([1.0])[1]) and mean([1.0, 1.0])[1] == 0.0
    assert proportion([1.0, 1.0])[1] == 0.0

"""The window of past frames: capacity, thinning by stamp, gaps and clocks that fall back."""

import logging

from trackvla_ros.history import FrameHistory


def filled(stamps, capacity=4, period=0.1):
    history = FrameHistory(capacity, period)
    for stamp in stamps:
        history.check(stamp)
        history.push(stamp, stamp)
    return history


def test_keeps_the_newest_oldest_first():
    history = filled([i * 0.1 for i in range(10)])
    assert [round(f.item, 1) for f in history.frames] == [0.6, 0.7, 0.8, 0.9]
    assert [f.number for f in history.frames] == [6, 7, 8, 9]


def test_a_fast_camera_is_thinned_to_the_period():
    history = filled([i / 30 for i in range(30)], capacity=32)
    gaps = [b.stamp - a.stamp for a, b in zip(history.frames, history.frames[1:], strict=False)]
    assert min(gaps) >= 0.075
    assert 9 <= len(history.frames) <= 11


def test_jitter_does_not_cost_frames():
    stamps = [0.1 * i + (0.015 if i % 2 else 0.0) for i in range(20)]
    assert len(filled(stamps, capacity=32).frames) == 20


def test_a_gap_drops_the_past_and_says_so(caplog):
    with caplog.at_level(logging.WARNING):
        history = filled([0.0, 0.1, 0.2, 2.0])
    assert [f.stamp for f in history.frames] == [2.0]
    assert "no frames came" in caplog.text


def test_a_clock_that_jumps_back_drops_the_past_and_says_so(caplog):
    with caplog.at_level(logging.WARNING):
        history = filled([100.0, 100.1, 3.0])
    assert [f.stamp for f in history.frames] == [3.0]
    assert "clock jumped back" in caplog.text


def test_a_frame_slightly_out_of_order_is_left_out():
    assert [f.stamp for f in filled([0.0, 0.1, 0.05]).frames] == [0.0, 0.1]


def test_no_history_keeps_nothing():
    assert filled([0.0, 0.1], capacity=0).frames == ()

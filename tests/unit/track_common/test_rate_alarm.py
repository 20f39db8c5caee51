"""A camera that falls to less than half its rate is named with both rates; one that is merely unsteady is not."""

import numpy as np
import pytest

from track_common.rate_alarm import RateAlarm


def run(alarm, start, seconds, image_hz, info_hz):
    for stamp in np.arange(start, start + seconds, 1 / image_hz):
        alarm.on_image(float(stamp))
    for stamp in np.arange(start, start + seconds, 1 / info_hz) if info_hz else ():
        alarm.on_info(float(stamp))


@pytest.mark.parametrize(
    ("expected", "image_hz", "info_hz", "fault"),
    [
        (0.0, 10.0, 30.0, "the camera sends 10.0 images a second; camera_info has had 30.0"),
        (0.0, 16.0, 30.0, ""),
        (0.0, 10.0, 0.0, ""),
        (30.0, 14.0, 14.0, "the camera sends 14.0 images a second; camera_rate asks for 30.0"),
        (30.0, 15.5, 15.5, ""),
        (10.0, 10.0, 30.0, ""),
    ],
)
def test_less_than_half_of_what_is_expected_is_a_fault(expected, image_hz, info_hz, fault):
    alarm = RateAlarm(expected)
    run(alarm, 1000.0, 5.0, image_hz, info_hz)
    assert alarm.fault == fault


def test_a_driver_that_slows_both_down_is_noticed_and_its_recovery_too():
    alarm = RateAlarm()
    run(alarm, 1000.0, 5.0, 30.0, 30.0)
    assert alarm.fault == ""
    run(alarm, 1005.0, 5.0, 10.0, 10.0)
    assert "10.0 images a second; camera_info has had 30.0" in alarm.fault
    run(alarm, 1010.0, 5.0, 30.0, 30.0)
    assert alarm.fault == ""


def test_a_clock_that_is_set_back_starts_anew():
    alarm = RateAlarm(30.0)
    run(alarm, 1000.0, 5.0, 30.0, 30.0)
    alarm.on_image(5.0)
    assert (alarm.hz, alarm.fault) == (0.0, "")


def test_jitter_alone_is_no_fault():
    rng = np.random.default_rng(0)
    alarm = RateAlarm()
    for stamp in np.cumsum(rng.uniform(0.0, 2 / 30, 300)):
        alarm.on_image(float(stamp))
        alarm.on_info(float(stamp))
        assert alarm.fault == ""

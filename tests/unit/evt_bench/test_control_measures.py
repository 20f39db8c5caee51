"""Contacts, clearance, view and jerk of the robot side: known motions give known figures."""

import dataclasses
import math

import numpy as np
import pytest

from evt_bench.control.measures import ControlRecord, Gauge, is_out_of_view, speed_towards_nearest, tabulate
from evt_bench.world.world import PersonState, Truth
from track_common.types import Camera

CAMERA = Camera.from_hfov(640, 480, math.radians(90.0))  # 0.3 m ahead of base_link
RECORD = ControlRecord("a", "DT", 1, True, "normal", 8, 10, 10, False, False, 0.2, 0.5, 0.0, 1.0, 0.0, 2.0, 0.0, 3.0)


def truth(target=(2.0, 0.0), robot=(0.0, 0.0, 0.0), velocity=(0.0, 0.0, 0.0), clearance=1.0, touching=False):
    person = PersonState("target", np.array([*target, 0.0]), np.zeros(2), 1.7)
    return Truth(0.0, np.array(robot), velocity, (person,), 2.0, clearance, clearance + 1.0, touching, False)


@pytest.mark.parametrize(
    ("angle_deg", "is_out"), [(0, False), (44, False), (-44, False), (46, True), (-46, True), (180, True)]
)
def test_view_ends_where_the_image_ends_seen_from_the_lens(angle_deg, is_out):
    angle = math.radians(angle_deg)
    target = (0.3 + 2.0 * math.cos(angle), 2.0 * math.sin(angle))
    assert is_out_of_view(truth(target), CAMERA) == is_out


def test_the_smallest_gap_and_the_top_speed_of_an_episode_are_kept():
    gauge = Gauge(CAMERA)
    for clearance, vx in ((0.5, 0.2), (0.1, 0.9), (0.4, 0.3)):
        gauge.after_step(truth(clearance=clearance, velocity=(vx, 0.0, 0.0), touching=clearance == 0.1))
    assert (gauge.clearance, gauge.person_clearance, gauge.top_speed) == (0.1, 1.1, 0.9)
    assert gauge.is_touching


@pytest.mark.parametrize(
    ("place", "velocity", "speed"),
    [
        ((0.6, 0.0), (0.3, 0.1, 0.0), 0.3),  # ahead
        ((0.0, 0.4), (0.3, -0.1, 0.0), -0.1),  # beside, and it steps away
        ((0.2, -0.4), (0.5, 0.0, -0.5), 0.1),  # beside the nose, which turns to them
    ],
)
def test_the_robots_own_part_in_a_touch_is_its_speed_towards_the_person(place, velocity, speed):
    assert speed_towards_nearest(truth(place, velocity=velocity)) == pytest.approx(speed)
    gauge = Gauge(CAMERA)
    for clearance in (-0.9, -1.0, -1.1):  # of furniture; people are a metre farther off
        gauge.after_step(truth(place, velocity=velocity, clearance=clearance))
    assert gauge.push_speed == pytest.approx(max(speed, 0.0))


def test_jerk_of_constant_acceleration_is_zero_and_of_a_ramp_its_slope():
    for power, jerk in ((1, 0.0), (2, 2.0)):
        gauge = Gauge(CAMERA)
        for k in range(10):
            gauge.after_look(truth(velocity=((0.1 * k) ** power, 0.0, 0.0)))
        assert gauge.jerk(0.1) == pytest.approx(jerk, abs=1e-9)


def test_jerk_is_of_the_way_over_the_floor():
    gauge = Gauge(CAMERA)
    for k in range(10):  # straight on over the floor while the body turns
        yaw = 0.3 * k
        gauge.after_look(truth(robot=(0.0, 0.0, yaw), velocity=(math.cos(yaw), -math.sin(yaw), 3.0)))
    assert gauge.jerk(0.1) == pytest.approx(0.0, abs=1e-9)


def test_rows_count_contacts_and_give_the_distribution_of_clearance():
    records = [
        ControlRecord(
            "a", "DT", k, k != 4, "normal", 8, 10, 10, k == 4, k < 2, k / 10, 1.0, 0.1 * k, 1.0, 0.0, 2.0, 0.0, 3.0
        )
        for k in range(5)
    ]
    first, second = tabulate([*records, dataclasses.replace(RECORD, setup="b")])
    assert (first.setup, first.n, first.sr, first.furniture_contacts, first.person_contacts) == ("a", 5, 0.8, 1, 2)
    assert first.clearance == pytest.approx((0.0, 0.0, 0.0, 0.2))
    assert first.tr == pytest.approx(0.8)
    assert first.push_speed == pytest.approx(0.4)
    assert (second.setup, second.n) == ("b", 1)


def test_episodes_through_doorways_have_a_rate_of_their_own():
    through = dataclasses.replace(RECORD, has_doorway=True)
    row = tabulate([RECORD, through, dataclasses.replace(through, success=False)])[0]
    assert (row.n, row.doorway_n, row.doorway_sr) == (3, 2, 0.5)
    assert tabulate([RECORD])[0].doorway_sr is None

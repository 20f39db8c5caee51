"""The Follower: it moves only when every input is there, fresh and sound, and always says why it stands."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from go2_bridge.config import ControllerConfig
from go2_bridge.follower import Follower
from go2_bridge.safety.watchdog import ControlStatus, SilenceWatch, StopReason
from track_common.config import ConfigError
from track_common.types import STOP, Cloud, Odometry, TargetStatus, Trajectory

TIMES = np.arange(1, 11) * 0.1
RING = np.array([[6 * math.cos(a), 6 * math.sin(a), 0.5] for a in np.linspace(0, 6.2, 60)])
T0 = 100.0


def ahead(stamp, speed=1.0, **kwargs):
    return Trajectory(stamp, np.column_stack([speed * TIMES, np.zeros(10), np.zeros(10)]), TIMES, **kwargs)


def drive(follower, since, until, *, trajectory=True, cloud=True, odometry=True, points=RING):
    """Feed sound inputs at their rates for a while (the robot is held in place) and return the last decision."""
    decision = None
    for k in range(round(since * 50), round(until * 50)):
        now = k / 50
        if odometry:
            follower.on_odometry(Odometry(now, 0.0, 0.0, 0.0))
        if k % 5 == 0:
            if cloud:
                follower.on_cloud(Cloud(points, now))
            if trajectory:
                follower.on_trajectory(ahead(now - 0.1))
        decision = follower.control(now)
    return decision


@pytest.fixture
def moving():
    follower = Follower()
    assert drive(follower, T0, T0 + 1.0).command.vx > 0.5
    return follower


def test_nothing_given_means_stop_with_the_first_thing_missing():
    decision = Follower().control(1.0)
    assert decision.command == STOP and decision.reason == StopReason.NO_ODOMETRY.value


@pytest.mark.parametrize(
    ("silent", "limit", "reason"),
    [
        ("trajectory", 0.4, StopReason.STALE_TRAJECTORY),
        ("cloud", 0.4, StopReason.STALE_CLOUD),
        ("odometry", 0.2, StopReason.STALE_ODOMETRY),
    ],
)
def test_silent_input_stops_within_its_watchdog_and_half_a_tenth(moving, silent, limit, reason):
    last = T0 + (0.98 if silent == "odometry" else 0.9)  # when ``moving`` was fed this input for the last time
    for k in range(1, 100):
        decision = drive(moving, T0 + 1.0 + 0.02 * (k - 1), T0 + 1.0 + 0.02 * k, **{silent: False})
        if decision.command == STOP:
            break
    assert decision.reason == reason.value
    assert limit - 0.05 <= T0 + 1.0 + 0.02 * (k - 1) - last <= limit + 0.05


def test_silence_counts_from_when_a_trajectory_came_not_from_when_it_was_taken_in(moving):
    came, timeout = T0 + 1.0, moving.config.trajectory_timeout
    drive(moving, T0 + 1.0, came + 0.1, trajectory=False)
    moving.on_trajectory(ahead(came - 0.1), arrived=came)
    assert drive(moving, came + 0.1, came + timeout, trajectory=False).command.vx > 0.0
    late = drive(moving, came + timeout, came + timeout + 0.04, trajectory=False)
    assert late.command == STOP and late.reason == StopReason.STALE_TRAJECTORY.value


def test_old_image_stops_even_if_trajectories_keep_coming(moving):
    for k in range(60):
        now = T0 + 1.0 + 0.02 * k
        moving.on_odometry(Odometry(now, 0.0, 0.0, 0.0))
        moving.on_cloud(Cloud(RING, now))
        moving.on_trajectory(ahead(now - 0.9))
        decision = moving.control(now)
    assert decision.command == STOP and decision.reason == StopReason.OLD_IMAGE.value


@pytest.mark.parametrize(
    ("trajectory", "reason"),
    [
        (ahead(0.0), StopReason.OLD_IMAGE),
        (ahead(T0 + 50.0), StopReason.FUTURE_IMAGE),
        (ahead(T0 + 0.95, math.nan), StopReason.BAD_TRAJECTORY),
        (ahead(T0 + 0.95, math.inf), StopReason.BAD_TRAJECTORY),
        (ahead(T0 + 0.95, 1e9), StopReason.BAD_TRAJECTORY),
        (ahead(T0 + 0.95, status=TargetStatus.LOST), StopReason.TARGET_LOST),
        (Trajectory(T0 + 0.95, np.zeros((0, 3)), np.zeros(0)), StopReason.PLANNER_STOP),
        (Trajectory(math.nan, np.zeros((0, 3)), np.zeros(0)), StopReason.FUTURE_IMAGE),
    ],
)
def test_bad_trajectory_stops_at_once_and_the_next_good_one_goes_on(moving, trajectory, reason):
    moving.on_trajectory(trajectory)
    decision = moving.control(T0 + 1.0)
    assert decision.command == STOP and decision.reason == reason.value
    if trajectory.stamp < T0 + 2.0:
        assert drive(moving, T0 + 1.02, T0 + 1.5).command.vx > 0.2


@pytest.mark.parametrize(
    ("points", "reason"),
    [
        (np.zeros((0, 3)), StopReason.BLIND_CLOUD),
        (np.zeros((5000, 3)), StopReason.BLIND_CLOUD),
        (np.full((5000, 3), math.nan), StopReason.BLIND_CLOUD),
    ],
)
def test_blind_lidar_stops(moving, points, reason):
    moving.on_cloud(Cloud(points, T0 + 0.99))
    decision = moving.control(T0 + 1.0)
    assert decision.command == STOP and decision.reason == reason.value


def test_nan_odometry_stops_until_a_sound_one_comes(moving):
    moving.on_odometry(Odometry(T0 + 0.99, math.nan, 0.0, 0.0))
    decision = moving.control(T0 + 1.0)
    assert decision.command == STOP and decision.reason == StopReason.BAD_ODOMETRY.value
    assert drive(moving, T0 + 1.02, T0 + 1.4).command.vx > 0.2


def unreadable(follower):
    follower.refuse_trajectory()


def beyond_reach(follower):
    follower.on_trajectory(ahead(T0 + 0.95, 1000.0))


@pytest.mark.parametrize("spoil", [unreadable, beyond_reach])
@pytest.mark.parametrize("is_first", [True, False])
def test_odometry_that_is_sound_again_does_not_excuse_the_trajectory(moving, spoil, is_first):
    if is_first:
        spoil(moving)
    moving.refuse_odometry()
    if not is_first:
        spoil(moving)
    moving.on_odometry(Odometry(T0 + 0.99, 0.0, 0.0, 0.0))
    decision = moving.control(T0 + 1.0)
    assert decision.command == STOP and decision.reason == StopReason.BAD_TRAJECTORY.value


def test_odometry_jump_drops_the_trajectory_hanging_in_the_air(moving):
    moving.on_odometry(Odometry(T0 + 0.99, 30.0, 0.0, 0.0))
    decision = moving.control(T0 + 1.0)
    assert decision.command == STOP and decision.reason == StopReason.ODOMETRY_JUMP.value


def test_after_a_jump_a_trajectory_of_an_image_before_it_stops_for_the_same_reason(moving):
    moving.on_odometry(Odometry(T0 + 0.99, 30.0, 0.0, 0.0))
    moving.on_trajectory(ahead(T0 + 0.95))
    decision = moving.control(T0 + 1.0)
    assert decision.command == STOP and decision.reason == StopReason.ODOMETRY_JUMP.value
    moving.on_trajectory(ahead(T0 + 0.995))
    assert moving.control(T0 + 1.02).reason != StopReason.ODOMETRY_JUMP.value


def test_clock_that_falls_back_stops_and_starts_over(moving):
    decision = moving.control(T0 - 50.0)
    assert decision.command == STOP and decision.reason == StopReason.CLOCK.value
    assert drive(moving, T0 - 50.0, T0 - 49.0).command.vx > 0.5


def test_wall_in_the_way_stops_with_its_reason(moving):
    wall = np.array([[0.42, y, 0.5] for y in np.linspace(-6, 6, 200)])
    decision = drive(moving, T0 + 1.0, T0 + 1.3, points=wall)
    assert decision.command.vx < 0.1 and decision.status in (ControlStatus.BRAKING.value, ControlStatus.NO_WAY.value)
    decision = drive(moving, T0 + 1.3, T0 + 2.0, points=wall)
    assert decision.command == STOP
    assert decision.reason in (StopReason.OBSTACLE.value, StopReason.BAND_BROKEN.value)


def test_followed_person_is_given_more_room_than_a_wall():
    spot = np.array([[0.62, y, 0.5] for y in np.linspace(-0.1, 0.1, 40)])
    speeds = []
    for target in (None, np.array([0.62, 0.0, 1.0])):
        follower = Follower(ControllerConfig(use_elastic_band=False))
        for k in range(50):
            now = T0 + 0.02 * k
            follower.on_odometry(Odometry(now, 0.0, 0.0, 0.0))
            follower.on_cloud(Cloud(spot, now))
            follower.on_trajectory(ahead(now, target_base=target))
            decision = follower.control(now)
        speeds.append(decision.command.vx)
    assert speeds[0] > 0.2 and speeds[1] == 0.0


def test_no_lidar_moves_only_where_the_operator_allows_it():
    assert drive(Follower(), T0, T0 + 1.0, cloud=False).reason == StopReason.NO_CLOUD.value
    allowed = Follower(ControllerConfig(require_cloud=False))
    assert drive(allowed, T0, T0 + 1.0, cloud=False).command.vx > 0.5


def test_speed_never_changes_faster_than_allowed():
    config = ControllerConfig(max_lead=0.0)
    last = 0.0
    follower = Follower(config)
    for k in range(100):
        decision = drive(follower, T0 + 0.02 * k, T0 + 0.02 * (k + 1))
        assert decision.command.vx - last <= config.max_linear_accel * 0.02 + 1e-9
        last = decision.command.vx


def test_after_a_stop_of_a_watchdog_the_speed_rises_from_nothing(moving):
    stopped = drive(moving, T0 + 1.0, T0 + 2.0, trajectory=False)
    assert stopped.command == STOP and stopped.reason == StopReason.OLD_IMAGE.value
    first = drive(moving, T0 + 2.0, T0 + 2.02).command.vx
    assert 0.0 < first <= 2.0 * moving.config.max_linear_accel * 0.02 + 1e-9  # as much again is the lead


def test_settings_are_taken_as_a_whole_or_not_at_all():
    follower = Follower()
    with pytest.raises(ConfigError, match="min_lookahead_dist"):
        follower.configure(dataclasses.replace(follower.config, min_lookahead_dist=1.9, max_lookahead_dist=0.5))
    assert follower.config == ControllerConfig()


def test_mirrored_scene_mirrors_the_command():
    points = np.vstack([RING, [[1.2, 0.25, 0.5]] * 5])
    answers = []
    for side in (1.0, -1.0):
        follower = Follower()
        poses = np.column_stack([TIMES, side * 0.4 * TIMES, side * 0.3 * TIMES])
        for k in range(30):
            now = T0 + 0.02 * k
            follower.on_odometry(Odometry(now, 0.0, 0.0, 0.0))
            follower.on_cloud(Cloud(points * [1, side, 1], now))
            follower.on_trajectory(Trajectory(now, poses, TIMES))
            decision = follower.control(now)
        answers.append(decision.command)
    assert (answers[1].vx, -answers[1].vy, -answers[1].wz) == pytest.approx(
        (answers[0].vx, answers[0].vy, answers[0].wz), abs=1e-6
    )


def test_silence_is_noticed_by_a_clock_that_cannot_stop():
    watch = SilenceWatch(0.5)
    assert not watch.is_silent(1000.0)
    watch.heard(1000.0)
    assert not watch.is_silent(1000.4) and watch.is_silent(1000.6)


WALL = np.array([[0.55, y, 0.5] for y in np.linspace(-1.5, 1.5, 60)])


def test_a_sweep_not_digested_yet_stops_the_robot_all_the_same(moving):
    now = T0 + 1.0
    moving.on_odometry(Odometry(now, 0.0, 0.0, 0.0))
    moving.take_cloud(Cloud(np.vstack([RING, WALL]), now))
    assert moving.control(now).command.vx < 0.1
    assert np.sum(np.abs(moving.obstacles[:, 0] - 0.55) < 0.05) < 5  # the band knows it later
    moving.digest(now)
    assert np.sum(np.abs(moving.obstacles[:, 0] - 0.55) < 0.05) > 20


def test_a_clock_set_back_is_found_by_the_next_command_not_before_it(moving):
    moving.digest(T0 - 50.0)
    assert moving.control(T0 - 50.0).reason == StopReason.CLOCK.value


def test_what_the_stop_layer_lets_through_is_sent_whole_without_gain_compensation_too():
    before_wall = np.vstack([RING, WALL + [0.3, 0.0, 0.0]])
    sent = [
        drive(
            Follower(ControllerConfig(use_gain_compensation=compensated)), T0, T0 + 1.0, points=before_wall
        ).command.vx
        for compensated in (True, False)
    ]
    assert 0.2 < sent[0] < 1.0
    assert sent[1] == pytest.approx(sent[0], rel=0.1)  # scaled by the gain it would be a fifth less


def test_the_first_band_is_planned_round_what_was_seen_before_the_trajectory_came():
    follower = Follower()
    follower.on_odometry(Odometry(T0, 0.0, 0.0, 0.0))
    follower.on_cloud(Cloud(np.vstack([RING, [[1.0, y, 0.5] for y in np.linspace(-0.3, 0.1, 15)]]), T0))
    follower.on_odometry(Odometry(T0 + 0.02, 0.0, 0.0, 0.0))
    follower.on_trajectory(ahead(T0, 1.5))
    follower.control(T0 + 0.02)
    assert follower.band is not None and follower.band.points[:, 1].max() > 0.3


wild = st.floats(allow_nan=True, allow_infinity=True, width=32)
waypoint = st.tuples(wild, wild, wild)


@settings(derandomize=True, max_examples=60, deadline=None)
@given(
    st.lists(waypoint, max_size=11),
    st.lists(wild, max_size=11),
    wild,
    st.lists(waypoint, max_size=30),
    st.tuples(wild, wild, wild, wild),
)
def test_any_message_leaves_the_command_within_its_limits(poses, times, stamp, points, odometry):
    follower = Follower()
    drive(follower, T0, T0 + 0.3)
    follower.on_trajectory(Trajectory(stamp, np.array(poses).reshape(-1, 3), np.array(times)))
    follower.on_cloud(Cloud(np.array(points, np.float32).reshape(-1, 3), T0 + 0.29))
    follower.on_odometry(Odometry(T0 + 0.295, *odometry))
    command = follower.control(T0 + 0.3).command
    config = follower.config
    assert abs(command.vx) <= config.max_linear_vel and abs(command.vy) <= config.max_lateral_vel
    assert abs(command.wz) <= config.max_angular_vel

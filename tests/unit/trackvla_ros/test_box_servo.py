"""BoxServoPolicy: standoff, facing, and what happens when the target is gone."""

import math

import numpy as np
import pytest

from track_common.config import ConfigError, override
from track_common.interfaces import Observation
from track_common.types import Box, Camera, Cloud, Frame, Odometry, Sighting, TargetStatus
from trackvla_ros.box_servo import BoxServoConfig, BoxServoPolicy
from trackvla_ros.registry import POLICIES, make_policy

CAMERA = Camera.from_hfov(640, 480, math.radians(90.0))
NEAR = np.array([222.0, 0.0, 418.0, 480.0])  # a body at about 0.8 m
FAR = np.array([304.0, 166.0, 336.0, 267.0])  # a body at about 5 m


def look(policy, stamp, box, odometry=None, camera=CAMERA, cloud=None, others=()):
    frame = Frame(np.zeros((1, 1, 3), np.uint8), stamp, camera)
    others = tuple(Box(np.asarray(other, float)) for other in others)
    sighting = Sighting(stamp, None if box is None else Box(np.asarray(box, float)), others)
    return policy.infer(Observation(frame, sighting, cloud, odometry))


def test_far_target_is_approached_and_faced():
    trajectory = look(BoxServoPolicy(), 0.0, FAR)
    assert trajectory.status is TargetStatus.TRACKED
    assert np.all(np.diff(trajectory.poses_base[:, 0]) > 0) and abs(trajectory.poses_base[-1, 2]) < 0.05
    assert trajectory.times == pytest.approx(np.arange(1, 11) * 0.1)


def test_near_target_is_backed_away_from():
    assert look(BoxServoPolicy(), 0.0, NEAR).poses_base[-1, 0] < -0.2


def test_target_on_the_left_turns_left():
    trajectory = look(BoxServoPolicy(), 0.0, FAR - [200, 0, 200, 0])
    assert trajectory.poses_base[-1, 2] > 0.3
    assert trajectory.target_base is not None and trajectory.target_base[1] > 1.0


def searching(others, unseen):
    """What is done when the target was not recognised for some seconds, with other people in view."""
    policy = BoxServoPolicy()
    for k in range(10):
        look(policy, 0.1 * k, FAR)
    for k in range(1, round(10 * unseen)):
        trajectory = look(policy, 0.9 + 0.1 * k, None, others=others)
    assert trajectory.status is TargetStatus.SEARCHING
    return trajectory.poses_base


@pytest.mark.parametrize("unseen", [1.5, 4.0])
def test_nothing_turns_from_somebody_unclaimed_near_where_the_target_should_be(unseen):
    poses = searching([FAR + [30, 0, 30, 0]], unseen)
    assert not poses[:, :2].any() and -0.2 < poses[-1, 2] < 0.0  # stands and faces that person


def test_somebody_unclaimed_elsewhere_does_not_end_the_search():
    alone, beside = searching([], 2.0), searching([FAR + [250, 0, 250, 0]], 2.0)
    assert np.array_equal(alone, beside) and abs(alone[-1, 2]) > 0.5


def test_watching_ends_and_the_search_goes_on():
    assert np.array_equal(searching([FAR], 6.0), searching([], 6.0))


def test_never_seen_means_standing_still():
    trajectory = look(BoxServoPolicy(), 0.0, None)
    assert trajectory.status is TargetStatus.LOST and not trajectory.poses_base.any()


def test_an_empty_sentence_is_idle_and_a_described_target_not_seen_yet_is_lost_each_with_its_reason():
    policy = BoxServoPolicy()
    policy.reset("")
    idle = look(policy, 0.0, None)
    policy.reset("the man in red")
    unseen = look(policy, 0.1, None)
    look(policy, 0.2, FAR)
    gone = look(policy, 12.2, None)
    assert [t.status for t in (idle, unseen, gone)] == [TargetStatus.IDLE, TargetStatus.LOST, TargetStatus.LOST]
    assert [t.reason for t in (idle, unseen, gone)] == ["no instruction", "not seen yet", "out of sight for 12.0 s"]


def test_new_settings_keep_the_target():
    policy = BoxServoPolicy()
    look(policy, 0.0, FAR)
    policy.configure(BoxServoConfig(standoff=3.0, coast_time=2.0))
    later = look(policy, 1.5, None)
    assert later.status is TargetStatus.COASTING and later.target_base is not None
    with pytest.raises(ConfigError, match="standoff"):
        policy.configure(BoxServoConfig(standoff=40.0))


def test_points_whose_place_is_unknown_do_not_range():
    """A scan from before the odometry began: its points lie where the robot was then, nobody knows where."""
    wall = np.array([[4.5, y, z] for y in np.linspace(-0.3, 0.3, 20) for z in np.linspace(0.3, 1.5, 20)])
    here = look(BoxServoPolicy(), 10.0, FAR, Odometry(10.0, 0.0, 0.0, 0.0))
    unknown = look(BoxServoPolicy(), 10.0, FAR, Odometry(10.0, 0.0, 0.0, 0.0), cloud=Cloud(wall, 9.9))
    assert unknown.target_base == pytest.approx(here.target_base)


def test_without_a_camera_nothing_is_guessed():
    trajectory = look(BoxServoPolicy(), 0.0, FAR, camera=None)
    assert trajectory.status is TargetStatus.LOST and not trajectory.poses_base.any()


def test_gone_target_is_coasted_searched_and_given_up_in_turn():
    policy = BoxServoPolicy()
    look(policy, 0.0, FAR - [200, 0, 200, 0])
    seen = [look(policy, t, None) for t in (0.5, 2.0, 8.0, 12.0)]
    wanted = [TargetStatus.COASTING, TargetStatus.SEARCHING, TargetStatus.SEARCHING, TargetStatus.LOST]
    assert [t.status for t in seen] == wanted
    assert seen[1].poses_base[-1, 0] > 0.2  # goes to see
    assert not seen[2].poses_base[:, :2].any() and seen[2].poses_base[-1, 2] > 1.0  # looks round to the side it went
    assert not seen[3].poses_base.any()


def test_sliver_behind_a_corner_is_followed_closer_than_a_whole_body():
    whole, sliver = np.array([288.0, 90.0, 352.0, 405.0]), np.array([310.0, 90.0, 328.0, 405.0])  # about 2 m off
    ends = [look(BoxServoPolicy(), 0.0, box).poses_base[-1, 0] for box in (whole, sliver)]
    assert ends[1] > ends[0] + 0.2


def test_reset_forgets_the_target():
    policy = BoxServoPolicy()
    look(policy, 0.0, FAR)
    policy.reset("someone else")
    assert look(policy, 0.1, None).status is TargetStatus.LOST


def test_turning_robot_does_not_make_a_standing_target_walk():
    policy = BoxServoPolicy()
    for k in range(20):
        stamp, yaw = 0.1 * k, 0.02 * k
        shift = CAMERA.fx * math.tan(yaw)  # a target straight ahead at first, seen ever further to the right
        look(policy, stamp, FAR + [shift, 0, shift, 0], Odometry(stamp, 0.0, 0.0, yaw))
    assert policy._target is not None
    assert np.linalg.norm(policy._target.velocity) < 0.25  # 1 m/s if the turn were taken for walking


def test_odometry_jump_starts_the_estimate_anew():
    policy = BoxServoPolicy()
    look(policy, 0.0, FAR, Odometry(0.0, 0.0, 0.0, 0.0))
    trajectory = look(policy, 0.1, FAR, Odometry(0.1, 50.0, 0.0, 0.0))
    assert trajectory.target_base is not None and np.linalg.norm(trajectory.target_base[:2]) < 6.0


def test_old_sweep_is_not_mixed_with_a_new_image():
    points = np.array([[4.4, y, 0.8] for y in np.linspace(-0.2, 0.2, 20)])
    fresh = look(BoxServoPolicy(), 10.0, FAR, cloud=Cloud(points, 9.9))
    stale = look(BoxServoPolicy(), 10.0, FAR, cloud=Cloud(points, 5.0))
    alone = look(BoxServoPolicy(), 10.0, FAR)
    assert stale.target_base == pytest.approx(alone.target_base)
    assert fresh.target_base != pytest.approx(alone.target_base)


def test_standoff_inside_a_persons_reach_is_refused():
    with pytest.raises(ConfigError, match="people need room"):
        override(BoxServoConfig(), {"standoff": 0.8, "rest_nearer": 0.5})


def test_a_resting_band_inside_the_moving_one_is_refused():
    with pytest.raises(ConfigError, match="set off again as soon as it has settled"):
        override(BoxServoConfig(), {"rest_farther": 0.1})


def test_unknown_policy_lists_the_known_ones():
    with pytest.raises(ConfigError, match="box_servo"):
        make_policy("box_serve")


def test_registry_builds_every_light_policy_with_overrides():
    policy = make_policy("box_servo", {"standoff": 2.5})
    assert isinstance(policy, BoxServoPolicy) and policy.config.standoff == 2.5
    assert not POLICIES["box_servo"].needs_image


def test_a_dog_at_the_robots_feet_is_not_taken_for_a_person_far_away():
    dog = np.array([200.0, 210.0, 440.0, 480.0])  # its paws are below the image, its back is little above the horizon
    taken_for_a_person, policy = BoxServoPolicy(), BoxServoPolicy()
    policy.reset("follow the dog")
    assert look(taken_for_a_person, 0.0, dog).target_base[0] > 5.0
    found = look(policy, 0.0, dog)
    assert found.target_base[0] < 1.5 and found.poses_base[-1, 0] < 0.0  # backs away

"""The parts of a score, each against a case worked by hand."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from evt_bench.bag import clearance, decoding, following, latency, perception
from evt_bench.bag.clouds import transform_to_base
from evt_bench.bag.film import plan_now
from evt_bench.bag.mcap_file import BagReadError
from evt_bench.bag.paths import ESTIMATE, TRUTH, Paths, _finite, _rising, interpolate, obstacle_points, read_paths
from evt_bench.bag.reader import Survey, TopicSummary
from evt_bench.bag.recording import Sample, read_recording
from evt_bench.bag.roles import TYPES, resolve_names
from helpers.episode_bag import WALL, Episode, write_episode
from track_common.types import Trajectory


def recorded(folder: Path, **changes):
    return read_recording(write_episode(folder / "run", Episode(**{"duration": 4.0, **changes})))


def survey_of(*topics: str) -> Survey:
    types = {
        t: next((kinds[0] for role, kinds in TYPES.items() if t.endswith(role)), "std_msgs/msg/String") for t in topics
    }
    return Survey({topic: TopicSummary(kind, 1) for topic, kind in types.items()}, 0, 0, ())


def test_topics_in_a_namespace_are_found_and_ground_truth_is_not_the_tracker_s_box():
    names, notes = resolve_names(survey_of("/robot1/target_box", "/robot1/ground_truth/target_box", "/odom"), {})
    assert names["target_box"] == "/robot1/target_box"
    assert names["ground_truth/target_box"] == "/robot1/ground_truth/target_box"
    assert names["odom"] == "/odom"
    assert notes == []


def test_a_topic_that_could_be_two_is_left_out_and_said():
    names, notes = resolve_names(survey_of("/front/image_raw", "/rear/image_raw"), {})
    assert "image_raw" not in names
    assert notes == [
        "image_raw could be any of /front/image_raw, /rear/image_raw; say which: --topic image_raw=/front/image_raw"
    ]
    assert resolve_names(survey_of("/front/image_raw", "/rear/image_raw"), {"image_raw": "/rear/image_raw"})[1] == []


@pytest.mark.parametrize(
    ("given", "wanted"), [({"imagee": "/a"}, "imagee unknown; wanted image_raw"), ({"odom": "/b"}, "/b unknown")]
)
def test_a_topic_given_that_does_not_exist_is_refused(given, wanted):
    with pytest.raises(BagReadError, match=wanted):
        resolve_names(survey_of("/a"), given)


def test_stages_add_up_to_the_delays_the_bag_was_made_with(tmp_path):
    delays = latency.stage_delays(recorded(tmp_path, box_delay=0.03, trajectory_delay=0.05, command_delay=0.06))
    found = {stage: np.unique(np.round(values, 4)).tolist() for stage, values in delays.items()}
    assert found == {
        "camera_to_box": [0.03],
        "box_to_trajectory": [0.02],
        "camera_to_trajectory": [],
        "trajectory_to_command": [0.01],
        "camera_to_command": [0.06],
    }
    assert latency.summarise(delays)["camera_to_command"] == latency.Latency(
        41, *(pytest.approx(60.0, abs=0.01) for _ in range(3))
    )


def test_a_policy_that_does_not_wait_for_the_box_is_timed_from_the_camera(tmp_path):
    delays = latency.stage_delays(recorded(tmp_path, box_delay=0.05, trajectory_delay=0.03, command_delay=0.06))
    found = {stage: np.unique(np.round(values, 4)).tolist() for stage, values in delays.items()}
    assert (found["box_to_trajectory"], found["camera_to_trajectory"]) == ([], [0.03])


def test_a_command_sent_with_its_trajectory_belongs_to_it_and_an_earlier_one_does_not():
    trajectories = {1.0: 10.0, 2.0: 11.0, 3.0: 12.0}
    commands = [Sample(sent, sent, None) for sent in (9.9, 10.0, 11.4)]
    assert latency._answers(trajectories, commands) == {1.0: 10.0, 2.0: 11.4}


def test_without_images_the_camera_s_stages_are_unknown_and_the_others_are_not(tmp_path):
    summary = latency.summarise(latency.stage_delays(recorded(tmp_path, has_images=False)))
    assert summary["camera_to_box"] is None
    assert summary["camera_to_command"] is None
    assert summary["box_to_trajectory"] is not None


def test_rates_and_gaps_are_by_sending_time(tmp_path):
    rates = latency.topic_rates(recorded(tmp_path, rate=10.0))
    assert rates["/target_box"].rate_hz == pytest.approx(10.0)
    assert rates["/target_box"].longest_gap == pytest.approx(0.1, abs=1e-5)
    assert rates["/instruction"] == latency.TopicRate(1, None, None)


def test_losses_are_counted_from_the_first_box_on_and_short_ones_are_not(tmp_path):
    def is_tracked(t: float) -> bool:
        return t > 0.45 and not 1.05 < t < 1.25 and not 1.95 < t < 2.55 and not t > 3.45

    found = perception.losses(recorded(tmp_path, is_tracked=is_tracked))
    assert found is not None
    assert found.durations == (pytest.approx(0.6), pytest.approx(0.5))  # 2.0 to 2.6, 3.5 to the end at 4.0
    assert found.n == 2
    assert found.seen_share == pytest.approx((41 - 5 - 2 - 6 - 6) / 41)
    assert found.status_share == {"lost": pytest.approx(1.8 / 4.0), "tracked": pytest.approx(2.2 / 4.0)}


def test_overlap_with_the_truth_is_the_shifted_box_s_iou_and_a_lost_frame_is_zero(tmp_path):
    whole = perception.overlap(recorded(tmp_path, box_shift=0.25))
    assert whole is not None
    assert whole.mean_iou == pytest.approx(0.6)  # 0.75 / 1.25
    assert (whole.n, whole.hit_share, whole.n_out_of_view, whole.false_share) == (41, 1.0, 0, None)
    half = perception.overlap(recorded(tmp_path / "half", box_shift=0.25, is_tracked=lambda t: t < 1.95))
    assert half is not None
    assert half.mean_iou == pytest.approx(0.6 * 20 / 41)


def test_boxes_while_the_target_is_out_of_view_are_false_ones(tmp_path):
    behind = recorded(tmp_path, target=lambda t: (t + 2.0 if t < 2.0 else t - 2.0, 0.0))
    assert perception.overlap(behind) == perception.Overlap(20, 1.0, 1.0, 21, 0.0)


def test_clearance_is_the_least_published_and_contacts_are_counted_once_each(tmp_path):
    touching = recorded(tmp_path, clearance=lambda t: -0.01 if 1.0 < t < 1.5 or t > 3.0 else 0.5 - 0.1 * t)
    assert clearance.minimum_clearance(touching) == pytest.approx(-0.01)
    assert clearance.contact_count(touching) == 2


def test_lidar_gap_is_to_the_wall_beside_the_footprint_not_to_the_target(tmp_path):
    near_target = recorded(tmp_path, target=lambda t: (t + 0.8, 0.0))
    paths = read_paths(near_target)
    assert paths is not None
    assert clearance.minimum_lidar_gap(near_target, paths) == pytest.approx(1.5 - clearance.FOOTPRINT[1], abs=1e-6)
    alone = Paths(TRUTH, paths.robot, np.zeros((0, 3)), {})
    assert clearance.minimum_lidar_gap(near_target, alone) == pytest.approx(0.8 - clearance.FOOTPRINT[0], abs=1e-6)


def test_footprint_gaps_leave_out_the_body_and_measure_corners():
    points = np.array([[0.2, 0.0], [0.35 + 0.3, 0.155 + 0.4], [3.0, 0.0]])
    assert clearance.footprint_gaps(points, np.array([3.0, 0.1])).tolist() == [pytest.approx(0.5)]


def test_transforms_chain_from_a_sensor_to_the_base_and_an_unknown_frame_has_none(tmp_path):
    recording = recorded(tmp_path)
    T_base_camera = transform_to_base(recording, "camera_color_optical_frame")
    assert T_base_camera is not None
    assert T_base_camera @ [0.0, 0.0, 2.0, 1.0] == pytest.approx([2.0, 0.0, 0.4, 1.0])  # ahead of the camera
    assert transform_to_base(recording, "gripper") is None


@pytest.mark.parametrize("wrong_stamp", [0.0, 4e9, np.nan])
def test_a_wrong_stamp_or_value_in_between_changes_nothing_else(wrong_stamp):
    steps = np.arange(10.0)
    track = np.column_stack([1000.0 + 0.1 * steps, steps])
    spoilt = np.insert(np.insert(track, 0, [wrong_stamp, 7.0], axis=0), 5, [1000.35, np.nan], axis=0)
    assert _rising(_finite(spoilt)).tolist() == track.tolist()


def test_interpolation_knows_nothing_outside_and_inside_long_gaps():
    track = np.array([[0.0, 0.0], [0.1, 1.0], [2.0, 20.0]])
    values = interpolate(track, np.array([-0.1, 0.05, 0.1, 1.0, 2.0, 2.1]))[:, 0]
    assert values == pytest.approx([np.nan, 0.5, 1.0, np.nan, 20.0, np.nan], nan_ok=True)


def test_distances_are_the_truth_s_with_ground_truth_and_the_planner_s_without(tmp_path):
    true = read_paths(recorded(tmp_path))
    estimated = read_paths(recorded(tmp_path / "robot", has_truth=False))
    assert true is not None and estimated is not None
    for paths, source in ((true, TRUTH), (estimated, ESTIMATE)):
        found = following.distance_statistics(paths)
        assert found is not None
        assert (found.source, found.n) == (source, 41)
        assert (found.mean, found.minimum, found.in_band_share) == (pytest.approx(2.0), pytest.approx(2.0), 1.0)


def test_motion_is_length_and_speed_of_the_path(tmp_path):
    recording = recorded(tmp_path)
    paths = read_paths(recording)
    assert paths is not None
    assert following.motion(paths, recording) == following.Motion(
        pytest.approx(4.0), pytest.approx(1.0), pytest.approx(1.0), 0.0
    )


def test_obstacles_lie_on_the_wall_wherever_the_robot_turned(tmp_path):
    recording = recorded(tmp_path, robot=lambda t: (t, 0.0, 0.5 * t))
    paths = read_paths(recording)
    assert paths is not None
    points = obstacle_points(recording, paths)
    assert len(points) > 50
    assert np.abs(points[:, 1] - 1.5).max() < 0.04  # and nothing where the target walked


def test_a_message_without_header_gets_the_stamp_of_its_sending_time(tmp_path):
    recording = recorded(tmp_path)
    commands, images = recording.tracks["cmd_vel"], recording.tracks["image_raw/compressed"]
    assert commands[5].sent == pytest.approx(WALL + 0.5 + 0.01 + 0.055, abs=1e-5)
    assert commands[5].stamp == pytest.approx(images[5].stamp + 0.065, abs=1e-4)


def test_a_plan_made_earlier_is_drawn_from_where_the_robot_is_now():
    paths = Paths(TRUTH, np.array([[0.0, 0.0, 0.0, 0.0], [0.4, 1.0, 0.0, np.pi / 2]]), np.zeros((0, 3)), {})
    plan = Trajectory(0.0, np.array([[1.0, 0.0, 0.0], [1.0, 2.0, 0.0]]), np.array([0.1, 0.2]))
    moved = plan_now(Sample(0.0, 0.0, plan), 0.4, paths)
    assert moved == pytest.approx(np.array([[0.0, 0.0], [2.0, 0.0]]), abs=1e-9)


def test_candidates_of_a_network_come_with_colour_and_score_worst_first():
    def line(red, text, count=2):
        points = [SimpleNamespace(x=0.1 * i, y=red) for i in range(count)]
        return SimpleNamespace(
            action=0, points=points, color=SimpleNamespace(r=red, g=0.8 * red, b=1.0 - red), text=text
        )

    header = SimpleNamespace(stamp=SimpleNamespace(sec=7, nanosec=500_000_000))
    clear = SimpleNamespace(action=3, points=[], header=header)
    message = SimpleNamespace(markers=[clear, line(1.0, "0.910"), line(0.0, "0.020"), line(0.5, "")])
    found = decoding.candidates(message)
    assert [candidate.score for candidate in found] == [0.02, None, 0.91]
    assert found[-1].colour == (255, 204, 0) and found[-1].points_base.tolist() == [[0.0, 1.0], [0.1, 1.0]]
    assert decoding.stamp_of(message) == 7.5

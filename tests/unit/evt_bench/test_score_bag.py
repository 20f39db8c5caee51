"""Whole bags with figures worked by hand: SR, TR, CR and what stays unknown."""

import json
from pathlib import Path

import pytest
from rich.console import Console

from evt_bench.bag.mcap_file import BagReadError
from evt_bench.bag.report import headline, save_json, table
from evt_bench.bag.score import Score, as_json, score_bag
from helpers.episode_bag import Episode, write_episode

ENOUGH = 13_000.0  # pixels, between the benchmark's 3000 and 92 160


def score(folder: Path, **changes) -> Score:
    """A score of ten seconds in which the robot keeps 2 m behind a target that walks for 8 s, then stands."""
    calm = {
        "robot": lambda t: (min(t, 8.0), 0.0, 0.0),
        "target": lambda t: (min(t, 8.0) + 2.0, 0.0),
        "pixels": lambda t: ENOUGH,
        "has_images": False,
    }
    return score_bag(write_episode(folder / "run", Episode(**{**calm, **changes})))


def test_a_followed_walk_succeeds_and_ends_fifteen_steps_after_the_target_stops(tmp_path):
    episode = score(tmp_path).episode
    assert episode is not None
    assert (episode.rules, episode.status, episode.sr, episode.cr) == ("code", "normal", 1.0, 0.0)
    assert (episode.steps, episode.following_steps, episode.reference_steps) == (94, 94, 94)  # 79 walking, 15 waiting
    assert (episode.tr, episode.tr_macro) == (1.0, 1.0)


def test_steps_with_too_few_pixels_do_not_count_as_following(tmp_path):
    episode = score(tmp_path, pixels=lambda t: 2000.0 if t < 2.05 else ENOUGH).episode
    assert episode is not None
    assert (episode.sr, episode.following_steps) == (1.0, 74)
    assert episode.tr == pytest.approx(74 / 94)


def test_a_collision_ends_the_episode_and_the_rest_of_the_walk_is_lost_for_tr_but_not_for_macro(tmp_path):
    episode = score(tmp_path, robot=lambda t: (t, 0.0, 0.0), target=lambda t: (0.5 * t + 2.23, 0.0)).episode
    assert episode is not None
    assert (episode.status, episode.sr, episode.cr) == ("collision", 0.0, 1.0)
    assert (episode.steps, episode.reference_steps) == (35, 100)  # 2.23 - 0.5 * 3.5 < 0.5
    assert (episode.tr, episode.tr_macro) == (pytest.approx(0.35), 1.0)


def test_a_target_far_away_for_more_than_twenty_steps_is_lost(tmp_path):
    episode = score(tmp_path, robot=lambda t: (0.0, 0.0, 0.0), target=lambda t: (t + 1.95, 0.0)).episode
    assert episode is not None
    assert (episode.status, episode.sr, episode.cr) == ("lost", 0.0, 0.0)
    assert (episode.steps, episode.following_steps) == (41, 10)  # beyond 4 m from step 21 on; within 3 m up to step 10


def test_the_episode_begins_when_target_or_robot_first_move(tmp_path):
    waiting = {
        "robot": lambda t: (max(t - 2.0, 0.0), 0.0, 0.0),
        "target": lambda t: (max(t - 2.0, 0.0) + 2.0, 0.0),
        "speed": lambda t: 1.0 if t > 2.5 else 0.0,
    }
    episode = score(tmp_path, **waiting).episode
    assert episode is not None
    assert episode.steps == 80  # of ten seconds the first two are spent waiting


def test_a_bag_that_ends_before_the_episode_has_no_sr(tmp_path):
    episode = score(tmp_path, target=lambda t: (t + 2.0, 0.0), robot=lambda t: (t, 0.0, 0.0)).episode
    assert episode is not None
    assert (episode.status, episode.sr, episode.tr, episode.steps) == ("unfinished", None, 1.0, 100)


def test_without_recorded_pixels_facing_is_judged_by_bearing_and_says_so(tmp_path):
    episode = score(tmp_path, has_pixels=False, robot=lambda t: (min(t, 8.0), 0.0, 0.0 if t > 2.05 else 1.0)).episode
    assert episode is not None
    assert (episode.rules, episode.following_steps) == ("paper", 74)


def test_a_robot_s_bag_without_ground_truth_gives_what_can_be_known_and_none_for_the_rest(tmp_path):
    found = score(tmp_path, has_truth=False)
    assert found.episode is None
    assert found.overlap is None
    assert found.minimum_clearance is None
    assert found.contacts is None
    assert found.distance is not None and found.distance.source == "odometry and the planner's target_point"
    assert found.losses is not None and found.losses.n == 0
    assert found.minimum_lidar_gap == pytest.approx(1.345, abs=1e-3)
    assert found.latency["box_to_trajectory"] is not None
    assert headline(found) == "SR n/a   TR n/a   CR n/a   (no ground truth in the bag)"


def test_json_has_the_benchmark_s_names_on_top_and_null_for_unknown(tmp_path):
    found = score(tmp_path / "robot", has_truth=False)
    save_json(found, tmp_path / "score.json")
    read = json.loads((tmp_path / "score.json").read_text(), parse_constant=pytest.fail)
    assert {name: read[name] for name in ("sr", "tr", "tr_macro", "cr")} == dict.fromkeys(
        ("sr", "tr", "tr_macro", "cr")
    )
    assert read["latency"]["camera_to_box"] is None
    assert as_json(score(tmp_path / "sim"))["sr"] == 1.0


def test_the_table_shows_the_figures_and_n_a(tmp_path):
    console = Console(width=140, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(table(score(tmp_path, has_truth=False)))
    text = console.export_text()
    assert "clearance, least" in text
    assert "n/a" in text
    assert "box → trajectory" in text


def test_a_bag_cut_in_half_is_scored_as_far_as_it_goes_with_a_warning(tmp_path):
    folder = write_episode(tmp_path / "run", Episode(has_images=False))
    file = folder / "run_0.mcap"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    found = score_bag(folder)
    assert "cut off after" in found.warnings[0]
    assert found.episode is not None and found.episode.status == "unfinished"
    assert 2.0 < found.duration < 8.0


def test_a_bag_of_nothing_but_an_empty_topic_has_nothing_but_none(tmp_path):
    folder = write_episode(tmp_path / "run", Episode(duration=0.0, has_truth=False, has_images=False))
    found = score_bag(folder)
    assert found.episode is None
    assert found.distance is not None and found.distance.n == 1
    with pytest.raises(BagReadError, match="no bag at"):
        score_bag(tmp_path / "nothing")

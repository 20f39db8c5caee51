"""Recorded episodes: what is written down is true, the expert's labels lead to the target, rounds can be resumed."""

import numpy as np
import pytest

from evt_bench.data import record_episodes
from evt_bench.data.expert import expert_trajectories, velocity_after
from evt_bench.data.recorder import SENTENCES, ExpertDriver, RecorderConfig, record_together
from evt_bench.world.footprints import Footprints
from track_common.geometry import inverse, transform_points
from trackvla_ros.training.shards import Shard, shards_in

SHORT = RecorderConfig(max_steps=12)
NOTHING = Footprints.from_rows([])


@pytest.fixture(scope="module", name="episodes")
def _episodes():
    return record_together([("STT", 1), ("DT", 2)], ExpertDriver(0), SHORT, together=2)


def test_every_step_is_written_down_for_everybody(episodes):
    for episode in episodes:
        people = episode.people.shape[1]
        assert episode.verdict.total_steps == 12 == len(episode.images) == len(episode.robot)
        assert episode.trajectories.shape == (12, people, 10, 3) and episode.pixels.shape == (12, people)
        assert len(episode.sentences) == people * SENTENCES
    assert episodes[0].people.shape[1] == 1 < episodes[1].people.shape[1]


def test_the_target_always_has_a_label_and_hidden_others_none(episodes):
    assert np.isfinite(episodes[1].trajectories[:, 0]).all()
    hidden = episodes[1].pixels[:, 1:] < 300
    assert np.isnan(episodes[1].trajectories[:, 1:][hidden]).all()


def test_a_recorded_target_shows_where_it_stands(episodes):
    episode = episodes[0]
    place = transform_points(inverse(episode.robot[0]), episode.people[0, 0, :2])
    columns = np.nonzero(episode.covered[0] == 1)[1]
    assert len(columns) and abs(columns.mean() - 16.0 * (1.0 - place[1] / place[0])) < 5.0


def test_an_expert_behind_a_walker_keeps_pace_at_the_standoff():
    person = np.stack([1.7 + 0.08 * np.arange(30), np.zeros(30)], 1)
    robot = np.stack([0.08 * np.arange(30), np.zeros(30), np.zeros(30)], 1)
    labels = expert_trajectories(robot, person, NOTHING)
    assert np.allclose(labels[5, :, 0], 0.08 * np.arange(1, 11), atol=0.02)
    assert np.abs(labels[5, :, 1:]).max() < 1e-6


def test_an_expert_turns_to_a_target_beside_it_and_backs_off_a_near_one():
    still = np.zeros((1, 3))
    beside = expert_trajectories(still, np.array([[0.0, 2.0]]), NOTHING)[0]
    near = expert_trajectories(still, np.array([[0.8, 0.0]]), NOTHING)[0]
    assert beside[-1, 2] > 1.2 and abs(beside[0, 0]) < 0.05
    assert near[-1, 0] < -0.3


def test_the_last_velocity_is_what_is_left_of_it():
    person = np.stack([0.1 * np.arange(5), np.zeros(5)], 1)
    assert velocity_after(person, 2).tolist() == pytest.approx([1.0, 0.0])
    assert velocity_after(person, 4).tolist() == [0.0, 0.0]


def test_rounds_and_shards_draw_their_own_training_seeds():
    jobs = [tuple(record_episodes.jobs_of(r, s)) for r in range(3) for s in range(3)]
    assert len(set(jobs)) == 9
    assert max(seed for job in jobs for _, seed in job) < record_episodes.TRAINING_SEEDS


def test_a_killed_round_goes_on_with_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(record_episodes, "TOGETHER", 1)
    monkeypatch.setattr(record_episodes, "config_of", lambda *_: SHORT)
    record_episodes.record_round(tmp_path, range(2), 0)
    kept = shards_in(tmp_path)[1].stat().st_mtime_ns
    shards_in(tmp_path)[0].unlink()
    record_episodes.record_round(tmp_path, range(2), 0)
    assert shards_in(tmp_path)[1].stat().st_mtime_ns == kept
    shard = Shard(shards_in(tmp_path)[0])
    shard.check()
    assert shard.array("trajectories").shape[0] == len(shard.coded_images()) == 12

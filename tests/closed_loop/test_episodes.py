"""Whole episodes without ROS: the reference agents come out where they must, a run goes on where it stopped."""

import json

import pytest

from evt_bench.agents import AgentSpec
from evt_bench.episodes import EpisodeConfig
from evt_bench.run import BenchConfig, run_bench, run_episode
from evt_bench.world.config import CameraConfig
from evt_bench.world.world import WorldConfig

SMALL = WorldConfig(camera=CameraConfig(width=320, height=240))
SHORT = BenchConfig(world=SMALL, episodes=EpisodeConfig(style="rooms", min_speed=1.0, max_speed=1.1))


@pytest.mark.parametrize(("task", "seed"), [("STT", 1), ("DT", 2)])
def test_the_oracle_follows_through_rooms_past_others(task, seed):
    record = run_episode(task, seed, AgentSpec("oracle"), SHORT)
    assert record.success and not record.collision
    assert record.following_steps > 0.8 * record.total_steps
    assert 1.0 < record.following_distance < 3.0


def test_standing_still_loses_the_target():
    record = run_episode("STT", 1, AgentSpec("stand_still"), SHORT)
    assert not record.success


def test_true_boxes_through_policy_and_controller_follow_a_person():
    record = run_episode("STT", 1, AgentSpec("box_servo", "truth"), SHORT)
    assert record.success, record
    assert record.on_target == 1.0


def test_a_run_that_was_cut_short_goes_on_where_it_stopped(tmp_path):
    out, seen = tmp_path / "bench.json", []
    agents = [AgentSpec("stand_still")]

    def note(record, done, total):
        seen.append((record.seed, done, total))

    run_bench(["STT"], agents, [0], out, config=SHORT, on_episode=note)
    with out.with_suffix(".jsonl").open("a") as file:
        file.write('{"task": "STT", "seed"')  # cut in the middle of a line
    rows = run_bench(["STT"], agents, [0, 1], out, config=SHORT, on_episode=note)
    assert seen == [(0, 1, 1), (1, 2, 2)]
    assert (rows[0].n, rows[0].policy) == (2, "stand_still")
    assert json.loads(out.read_text())["rows"][0]["n"] == 2
    run_bench(["STT"], agents, [0, 1], out, config=SHORT, on_episode=note)
    assert len(seen) == 2


def test_records_of_other_settings_are_not_mixed_in(tmp_path):
    out = tmp_path / "bench.json"
    run_bench(["STT"], [AgentSpec("stand_still")], [], out, config=SHORT)
    with pytest.raises(ValueError, match="other settings"):
        run_bench(["STT"], [AgentSpec("stand_still")], [], out, config=BenchConfig(rules="paper"))

"""Gym episodes: every style is a place to walk in, look-alikes are alike, and the rows come out as they must."""

import json

import numpy as np
import pytest

from evt_bench.agents import AgentSpec
from evt_bench.gym.run import GymConfig, GymPlan, run_gym
from evt_bench.gym.scenes import STYLES, WALK, draw_gym_episode
from evt_bench.world.config import CameraConfig, StepConfig
from evt_bench.world.world import World, WorldConfig
from track_common.config import ConfigError
from track_common.geometry import arc_lengths

SMALL = WorldConfig(camera=CameraConfig(width=96, height=72, noise=0.0), step=StepConfig(dt=0.05))


@pytest.mark.parametrize("style", STYLES)
def test_a_style_leaves_room_to_walk_and_draws_alike_for_a_seed(style):
    episode = draw_gym_episode(style, 1, distractors=2)
    again = draw_gym_episode(style, 1, distractors=2)
    assert np.array_equal(episode.paths[0], again.paths[0]) and episode.is_endless
    assert arc_lengths(episode.paths[0])[-1] >= 0.9 * WALK  # corners are rounded
    for path in episode.paths:
        assert episode.plan.footprints.nearest(path)[0].min() > 0.25
    first, *others = episode.people
    assert len(others) == 2 and all((o.outfit, o.body) == (first.outfit, first.body) for o in others)
    assert episode.instruction == "follow the first person you see"


def test_a_target_alone_is_described():
    assert draw_gym_episode("open_road", 0).instruction != "follow the first person you see"


def seen(style):
    world = World(draw_gym_episode(style, 0), SMALL)
    try:
        return world.render().rgb.astype(float)
    finally:
        world.close()


def test_light_and_sky_differ_as_the_styles_say():
    parking, road, snow = (seen(style) for style in ("parking_lot", "open_road", "snow_village"))
    assert parking.mean() < 0.75 * road.mean()
    top = slice(0, 8)
    assert road[top, :, 2].mean() > road[top, :, 0].mean() + 5.0  # a blue sky, no ceiling
    assert snow[-12:].mean() > parking[-12:].mean() + 60.0  # white ground


def test_standing_still_fails_and_the_oracle_lasts(tmp_path):
    plan = GymPlan([2], ("open_road",), GymConfig(world=SMALL, max_steps=120))
    rows = {
        row.policy: row for row in run_gym(plan, [AgentSpec("oracle"), AgentSpec("stand_still")], tmp_path / "g.json")
    }
    assert (rows["oracle"].sr, rows["oracle"].el) == (1.0, 120.0)
    assert rows["oracle"].least_distance > 0.5
    assert rows["stand_still"].sr == 0.0 and 51 <= rows["stand_still"].el < 120
    table = json.loads((tmp_path / "g.json").read_text())
    assert table["new_records"] == 2 and len(table["rows"]) == 2


def test_an_unknown_style_is_told_with_those_there_are(tmp_path):
    with pytest.raises(ConfigError, match="snow_village"):
        run_gym(GymPlan([0], ("snow",)), [], tmp_path / "g.json")

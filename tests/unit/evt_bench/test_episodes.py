"""Episodes: repeatable, with EVT-Bench's geometry, and sentences that fit one person."""

import numpy as np
import pytest

from evt_bench.episodes import MAX_STEPS, EpisodeConfig, draw_episode
from evt_bench.outfits import is_distinct
from evt_bench.world.config import StepConfig
from track_common.config import ConfigError
from track_common.geometry import arc_lengths, transform_points, wrap_angle

SEEDS = range(12)


@pytest.fixture(scope="module")
def distracted():
    return [draw_episode("DT", seed) for seed in SEEDS]


def test_same_seed_same_episode(distracted):
    again = draw_episode("DT", 3)
    assert again.instruction == distracted[3].instruction and again.people == distracted[3].people
    np.testing.assert_array_equal(again.paths[0], distracted[3].paths[0])
    np.testing.assert_array_equal(again.robot_start, distracted[3].robot_start)


@pytest.mark.parametrize("seed", [98, 685])  # both began with a foot of the robot in furniture
def test_robot_starts_clear_of_what_it_could_touch(seed):
    episode = draw_episode("DT", seed)
    ends = transform_points(episode.robot_start, np.array([[-0.2, 0.0], [0.0, 0.0], [0.2, 0.0]]))
    assert episode.plan.low_footprints.nearest(ends)[0].min() > StepConfig().robot_radius


def test_robot_starts_where_evt_bench_puts_it(distracted):
    for episode in distracted:
        way = episode.paths[0][0] - episode.robot_start[:2]
        bearing = np.degrees(float(wrap_angle(np.arctan2(way[1], way[0]) - episode.robot_start[2])))
        assert 1.5 <= np.hypot(*way) <= 3.0
        assert -14.0 - 1e-6 <= bearing <= 20.0 + 1e-6
        assert episode.plan.footprints.is_clear(episode.robot_start[:2], episode.paths[0][0], 0.29)


def test_targets_walk_at_least_three_metres_clear_of_furniture(distracted):
    for episode in distracted:
        path = episode.paths[0]
        assert 3.0 <= arc_lengths(path)[-1] <= 25.0
        assert episode.plan.footprints.nearest(path)[0].min() > 0.25
        assert 0 < episode.reference_steps <= MAX_STEPS


def test_distractors_can_be_told_from_the_target(distracted):
    assert all(len(e.people) >= 2 for e in distracted)
    for episode in distracted:
        target = episode.people[0].outfit
        assert all(is_distinct(target, other.outfit) for other in episode.people[1:])
        assert target.top_colour in episode.instruction and target.bottom_colour in episode.instruction


def test_single_target_episodes_have_nobody_else():
    assert len(draw_episode("STT", 1).people) == 1


def test_ambiguous_episodes_have_doubles_and_a_sentence_that_names_nobody():
    episode = draw_episode("AT", 2)
    target = episode.people[0]
    assert all((p.body, p.outfit) == (target.body, target.outfit) for p in episode.people)
    assert target.outfit.top_colour not in episode.instruction


def test_the_target_can_be_dressed_on_request():
    look = "the woman in the red shirt and black trousers"
    episode = draw_episode("DT", 5, EpisodeConfig(target_look=look))
    assert episode.instruction == f"follow {look}"
    assert episode.people[0].outfit.top_words == "red shirt" and episode.people[0].body.startswith("woman")


@pytest.mark.parametrize(
    ("task", "config", "said"),
    [
        ("DTT", EpisodeConfig(), "did you mean 'DT'"),
        ("DT", EpisodeConfig(min_speed=1.5), "min_speed 1.5 is above max_speed"),
        ("DT", EpisodeConfig(target_look="a ghost"), "not understood"),
    ],
)
def test_bad_requests_say_what_was_wanted(task, config, said):
    with pytest.raises(ConfigError, match=said):
        draw_episode(task, 0, config)

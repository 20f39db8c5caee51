"""The demo's own decisions; the demo itself runs in tests/ros/test_demo.py."""

import os

import pytest

from evt_bench.episodes import EpisodeConfig, draw_episode
from trackvla_cli.commands.demo import EPISODE_SECONDS, INSTRUCTION, SEED, STYLE, bearable_speed, idle_cores


@pytest.mark.parametrize(("cores", "factor"), [(0.0, 0.25), (1.0, 0.25), (2.0, 0.5), (3.0, 0.75), (16.0, 1.0)])
def test_time_passes_slower_where_fewer_cores_are_idle(cores, factor):
    assert bearable_speed(cores) == factor


def test_idle_cores_are_at_most_those_we_may_use():
    assert 0.0 <= idle_cores(0.05) <= len(os.sched_getaffinity(0))


def test_demo_shows_the_promised_woman_among_others_for_most_of_an_episode():
    episode = draw_episode("DT", SEED, EpisodeConfig(target_look=INSTRUCTION, style=STYLE))
    outfit = episode.people[0].outfit
    assert (outfit.sex, outfit.top_words, outfit.bottom_words) == ("woman", "red shirt", "black trousers")
    assert len(episode.people) >= 4
    assert 0.5 * EPISODE_SECONDS < 0.1 * episode.reference_steps <= EPISODE_SECONDS

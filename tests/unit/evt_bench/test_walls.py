"""Paths through doorways and past them."""

import numpy as np
import pytest

from evt_bench.control.run import ControlBench
from evt_bench.episodes import draw_episode
from evt_bench.world.walls import Wall, passes_doorway

WALL = Wall(-4.0, 1.0, 4.0, 1.0, doors=((2.0, 1.0), (6.0, 0.9)))  # doorways about x = -2 and x = 2
UPRIGHT = Wall(0.0, -3.0, 0.0, 3.0, doors=((3.0, 1.0),))


@pytest.mark.parametrize(
    ("path", "is_passed"),
    [
        ([(-2.0, 0.0), (-2.0, 2.0)], True),
        ([(2.3, 3.0), (2.2, 0.5)], True),
        ([(-3.0, 0.6), (3.0, 0.6)], False),  # along the wall
        ([(5.0, 0.0), (5.0, 2.0)], False),  # round its end
        ([(-2.0, 0.0), (-2.0, 0.9)], False),  # up to it
    ],
)
def test_a_path_is_through_a_doorway_where_it_crosses_the_wall_between_its_posts(path, is_passed):
    points = np.vstack([np.linspace(a, b, 30) for a, b in zip(path[:-1], path[1:], strict=True)])
    assert WALL.is_passed(points) is is_passed
    assert passes_doorway(points, [UPRIGHT, WALL]) is is_passed


def test_targets_walk_through_doorways_in_rooms_only():
    episodes = [draw_episode("STT", seed, ControlBench().episodes) for seed in range(12)]
    passed = {e.plan.style: [] for e in episodes}
    for episode in episodes:
        passed[episode.plan.style].append(passes_doorway(episode.paths[0], episode.plan.walls))
    assert not any(passed.get("hall", []))
    assert any(any(values) for values in passed.values())

"""A target that the network sees no longer is looked for where it should be; one in view is the network's affair."""

import numpy as np
import pytest

from track_common.interfaces import Observation
from track_common.types import Camera, Frame, Odometry, TargetStatus, Trajectory
from trackvla_ros.target_search import TargetSearch
from trackvla_ros.target_watch import TargetWatchConfig

TIMES = 0.1 * np.arange(1, 11)
CAMERA = Camera.from_hfov(160, 120, np.pi / 2)


def answer(stamp, target=None):
    """What a network says: it goes left, whatever it sees."""
    poses = np.stack([0.0 * TIMES, TIMES, 0.0 * TIMES], axis=-1)
    status = TargetStatus.SEARCHING if target is None else TargetStatus.TRACKED
    place = None if target is None else np.array([*target, 1.0])
    return Trajectory(
        stamp, poses, TIMES, status, place, candidates_base=np.stack([poses] * 3), scores=np.array([0.1, 0.8, 0.1])
    )


def look(stamp):
    frame = Frame(np.zeros((120, 160, 3), np.uint8), stamp, CAMERA)
    return Observation(frame, odometry=Odometry(stamp, 0.0, 0.0, 0.0))


@pytest.fixture(name="search")
def _search():
    search = TargetSearch(TargetWatchConfig())
    search.reset("follow the man in red")
    return search


def walk_behind_a_corner(search, until):
    """The target walks to the right (-y) at 1 m/s and is hidden from 1 s on; the last answer."""
    for step in range(round(10 * until)):
        stamp = 0.1 * step
        target = (3.0, 0.5 - stamp) if stamp < 1.0 else None
        latest = search.completed(answer(stamp, target), look(stamp))
    return latest


def test_in_view_the_networks_trajectory_stands(search):
    latest = walk_behind_a_corner(search, 0.9)
    assert latest.poses_base[-1].tolist() == answer(0.0).poses_base[-1].tolist()


def test_hidden_it_goes_on_to_where_the_target_should_be(search):
    latest = walk_behind_a_corner(search, 1.6)
    assert latest.status is TargetStatus.COASTING and latest.target_base is not None
    assert latest.target_base[1] < -0.5, "as far to the right as it has walked since"
    assert latest.poses_base[-1][0] > 0.3 and latest.poses_base[-1][1] < 0.0
    assert latest.scores is not None and len(latest.candidates_base) == 3, "the network's candidates stay visible"


def test_a_target_that_stays_away_is_searched_then_lost(search):
    assert walk_behind_a_corner(search, 4.0).status is TargetStatus.SEARCHING
    assert walk_behind_a_corner(search, 14.0).status is TargetStatus.LOST


def test_before_the_network_ever_placed_its_target_nothing_is_searched(search):
    latest = search.completed(answer(0.0), look(0.0))
    assert latest.poses_base[-1].tolist() == answer(0.0).poses_base[-1].tolist()


def test_another_sentence_forgets_the_place(search):
    walk_behind_a_corner(search, 1.6)
    search.reset("follow the woman in blue")
    assert search.completed(answer(2.0), look(2.0)).target_base is None

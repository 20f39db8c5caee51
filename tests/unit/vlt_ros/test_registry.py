"""Trackers by name: the known ones are made, unknown names and settings are refused with what there is."""

import pytest

from track_common.config import ConfigError
from vlt_ros.correlation import CsrtTracker, KcfTracker
from vlt_ros.grounded import GroundedTracker
from vlt_ros.registry import TRACKERS, make_tracker


@pytest.mark.parametrize(("name", "kind"), [("grounded", GroundedTracker), ("csrt", CsrtTracker), ("kcf", KcfTracker)])
def test_known_trackers_are_made(name, kind):
    assert isinstance(make_tracker(name), kind)


def test_unknown_tracker_lists_the_known_ones():
    with pytest.raises(ConfigError, match=r"(?s)did you mean 'csrt'.*grounded"):
        make_tracker("csrd")


def test_settings_are_checked():
    with pytest.raises(ConfigError, match="start_score is 7.0; wanted"):
        make_tracker("grounded", {"start_score": 7.0})
    with pytest.raises(ConfigError, match="did you mean 'start_score'"):
        make_tracker("grounded", {"start_scor": 0.5})


def test_only_the_grounded_tracker_starts_from_words_alone():
    assert [name for name, entry in TRACKERS.items() if not entry.needs_box] == ["grounded"]

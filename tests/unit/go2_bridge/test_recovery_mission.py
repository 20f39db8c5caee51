"""An order to follow: what is told of it, and every way it can end."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from go2_bridge.recovery.machine import Stage
from go2_bridge.recovery.mission import End, Phase, end_of, follow_up, start
from track_common.types import TargetStatus

TRACKED, COASTING, SEARCHING, LOST, STOPPED, IDLE = TargetStatus
PATIENCE = 10.0


def after(*words, max_duration=0.0):
    """A mission that began at 0 and heard a word each second."""
    mission = start(0.0, max_duration)
    for second, status in enumerate(words, 1):
        mission = follow_up(mission, float(second), status)
    return mission


def test_phases_go_from_perception_to_control_and_retry_and_back():
    assert after(LOST).phase is Phase.INITIAL_PERCEPTION
    assert after(LOST, TRACKED).phase is Phase.CONTROLLING
    assert after(TRACKED, COASTING).phase is Phase.CONTROLLING
    assert after(TRACKED, SEARCHING).phase is Phase.RETRY
    assert after(TRACKED, LOST, TRACKED).phase is Phase.CONTROLLING


def test_retries_count_losses_not_frames():
    assert after(LOST, TRACKED, SEARCHING, LOST, LOST, TRACKED, LOST).retries == 2


@pytest.mark.parametrize(
    ("mission", "now", "stage", "end"),
    [
        (after(TRACKED, max_duration=5.0), 4.9, Stage.FOLLOWING, None),
        (after(TRACKED, max_duration=5.0), 5.0, Stage.FOLLOWING, End.DURATION_OVER),
        (after(*[LOST] * 11), 11.0, Stage.FOLLOWING, End.NEVER_SEEN),
        (after(LOST), 9.0, Stage.GIVEN_UP, None),
        (after(*[LOST] * 11), 11.0, Stage.SWEEPING, None),  # a search before the first detection runs to its end
        (after(*[LOST] * 11), 11.0, Stage.GIVEN_UP, End.NEVER_SEEN),
        (after(TRACKED, LOST), 3.0, Stage.SWEEPING, None),
        (after(TRACKED, LOST), 3.0, Stage.GIVEN_UP, End.GIVEN_UP),
        (after(TRACKED, LOST, TRACKED), 3.0, Stage.GIVEN_UP, None),
        (after(TRACKED), 11.5, Stage.FOLLOWING, End.SILENT),
    ],
)
def test_it_ends_for_a_reason_and_not_before(mission, now, stage, end):
    assert end_of(mission, now, stage, PATIENCE) is end


@settings(derandomize=True, deadline=None)
@given(st.lists(st.sampled_from([None, *TargetStatus]), max_size=60), st.floats(1.0, 40.0))
def test_a_limited_mission_is_over_when_its_time_is(words, max_duration):
    assert end_of(after(*words, max_duration=max_duration), max_duration, Stage.FOLLOWING, 1e6) is End.DURATION_OVER

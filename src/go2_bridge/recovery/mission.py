"""One order to follow, from its start to its end: what is told of it meanwhile, and why it ends."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from go2_bridge.recovery.machine import SEEN, Stage
from track_common.types import TargetStatus

WITHOUT_SEARCH = (Stage.FOLLOWING, Stage.LEFT_TO_POLICY, Stage.GIVEN_UP)  # no leg of a plan is being carried out


class Phase(Enum):
    """What is told while it goes on; the names are those of the feedback of Nav2's FollowObject."""

    INITIAL_PERCEPTION = "the target was not seen yet"
    CONTROLLING = "it is followed"
    RETRY = "it is lost and looked for"


class End(Enum):
    """Why it ended."""

    DURATION_OVER = "followed for as long as was asked"
    NEVER_SEEN = "the target was not seen in time"
    GIVEN_UP = "the target was lost and not found again"
    SILENT = "the planner is silent"


@dataclass(frozen=True)
class Mission:
    """Times in s of one clock; ``max_duration`` 0 means until it is cancelled.

    Attributes:
        has_seen: the target was seen since the start; retries: how often it was lost after that.
        is_lost: it is lost now.
        heard: when the policy last said anything.
    """

    started: float
    max_duration: float
    heard: float
    has_seen: bool = False
    is_lost: bool = False
    retries: int = 0

    @property
    def phase(self) -> Phase:
        """What goes on now."""
        if not self.has_seen:
            return Phase.INITIAL_PERCEPTION
        return Phase.RETRY if self.is_lost else Phase.CONTROLLING


def start(now: float, max_duration: float) -> Mission:
    """A mission that begins at ``now``."""
    return Mission(now, max_duration, heard=now)


def follow_up(mission: Mission, now: float, status: TargetStatus | None) -> Mission:
    """The mission after the policy's word at ``now``; None where it is silent."""
    if status is None:
        return mission
    is_lost = mission.has_seen and status in (TargetStatus.SEARCHING, TargetStatus.LOST)
    return replace(
        mission,
        heard=now,
        has_seen=mission.has_seen or status in SEEN,
        is_lost=is_lost,
        retries=mission.retries + (is_lost and not mission.is_lost),
    )


def end_of(mission: Mission, now: float, stage: Stage, patience: float) -> End | None:
    """Why the mission is over at ``now``, None where it goes on; ``patience`` s are given to perception and silence.

    A search that goes on before the first detection is not interrupted: the plan's own time limits end the search.
    """
    if 0.0 < mission.max_duration <= now - mission.started:
        return End.DURATION_OVER
    if now - mission.heard > patience:
        return End.SILENT
    if not mission.has_seen:
        is_over = stage in WITHOUT_SEARCH and now - mission.started > patience
        return End.NEVER_SEEN if is_over else None
    return End.GIVEN_UP if mission.is_lost and stage is Stage.GIVEN_UP else None

"""A TrackVLA checkpoint as the driver of several recordings at once: its network sees one batch a step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from track_common.interfaces import Observation
from track_common.types import Frame, Trajectory
from trackvla_ros.registry import make_policy
from trackvla_ros.target_watch import TargetWatchConfig
from trackvla_ros.watched_policy import WatchedPolicy

if TYPE_CHECKING:
    from evt_bench.data.recorder import Recording


class PolicyDriver:
    """One policy for each recording, with the watch and the search it has on a robot; all share the first's network."""

    def __init__(self, checkpoint: str) -> None:
        self._first: Any = make_policy("trackvla", {"checkpoint": checkpoint, "seed": 0})
        self._policies: dict[int, WatchedPolicy] = {}

    def start(self, recording: Recording) -> None:
        """A policy that follows one of the episode's sentences."""
        watch = TargetWatchConfig(base_height=recording.world.base_height)
        policy = WatchedPolicy(self._first.sibling(), watch)
        policy.reset(recording.sentence())
        self._policies[id(recording)] = policy

    def drive(self, recordings: Sequence[Recording], frames: Sequence[Frame]) -> list[Trajectory]:
        """All frames in one batch."""
        policies = [self._policies[id(recording)] for recording in recordings]
        odometry = [recording.world.odometry() for recording in recordings]
        observations = [Observation(frame, odometry=o) for frame, o in zip(frames, odometry, strict=True)]
        together = policies[0].together
        assert together is not None, "policy trackvla answers several policies at once"
        return together(policies, observations)

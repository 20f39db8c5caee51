"""A TrackVLA checkpoint as the driver of several recordings at once: its network sees one batch a step."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from track_common.interfaces import Observation
from track_common.types import Frame, Trajectory
from trackvla_ros.registry import make_policy

if TYPE_CHECKING:
    from evt_bench.data.recorder import Recording


class PolicyDriver:
    """One policy for each recording; all of them share the network of the first."""

    def __init__(self, checkpoint: str) -> None:
        self._first: Any = make_policy("trackvla", {"checkpoint": checkpoint, "seed": 0})
        self._together = import_module(type(self._first).__module__).infer_together
        self._policies: dict[int, Any] = {}

    def start(self, recording: Recording) -> None:
        """A policy that follows one of the episode's sentences."""
        policy = self._first.sibling()
        policy.reset(recording.sentence())
        self._policies[id(recording)] = policy

    def drive(self, recordings: Sequence[Recording], frames: Sequence[Frame]) -> list[Trajectory]:
        """All frames in one batch."""
        policies = [self._policies[id(recording)] for recording in recordings]
        return self._together(policies, [Observation(frame) for frame in frames])

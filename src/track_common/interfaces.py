"""The four seams where parts are swapped: Tracker, Policy, Controller, RobotDriver.

Each has several implementations. ``pipeline.py`` shows them in a row; the ROS nodes make the same calls, each at its
own rate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from track_common.instruction import ParsedInstruction
from track_common.types import Array, Cloud, Frame, Odometry, Sighting, Trajectory, VelocityCommand


class Tracker(Protocol):
    """image + sentence (or first box) -> box."""

    def init(self, frame: Frame, instruction: ParsedInstruction | str, box_xyxy: Array | None = None) -> Sighting:
        """Take a new target, from a sentence, a first box (4,) in pixels, or both; forget the old one.

        A sentence that comes as text is parsed first (``track_common.instruction``): every tracker goes by one meaning.

        Raises:
            TargetError: this tracker cannot start from what was given.
        """
        ...

    def update(self, frame: Frame) -> Sighting:
        """Find the target in the next frame; ``Sighting.box`` is None where it is not seen."""
        ...


@dataclass(frozen=True, eq=False)
class Observation:
    """What a policy may look at; each part is the newest one not younger than the frame, None where there is none."""

    frame: Frame
    sighting: Sighting | None = None
    cloud: Cloud | None = None
    odometry: Odometry | None = None


class Policy(Protocol):
    """images + sentence (+ box, LiDAR) -> trajectory."""

    def reset(self, instruction: str) -> None:
        """Start a new episode: forget the history, take the sentence."""
        ...

    def infer(self, observation: Observation) -> Trajectory:
        """Trajectory in base_link at the observation's image stamp.

        Raises:
            NoAnswerError: none came in time; what it said before holds until the controller's watchdog ends it.
        """
        ...


@runtime_checkable
class Timed(Protocol):
    """A policy that knows where the time of its last answer went."""

    def timings(self) -> Mapping[str, float]:
        """Seconds by stage."""
        ...


@runtime_checkable
class Configurable(Protocol):
    """A policy that takes new settings between two answers and keeps its target."""

    def configure(self, config: Any) -> None:
        """Take them over."""
        ...


@dataclass(frozen=True)
class Decision:
    """What a controller answers.

    Attributes:
        command: for this instant.
        reason: why the robot must stand; empty exactly where it may move. A command that moves never has one.
        status: what the controller does, for operators; also where the robot moves.
    """

    command: VelocityCommand
    reason: str = ""
    status: str = ""


class Controller(Protocol):
    """trajectory + LiDAR + odometry -> command: inputs pushed as they come, ``control`` called at a fixed rate."""

    def on_trajectory(self, trajectory: Trajectory) -> None: ...

    def on_cloud(self, cloud: Cloud) -> None: ...

    def on_odometry(self, odometry: Odometry) -> None: ...

    def control(self, now: float) -> Decision:
        """Command for this instant; a stop with its reason where any input is missing, stale or unsound."""
        ...


class RobotDriver(Protocol):
    """command -> robot."""

    def send(self, command: VelocityCommand, now: float) -> None: ...

    def stop(self, now: float) -> None: ...


class TargetError(RuntimeError):
    """A tracker cannot start from the sentence or box it was given; the message says what it needs."""


class NoAnswerError(RuntimeError):
    """A policy has nothing to say to this observation, and nothing against what it said before."""

"""``policy:=trackvla`` from exported graphs: the same prompt and history as ``trackvla_ros.policy``, without torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from track_common.config import validate
from track_common.instruction import parse_instruction
from track_common.interfaces import Observation
from track_common.types import TargetStatus, Trajectory
from trackvla_ros.answers import NO_INSTRUCTION, standstill, trajectory_of
from trackvla_ros.exported.graphs import Graphs, open_graphs, shipped_folder
from trackvla_ros.exported.scope import GARMENTS, refusal_of
from trackvla_ros.history import FrameHistory
from trackvla_ros.model.framing import Framer
from trackvla_ros.model.prompting import PromptBuilder
from trackvla_ros.policy_config import TrackVlaPolicyConfig


class ExportedPolicy:
    """images + sentence -> trajectory; one episode at a time, restarted by ``reset``."""

    def __init__(self, config: TrackVlaPolicyConfig) -> None:
        """Open the graphs of ``config.checkpoint``, or those the package ships.

        Raises:
            ConfigError, ExportedError: naming what is wrong.
        """
        validate(config)
        self._config = config
        folder = Path(config.checkpoint).expanduser() if config.checkpoint else shipped_folder()
        self._graphs: Graphs = open_graphs(folder)
        self._builder = PromptBuilder(self._graphs.sequence, self._graphs.tokenizer)
        self._framer = Framer(config, self._graphs.side)
        self._history: FrameHistory[NDArray[np.float32]] | None = None
        self._instruction: str | None = None
        self._refusal = ""
        self._shape: tuple[int, ...] | None = None

    @property
    def network(self) -> Graphs:
        """What answers; shared by all policies of one folder."""
        return self._graphs

    def sibling(self) -> ExportedPolicy:
        """Another policy on the same network, with an episode of its own."""
        return ExportedPolicy(self._config)

    def reset(self, instruction: str) -> None:
        """Forget the past and take the sentence; an empty one means nobody is to be followed: it stands still.

        A sentence of a kind that the model was not trained on is answered by standing still, with the reason.

        Raises:
            InstructionError: it is too long.
        """
        sequence = self._graphs.sequence
        self._instruction, self._shape = instruction.strip(), None
        self._history = FrameHistory(sequence.history, sequence.frame_period)
        is_narrow = self._graphs.notes.get("sentences") == GARMENTS
        self._refusal = refusal_of(parse_instruction(self._instruction)) if is_narrow else ""
        if self._instruction:
            self._builder.track(self._instruction, 0)

    def infer(self, observation: Observation) -> Trajectory:
        """Best of the candidates, and all of them with their scores, in base_link at the image stamp.

        Raises:
            RuntimeError: ``reset`` was never called.
        """
        if self._history is None or self._instruction is None:
            raise RuntimeError("no instruction yet; call reset with one first")
        frame, history = observation.frame, self._history
        if not self._instruction or self._refusal:
            times = self._graphs.waypoint_period * np.arange(1, self._graphs.waypoints + 1)
            return standstill(frame.stamp, times, TargetStatus.IDLE, self._refusal or NO_INSTRUCTION)
        if self._shape not in (None, frame.rgb.shape):
            history.clear()
        self._shape = frame.rgb.shape
        history.check(frame.stamp)
        coarse, fine = self._graphs.look(self._framer(frame.rgb, frame.camera))
        ids = self._builder.track(self._instruction, len(history.frames))
        visual = np.concatenate([*(past.item for past in history.frames), fine])
        answer = self._graphs.decide(ids, visual)
        history.push(frame.stamp, coarse)
        return trajectory_of(
            frame.stamp, answer.trajectories, answer.scores, answer.target, self._graphs.waypoint_period
        )


def infer_together(policies: Sequence[ExportedPolicy], observations: Sequence[Observation]) -> list[Trajectory]:
    """One answer for each policy, one after another: on a core these graphs gain nothing from a batch."""
    return [policy.infer(observation) for policy, observation in zip(policies, observations, strict=True)]

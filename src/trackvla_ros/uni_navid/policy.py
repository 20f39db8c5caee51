"""``policy:=uni_navid``: Uni-NaVid's words (forward, left, right, stop) over the full model's code path.

The model answers with its next four actions; they become poses one after another, in the time our speed limits need.
Weights: `trackvla model import` of the public Uni-NaVid folder (its licence must be read there).
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from track_common.config import lookup, validate
from track_common.interfaces import Observation
from track_common.types import TargetStatus, Trajectory
from trackvla_ros.answers import NO_INSTRUCTION, standstill
from trackvla_ros.history import FrameHistory
from trackvla_ros.model.execution import check_execution
from trackvla_ros.model.image import ImagePreparer
from trackvla_ros.model.tokens import PromptBuilder, stack_prompts
from trackvla_ros.model.weights import DTYPES, load_model
from trackvla_ros.uni_navid.config import UniNavidPolicyConfig
from trackvla_ros.uni_navid.words import follow_words

ACTIONS = re.compile(r"\b(forward|left|right|stop)\b")
STANDING = np.array([0.1])  # s: the times of a trajectory that stands
MAX_ANSWER = 16  # tokens; four words and their separators


class UniNavidPolicy:
    """Every frame coarse but the current one, as in training; greedy answers (its own script samples)."""

    def __init__(self, config: UniNavidPolicyConfig) -> None:
        """Load the weights.

        Raises:
            ConfigError, CheckpointError, FileNotFoundError: naming what is wrong.
        """
        validate(config)
        self._config = config
        device, dtype = check_execution(config.device), lookup("dtype", config.dtype, DTYPES)
        self._model, self._tokenizer = load_model(Path(config.checkpoint).expanduser(), dtype)
        self._model.to(device)
        sequence = self._model.config.sequence
        self._builder = PromptBuilder(sequence, self._tokenizer)
        self._prepare = ImagePreparer(config, self._model.config.vision.image_size)
        self._history: FrameHistory[Tensor] = FrameHistory(sequence.history, sequence.frame_period)
        self._instruction: str | None = None

    def reset(self, instruction: str) -> None:
        """Forget the past and take the sentence; an empty one means nobody is to be followed: it stands still.

        Raises:
            InstructionError: it is too long.
        """
        if instruction.strip():
            self._builder.navigate(instruction, 0)
        self._instruction = instruction.strip()
        self._history.clear()

    @torch.inference_mode()
    def infer(self, observation: Observation) -> Trajectory:
        """Poses after each action, at the speeds of the config; an answer without an action word stands still.

        Raises:
            RuntimeError: ``reset`` was never called.
        """
        if self._instruction is None:
            raise RuntimeError("no instruction yet; call reset with one first")
        frame = observation.frame
        if not self._instruction:
            return standstill(frame.stamp, STANDING, TargetStatus.IDLE, NO_INSTRUCTION)
        self._history.check(frame.stamp)
        pooled = self._model.encode(self._prepare(frame.rgb, frame.camera)[None].to(self._model.device))
        past = [kept.item for kept in self._history.frames]
        prompts = stack_prompts([self._builder.navigate(self._instruction, len(past))]).to(self._model.device)
        ids = self._model.answer(prompts, torch.cat([*past, pooled.fine[0]]), MAX_ANSWER, self._tokenizer.end)
        self._history.push(frame.stamp, pooled.coarse[0])
        answer = self._tokenizer.decode(ids).lower()
        words = ACTIONS.findall(answer)
        poses, times = follow_words(words, self._config)
        if len(poses):
            return Trajectory(frame.stamp, poses, times)
        reason = "the model says stop" if words else f"the model's answer has no action: '{answer.strip()[:40]}'"
        return standstill(frame.stamp, STANDING, TargetStatus.STOPPED, reason)

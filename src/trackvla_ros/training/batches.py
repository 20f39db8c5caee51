"""Samples -> one ``TrainingBatch``: the same prompts and the same normalisation as inference."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from trackvla_ros.model.config import TrackVlaConfig
from trackvla_ros.model.image import CLIP_MEAN, CLIP_STD, cut_and_resize, normalise
from trackvla_ros.model.tokens import PromptBuilder, Prompts, Tokenizer, stack_prompts
from trackvla_ros.model.trackvla import IGNORED, TrainingBatch
from trackvla_ros.training.samples import Question, TrackingSample


class Collator:
    """Called by the data loader's workers with a list of samples."""

    def __init__(self, config: TrackVlaConfig, tokenizer: Tokenizer) -> None:
        self._config, self._tokenizer = config, tokenizer
        self._builder = PromptBuilder(config.sequence, tokenizer)

    def __call__(self, samples: Sequence[TrackingSample | Question]) -> TrainingBatch:
        """Tracking rows first, as the model expects."""
        tracking = [s for s in samples if isinstance(s, TrackingSample)]
        questions = [s for s in samples if isinstance(s, Question)]
        images = [image for sample in (*tracking, *questions) for image in sample.images]
        prompts, labels = self._questions(questions)
        return TrainingBatch(
            torch.stack([self._image(image) for image in images]),
            [len(s.images) for s in tracking],
            stack_prompts([self._builder.track(s.instruction, len(s.images) - 1) for s in tracking] or [[0]]),
            self._targets(tracking),
            [len(s.images) for s in questions],
            prompts,
            labels,
        )

    def _targets(self, tracking: Sequence[TrackingSample]) -> Tensor:
        if not tracking:
            return torch.zeros(0, self._config.head.waypoints, 3)
        return torch.from_numpy(np.stack([s.trajectory for s in tracking]).astype(np.float32))

    def _image(self, image: np.ndarray) -> Tensor:
        side = self._config.vision.image_size
        if image.shape[0] != side:
            image = cut_and_resize(image, (0.0, 0.0, float(image.shape[1]), float(image.shape[0])), side)
        return normalise(image, CLIP_MEAN, CLIP_STD)

    def _questions(self, questions: Sequence[Question]) -> tuple[Prompts, Tensor]:
        """Prompts with their answers, and labels: each answer token is wanted at the position before it."""
        rows = [self._builder.ask(q.question, len(q.images)) for q in questions]
        answers = [self._builder.answer(q.answer) for q in questions]
        prompts = stack_prompts([row + answer for row, answer in zip(rows, answers, strict=True)] or [[0]])
        labels = torch.full_like(prompts.ids, IGNORED)
        for i, (row, answer) in enumerate(zip(rows, answers, strict=True)):
            labels[i, len(row) - 1 : len(row) - 1 + len(answer)] = torch.tensor(answer)
        return prompts, labels


def to_device(batch: TrainingBatch, device: torch.device) -> TrainingBatch:
    """The batch on a device."""
    return TrainingBatch(
        batch.images.to(device),
        batch.track_frames,
        batch.track.to(device),
        batch.targets.to(device),
        batch.question_frames,
        batch.questions.to(device),
        batch.labels.to(device),
    )

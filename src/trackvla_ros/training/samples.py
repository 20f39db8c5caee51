"""Training samples: tracking windows and questions, from folders of episodes; numpy only.

An episode is ``NAME.npz`` without pickle: images (T, S, S, 3) uint8 RGB, one each 0.1 s, instruction (text),
trajectories (T, H, 3) of the expert from each frame's own pose (base frame, m and rad). A question has question and
answer (text) in the place of instruction and trajectories.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from track_common.types import Array


class SampleError(ValueError):
    """An episode file that cannot be used; the message names file and array."""


@dataclass(frozen=True, eq=False)
class Episode:
    """One walk: what the robot saw and where an expert would have gone from each frame."""

    images: NDArray[np.uint8]  # (T, S, S, 3)
    trajectories: Array  # (T, H, 3)
    instruction: str


@dataclass(frozen=True, eq=False)
class Question:
    """Images (T, S, S, 3) with a question (or a caption's prompt) and its answer."""

    images: NDArray[np.uint8]
    question: str
    answer: str


@dataclass(frozen=True, eq=False)
class TrackingSample:
    """Past frames and the current one (n, S, S, 3), oldest first, and the expert's trajectory (H, 3)."""

    images: NDArray[np.uint8]
    instruction: str
    trajectory: Array


class TrackingWindows:
    """Every frame of every episode with up to ``history`` frames before it: fewer at the start, never padded."""

    def __init__(self, episodes: Sequence[Episode], history: int) -> None:
        self._episodes, self._history = episodes, history
        self._places = [(e, t) for e, episode in enumerate(episodes) for t in range(len(episode.images))]

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int) -> TrackingSample:
        which, t = self._places[index]
        episode = self._episodes[which]
        images = episode.images[max(0, t - self._history) : t + 1]
        return TrackingSample(images, episode.instruction, episode.trajectories[t])


class MixedSamples:
    """Tracking samples and questions in turn, 1:1; the shorter kind is gone through again."""

    def __init__(self, tracking: TrackingWindows | None, questions: Sequence[Question]) -> None:
        self._tracking: Sequence[TrackingSample] | TrackingWindows = tracking or ()
        self._questions = questions

    def __len__(self) -> int:
        counts = (len(self._tracking), len(self._questions))
        return 2 * max(counts) if min(counts) else max(counts)

    def __getitem__(self, index: int) -> TrackingSample | Question:
        if not len(self._questions):
            return self._tracking[index]
        if not len(self._tracking):
            return self._questions[index]
        kind = self._questions if index % 2 else self._tracking
        return kind[index // 2 % len(kind)]


def load_samples(folder: Path) -> tuple[list[Episode], list[Question]]:
    """All .npz files of a folder, in the order of their names.

    Raises:
        SampleError: no file, an array missing or of another shape than its neighbours.
    """
    files = sorted(folder.glob("*.npz"))
    if not files:
        raise SampleError(f"no .npz episodes in {folder}")
    episodes: list[Episode] = []
    questions: list[Question] = []
    for path in files:
        with np.load(path, allow_pickle=False) as stored:
            if "question" in stored.files:
                questions.append(Question(_images(path, stored), str(stored["question"]), str(stored["answer"])))
            else:
                episodes.append(_episode(path, stored))
    return episodes, questions


def save_episode(path: Path, episode: Episode | Question) -> None:
    """Write one .npz."""
    if isinstance(episode, Question):
        np.savez_compressed(path, images=episode.images, question=episode.question, answer=episode.answer)
        return
    np.savez_compressed(path, images=episode.images, trajectories=episode.trajectories, instruction=episode.instruction)


def _episode(path: Path, stored: np.lib.npyio.NpzFile) -> Episode:
    missing = {"trajectories", "instruction"} - set(stored.files)
    if missing:
        raise SampleError(f"{path} lacks {', '.join(sorted(missing))}")
    images, trajectories = _images(path, stored), stored["trajectories"]
    if trajectories.ndim != 3 or trajectories.shape[2] != 3 or len(trajectories) != len(images):
        raise SampleError(f"{path}: trajectories {trajectories.shape}; wanted ({len(images)}, H, 3)")
    return Episode(images, trajectories, str(stored["instruction"]))


def _images(path: Path, stored: np.lib.npyio.NpzFile) -> NDArray[np.uint8]:
    if "images" not in stored.files:
        raise SampleError(f"{path} lacks images")
    images = stored["images"]
    if images.ndim != 4 or images.shape[3] != 3 or images.dtype != np.uint8 or images.shape[1] != images.shape[2]:
        raise SampleError(f"{path}: images {images.dtype} {images.shape}; wanted uint8 (T, S, S, 3)")
    return images

"""What turns a sentence into the vector the ModaMixer takes, and what stands in for one."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np

from track_common.config import ConfigError
from track_common.types import Array

LENGTH = 768  # of a sentence vector, BERT-base's width


class LanguageError(ConfigError):
    """A sentence encoder that cannot be had; the message says what to type instead."""


class SentenceEncoder(Protocol):
    """sentence -> vector; called once per target, never per frame."""

    def encode(self, sentence: str) -> Array:
        """(768,) vector of a sentence that is not empty."""
        ...


class FixedSentence:
    """The same vector for every sentence: one computed elsewhere, or zeros ("0-tensor" of supplement Algorithm 1)."""

    def __init__(self, vector: Array) -> None:
        vector = np.asarray(vector, np.float32)
        if vector.shape != (LENGTH,) or not np.all(np.isfinite(vector)):
            raise LanguageError(f"sentence vector has shape {vector.shape}; wanted ({LENGTH},), all finite")
        self._vector = vector

    @classmethod
    def zeros(cls) -> FixedSentence:
        """The literal zero vector."""
        return cls(np.zeros(LENGTH, np.float32))

    @classmethod
    def from_file(cls, file: Path) -> FixedSentence:
        """A vector saved by ``numpy.save``."""
        try:
            return cls(np.load(file, allow_pickle=False))
        except (OSError, ValueError) as error:
            raise LanguageError(f"cannot read a sentence vector from {file}: {error}") from error

    def encode(self, sentence: str) -> Array:
        """The vector."""
        return self._vector

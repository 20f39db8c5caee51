"""A small sentence encoder for machines without a language model: every word, every colour on a garment has a vector.

Sentences that share words or say the same colours of the same garments get near vectors; others are nearly orthogonal.
It knows no meaning beyond that, so it goes with networks trained on it, not with the authors' BERT-trained checkpoints.
"""

from __future__ import annotations

import logging
import re
import zlib

import numpy as np

from track_common.types import Array
from vlt_ros.language.sentence import LENGTH, LanguageError
from vlt_ros.words import parse

MAX_WORDS = 50  # as the authors' BERT input
DEVIATION = 0.5  # of the vector's values, about BERT's
PAIR_WEIGHT = 2.0  # of a colour on a garment beside a single word: it says who is meant
STOP_WORDS = frozenset(("a", "an", "and", "at", "by", "from", "in", "is", "of", "on", "or", "that", "the", "to", "who"))

log = logging.getLogger(__name__)


class WordSentence:
    """Sum of fixed random vectors of the words and the looks a sentence names; needs no files."""

    def encode(self, sentence: str) -> Array:
        """(768,) vector; a sentence over 50 words loses its end, with a warning.

        Raises:
            LanguageError: no word in it.
        """
        words = re.findall(r"[a-z0-9]+", sentence.lower())
        if not words:
            raise LanguageError(f"sentence '{sentence}' has no word")
        if len(words) > MAX_WORDS:
            log.warning("sentence has %d words, the last %d are dropped", len(words), len(words) - MAX_WORDS)
            words = words[:MAX_WORDS]
        total = np.sum(
            [named_vector(word) for word in words if word not in STOP_WORDS] or [named_vector(words[0])], axis=0
        )
        for attribute in parse(" ".join(words)).attributes:
            for colour in attribute.colours:
                total = total + PAIR_WEIGHT * named_vector(f"{attribute.region}:{colour}")
        return (DEVIATION * total / total.std()).astype(np.float32)


def named_vector(name: str) -> Array:
    """(768,) standard normal values that belong to a name, the same everywhere."""
    return np.random.default_rng(zlib.crc32(name.encode())).standard_normal(LENGTH)

"""A sentence as the colours of garments it names and nothing else: what a small tracker can learn to see.

"the man in the navy shirt walking left" and "a woman, dark blue top" give one vector; a sentence without a colour on
a garment gives zeros, the authors' stand-in for no language.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from track_common.instruction.lexicon import SAME_COLOUR
from track_common.types import Array
from vlt_ros.language.sentence import LENGTH
from vlt_ros.language.words import named_vector
from vlt_ros.words import MAX_CHARACTERS, parse

DEVIATION = 0.5  # of the vector's values, about BERT's
REGIONS: Mapping[str, tuple[str, ...]] = {  # where the parser's garments lie on the body
    "torso": ("torso",),
    "coat": ("torso",),
    "dress": ("torso", "legs"),
    "body": ("torso", "legs"),
    "legs": ("legs",),
    "hips": ("legs",),
}
PARTS: Mapping[str, str] = {  # rarer colour words as the common ones that they are made of
    "navy": "dark blue",
    "denim": "blue",
    "teal": "green blue",
    "turquoise": "light blue",
    "olive": "green",
    "lime": "light green",
    "khaki": "beige",
    "tan": "beige",
    "cream": "beige",
    "maroon": "dark red",
    "gold": "yellow",
    "charcoal": "dark grey",
    "silver": "light grey",
    "lavender": "light purple",
    "coral": "light red",
    "blond": "yellow",
    "bright": "light",
    "pale": "light",
    "black": "dark black",
    "white": "light white",
}
_NAMES = {word: name for name, words in SAME_COLOUR.items() for word in words}


class LookSentence:
    """Sum of fixed random vectors, one for every (torso or legs, colour) that a sentence names; needs no files."""

    def encode(self, sentence: str) -> Array:
        """(768,) float32; zeros where no look is named."""
        looks = sorted(looks_of(sentence))
        if not looks:
            return np.zeros(LENGTH, np.float32)
        total = np.sum([named_vector(f"{region}:{colour}") for region, colour in looks], axis=0)
        return (DEVIATION * total / np.sqrt(len(looks))).astype(np.float32)


def looks_of(sentence: str) -> set[tuple[str, str]]:
    """Region and plain colour word of everything a sentence says about clothes."""
    found: set[tuple[str, str]] = set()
    for said in parse(sentence[:MAX_CHARACTERS]).attributes:
        words = [_NAMES.get(word, word) for colour in said.colours for word in colour.replace("/", " ").split()]
        colours = [part for word in words for part in PARTS.get(word, word).split()]
        found |= {(region, colour) for region in REGIONS.get(said.region, ()) for colour in colours}
    return found

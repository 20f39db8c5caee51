"""What kind of word a token is: nouns by what they name, and whether a word is in the language at all."""

from __future__ import annotations

from enum import Enum

from track_common.instruction import function_words as f
from track_common.instruction import lexicon as lex


class Head(Enum):
    """What kind of noun ends a phrase; NONE: colours alone ("in red")."""

    NONE = "none"
    PERSON = "person"
    GARMENT = "garment"
    OBJECT = "object"
    ACCENT = "accent"
    TRAIT = "trait"
    PLACE = "place"
    UNKNOWN = "unknown"


def noun_kind(token: str) -> Head | None:
    """Kind of a noun of the language, None for every other word."""
    for kind, known in (
        (Head.PERSON, lex.PEOPLE.keys() | lex.PLURAL_PEOPLE.keys() | lex.NO_ONE),
        (Head.GARMENT, lex.GARMENTS.keys()),
        (Head.OBJECT, lex.OBJECTS.keys()),
        (Head.ACCENT, lex.ACCENTS),
        (Head.TRAIT, f.TRAIT_NOUNS),
        (Head.PLACE, f.PLACES),
    ):
        if token in known:
            return kind
    return None


def is_known(token: str) -> bool:
    """True where the word is in the language at all."""
    return token in _KNOWN or not token[0].isalpha() or token.replace("_", "") != token


_KNOWN: frozenset[str] = frozenset().union(
    lex.PEOPLE, lex.PLURAL_PEOPLE, lex.NO_ONE, lex.GARMENTS, lex.GARMENT_ADJECTIVES, lex.COLOUR_WORDS, lex.SHADE_WORDS,
    lex.ACCENTS, lex.PATTERNS, lex.OBJECTS, f.FOLLOW, f.STOP, f.STOP_FOLLOWING, f.AVOID, f.ASK, f.KEEP_ON, f.NEGATIONS,
    f.EXCEPTIONS, f.WEAR, f.HAVE, f.INNER, f.OF_WHICH, f.RELATIONS, f.SIDES, f.FROM_SIDES, f.ORDINALS, f.NUMBERS,
    f.FRONT, f.DETERMINERS, f.COPULAS, f.AUXILIARIES, f.RELATIVES, f.CONJUNCTIONS, f.WHOLLY, f.PLACE_PREPOSITIONS,
    f.PLACES, f.TRAIT_ADJECTIVES, f.TRAIT_NOUNS, f.VERBS, f.ADVERBS, f.CONDITIONS, f.CORRECTIONS, f.COMPARATIVES,
    f.VOCATIVES, f.LIKENESS, f.NOBODY_ELSE, ("but", "or", "it", "followed"),
)  # fmt: skip

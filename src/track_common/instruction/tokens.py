"""Text -> words of the language: case, contractions and hyphens are undone, phrases joined ("next to" -> next_to)."""

from __future__ import annotations

import re
import unicodedata

from track_common.instruction import function_words as f

CONTRACTIONS = (
    (r"\bcan['’]?t\b", "can not"),
    (r"\bcannot\b", "can not"),
    (r"\bwon['’]t\b", "will not"),
    (r"\b(is|are|was|were|does|do|did|has|have|had|should|would|could|must|need)n['’]?t\b", r"\1 not"),
    (r"\bain['’]?t\b", "is not"),
    (r"\b(who|that|he|she|it|what|where|there|whose)['’]s\b", r"\1 is"),
    (r"\b(they|you|we|who)['’]re\b", r"\1 are"),
    (r"\bi['’]m\b", "i am"),
    (r"\b(i|you|we|they)['’](ll|d|ve)\b", r"\1"),
    (r"\blet['’]s\b", "let us"),
    (r"\bwhos\b", "who is"),
    (r"(\w)['’]s\b", r"\1"),  # "the man's shirt"
    (r"\bw/o\b", "without"),
    (r"\bw/(?=\s)", "with"),
    (r"\bnon-", "non "),
    (r"\bno[- ]one\b", "noone"),
    (r"\bt[- ]shirts?\b", "tshirt"),
    (r"\bhi(gh)?[- ]vis(ibility)?\b", "hivis"),
    (r"\boff[- ]white\b", "offwhite"),
    (r"\btank[- ]top\b", "tanktop"),
    (r"\blab[- ]coat\b", "labcoat"),
    (r"\btrack[- ]?suit\b", "tracksuit"),
    (r"\bstop sign\b", "stopsign"),
    (r"\bbus stop\b", "busstop"),
    (r"\btraffic lights?\b", "trafficlight"),
    (r"\bparking meter\b", "parkingmeter"),
    (r"\bfire hydrant\b", "hydrant"),
    (r"\bpick[- ]up truck\b", "truck"),
    (r"\bjack russell\b|\bguide dog\b", "dog"),
    (r"\bteddy bear\b", "teddy"),
    (r"\b(cell|mobile) phone\b", "phone"),
    (r"\b(sports?|foot|basket)[ -]?ball\b(?! (shirt|jersey|cap|shorts|hat|jacket))", "ball"),
    (r"\bhand ?bag\b|\bshoulder bag\b", "handbag"),
    (r"\bback ?pack\b", "backpack"),
)
MAX_PHRASE = 6  # words


def _phrases() -> dict[tuple[str, ...], str]:
    sources = (
        f.FOLLOW, f.STOP, f.STOP_FOLLOWING, f.AVOID, f.ASK, f.NEGATIONS, f.EXCEPTIONS, f.RELATIONS, f.SIDES,
        f.FROM_SIDES, f.FRONT, f.DETERMINERS, f.AUXILIARIES, f.CONJUNCTIONS, f.WHOLLY, f.ADVERBS, f.PLACES,
        f.TRAIT_NOUNS, f.TRAIT_ADJECTIVES, f.UNTIL_TOLD, f.NOBODY_ELSE, f.VERBS, f.CONDITIONS, f.CORRECTIONS,
    )  # fmt: skip
    return {tuple(name.split("_")): name for source in sources for name in source if "_" in name.strip("_")}


PHRASES = _phrases()


def tokens_of(text: str) -> list[str]:
    """Words, joined phrases, numbers and punctuation marks (``, . ; : ! ? / &``) of a text, lower case.

    A letter that English does not write stays in its word: the parser refuses the word by name.
    """
    text = unicodedata.normalize("NFKC", text).lower()
    for pattern, replacement in CONTRACTIONS:
        text = re.sub(pattern, replacement, text)
    text = re.sub(r"(?<=\w)[-_](?=\w)", " ", text)
    words = re.findall(r"[^\W\d_]+|\d+(?:st|nd|rd|th)?|[,.;:!?/&]", text)
    return _joined(words)


def _joined(words: list[str]) -> list[str]:
    joined: list[str] = []
    at = 0
    while at < len(words):
        length = next(
            (n for n in range(min(MAX_PHRASE, len(words) - at), 1, -1) if tuple(words[at : at + n]) in PHRASES), 1
        )
        joined.append(PHRASES[tuple(words[at : at + length])] if length > 1 else words[at])
        at += length
    return joined

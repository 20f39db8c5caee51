"""Sentence -> ``ParsedInstruction``: one meaning for every part of the graph, or a refusal that names the word.

A grammar of our own, because what it does not know must be refused by name: a statistical parser answers every text
with a tree, and a grammar generator answers a foreign word with its position.
"""

from __future__ import annotations

from functools import lru_cache

from track_common.instruction import lexicon as lex
from track_common.instruction.clauses import ClauseReader
from track_common.instruction.drafts import EXAMPLE, RefusedError
from track_common.instruction.imperatives import plain_request
from track_common.instruction.parsed import PERSON, Description, ParsedInstruction, Request
from track_common.instruction.suspects import check_words
from track_common.instruction.tokens import tokens_of
from track_common.instruction.unresolved import check_text

MAX_CHARACTERS = 2000  # a longer text is not an instruction; the longest of EVT-Bench and LaSOT have under 150


def as_instruction(instruction: ParsedInstruction | str) -> ParsedInstruction:
    """A sentence parsed, a parsed one as it is."""
    return parse_instruction(instruction) if isinstance(instruction, str) else instruction


@lru_cache(maxsize=64)
def parse_instruction(text: str) -> ParsedInstruction:
    """Meaning of a sentence; time is linear in its length. Never raises: what is not understood is a ``refusal``.

    A text without a word is a stop. A sentence that only says whom not to follow is a stop, one that names two people
    to follow is refused.
    """
    if len(text) > MAX_CHARACTERS:
        return _refused(text[:MAX_CHARACTERS], f"a sentence of {len(text)} characters; wanted at most {MAX_CHARACTERS}")
    tokens = tokens_of(text)
    if not any(token[0].isalnum() for token in tokens):
        return ParsedInstruction(text) if not text.strip() else _refused(text, f"no word in '{text[:40]}'; {EXAMPLE}")
    if (request := plain_request(tokens)) is not None:
        return ParsedInstruction(text, request)
    reader = ClauseReader(tokens)
    try:
        if problem := check_words(tokens):
            raise RefusedError(problem)
        check_text(text)
        reader.read()
        return _verdict(text, reader)
    except RefusedError as error:
        return _refused(text, str(error))


def _refused(text: str, reason: str) -> ParsedInstruction:
    return ParsedInstruction(text, Request.FOLLOW, refusal=reason)


def _verdict(text: str, reader: ClauseReader) -> ParsedInstruction:
    scope, requests = reader.scope, reader.asked.made
    last = requests[-1] if requests else ""
    if scope.has_no_one or last == "stop":
        return ParsedInstruction(text, Request.STOP)
    if last == "ask":
        return ParsedInstruction(text, Request.ASK)
    if scope.main.is_empty:
        if "avoid" in requests or reader.tokens[0] in ("no", "nope"):
            return ParsedInstruction(text, Request.STOP)
        raise RefusedError(f"'{text.strip()[:80]}' does not say whom to follow; {EXAMPLE}")
    target = scope.main.freeze()
    _check_followable(target)
    excluded = tuple(draft.freeze() for draft in scope.excluded if not draft.is_empty)
    for other in excluded:
        if other == target:
            raise RefusedError(f"'{target.noun}' is to be followed and not to be followed; say one of the two")
    return ParsedInstruction(text, Request.FOLLOW, target, excluded)


def _check_followable(target: Description) -> None:
    if target.category == PERSON or target.category in lex.ANIMALS:
        return
    if target.category in lex.VEHICLES:
        raise RefusedError(f"a {target.noun} is not followed: too fast and too heavy; people and animals are")
    raise RefusedError(f"'{target.noun}' is a thing, no person or animal; {EXAMPLE}")

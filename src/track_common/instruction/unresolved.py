"""Words that make what was said depend on something the robot cannot resolve: refused by name, never left out."""

from __future__ import annotations

import re
from collections.abc import Sequence

from track_common.instruction import function_words as f
from track_common.instruction import lexicon as lex
from track_common.instruction.drafts import EXAMPLE, Draft, Preposition, RefusedError, Scope
from track_common.instruction.word_kinds import Head, noun_kind

SPEAKER = lex.words("me us myself ourselves you yourself")
FORBIDDING = "🚫⛔❌❎✖🛑✋🙅👎"
POSSESSIVE = re.compile(rf"\b({'|'.join(sorted(lex.COLOUR_WORDS))})['’]s\b", re.IGNORECASE)
NOT_YET = lex.words("will shall would could might may should")


def check_text(text: str) -> None:
    """RefusedError for a symbol that may forbid what the words ask for, and for "the man in red's dog"."""
    if owner := POSSESSIVE.search(text):
        raise RefusedError(f"'{owner[0]} ...': who belongs to somebody is not understood; {EXAMPLE}")
    if symbol := next((symbol for symbol in FORBIDDING if symbol in text), None):
        raise RefusedError(f"'{symbol}' may forbid what the words say; type 'stop', or whom to follow in words alone")


def check_resolved(tokens: Sequence[str], at: int, scope: Scope) -> None:
    """RefusedError where the token at ``at`` is a condition, a correction, a comparison with somebody else, a look
    that is still to come, or a relation to the speaker."""
    token, rest = tokens[at], [*tokens[at + 1 : at + 4], "", "", ""]
    if token in f.CONDITIONS:
        raise RefusedError(f"conditions ('{token} ...') are not obeyed; say whom to follow, and stop when it is time")
    if token in f.CORRECTIONS and _is_described(scope.main):
        raise RefusedError(f"'{token.replace('_', ' ')}' corrects what was said before; say the whole sentence again")
    if token in f.LIKENESS and scope.main.noun and _is_somebody(rest):
        raise RefusedError(f"'{token} {rest[0]} ...': a comparison with somebody else is not understood; {EXAMPLE}")
    if scope.current.noun and (token == "about_to" or (token in NOT_YET and _is_look(rest))):
        raise RefusedError(f"'{token} {rest[0]} ...' says how somebody will look; say how they look now; {EXAMPLE}")
    is_tied = scope.relation is not None or (scope.preposition is Preposition.HAVE and not scope.is_answered)
    if is_tied and token in SPEAKER and scope.main.noun:
        word = scope.word.replace("_", " ")
        raise RefusedError(f"'{word} {token}': the robot does not know who says so; {EXAMPLE}")
    if token in f.COMPARATIVES and noun_kind(rest[0]) is None and rest[0] in lex.COLOUR_WORDS:
        raise RefusedError(f"'{token} {rest[0]}' compares; name the colour alone, such as '{rest[0]}'")


def _is_described(draft: Draft) -> bool:
    """Whether more than a noun is known of somebody."""
    return bool(draft.attributes or draft.excluded or draft.bare or draft.relations or draft.order or draft.unjudged)


def _is_look(words: Sequence[str]) -> bool:
    """ "wear", "be wearing", "soon have", "be red"."""
    word = words[1] if words[0] in ("be", "soon") else words[0]
    return word in f.WEAR | f.HAVE | lex.COLOUR_WORDS


def _is_somebody(words: Sequence[str]) -> bool:
    """ "the woman in red", "her", but not "a policeman"."""
    if words[0] in lex.SINGULAR_PRONOUNS | SPEAKER:
        return True
    is_definite = words[0] in f.DETERMINERS and words[0] not in ("a", "an", "any", "one_of")
    return is_definite and any(noun_kind(word) is Head.PERSON for word in words[1:])

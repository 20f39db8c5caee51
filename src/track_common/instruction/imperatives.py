"""Whether a verb is a request ("stop", "watch the man") or only a word of the description ("a watch", "who stops")."""

from __future__ import annotations

from collections.abc import Sequence

from track_common.instruction import function_words as f
from track_common.instruction import lexicon as lex
from track_common.instruction.parsed import Request

ALSO_NOUNS = f.TRAIT_NOUNS | f.PLACES | lex.PEOPLE.keys() | lex.OBJECTS.keys() | f.HAVE
BARE = lex.words("hold leave end finish drop")  # a stop where nothing follows
NOTHING = ("", ".", "!", ",", "it", "and")


def is_imperative(tokens: Sequence[str], at: int, is_start: bool) -> bool:
    """Whether the token at ``at`` may be a request; ``is_start``: a clause begins there.

    A stop phrase ("stop following") counts anywhere: a request to stop that is overheard is the worse mistake.

    Args:
        tokens: of the whole sentence.
        at: index of the token asked about.
        is_start: whether a clause begins there.
    """
    token = tokens[at]
    following = tokens[at + 1] if at + 1 < len(tokens) else ""
    if not is_start:
        return "_" in token and token in f.STOP | f.STOP_FOLLOWING
    if token in f.COPULAS or token in ("does", "did"):
        return at == 0
    if token == "whose":
        return at == 0 and tokens[-1] == "?"
    if token in f.ASK:
        return at == 0 or tokens[at - 1] in (".", "!", "?", ",")
    if token in BARE and following in NOTHING:
        return True
    if token in lex.PATTERNS and following in lex.GARMENTS:
        return False  # "and track pants"
    if token in ALSO_NOUNS and token in f.FOLLOW | f.AVOID | f.STOP:
        return following in f.DETERMINERS or following in lex.PEOPLE or following in lex.PLURAL_PEOPLE
    return True


def is_letting_go(tokens: Sequence[str], at: int) -> bool:
    """ "Let the man in red go", "let her be": the clause that begins with "let" ends with such a verb."""
    rest = tokens[at + 1 :]
    end = next((i for i, word in enumerate(rest) if word in (".", ",", ";", "!", "and", "but")), len(rest))
    return end > 1 and rest[end - 1] in f.LET and rest[0] not in ("us", "me")


def plain_request(tokens: Sequence[str]) -> Request | None:
    """STOP or ASK where a sentence begins with such a request and no request to follow comes after it; else None.

    Whatever else it says, known or not, does not matter then: nobody is followed.
    """
    first = next((at for at, token in enumerate(tokens) if token not in LEADING and token[0].isalnum()), len(tokens))
    said = [token for token in tokens if token[0].isalnum()]
    if not f.NEGATIONS.isdisjoint(said) and all(token in LEADING | f.NEGATIONS for token in said):
        return Request.STOP  # "no", "please don't"
    if first == len(tokens):
        return None
    token, later = tokens[first], tokens[first + 1 :]
    if f.FOLLOW & set(later) or f.AVOID & set(later) or not f.STOP_FOLLOWING.isdisjoint(later):
        return None
    if token in f.STOP | f.STOP_FOLLOWING and is_imperative(tokens, first, is_start=True):
        is_denied = any(word in f.NEGATIONS for word in tokens[:first])
        return None if is_denied else Request.STOP
    if token in f.ASK and first == 0 and (token != "whose" or tokens[-1] == "?"):
        return Request.ASK
    return None


LEADING = f.ADVERBS | f.AUXILIARIES | f.VOCATIVES

"""Where a noun phrase belongs that no tracker here can judge: kept by name, or refused where a look is expected."""

from __future__ import annotations

from track_common.instruction import lexicon as lex
from track_common.instruction.drafts import EXAMPLE, Mode, Preposition, RefusedError, Scope
from track_common.instruction.noun_phrase import NounPhrase
from track_common.instruction.parsed import DENIED
from track_common.instruction.word_kinds import Head

WRONG = lex.words("wrong incorrect mistaken undesired unwanted")  # "the man in red is the wrong one"
UNREAL = lex.words("toy stuffed plastic wooden fake inflatable painted cardboard hot dummy artificial")


def place_unjudged(scope: Scope, phrase: NounPhrase, following: str) -> None:
    """A word that no camera here judges: kept by name with its colours, places and activities apart."""
    said = " ".join([*phrase.colours, phrase.noun])
    is_negated = scope.is_negated or (scope.relation is not None and scope.is_relation_negated)
    tie = scope.relation.value if scope.relation is not None else ""
    if scope.preposition in (Preposition.PLACE, Preposition.IN) and not tie:
        tie = scope.word.replace("_", " ")
    draft = scope.current
    if scope.mode is Mode.FOLLOW and draft.is_empty and scope.preposition is Preposition.NONE and not scope.is_negated:
        raise RefusedError(f"'{said}' is nobody to follow; {EXAMPLE}")
    is_activity = scope.preposition is Preposition.VERB and scope.relation is None
    is_held = scope.preposition is Preposition.HAVE and bool(phrase.colours)  # "holding a red sign"
    is_place = phrase.kind in (Head.PLACE, Head.GARMENT) and not is_held
    is_scene = (is_place or is_activity) and not is_negated
    words = f"{tie} {said}".strip()
    (draft.scene if is_scene else draft.unjudged).append(f"{DENIED}{words}" if is_negated else words)
    scope.relation = None


def place_unknown(scope: Scope, phrase: NounPhrase, following: str) -> None:
    """A noun that is not in the language: kept by name in a place where it says nothing of looks, refused elsewhere."""
    noun, is_named = phrase.noun, bool(phrase.has_determiner)
    if scope.preposition is Preposition.WEAR:
        raise RefusedError(f"'{noun}' is no garment or colour known here; {EXAMPLE}")
    if scope.preposition is Preposition.IN and not is_named:
        raise RefusedError(f"'{noun}' stands where a colour or garment is expected and is none known here; {EXAMPLE}")
    if phrase.colours and scope.preposition in (Preposition.IN, Preposition.NONE):
        raise RefusedError(f"'{noun}' is no garment known here; {EXAMPLE}")
    if scope.preposition is Preposition.NONE and scope.relation is None and not scope.current.noun:
        raise RefusedError(f"'{noun}' is nothing this robot knows to follow; {EXAMPLE}")
    if scope.preposition is Preposition.NONE and scope.relation is None:
        raise RefusedError(f"'{noun}' is not understood; {EXAMPLE}")
    place_unjudged(scope, phrase, following)


def check_strange(scope: Scope, phrase: NounPhrase) -> None:
    """An unknown adjective in the place of a colour is refused; beside a known colour it is kept as not judged."""
    if not phrase.strange:
        return
    word = phrase.strange[0]
    if wrong := next((word for word in phrase.strange if word in WRONG), None):
        raise RefusedError(f"'{wrong}' does not say who is meant; say 'not the man in red' or describe another person")
    if phrase.kind in (Head.PERSON, Head.OBJECT) and word in UNREAL:
        raise RefusedError(f"a '{word} {phrase.noun}' is no {phrase.noun} that moves; {EXAMPLE}")
    if phrase.kind in (Head.GARMENT, Head.ACCENT) and not phrase.colours:
        raise RefusedError(f"'{word}' before '{phrase.noun}' is no colour known here; {EXAMPLE}")
    if phrase.kind is Head.NONE or (phrase.kind is Head.PERSON and not phrase.has_determiner):
        raise RefusedError(f"'{word}' is not understood; {EXAMPLE}")
    scope.current.unjudged.extend(phrase.strange)

"""Where an animal or a thing belongs: it is followed, excluded, or tied to a person (with a dog, next to a car)."""

from __future__ import annotations

from dataclasses import replace

from track_common.instruction import lexicon as lex
from track_common.instruction.drafts import (
    Draft,
    DraftRelation,
    Mode,
    Preposition,
    RefusedError,
    Scope,
    attribute_of,
)
from track_common.instruction.noun_phrase import NounPhrase
from track_common.instruction.parsed import PERSON, RelationKind

LACKING = lex.words("without no lacks lacking lack minus sans")
TOUCHING = lex.words("on in onto inside under underneath upon")


def place_object(scope: Scope, phrase: NounPhrase, following: str) -> None:
    """Put a noun phrase whose head is an animal or a thing where it belongs; RefusedError where two are followed.

    Args:
        scope: of the clause read so far; is written to.
        phrase: a noun phrase whose head is an animal or a thing.
        following: the token after it, None at the end.
    """
    draft = _object_draft(scope, phrase)
    draft.noun, draft.category = phrase.noun, lex.OBJECTS[phrase.noun]
    draft.is_plural = draft.is_plural or phrase.noun in lex.PLURAL_OBJECTS
    describe(scope, draft, phrase)
    if phrase.colours:
        draft.add(attribute_of("whole", phrase.colours, ""), is_negated=False)
    for colour in phrase.denied:
        draft.add(attribute_of("whole", (colour,), ""), is_negated=True)
    moved = [replace(a, region="whole", weight=1.0) for a in draft.attributes if a.region != "whole"]
    draft.attributes = [a for a in draft.attributes if a.region == "whole"] + moved
    scope.is_negated, scope.relation = False, None
    scope.preposition = Preposition.NONE


def _object_draft(scope: Scope, phrase: NounPhrase) -> Draft:
    """The draft an animal or a thing belongs to; a relation's other side does not become the current one."""
    kind, is_negated = _object_relation(scope)
    last = next((r for d in (scope.holder, scope.anchor) for r in d.relations[-1:]), None)
    is_second = scope.joint == "and" and phrase.has_determiner and scope.relation is None
    if is_second and last is not None and last.kind is RelationKind.BETWEEN and len(last.others) == 1:
        last.others.append(Draft())  # "between the car and the bench"
        scope.thing = last.others[-1]
        return scope.thing
    if kind is not None:
        other = Draft()
        holder = scope.current if scope.current.category == PERSON else scope.anchor
        holder.relations.append(DraftRelation(kind, [other], is_negated))
        scope.thing = other
        return other
    if scope.is_negated:
        return scope.exclude()
    if scope.mode is Mode.ASIDE:
        return scope.aside
    if scope.mode is Mode.AVOID:
        return scope.current if scope.current.is_empty else scope.exclude()
    if scope.main.noun:
        raise RefusedError(f"'{scope.main.noun}' and '{phrase.noun}' are both to be followed; name one")
    scope.turn_to(scope.main)
    return scope.main


def _object_relation(scope: Scope) -> tuple[RelationKind | None, bool]:
    """How a thing is tied to the person before it; None where it stands for itself."""
    if scope.relation is not None:
        return scope.relation, scope.is_relation_negated
    tied = scope.preposition
    if tied in (Preposition.HAVE, Preposition.WEAR, Preposition.IN):
        return RelationKind.WITH, scope.is_negated
    if tied is Preposition.VERB and scope.current.noun:
        return RelationKind.WITH, scope.is_negated
    if tied in (Preposition.PLACE, Preposition.OF) and not scope.current.is_empty:
        return (RelationKind.WITH if scope.word in TOUCHING else RelationKind.NEXT_TO), scope.is_negated
    if scope.is_negated and scope.negation in LACKING and scope.current.noun:
        return RelationKind.WITH, True
    if scope.joint == "and" and scope.thing is not None and scope.anchor.relations:
        last = scope.anchor.relations[-1]
        return last.kind, last.is_negated
    return None, False


def describe(scope: Scope, draft: Draft, phrase: NounPhrase) -> None:
    """Adjectives and the place in a row.

    Args:
        scope: of the clause read so far.
        draft: description that gets the attributes.
        phrase: noun phrase with the adjectives.
    """
    draft.unjudged.extend(phrase.traits)
    if phrase.order is not None:
        draft.order = phrase.order
    if phrase.place:
        draft.place = phrase.place

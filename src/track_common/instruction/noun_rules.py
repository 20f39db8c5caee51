"""Where a noun phrase belongs: head of the target, somebody excluded, the other side of a relation, a garment."""

from __future__ import annotations

from dataclasses import replace

from track_common.instruction import function_words as f
from track_common.instruction import lexicon as lex
from track_common.instruction.drafts import (
    EXAMPLE,
    BareGarment,
    Draft,
    DraftRelation,
    Mode,
    Preposition,
    RefusedError,
    Scope,
    attribute_of,
)
from track_common.instruction.noun_phrase import NounPhrase
from track_common.instruction.object_rules import describe, place_object
from track_common.instruction.parsed import DENIED, PERSON, RelationKind
from track_common.instruction.word_kinds import Head

WRONG = lex.words("wrong incorrect mistaken undesired unwanted")  # "the man in red is the wrong one"
TARGETS = lex.words("target subject suspect leader")
NOT_SKIN = lex.words("one ones figure figures subject target character")


def place(scope: Scope, phrase: NounPhrase, following: str) -> None:
    """Put a noun phrase where it belongs; ``following`` is the token after it.

    Args:
        scope: of the clause read so far; is written to.
        phrase: the noun phrase.
        following: the token after it, None at the end.

    Raises:
        RefusedError: it has no place.
    """
    _check_strange(scope, phrase)
    rule = {
        Head.PERSON: _place_person,
        Head.GARMENT: _place_garment,
        Head.OBJECT: place_object,
        Head.NONE: _place_colours,
        Head.ACCENT: _place_accent,
        Head.TRAIT: _place_unjudged,
        Head.PLACE: _place_unjudged,
        Head.UNKNOWN: _place_unknown,
    }[phrase.kind]
    rule(scope, phrase, following)
    scope.is_fresh, scope.joint = False, ""
    scope.is_predicate = False


def _place_person(scope: Scope, phrase: NounPhrase, following: str) -> None:
    denied = scope.current.excluded[-1:]
    if scope.joint == "but" and phrase.noun in ("one", "ones") and phrase.colours and denied:
        scope.current.add(
            replace(denied[0], colours=phrase.colours), is_negated=False
        )  # "not a red shirt but a blue one"
        return
    draft = _person_draft(scope, phrase)
    is_pronoun = phrase.noun in lex.SINGULAR_PRONOUNS
    if not (is_pronoun and draft.noun):
        draft.noun = lex.PLURAL_PEOPLE.get(phrase.noun, phrase.noun)
    singular = lex.PLURAL_PEOPLE.get(phrase.noun, phrase.noun)
    draft.sexes |= {lex.PEOPLE.get(singular, "")} - {""}
    draft.is_plural = draft.is_plural or phrase.noun in lex.PLURAL_PEOPLE
    if singular in lex.CROWD:
        raise RefusedError(f"'{phrase.noun}' is more than one person; describe one of them")
    if singular in lex.ROLES:
        draft.unjudged.append(singular)
    if phrase.noun in lex.NO_ONE:
        scope.has_no_one = True
    describe(scope, draft, phrase)
    for worn in phrase.worn:
        draft.add(attribute_of(worn.region, worn.colours, worn.word), is_negated=False) if worn.colours else None
        if not worn.colours:
            draft.unjudged.append(worn.word)
    _colour_person(draft, phrase)
    scope.is_negated = False  # what the excluded person wears is worn
    scope.preposition, scope.relation, scope.thing = Preposition.NONE, None, None


def _colour_person(draft: Draft, phrase: NounPhrase) -> None:
    """ "the blond man", "the red one"; "the black man" may mean the skin and is asked back."""
    for colour in phrase.denied:
        draft.add(attribute_of("torso", (colour,), ""), is_negated=True)
    if not phrase.colours:
        return
    if all(colour in lex.HAIR_COLOURS for colour in phrase.colours):
        draft.add(attribute_of("head", phrase.colours, "hair"), is_negated=False)
        return
    skin = next((c for c in phrase.colours if c in lex.SKIN_LIKE), None)
    if skin is not None and phrase.noun not in NOT_SKIN:
        raise RefusedError(
            f"'{skin}' before '{phrase.noun}' may mean skin or clothes; say '{phrase.noun} in {skin}' for clothes"
        )
    draft.add(attribute_of("torso", phrase.colours, ""), is_negated=False)


def _person_draft(scope: Scope, phrase: NounPhrase) -> Draft:  # noqa: PLR0911 - one rule a line
    """Who is described by a phrase whose head is a person."""
    if scope.relation is not None:
        return _other_side(scope, scope.relation, scope.is_relation_negated)
    if scope.joint == "and" and _is_reference(scope) and not scope.is_negated:
        return _another_side(scope)
    if scope.preposition is Preposition.HAVE:
        return _other_side(scope, RelationKind.NEXT_TO, scope.is_negated)
    if scope.is_negated and scope.is_predicate and phrase.noun in TARGETS:
        scope.has_no_one = True  # "the man in red is not the target"
    if scope.is_negated or (scope.joint and scope.anchor in scope.excluded and not scope.main.is_empty):
        return scope.exclude()
    if scope.mode is Mode.ASIDE:
        scope.turn_to(scope.aside)
        return scope.aside
    if scope.mode is Mode.AVOID:
        return scope.current if not scope.current.noun else scope.exclude()
    if scope.preposition is Preposition.PLACE and not scope.main.is_empty:
        return _bystander(scope, phrase)
    return _target(scope, phrase)


def _target(scope: Scope, phrase: NounPhrase) -> Draft:
    """The target itself; RefusedError where there is one already."""
    is_pronoun = phrase.noun in lex.SINGULAR_PRONOUNS
    if is_pronoun and scope.main.is_empty and scope.aside.noun:
        scope.main, scope.aside = scope.aside, Draft()
    main = scope.main
    is_apposition = scope.joint == "," and phrase.noun in ("one", "ones")  # "the man in red, the one with the hat"
    is_part = scope.preposition is Preposition.OF and phrase.noun in lex.PLURAL_PEOPLE  # "the taller of the two men"
    is_alternative = scope.joint in ("or", "/") and not phrase.has_determiner
    is_same = is_pronoun or scope.is_predicate or is_apposition or is_part or is_alternative
    if main.noun and not is_same:
        raise RefusedError(
            f"'{main.noun}' and '{phrase.noun}' are both to be followed; name one, and say 'next to', 'not' or "
            "'ignore' of the other"
        )
    scope.turn_to(main)
    return main


def _other_side(scope: Scope, kind: RelationKind, is_negated: bool) -> Draft:
    other = Draft()
    scope.current.relations.append(DraftRelation(kind, [other], is_negated))
    scope.holder, scope.current = scope.current, other
    return other


def _another_side(scope: Scope) -> Draft:
    """ "between A and B", "next to A and B": the relation that was read last gets one more."""
    relation = scope.holder.relations[-1]
    other = Draft()
    if relation.kind is RelationKind.BETWEEN:
        relation.others.append(other)
    else:
        scope.holder.relations.append(DraftRelation(relation.kind, [other], relation.is_negated))
    scope.current = other
    return other


def _is_reference(scope: Scope) -> bool:
    return scope.current is not scope.anchor and bool(scope.holder.relations)


def _bystander(scope: Scope, phrase: NounPhrase) -> Draft:
    """ "looking at the woman in blue": what is said of her is hers, but where she is says nothing of the target."""
    scope.anchor.scene.append(f"{scope.word.replace('_', ' ')} the {phrase.noun}".strip())
    scope.current = Draft()
    return scope.current


def _place_garment(scope: Scope, phrase: NounPhrase, following: str) -> None:
    if scope.relation is not None:  # "next to the red shirt"
        _other_side(scope, scope.relation, scope.is_relation_negated)
        scope.relation = None
    draft = scope.current
    region, colours = lex.GARMENTS[phrase.noun], phrase.colours
    if draft.category != PERSON:
        draft = scope.current = scope.anchor
    if not colours and phrase.noun == "jeans" and following not in f.COPULAS:
        colours = ("denim",)
    said = draft.excluded if scope.is_negated else draft.attributes
    is_shared = (
        scope.joint == "and" and not (phrase.has_determiner or phrase.has_pattern) and following not in f.COPULAS
    )
    if not colours and is_shared and said and scope.preposition is not Preposition.HAVE:
        colours = said[-1].colours
    if colours:
        draft.add(attribute_of(region, colours, phrase.noun, scope.is_inner), scope.is_negated)
        for garment in draft.bare:
            garment.is_used = garment.is_used or (scope.is_predicate and garment.region == region)
    else:
        draft.bare.append(BareGarment(phrase.noun, region, scope.is_negated))
    scope.is_inner = False


def _place_colours(scope: Scope, phrase: NounPhrase, following: str) -> None:
    """Colours without a noun belong to the last bare garment, or to the clothes at large."""
    draft = scope.current
    describe(scope, draft, phrase)
    if not phrase.colours:
        return
    if scope.preposition is Preposition.IN and phrase.has_determiner and phrase.colours == ("dark",):
        draft.unjudged.append("in the dark")
        return
    if scope.relation is not None:  # "next to the red"
        draft = _other_side(scope, scope.relation, scope.is_relation_negated)
        scope.relation = None
    garment = draft.open_garment()
    if draft.category != PERSON:
        region, noun = "whole", ""
    elif garment is not None:
        garment.is_used, region, noun = True, garment.region, garment.noun
    elif all(colour in lex.HAIR_COLOURS for colour in phrase.colours):
        region, noun = "head", "hair"
    else:
        region, noun = "body" if scope.is_wholly or phrase.is_wholly else "torso", ""
    is_negated = scope.is_negated or (garment is not None and garment.is_negated)
    draft.add(attribute_of(region, phrase.colours, noun, scope.is_inner), is_negated)


def _place_accent(scope: Scope, phrase: NounPhrase, following: str) -> None:
    """ "... with black accents": a further colour of the last garment."""
    said = scope.current.excluded if scope.is_negated else scope.current.attributes
    if phrase.colours and said and not scope.is_negated:
        said[-1] = replace(said[-1], colours=tuple(dict.fromkeys(said[-1].colours + phrase.colours)))
    elif phrase.colours and not scope.is_negated:
        garment = scope.current.open_garment()
        region, noun = ("torso", "") if garment is None else (garment.region, garment.noun)
        if garment is not None:
            garment.is_used = True
        scope.current.add(attribute_of(region, phrase.colours, noun), is_negated=False)
    else:
        scope.current.unjudged.append(f"{DENIED if scope.is_negated else ''}{phrase.noun}")


def _place_unjudged(scope: Scope, phrase: NounPhrase, following: str) -> None:
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
    is_scene = (phrase.kind is Head.PLACE or is_activity) and not is_negated
    words = f"{tie} {said}".strip()
    (draft.scene if is_scene else draft.unjudged).append(f"{DENIED}{words}" if is_negated else words)
    scope.relation = None


def _place_unknown(scope: Scope, phrase: NounPhrase, following: str) -> None:
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
    _place_unjudged(scope, phrase, following)


def _check_strange(scope: Scope, phrase: NounPhrase) -> None:
    """An unknown adjective in the place of a colour is refused; beside a known colour it is kept as not judged."""
    if not phrase.strange:
        return
    word = phrase.strange[0]
    if wrong := next((word for word in phrase.strange if word in WRONG), None):
        raise RefusedError(f"'{wrong}' does not say who is meant; say 'not the man in red' or describe another person")
    if phrase.kind in (Head.GARMENT, Head.ACCENT) and not phrase.colours:
        raise RefusedError(f"'{word}' before '{phrase.noun}' is no colour known here; {EXAMPLE}")
    if phrase.kind is Head.NONE or (phrase.kind is Head.PERSON and not phrase.has_determiner):
        raise RefusedError(f"'{word}' is not understood; {EXAMPLE}")
    scope.current.unjudged.extend(phrase.strange)

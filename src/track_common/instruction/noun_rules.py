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
from track_common.instruction.unjudged_rules import check_strange, place_unjudged, place_unknown
from track_common.instruction.word_kinds import Head

LOOKED_AT = lex.words("at to toward towards past against from into onto across around about among")  # no garment worn
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
    check_strange(scope, phrase)
    rule = {
        Head.PERSON: _place_person,
        Head.GARMENT: _place_garment,
        Head.OBJECT: place_object,
        Head.NONE: _place_colours,
        Head.ACCENT: _place_accent,
        Head.TRAIT: place_unjudged,
        Head.PLACE: place_unjudged,
        Head.UNKNOWN: place_unknown,
    }[phrase.kind]
    rule(scope, phrase, following)
    scope.is_fresh, scope.joint = False, ""
    scope.is_predicate, scope.is_answered = False, True


def _place_person(scope: Scope, phrase: NounPhrase, following: str) -> None:
    denied = scope.current.excluded[-1:]
    if scope.joint == "but" and phrase.noun in ("one", "ones") and phrase.colours and denied:
        scope.current.add(
            replace(denied[0], colours=phrase.colours), is_negated=False
        )  # "not a red shirt but a blue one"
        return
    _check_ones(scope, phrase)
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


def _check_ones(scope: Scope, phrase: NounPhrase) -> None:
    """ "The dog, not the black one": a person would be excluded."""
    animal = next((d.noun for d in (scope.main, *scope.excluded) if d.category != PERSON), "")
    if animal and phrase.noun in ("one", "ones") and scope.relation is None:
        raise RefusedError(f"'{phrase.noun}' after '{animal}' may be an animal or a person; say it again: '{animal}'")


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
    if (scope.mode is Mode.AVOID or scope.is_negated) and _is_the_target(scope, phrase):
        return _taken_back(scope, phrase)
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


def _taken_back(scope: Scope, phrase: NounPhrase) -> Draft:
    """ "There is a man in red, ignore him": the man who was described before; RefusedError for "..., not him"."""
    if scope.mode is not Mode.AVOID:
        raise RefusedError(f"'not {phrase.noun}' takes back what was said before; say whom to follow; {EXAMPLE}")
    scope.excluded = [draft for draft in scope.excluded if not draft.is_empty] + [scope.main]
    scope.main = Draft()
    scope.turn_to(scope.excluded[-1])
    return scope.current


def _is_the_target(scope: Scope, phrase: NounPhrase) -> bool:
    """Whether a pronoun means the target described before; of another sex it does not."""
    if phrase.noun not in lex.SINGULAR_PRONOUNS or not scope.main.noun or scope.main.noun in lex.SINGULAR_PRONOUNS:
        return False
    sex = lex.PEOPLE.get(phrase.noun, "")
    return not sex or not scope.main.sexes or sex in scope.main.sexes


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
    if scope.preposition is Preposition.PLACE and scope.word in LOOKED_AT and not draft.is_empty:
        place_unjudged(scope, phrase, following)  # "looking at the red shirt"
        return
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
    for colour in phrase.denied:  # "a non-red shirt"
        draft.add(attribute_of(region, (colour,), phrase.noun), is_negated=not scope.is_negated)
    if colours:
        draft.add(attribute_of(region, colours, phrase.noun, scope.is_inner), scope.is_negated)
        for garment in draft.bare:
            garment.is_used = garment.is_used or (scope.is_predicate and garment.region == region)
    elif not phrase.denied:
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
    if garment is not None and garment.is_negated and not scope.is_predicate:
        garment = None  # "without a helmet, in orange"
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

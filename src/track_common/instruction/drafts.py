"""Descriptions while a sentence is being read: what is known so far, and who is described at the moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from track_common.instruction import function_words as f
from track_common.instruction import lexicon as lex
from track_common.instruction.parsed import (
    DENIED,
    PERSON,
    Attribute,
    Description,
    Order,
    Relation,
    RelationKind,
    Selection,
)

EXAMPLE = "say it like 'follow the woman in the red shirt and black trousers'"
OPPOSITE = {
    Order.FROM_LEFT: Order.FROM_RIGHT,
    Order.FROM_RIGHT: Order.FROM_LEFT,
    Order.FROM_NEAR: Order.FROM_FAR,
    Order.FROM_FAR: Order.FROM_NEAR,
}


class RefusedError(ValueError):
    """A sentence that is not understood; the message says which word and what to type."""


@dataclass
class BareGarment:
    """A garment named without a colour; the colour may still follow ("whose shirt is red")."""

    noun: str
    region: str
    is_negated: bool
    is_used: bool = False


@dataclass
class DraftRelation:
    """A relation whose other side is still being read."""

    kind: RelationKind
    others: list[Draft]
    is_negated: bool


@dataclass(eq=False)
class Draft:
    """A description that is being read."""

    noun: str = ""
    category: str = PERSON
    sexes: set[str] = field(default_factory=set)
    is_plural: bool = False
    attributes: list[Attribute] = field(default_factory=list)
    excluded: list[Attribute] = field(default_factory=list)
    bare: list[BareGarment] = field(default_factory=list)
    relations: list[DraftRelation] = field(default_factory=list)
    order: Order | None = None
    place: int = 0
    is_order_negated: bool = False
    unjudged: list[str] = field(default_factory=list)
    scene: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """True where nothing was said yet."""
        looks = self.attributes or self.excluded or self.bare or self.unjudged
        return not (self.noun or looks or self.relations or self.order or self.scene)

    def add(self, attribute: Attribute, is_negated: bool) -> None:
        """One more colour that must, or must not, be seen; the same one twice counts once."""
        chosen = self.excluded if is_negated else self.attributes
        if attribute not in chosen:
            chosen.append(attribute)

    def open_garment(self) -> BareGarment | None:
        """The last garment without a colour."""
        return next((garment for garment in reversed(self.bare) if not garment.is_used), None)

    def freeze(self) -> Description:
        """The description; raises RefusedError where it contradicts itself."""
        for attribute in self.attributes:
            if attribute in self.excluded:
                colour = " and ".join(attribute.colours)
                raise RefusedError(f"'{colour}' is asked for and excluded at once; say one of the two")
        bare = [f"{DENIED}{g.noun}" if g.is_negated else g.noun for g in self.bare if not g.is_used]
        unjudged = [*self.unjudged, *bare]
        if self.place and self.order is None and self.place != 1:
            unjudged.append(next(word for word, place in ORDINAL_WORDS if place == self.place))
        return Description(
            noun=self.noun,
            category=self.category,
            sex=next(iter(self.sexes)) if len(self.sexes) == 1 else "",
            is_plural=self.is_plural,
            attributes=tuple(self.attributes),
            excluded_attributes=tuple(self.excluded),
            relations=tuple(
                Relation(r.kind, tuple(other.freeze() for other in r.others), r.is_negated) for r in self.relations
            ),
            selection=self._selection(),
            unjudged=tuple(dict.fromkeys(unjudged)),
            scene=tuple(dict.fromkeys(self.scene)),
        )

    def _selection(self) -> Selection | None:
        if self.order is None:
            return None
        if self.place < 0:
            return Selection(OPPOSITE.get(self.order, self.order), 1, self.is_order_negated)
        return Selection(self.order, max(self.place, 1), self.is_order_negated)


ORDINAL_WORDS = (("second", 2), ("third", 3), ("fourth", 4), ("fifth", 5), ("last", -1))


def attribute_of(region: str, colours: tuple[str, ...], garment: str, is_inner: bool = False) -> Attribute:
    """An attribute with the weight of its region.

    Args:
        region: of the body, such as "torso".
        colours: names of colours; several stand for "or".
        garment: its noun, "" where only a colour is known.
        is_inner: whether another garment may cover it.
    """
    weight = lex.REGION_WEIGHTS[region] * (lex.INNER_WEIGHT if is_inner else 1.0)
    return Attribute(region, colours, weight, garment)


class Mode(Enum):
    """What is said of the people who are described now."""

    FOLLOW = "follow"
    AVOID = "avoid"
    ASIDE = "aside"  # after "stop" or a question: they are not followed, whatever is said


class Preposition(Enum):
    """How the next noun is tied to what stands before."""

    NONE = "none"
    WEAR = "wear"
    IN = "in"
    HAVE = "have"
    PLACE = "place"
    OF = "of"
    VERB = "verb"


@dataclass
class Scope:
    """Who is described, and whether what follows is said or denied.

    Attributes:
        main: whom to follow; excluded: whom not.
        current: who gets the next garment; anchor: who gets it again after a comma ("the man next to X, in red").
        is_fresh: the negation has not met its noun yet; negation: its word.
        holder: who has the relation that was read last.
        relation: kind whose other side comes next.
        joint: "and", "or" or "," directly before the next noun.
        is_answered: a noun has come after ``preposition``.
    """

    main: Draft = field(default_factory=Draft)
    excluded: list[Draft] = field(default_factory=list)
    aside: Draft = field(default_factory=Draft)
    current: Draft = field(init=False)
    anchor: Draft = field(init=False)
    holder: Draft = field(init=False)
    thing: Draft | None = None
    mode: Mode = Mode.FOLLOW
    preposition: Preposition = Preposition.NONE
    word: str = ""
    relation: RelationKind | None = None
    is_relation_negated: bool = False
    is_negated: bool = False
    is_fresh: bool = False
    negation: str = ""
    is_inner: bool = False
    is_wholly: bool = False
    is_predicate: bool = False
    joint: str = ""
    has_no_one: bool = False
    is_answered: bool = False

    def __post_init__(self) -> None:
        self.current = self.anchor = self.holder = self.main

    def turn_to(self, draft: Draft) -> None:
        """Describe somebody else from here on."""
        self.current = self.anchor = self.holder = draft

    def exclude(self) -> Draft:
        """A further person who must not be followed."""
        self.excluded.append(Draft())
        self.turn_to(self.excluded[-1])
        return self.current

    def deny(self, word: str) -> None:
        """A negation was read. "With blue shoes, not the one in red": the preposition has had its noun."""
        if word == "not" and self.preposition is Preposition.HAVE and self.is_answered:
            self.preposition = Preposition.NONE
        self.is_negated = self.is_fresh = True
        self.negation = word

    def tie(self, preposition: Preposition, word: str) -> None:
        """A preposition or a verb was read: a negation that has met its noun ends here."""
        self.end_negation()
        self.preposition, self.word, self.is_inner = preposition, word, False
        self.relation, self.is_answered = None, False

    def deny_activity(self, verb: str, following: str) -> None:
        """ "who is not running", "not looking at me"; "not walking with the woman" denies the relation instead."""
        ends = f.PLACE_PREPOSITIONS | f.ADVERBS | f.CONJUNCTIONS | {"", ".", ",", "!", "in"}
        if self.is_negated and self.is_fresh and following in ends and not self.current.is_empty:
            self.current.unjudged.append(f"{DENIED}{verb}")
            self.is_negated = self.is_fresh = False

    def end_negation(self) -> None:
        """The negation ends unless its noun is still to come."""
        self.is_negated = self.is_negated and self.is_fresh

    def end_clause(self) -> None:
        """Back to whom the sentence is about; what was pending is over."""
        self.is_negated = self.is_fresh = self.is_inner = self.is_wholly = self.is_predicate = False
        self.preposition, self.word, self.relation, self.thing = Preposition.NONE, "", None, None
        self.current = self.anchor

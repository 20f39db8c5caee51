"""What a sentence says about a person: garments on body regions and their colours. Rules, no network.

"the woman in the red shirt and black trousers" -> red on the torso, black on the legs. English only; a sentence
without one known word is not understood (``Description.is_understood``): the tracker refuses it, it follows nobody.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from vlt_ros.colours import COLOURS, SHADES
from vlt_ros.vocabulary import (
    ACCENTS,
    ADJECTIVES,
    BOUNDARIES,
    FOLLOWING,
    GARMENTS,
    INNER_WEIGHT,
    JOINERS,
    LINKS,
    NEGATIONS,
    PEOPLE,
    REGION_WEIGHTS,
    SILENT,
    WHOLLY,
)

MAX_CHARACTERS = 2000  # a longer text is not an instruction; the longest of EVT-Bench and LaSOT have under 150


@dataclass(frozen=True)
class Attribute:
    """One thing said about the looks: a body region and its colours.

    A colour is ``red``, ``dark blue`` (with its shade) or ``olive/green`` (a compound: anything between will do);
    several colours are expected side by side.
    """

    region: str
    colours: tuple[str, ...]
    weight: float = 1.0


@dataclass(frozen=True)
class Description:
    """A parsed sentence.

    Attributes:
        attributes: what is said about clothes and hair; empty = anybody, the most prominent person is meant.
        sex: "male", "female" or "" where not said. Kept for networks that can see it; colours cannot.
        is_understood: False where no word of the sentence is known.
    """

    attributes: tuple[Attribute, ...] = ()
    sex: str = ""
    is_understood: bool = False


def parse(sentence: str) -> Description:
    """Description of the person meant by a sentence; time is linear in its length.

    Raises:
        ValueError: longer than ``MAX_CHARACTERS``.
    """
    if len(sentence) > MAX_CHARACTERS:
        raise ValueError(f"an instruction of {len(sentence)} characters; wanted at most {MAX_CHARACTERS}")
    reader = _Reader()
    for token in _tokens(sentence):
        reader.read(token)
    reader.close_clause()
    sexes = {PEOPLE[t] for t in reader.people} - {""}
    is_understood = bool(reader.attributes or reader.people or reader.has_request)
    return Description(tuple(reader.attributes), sexes.pop() if len(sexes) == 1 else "", is_understood)


def _tokens(sentence: str) -> list[str]:
    text = re.sub(r"t[- ]shirt", "tshirt", sentence.lower())
    return re.findall(r"[a-z]+|[,.;:!?&]", text)


@dataclass
class _Reader:
    """State of the walk over the tokens: colours wait until the garment they belong to is named."""

    attributes: list[Attribute] = field(default_factory=list)
    people: list[str] = field(default_factory=list)
    has_request: bool = False
    _shade: str = ""
    _colours: list[str] = field(default_factory=list)
    _is_blocked: bool = (
        False  # an unknown word after a colour: the colour is of something else, unless a garment follows
    )
    _is_negated: bool = False
    _is_inner: bool = False
    _is_joined: bool = False  # directly after "shirt and": a bare garment shares the colours
    _bare: str = ""  # garment named without a colour; "is red" may still follow
    _is_predicate: bool = False  # after "shirt is"
    _is_adjacent: bool = False  # the last word was a colour too
    _is_wholly: bool = False

    def read(self, token: str) -> None:
        """Take the next word."""
        was_joined, self._is_joined = self._is_joined, token in JOINERS and not self._colours
        was_adjacent, self._is_adjacent = self._is_adjacent, token in COLOURS and token not in SHADES
        if token in SHADES or token in COLOURS:
            self._read_colour(token, was_adjacent)
        elif token in GARMENTS:
            self._read_garment(token, was_joined)
        elif token in WHOLLY:
            self._is_wholly = True
        elif token in ACCENTS:
            self._add_accent()
        elif token in LINKS or token in JOINERS:
            self._read_link(token)
        elif token in SILENT or token in ADJECTIVES:
            self._is_joined = was_joined and token in SILENT
        elif token in NEGATIONS:
            self.close_clause()
            self._is_negated = True
        else:
            self._read_other(token)

    def close_clause(self) -> None:
        """A boundary: colours that found no garment belong to the last bare one, or to the clothes at large."""
        colours = self._take_colours()
        if colours and not self._is_blocked:
            self._add(self._bare or ("body" if self._is_wholly else "torso"), colours)
        self._is_blocked = self._is_negated = self._is_inner = self._is_predicate = False
        self._bare = ""

    def _read_colour(self, token: str, was_adjacent: bool) -> None:
        if token in SHADES:
            if self._shade:
                self._colours.append(self._shade)
            self._shade = token
        elif was_adjacent and self._colours:
            self._colours[-1] += f"/{token}"
        else:
            self._colours.append(f"{self._shade} {token}".strip())
            self._shade = ""

    def _read_link(self, token: str) -> None:
        """ "the shirt is red and the trousers are black": what follows "is" describes the garment before it."""
        if token in LINKS:
            self._is_predicate = bool(self._bare) and not self._colours
        elif self._is_predicate and self._colours:
            self.close_clause()

    def _read_garment(self, token: str, was_joined: bool) -> None:
        region = GARMENTS[token]
        colours = self._take_colours()
        if not colours and token == "jeans":
            colours = ("denim",)
        if not colours and was_joined and self.attributes:
            colours = self.attributes[-1].colours
        if colours:
            self._add(region, colours)
        self._bare = "" if colours else region
        self._is_blocked = self._is_inner = False

    def _read_other(self, token: str) -> None:
        if token in PEOPLE:
            self.people.append(token)
        if token in FOLLOWING:
            self.has_request = True
        is_boundary = token in BOUNDARIES or token.endswith("ing")
        if is_boundary:
            self.close_clause()
            self._is_inner = token == "over"
        elif self._colours or self._shade:
            self._is_blocked = True

    def _add(self, region: str, colours: tuple[str, ...]) -> None:
        if self._is_negated:
            return
        weight = REGION_WEIGHTS[region] * (INNER_WEIGHT if self._is_inner else 1.0)
        if weight > 0.0:
            self.attributes.append(Attribute(region, colours, weight))

    def _add_accent(self) -> None:
        """ "... with black accents": a further colour of the last garment."""
        colours = self._take_colours()
        if colours and self.attributes and not self._is_negated:
            last = self.attributes[-1]
            self.attributes[-1] = replace(last, colours=last.colours + colours)

    def _take_colours(self) -> tuple[str, ...]:
        """The waiting colours, once each."""
        colours, self._colours = self._colours + ([self._shade] if self._shade else []), []
        self._shade = ""
        return tuple(dict.fromkeys(colours))

"""One noun phrase of a sentence: determiners, colours and other adjectives, and the noun they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from track_common.instruction import function_words as f
from track_common.instruction import lexicon as lex
from track_common.instruction.parsed import Order
from track_common.instruction.word_kinds import Head, is_known, noun_kind

LOOK_AHEAD = 4  # tokens between an adjective and its noun at most


NOT_PEOPLE = (Head.GARMENT, Head.ACCENT, Head.OBJECT)


@dataclass(frozen=True)
class Worn:
    """A garment of a phrase with its colours: the head, or one named before it ("the red-shirted man")."""

    word: str
    region: str
    colours: tuple[str, ...]


@dataclass(frozen=True)
class NounPhrase:
    """What was read; ``end`` is the first token after it.

    Attributes:
        colours: the head's; of a garment before the head they are in ``worn``.
        traits: known adjectives that no camera judges; ``strange``: adjectives nobody knows.
        denied: colours after "non-".
        order, place: "left", "second" ... before the noun; place 0 = none was said, -1 = the last.
    """

    kind: Head
    noun: str
    end: int
    colours: tuple[str, ...] = ()
    worn: tuple[Worn, ...] = ()
    traits: tuple[str, ...] = ()
    strange: tuple[str, ...] = ()
    order: Order | None = None
    place: int = 0
    has_determiner: bool = False
    is_wholly: bool = False
    denied: tuple[str, ...] = ()
    has_pattern: bool = False


def read_noun_phrase(tokens: Sequence[str], start: int) -> NounPhrase | None:
    """The noun phrase that begins at ``start``; None where none does."""
    reader = _Reader(tokens, start)
    while reader.at < len(tokens) and reader.step(tokens[reader.at]):
        reader.at += 1
    return reader.phrase()


@dataclass
class _Reader:
    tokens: Sequence[str]
    start: int
    at: int = field(init=False)
    kind: Head = Head.NONE
    noun: str = ""
    shade: str = ""
    colours: list[str] = field(default_factory=list)
    worn: list[Worn] = field(default_factory=list)
    denied: list[str] = field(default_factory=list)
    traits: list[str] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)
    order: Order | None = None
    place: int = 0
    has_determiner: bool = False
    is_wholly: bool = False
    has_pattern: bool = False
    _is_adjacent: bool = False
    _is_alternative: bool = False

    def __post_init__(self) -> None:
        self.at = self.start

    def step(self, token: str) -> bool:
        """Take one token; False where the phrase ended before it."""
        if self.kind is not Head.NONE:
            return False
        was_adjacent, self._is_adjacent = self._is_adjacent, False
        if token == "hivis" and self.colours:
            return True  # "an orange hi-vis vest"
        if self._is_colour(token):
            self._take_colour(token, was_adjacent)
        elif token in lex.GARMENT_ADJECTIVES and self._next_kind() is Head.PERSON:
            self._take_worn(token, lex.GARMENT_ADJECTIVES[token])
        elif token == "non" and self._starts_colour(self.at + 1):
            self.denied.append(self._token(1))
            self.at += 1
        elif token in f.WHOLLY and not self.colours:
            self.is_wholly = True
        elif self._is_joint(token):
            self._is_alternative = token in ("or", "/")
        elif self._is_determiner(token):
            self.has_determiner = True
        elif self._take_order(token):
            pass
        else:
            return self._take_noun(token)
        return True

    def phrase(self) -> NounPhrase | None:
        """What was read so far."""
        colours = self._take_colours()
        is_empty = self.kind is Head.NONE and not (colours or self.worn or self.strange)
        if is_empty and not self.place and self.order is None:
            return None
        return NounPhrase(
            self.kind, self.noun, self.at, colours, tuple(self.worn), tuple(self.traits), tuple(self.strange),
            self.order, self.place, self.has_determiner, self.is_wholly, tuple(self.denied), self.has_pattern,
        )  # fmt: skip

    def _is_colour(self, token: str) -> bool:
        if token in lex.SHADE_WORDS and (token not in f.ADVERBS or self._token(1) in lex.COLOUR_WORDS):
            return self._token(1) in lex.COLOUR_WORDS or token in ("hivis", "neon", "fluorescent", "luminous", "vivid")
        if token in lex.FABRIC_COLOURS and self._next_kind() is Head.GARMENT and (self.colours or self.shade):
            return False  # "a light blue denim jacket"
        if token == "light" and self.colours and self._next_kind() is None and not self._starts_colour(self.at + 1):
            return False  # "with a red light"
        if token in lex.ALSO_ANIMALS:
            return self._next_kind() is Head.GARMENT or self._token(1) in lex.PATTERNS
        return token in lex.COLOUR_WORDS

    def _take_colour(self, token: str, was_adjacent: bool) -> None:
        self._is_adjacent = True
        if token in lex.SHADE_WORDS and not (token == "hivis" and self._token(1) not in lex.COLOUR_WORDS):
            said = lex.SHADE_WORDS[token].split()
            self.shade = said[0] if said and said[0] in lex.SHADES else self.shade
            if token in ("neon", "fluorescent", "luminous", "vivid") and self._token(1) not in lex.COLOUR_WORDS:
                self.shade = "bright"
            self._is_adjacent = False
        elif token in lex.SHADES:
            if self.shade:
                self.colours.append(self.shade)
            self.shade = token
            self._is_adjacent = False
        elif (was_adjacent or self._is_alternative) and self.colours and not self.shade:
            self.colours[-1] += f"/{token}"
        else:
            name = "yellow/orange/lime" if token == "hivis" else token
            self.colours.append(f"{self.shade} {name}".strip())
            self.shade = ""
        self._is_alternative = False

    def _take_colours(self) -> tuple[str, ...]:
        colours, self.colours = self.colours + ([self.shade] if self.shade else []), []
        self.shade = ""
        return tuple(dict.fromkeys(colours))

    def _take_worn(self, word: str, region: str) -> None:
        self.worn.append(Worn(word, region, self._take_colours()))

    def _is_joint(self, token: str) -> bool:
        """Between two colours of one noun: "red and black", "red, white and blue", "red or orange", "red/black"."""
        if not (self.colours or self.shade) or not self._starts_colour(self.at + 1):
            return False
        if token == ",":
            return self._token(2) in (",", "and", "&", "or") and self._starts_colour(self.at + 3)
        return token in ("and", "or", "/", "&", "plus")

    def _starts_colour(self, at: int) -> bool:
        token = self.tokens[at] if at < len(self.tokens) else ""
        return token in lex.COLOUR_WORDS or token in lex.SHADE_WORDS

    def _is_determiner(self, token: str) -> bool:
        if self.colours or self.shade or self.worn or self.strange:
            return token in ("very",)
        if token in ("her", "his", "their", "that", "some", "any", "one_of", "this", "these", "those", "every"):
            return self._next_kind() is not None or self._starts_colour(self.at + 1)
        return token in f.DETERMINERS or token in f.NUMBERS

    def _take_order(self, token: str) -> bool:
        """ "left", "nearest", "second" before a person."""
        if token not in f.SIDES and token not in f.ORDINALS:
            return False
        ahead = self._next_kind()
        if token in f.SIDES and (ahead in (Head.PERSON, Head.OBJECT) or self._token(1) in f.ORDINALS):
            self.order = Order(f.SIDES[token])
            return True
        if token in f.ORDINALS and (
            ahead in (Head.PERSON, Head.OBJECT) or self._token(1) in f.SIDES or self._token(1) in f.FROM_SIDES
        ):
            self.place = f.ORDINALS[token]
            return True
        return False

    def _take_noun(self, token: str) -> bool:
        """The head, or an adjective before it; False where the phrase is over."""
        kind, ahead = noun_kind(token), self._next_kind()
        if token == "one" and self.at == self.start and ahead is not None and self._token(1) not in f.SIDES:
            return True  # "one man"
        if kind is Head.GARMENT and ahead in (Head.GARMENT, Head.PERSON) and not self._is_new_garment():
            return self._garment_before(token, ahead)
        if self._is_adjective(token, kind, ahead):
            return True
        if kind is not None:
            if kind is Head.PERSON and token in ("all", "each", "other", "another", "others") and ahead is not None:
                self.traits += [token] if token in ("other", "another", "others") else []
                return True
            self.kind, self.noun = kind, token
            return True
        if is_known(token):
            return False
        if ahead is not None:
            self.strange.append(token)
        else:
            self.kind, self.noun = Head.UNKNOWN, token
        return True

    def _is_new_garment(self) -> bool:
        """ "red shirt blue jeans": a colour between two garments parts them."""
        return self._starts_colour(self.at + 1)

    def _garment_before(self, token: str, ahead: Head) -> bool:
        if ahead is Head.GARMENT:  # "suit jacket", "hoodie sweater": the last one says where it is worn
            if self._token(1) in lex.GARMENTS:
                return True
            self.kind, self.noun = Head.GARMENT, token
            return True
        if self._token(1) in lex.PEOPLE or self._token(1) in lex.PLURAL_PEOPLE:
            self._take_worn(token, lex.GARMENTS[token])
            return True
        self.kind, self.noun = Head.GARMENT, token
        return True

    def _is_adjective(self, token: str, kind: Head | None, ahead: Head | None) -> bool:
        if (token in lex.PATTERNS or token in lex.GARMENT_ADJECTIVES) and ahead in NOT_PEOPLE:
            self.has_pattern = True
            return True
        if token in lex.PATTERNS and ahead is None and kind is None and (self.colours or self.shade):
            return self._token(1) not in lex.PATTERNS and self._ends_with_pattern(token)
        if token in f.TRAIT_ADJECTIVES and self._token(1) == "of":  # "the shorter of the two men"
            self.traits.append(token)
            self.kind, self.noun = Head.PERSON, "one"
            return True
        if token in f.TRAIT_ADJECTIVES and (kind is None or ahead is not None):
            self.traits += [] if ahead is Head.GARMENT else [token]
            return True
        is_before = ahead is not None and not self._starts_colour(self.at + 1)
        if is_before and kind in (Head.PLACE, Head.OBJECT, Head.TRAIT, Head.ACCENT):
            is_compound = noun_kind(self._token(1)) is not None or self._token(1) in lex.PATTERNS
            self.traits += [token] if is_compound and ahead is not Head.GARMENT else []
            return is_compound
        if ahead is Head.PERSON and token in f.VERBS and token.endswith(("ing", "ed")):
            self.traits.append(token)
            return self._token(1) not in f.DETERMINERS
        return False

    def _ends_with_pattern(self, token: str) -> bool:
        return token in (
            "striped",
            "stripy",
            "plaid",
            "checked",
            "checkered",
            "tartan",
            "coloured",
            "colored",
            "denim",
            "leather",
        )

    def _next_kind(self) -> Head | None:
        """Kind of the noun this token stands before, adjectives between; None where a phrase of its own begins."""
        for ahead in range(1, LOOK_AHEAD + 1):
            token = self._token(ahead)
            kind = noun_kind(token)
            if kind is not None and token not in ("all", "other", "another", "others"):
                return kind
            is_between = (
                token in lex.COLOUR_WORDS
                or token in lex.SHADE_WORDS
                or token in lex.PATTERNS
                or token in f.TRAIT_ADJECTIVES
                or token in lex.GARMENT_ADJECTIVES
                or token in ("other", "another", "all", "very")
                or token in f.SIDES
                or token in f.ORDINALS
                or (token in ("and", "or", "/", "&") and self._starts_colour(self.at + ahead + 1))
                or (token.isalpha() and not is_known(token))
            )
            if not is_between:
                return None
        return None

    def _token(self, ahead: int) -> str:
        at = self.at + ahead
        return self.tokens[at] if at < len(self.tokens) else ""

"""The meaning of a sentence as frozen values: a request, the person meant, and everybody who is not meant."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

DENIED = "no "  # begins a word of ``Description.unjudged`` that must not be true of the target
PERSON = "person"  # category of every description of a human; other categories are COCO class names


class Request(str, Enum):
    """What the sentence asks the robot to do."""

    FOLLOW = "follow"
    STOP = "stop"  # also of a text without a word
    ASK = "ask"  # a question: nothing to do, the robot stands


@dataclass(frozen=True)
class Attribute:
    """One thing said about the clothes or the hair: a body region and its colours.

    A colour is ``red``, ``dark blue`` (with its shade) or ``olive/green`` (anything between, or either of the two,
    will do); several colours are expected side by side.

    Attributes:
        region: key of ``lexicon.REGION_WEIGHTS``: torso, coat, dress, body, legs, hips, feet, head; whole for animals.
        weight: how much of the evidence the region carries, 0..1.
        garment: the word that was said, "" where only a colour was ("in red").
    """

    region: str
    colours: tuple[str, ...]
    weight: float = 1.0
    garment: str = field(default="", compare=False)


class RelationKind(str, Enum):
    """Where a candidate stands with respect to somebody or something else, as the camera sees it."""

    NEXT_TO = "next to"
    BEHIND = "behind"
    IN_FRONT_OF = "in front of"
    LEFT_OF = "left of"
    RIGHT_OF = "right of"
    BETWEEN = "between"
    WITH = "with"  # carries, holds, rides, leads or sits on a thing or an animal: the boxes touch


@dataclass(frozen=True)
class Relation:
    """``kind`` towards each of ``others`` (``between``: towards both together); ``is_negated``: it must not hold."""

    kind: RelationKind
    others: tuple[Description, ...]
    is_negated: bool = False


class Order(str, Enum):
    """By what the candidates are lined up before one of them is chosen."""

    FROM_LEFT = "from the left"
    FROM_RIGHT = "from the right"
    FROM_NEAR = "nearest first"
    FROM_FAR = "farthest first"
    FROM_MIDDLE = "nearest to the middle of the others first"


@dataclass(frozen=True)
class Selection:
    """The ``place``-th (1 = first) of the candidates in this order; ``is_negated``: any but that one."""

    order: Order
    place: int = 1
    is_negated: bool = False


@dataclass(frozen=True)
class Description:
    """One person, animal or thing as the sentence describes it.

    Attributes:
        noun: head noun as said, "" where only clothes are named ("the maroon hoodie").
        category: ``PERSON`` or a COCO class name.
        sex: "male", "female" or "" where not said.
        is_plural: one of several that all fit ("the men in red").
        attributes: colours that must be seen.
        excluded_attributes: colours that must not be seen.
        unjudged: understood words about the looks that no tracker here can see ("tall", "glasses", "no hat").
        scene: places and activities ("near window", "playing guitar"): read, and left out of the choice.
    """

    noun: str = ""
    category: str = PERSON
    sex: str = ""
    is_plural: bool = False
    attributes: tuple[Attribute, ...] = ()
    excluded_attributes: tuple[Attribute, ...] = ()
    relations: tuple[Relation, ...] = ()
    selection: Selection | None = None
    unjudged: tuple[str, ...] = ()
    scene: tuple[str, ...] = ()

    @property
    def denied_unjudged(self) -> tuple[str, ...]:
        """What must not be true of the target and cannot be seen: "no hat", "hatless"."""
        return tuple(word for word in self.unjudged if word.startswith(DENIED) or word.endswith("less"))

    @property
    def is_judged(self) -> bool:
        """True where something is said that a tracker can see."""
        return bool(self.attributes or self.excluded_attributes or self.relations or self.selection)


NOBODY = Description()


@dataclass(frozen=True)
class ParsedInstruction:
    """What a sentence asks for.

    Attributes:
        text: the sentence as it came.
        request: follow, stop or ask.
        target: whom or what to follow; ``NOBODY`` with every other request and where the sentence is refused.
        excluded_people: who must not be followed.
        refusal: why the sentence is not understood and what to type instead, "" = understood.
    """

    text: str
    request: Request = Request.STOP
    target: Description = NOBODY
    excluded_people: tuple[Description, ...] = ()
    refusal: str = ""

    @property
    def is_understood(self) -> bool:
        """True where somebody is to be followed and every word found its place."""
        return self.request is Request.FOLLOW and not self.refusal

    @property
    def is_stop(self) -> bool:
        """True where the sentence asks for anything but following: a stop, a question, nothing at all."""
        return self.request is not Request.FOLLOW

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """The target's."""
        return self.target.attributes

    @property
    def sex(self) -> str:
        """The target's."""
        return self.target.sex

    @property
    def standstill_reason(self) -> str:
        """Why the robot stands, in one line; "" where it follows."""
        if self.refusal:
            return self.refusal
        if self.request is Request.ASK:
            return f"'{self.text[:80]}' is a question; say whom to follow, such as 'follow the woman in the red shirt'"
        if self.request is Request.STOP:
            return f"asked to stop: '{self.text.strip()[:80]}'" if self.text.strip() else "no instruction"
        return ""

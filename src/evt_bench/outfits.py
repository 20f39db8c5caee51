"""Who wears what: one description that dresses the rendered person and words the sentence that names her.

Where it stands: the episode draws outfits, the world paints them (``world/people.py``), the tracker gets the sentence.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

COLOURS: dict[str, tuple[int, int, int]] = {  # sRGB of the dyed cloth before lighting
    "black": (28, 28, 30),
    "white": (236, 236, 232),
    "gray": (128, 130, 134),
    "red": (196, 28, 34),
    "blue": (34, 78, 188),
    "light blue": (122, 178, 226),
    "navy": (24, 32, 74),
    "green": (32, 130, 58),
    "yellow": (238, 202, 38),
    "orange": (236, 120, 24),
    "purple": (112, 48, 150),
    "pink": (240, 138, 178),
    "brown": (104, 66, 38),
    "beige": (214, 196, 158),
}
LOOK_ALIKES = (("black", "navy"), ("white", "beige"), ("blue", "light blue"), ("orange", "brown"))


@dataclass(frozen=True)
class Garment:
    """A piece of clothing.

    Attributes:
        covers: regions of the body it dyes; what it leaves out stays skin.
        loose: distance of the cloth from the skin, m.
        article: "a", or "" for words in the plural.
    """

    name: str
    covers: tuple[str, ...]
    loose: float
    article: str = "a"


TORSO, SLEEVES, ARMS = ("torso",), ("torso", "upper_sleeve"), ("torso", "upper_sleeve", "lower_sleeve")
THIGHS, LEGS = ("hips", "upper_leg"), ("hips", "upper_leg", "lower_leg")
TOPS = {
    g.name: g
    for g in (
        Garment("t-shirt", SLEEVES, 0.010),
        Garment("tank top", TORSO, 0.006),
        Garment("shirt", ARMS, 0.012),
        Garment("sweater", ARMS, 0.020),
        Garment("jacket", ARMS, 0.028),
        Garment("hoodie", ARMS, 0.024),
    )
}
BOTTOMS = {
    g.name: g
    for g in (
        Garment("trousers", LEGS, 0.016, article=""),
        Garment("pants", LEGS, 0.014, article=""),
        Garment("jeans", LEGS, 0.010, article=""),
        Garment("leggings", LEGS, 0.004, article=""),
        Garment("shorts", THIGHS, 0.020, article=""),
        Garment("skirt", (*THIGHS, "skirt"), 0.006),
    )
}
WOMEN_ONLY = ("skirt", "leggings")
JEANS_COLOURS = ("blue", "black", "gray", "navy")
HAIR: dict[str, tuple[int, int, int]] = {
    "black": (26, 22, 20),
    "brown": (74, 48, 30),
    "blond": (200, 162, 98),
    "gray": (150, 148, 146),
    "red": (140, 62, 28),
}
SKIN: dict[str, tuple[int, int, int]] = {
    "light": (228, 184, 156),
    "tan": (200, 150, 112),
    "brown": (142, 96, 66),
    "dark": (92, 60, 42),
}
SHOES = ("black", "white", "brown", "gray", "navy", "red")
VERBS = ("follow", "track", "go after", "walk after", "stay behind", "pursue", "chase", "keep following")
TEMPLATES: tuple[Callable[[Outfit], str], ...] = (
    lambda o: f"the {o.sex} in the {o.top_words} and {o.bottom_words}",
    lambda o: f"the {o.sex} wearing {o.indefinite_top} and {o.indefinite_bottom}",
    lambda o: f"the {o.sex} with the {o.top_words} and the {o.bottom_words}",
    lambda o: f"the {o.sex} in {o.indefinite_bottom} and {o.indefinite_top}",
    lambda o: f"the {o.sex} dressed in {o.indefinite_top} and {o.indefinite_bottom}",
    lambda o: f"the {o.sex} who wears {o.indefinite_top} with {o.indefinite_bottom}",
)
FIRST_PERSON = (  # AT: everybody wears the same, so the sentence can only say who stands in front at the start
    "follow the first person you see",
    "follow the person in front of you",
    "go after the person directly ahead of you",
    "track whoever you see first",
    "stay behind the first person in view",
    "chase the first person you see",
    "keep following whoever is in front of you",
    "go after the first human you spot",
    "pursue the first human in sight",
    "walk after the person right in front of you",
)


@dataclass(frozen=True)
class Outfit:
    """One person's look; every colour is a key of ``COLOURS``, ``HAIR`` or ``SKIN``."""

    sex: str = "woman"
    top: str = "shirt"
    top_colour: str = "red"
    bottom: str = "trousers"
    bottom_colour: str = "black"
    hair_colour: str = "brown"
    shoes_colour: str = "white"
    skin: str = "light"
    has_long_hair: bool = False

    @property
    def top_words(self) -> str:
        """Colour and garment, as in "red shirt"."""
        return f"{self.top_colour} {self.top}"

    @property
    def bottom_words(self) -> str:
        """Colour and garment, as in "black trousers"."""
        return f"{self.bottom_colour} {self.bottom}"

    @property
    def indefinite_top(self) -> str:
        """With its article, as in "an orange shirt"."""
        return with_article(TOPS[self.top], self.top_words)

    @property
    def indefinite_bottom(self) -> str:
        """With its article where it has one, as in "a red skirt", "black trousers"."""
        return with_article(BOTTOMS[self.bottom], self.bottom_words)


@dataclass(frozen=True)
class Person:
    """Somebody in the scene: a name, a baked body (``world/figures.py``) and clothes."""

    name: str
    body: str
    outfit: Outfit


def with_article(garment: Garment, words: str) -> str:
    """The words with "a" or "an", or as they are for a plural."""
    if not garment.article:
        return words
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def caption(outfit: Outfit) -> str:
    """The plain description, as in "the woman in the red shirt and black trousers"."""
    return TEMPLATES[0](outfit)


def instruction(outfit: Outfit, rng: np.random.Generator) -> str:
    """A sentence that asks to follow the wearer: verb and wording drawn from ``rng``."""
    template = TEMPLATES[int(rng.integers(len(TEMPLATES)))]
    return f"{VERBS[int(rng.integers(len(VERBS)))]} {template(outfit)}"


def unspecific_instruction(rng: np.random.Generator) -> str:
    """A sentence that names nobody: whoever is in front at the start."""
    return FIRST_PERSON[int(rng.integers(len(FIRST_PERSON)))]


def draw_outfit(sex: str, rng: np.random.Generator) -> Outfit:
    """A random look for a "woman" or "man"; top and bottom never share a colour group."""
    top = str(rng.choice(list(TOPS)))
    bottom = str(rng.choice([b for b in BOTTOMS if sex == "woman" or b not in WOMEN_ONLY]))
    bottom_colour = str(rng.choice(JEANS_COLOURS if bottom == "jeans" else list(COLOURS)))
    tops = [c for c in COLOURS if group(c) != group(bottom_colour)]
    return Outfit(
        sex=sex,
        top=top,
        top_colour=str(rng.choice(tops)),
        bottom=bottom,
        bottom_colour=bottom_colour,
        hair_colour=str(rng.choice(list(HAIR))),
        shoes_colour=str(rng.choice(SHOES)),
        skin=str(rng.choice(list(SKIN))),
        has_long_hair=bool(sex == "woman" and rng.random() < 0.7),
    )


def draw_distinct(sex: str, target: Outfit, rng: np.random.Generator, parts: int = 2) -> Outfit:
    """A random look that cannot be taken for ``target`` (see ``is_distinct``)."""
    while True:
        outfit = draw_outfit(sex, rng)
        if is_distinct(outfit, target, parts):
            return outfit


def is_distinct(first: Outfit, second: Outfit, parts: int = 2) -> bool:
    """True where at least ``parts`` (1 or 2) of top and bottom differ by colour group, so a sentence names one of them.

    Sex and garment do not count: a robot's camera sees them far less surely than colour.
    """
    differ = (group(first.top_colour) != group(second.top_colour)) + (
        group(first.bottom_colour) != group(second.bottom_colour)
    )
    return differ >= parts


def parse_look(text: str, rng: np.random.Generator) -> Outfit:
    """The outfit that a description such as "the woman in the red shirt and black trousers" names.

    Raises:
        ValueError: no sex, or no colour before a top or a bottom that we know.
    """
    words = text.lower()
    sex = next((s for s in ("woman", "man") if re.search(rf"\b{s}\b", words)), None)
    top, bottom = _find_garment(words, TOPS), _find_garment(words, BOTTOMS)
    if sex is None or top is None or bottom is None:
        raise ValueError(
            f"look '{text}' is not understood; say it as 'the woman in the red shirt and black trousers' "
            f"(colours: {', '.join(COLOURS)}; tops: {', '.join(TOPS)}; bottoms: {', '.join(BOTTOMS)})"
        )
    drawn = draw_outfit(sex, rng)
    return replace(drawn, top=top[1], top_colour=top[0], bottom=bottom[1], bottom_colour=bottom[0])


def _find_garment(words: str, garments: dict[str, Garment]) -> tuple[str, str] | None:
    """Colour and garment of the first "colour garment" in the words."""
    colours = "|".join(sorted(COLOURS, key=len, reverse=True))
    found = re.search(rf"\b({colours})\s+({'|'.join(garments)})\b", words)
    return (found[1], found[2]) if found else None


def group(colour: str) -> str:
    """The colour that stands for all that are easily taken for ``colour``."""
    if colour not in COLOURS:
        raise ValueError(f"colour '{colour}' unknown; use {', '.join(COLOURS)}")
    return next((alike[0] for alike in LOOK_ALIKES if colour in alike), colour)

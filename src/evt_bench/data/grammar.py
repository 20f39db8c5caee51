"""Sentences for an outfit from a grammar of templates, synonyms and word orders, some kept apart for evaluation.

What is held out is never trained on: ``HELD_OUT`` templates and verbs, the garment-colour pairs of ``is_held_out`` and
the bodies of ``HELD_OUT_BODIES``.
"""

from __future__ import annotations

import zlib

import numpy as np

from evt_bench.outfits import BOTTOMS, TOPS, VERBS, Outfit, group, with_article

TEMPLATES = (
    "the {sex} in the {top} and {bottom}",
    "the {sex} wearing {a_top} and {a_bottom}",
    "the {sex} with the {top} and the {bottom}",
    "the {sex} in {a_bottom} and {a_top}",
    "the {sex} dressed in {a_top} and {a_bottom}",
    "the {sex} who wears {a_top} with {a_bottom}",
    "the {sex} that has {a_top} and {a_bottom} on",
    "the {sex}, {top}, {bottom}",
    "a {sex} with {a_top} on top and {a_bottom} below",
    "the {sex} in {a_top} over {a_bottom}",
    "the one in {a_top} and {a_bottom}",
    "{bottom} and {a_top}: the {sex} wearing them",
    "the {bottom} and the {top} on the {sex}",
)
HELD_OUT = (
    "the {sex} clad in {a_top} paired with {a_bottom}",
    "somebody, a {sex}, whose {bottom} go with {a_top}",
    "the {sex} sporting {a_bottom} together with {a_top}",
)
ONE_GARMENT = (
    "the {sex} in the {part}",
    "the {sex} wearing {a_part}",
    "whoever wears {a_part}",
    "the {sex} with {a_part}",
    "the one in the {part}",
)
ONE_GARMENT_SHARE = 0.25  # of the sentences, where one garment is enough to tell the person from everybody else
MORE_VERBS = ("", "please follow", "keep behind", "stick with", "accompany", "come along with", "go with", "find")
HELD_OUT_VERBS = ("shadow", "trail", "tail")
HELD_OUT_BODIES = ("man_g", "woman_f", "woman_g")
HELD_OUT_SHARE = 10  # one garment-colour pair in so many
SYNONYMS = {
    "woman": ("woman", "woman", "lady", "girl", "female", "person"),
    "man": ("man", "man", "guy", "gentleman", "male", "person"),
    "t-shirt": ("t-shirt", "t-shirt", "tee", "tee shirt"),
    "tank top": ("tank top", "tank top", "sleeveless top", "vest top"),
    "shirt": ("shirt", "shirt", "long-sleeved shirt", "blouse"),
    "sweater": ("sweater", "sweater", "jumper", "pullover"),
    "jacket": ("jacket", "jacket", "coat"),
    "hoodie": ("hoodie", "hoodie", "hooded sweatshirt"),
    "trousers": ("trousers", "trousers", "slacks", "pants"),
    "pants": ("pants", "pants", "trousers"),
    "jeans": ("jeans", "jeans", "denims"),
    "leggings": ("leggings", "leggings", "tights"),
    "shorts": ("shorts", "shorts", "short pants"),
    "skirt": ("skirt",),
    "gray": ("gray", "grey"),
    "navy": ("navy", "navy", "dark blue", "navy blue"),
    "light blue": ("light blue", "light blue", "pale blue", "sky blue"),
    "beige": ("beige", "beige", "cream", "sand-coloured"),
    "purple": ("purple", "purple", "violet"),
}


def describe(outfit: Outfit, others: tuple[Outfit, ...], rng: np.random.Generator, *, unseen: bool = False) -> str:
    """A sentence that asks to follow the wearer and fits none of ``others``.

    Args:
        outfit: the described look; some garment differs by colour group from each other look.
        others: looks of everybody else in the scene.
        rng: draws verb, template, synonyms.
        unseen: take held-out verbs and templates.
    """
    verb = _pick(HELD_OUT_VERBS if unseen else (*VERBS, *MORE_VERBS), rng)
    parts = [] if unseen else [name for name in ("top", "bottom") if _is_unique(outfit, others, name)]
    if parts and rng.random() < ONE_GARMENT_SHARE:
        part = _pick(parts, rng)
        sentence = _fill(_pick(ONE_GARMENT, rng), outfit, rng, part)
    else:
        sentence = _fill(_pick(HELD_OUT if unseen else TEMPLATES, rng), outfit, rng, "top")
    return f"{verb} {sentence}".strip()


def is_held_out(outfit: Outfit) -> bool:
    """True where one of its garments has a colour that is never trained on."""
    pairs = (f"{outfit.top}/{outfit.top_colour}", f"{outfit.bottom}/{outfit.bottom_colour}")
    return any(zlib.crc32(pair.encode()) % HELD_OUT_SHARE == 0 for pair in pairs)


def _is_unique(outfit: Outfit, others: tuple[Outfit, ...], part: str) -> bool:
    """True where nobody else wears the colour group of that part."""
    colour = group(getattr(outfit, f"{part}_colour"))
    return all(group(getattr(other, f"{part}_colour")) != colour for other in others)


def _fill(template: str, outfit: Outfit, rng: np.random.Generator, part: str) -> str:
    """The template with the outfit's words; ``part`` is the garment of a sentence that names one only."""
    garments = {"top": TOPS[outfit.top], "bottom": BOTTOMS[outfit.bottom]}
    words = {}
    for name, garment in garments.items():
        colour = _pick(SYNONYMS.get(getattr(outfit, f"{name}_colour"), (getattr(outfit, f"{name}_colour"),)), rng)
        words[name] = f"{colour} {_pick(SYNONYMS[garment.name], rng)}"
        words[f"a_{name}"] = with_article(garment, words[name])
    sex = _pick(SYNONYMS[outfit.sex], rng)
    return template.format(sex=sex, part=words[part], a_part=words[f"a_{part}"], **words)


def _pick(items: tuple[str, ...] | list[str], rng: np.random.Generator) -> str:
    return items[int(rng.integers(len(items)))]

"""Outfits: the sentence says what is worn, and distractors can be told from the target by it."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evt_bench.outfits import (
    BOTTOMS,
    COLOURS,
    TEMPLATES,
    TOPS,
    WOMEN_ONLY,
    Outfit,
    caption,
    draw_distinct,
    draw_outfit,
    group,
    instruction,
    is_distinct,
    parse_look,
    unspecific_instruction,
)
from track_common.instruction import parse_instruction

seeds = st.integers(0, 2**32 - 1)
sexes = st.sampled_from(["woman", "man"])


def test_plain_caption_reads_like_the_readme():
    outfit = Outfit("woman", "shirt", "red", "trousers", "black")
    assert caption(outfit) == "the woman in the red shirt and black trousers"


def test_there_are_enough_colours_and_wordings():
    assert len(COLOURS) >= 10 and len(TEMPLATES) >= 4 and len(TOPS) >= 5 and len(BOTTOMS) >= 3


@given(seeds, sexes)
def test_every_wording_names_both_garments_and_their_colours(seed, sex):
    outfit = draw_outfit(sex, np.random.default_rng(seed))
    for template in TEMPLATES:
        words = template(outfit)
        assert outfit.top_words in words and outfit.bottom_words in words
        assert f"the {sex} " in words


@given(seeds)
def test_articles_agree_with_the_next_word(seed):
    rng = np.random.default_rng(seed)
    sentence = instruction(draw_outfit("woman", rng), rng)
    words = sentence.split()
    for article, word in zip(words, words[1:], strict=False):
        if article == "a":
            assert word[0] not in "aeiou", sentence
        if article == "an":
            assert word[0] in "aeiou", sentence


@given(seeds)
def test_men_wear_neither_skirts_nor_leggings(seed):
    assert draw_outfit("man", np.random.default_rng(seed)).bottom not in WOMEN_ONLY


@given(seeds, sexes, sexes)
def test_a_distinct_outfit_differs_in_both_colour_groups(seed, sex, other_sex):
    rng = np.random.default_rng(seed)
    target = draw_outfit(sex, rng)
    other = draw_distinct(other_sex, target, rng)
    assert group(other.top_colour) != group(target.top_colour)
    assert group(other.bottom_colour) != group(target.bottom_colour)


@pytest.mark.parametrize(("first", "second"), [("black", "navy"), ("white", "beige"), ("blue", "light blue")])
def test_look_alike_colours_do_not_make_people_distinct(first, second):
    one = Outfit(top_colour="red", bottom_colour=first)
    other = dataclasses.replace(one, bottom_colour=second)
    assert not is_distinct(one, other, parts=1)


def test_nobody_is_distinct_from_a_double():
    assert not is_distinct(Outfit(), Outfit(), parts=1)


@given(seeds, sexes)
def test_a_caption_can_be_read_back(seed, sex):
    outfit = draw_outfit(sex, np.random.default_rng(seed))
    read = parse_look(caption(outfit), np.random.default_rng(0))
    assert (read.sex, read.top, read.top_colour) == (sex, outfit.top, outfit.top_colour)
    assert (read.bottom, read.bottom_colour) == (outfit.bottom, outfit.bottom_colour)


@pytest.mark.parametrize(
    "text", ["somebody", "the woman in the mauve shirt and black trousers", "the man in the red shirt"]
)
def test_a_look_that_is_not_understood_says_what_is_known(text):
    with pytest.raises(ValueError, match="colours: black"):
        parse_look(text, np.random.default_rng(0))


def test_an_unknown_colour_is_refused_by_name():
    with pytest.raises(ValueError, match="'mauve' unknown"):
        group("mauve")


@given(seeds, sexes)
def test_every_instruction_is_understood_as_the_outfit_it_was_made_of(seed, sex):
    rng = np.random.default_rng(seed)
    outfit = draw_outfit(sex, rng)
    parsed = parse_instruction(instruction(outfit, rng))
    worn = {("torso" if a.region == "torso" else "lower"): a.colours for a in parsed.attributes}
    assert parsed.is_understood and parsed.sex == {"man": "male", "woman": "female"}[sex]
    assert worn == {"torso": (outfit.top_colour,), "lower": (outfit.bottom_colour,)}
    assert not (parsed.target.excluded_attributes or parsed.target.relations or parsed.excluded_people)


@given(seeds)
def test_an_unspecific_instruction_means_anybody(seed):
    parsed = parse_instruction(unspecific_instruction(np.random.default_rng(seed)))
    assert parsed.is_understood and not parsed.target.is_judged and not parsed.target.unjudged

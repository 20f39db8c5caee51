"""Sentences of the grammar name their wearer and nobody else, and keep the held-out parts apart."""

import numpy as np
import pytest

from evt_bench.data.grammar import HELD_OUT_VERBS, SYNONYMS, describe, is_held_out
from evt_bench.outfits import COLOURS, JEANS_COLOURS, TOPS, Outfit, draw_outfit

RNG = np.random.default_rng(5)
WEARER = Outfit(top="shirt", top_colour="red", bottom="trousers", bottom_colour="black")
ALIKE = Outfit(top="jacket", top_colour="red", bottom="skirt", bottom_colour="green")


def colour_words(colour):
    return SYNONYMS.get(colour, (colour,))


@pytest.mark.parametrize("seed", range(40))
def test_a_sentence_names_a_garment_that_nobody_else_wears(seed):
    sentence = describe(WEARER, (ALIKE,), np.random.default_rng(seed))
    assert "black" in sentence, "red alone would fit both"


@pytest.mark.parametrize("seed", range(40))
def test_a_sentence_alone_in_a_room_names_at_least_one_garment(seed):
    rng = np.random.default_rng(seed)
    outfit = draw_outfit("man", rng)
    sentence = describe(outfit, (), rng)
    named = [c for c in (outfit.top_colour, outfit.bottom_colour) if any(w in sentence for w in colour_words(c))]
    assert named


def test_unseen_sentences_share_no_verb_with_the_trained_ones():
    trained = {describe(WEARER, (), RNG) for _ in range(200)}
    unseen = {describe(WEARER, (), RNG, unseen=True) for _ in range(200)}
    assert not trained & unseen
    assert all(s.split()[0] in HELD_OUT_VERBS for s in unseen)
    assert not any(s.split()[0] in HELD_OUT_VERBS for s in trained)
    assert len(trained) > 60


def test_about_a_tenth_of_the_garment_colour_pairs_is_held_out():
    bottom = next(c for c in JEANS_COLOURS if not is_held_out(Outfit(bottom="jeans", bottom_colour=c)))
    pairs = [Outfit(top=t, top_colour=c, bottom="jeans", bottom_colour=bottom) for t in TOPS for c in COLOURS]
    assert 0.03 < np.mean([is_held_out(o) for o in pairs]) < 0.2

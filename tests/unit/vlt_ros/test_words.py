"""Sentences become garments with colours; what is not said is not invented."""

import time

import pytest

from vlt_ros.words import MAX_CHARACTERS, Attribute, parse


def looks(sentence):
    return [(a.region, a.colours) for a in parse(sentence).attributes]


@pytest.mark.parametrize(
    ("sentence", "wanted"),
    [
        ("follow the woman in the red shirt and black trousers", [("torso", ("red",)), ("legs", ("black",))]),
        ("man in red walking on the stage", [("torso", ("red",))]),
        ("the man in an olive green shirt", [("torso", ("olive/green",))]),
        ("dressed in dark clothes", [("body", ("dark",))]),
        ("the guy all in black", [("body", ("black",))]),
        ("the woman wearing white with blue jeans", [("torso", ("white",)), ("legs", ("blue",))]),
        ("light blue t-shirt", [("torso", ("light blue",))]),
        ("a red and black leather jacket", [("torso", ("red", "black"))]),
        ("white shirt and pants", [("torso", ("white",)), ("legs", ("white",))]),
        ("grey sweater and jeans", [("torso", ("grey",)), ("legs", ("denim",))]),
        ("whose shirt is red and trousers are black", [("torso", ("red",)), ("legs", ("black",))]),
        ("not the man in red but the woman in green", [("torso", ("green",))]),
        ("the man next to the red car", []),
        ("woman with blond hair in a long black coat", [("head", ("blond",)), ("coat", ("black",))]),
        ("a red outfit with black accents", [("body", ("red", "black"))]),
        (
            "walk after the woman dressed in a green tank top and navy leggings",
            [("torso", ("green",)), ("legs", ("navy",))],
        ),
    ],
)
def test_sentence_is_read(sentence, wanted):
    assert looks(sentence) == wanted


@pytest.mark.parametrize("sentence", ["follow the person in front of you", "track whoever you see first"])
def test_unspecific_sentence_is_understood_and_says_nothing_about_looks(sentence):
    description = parse(sentence)
    assert description.is_understood and description.attributes == ()


@pytest.mark.parametrize("sentence", ["", "   ", "folge dem Mann im roten Hemd", "asdf 123 ???"])
def test_no_known_word_is_not_understood(sentence):
    assert not parse(sentence).is_understood


@pytest.mark.parametrize(("sentence", "sex"), [("the woman in red", "female"), ("a man", "male"), ("a person", "")])
def test_sex_is_kept(sentence, sex):
    assert parse(sentence).sex == sex


def test_inner_garment_weighs_less():
    outer, inner = parse("a brown jacket over a white shirt").attributes
    assert outer == Attribute("torso", ("brown",), 1.0) and inner.weight < outer.weight


def test_too_long_is_refused_and_the_longest_is_read_at_once():
    with pytest.raises(ValueError, match="10000 characters"):
        parse("x" * 10_000)
    start = time.perf_counter()
    parse(("red shirt and " * MAX_CHARACTERS)[:MAX_CHARACTERS])
    assert time.perf_counter() - start < 0.5


def test_upper_case_and_plurals_of_words_around_do_not_matter():
    assert looks("FOLLOW THE MAN IN THE RED SHIRT!") == [("torso", ("red",))]

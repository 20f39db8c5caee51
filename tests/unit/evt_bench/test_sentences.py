"""What the robot is told: the right sentence, somebody else's, one in unseen words, or none that describes anybody."""

import dataclasses

import numpy as np
import pytest

from evt_bench.data.grammar import HELD_OUT_VERBS
from evt_bench.episodes import draw_episode
from evt_bench.outfits import FIRST_PERSON, Outfit, Person
from evt_bench.sentences import sentence_of
from track_common.config import ConfigError
from track_common.instruction import Request, parse_instruction

RED = Outfit("woman", "shirt", "red", "trousers", "black")
GREEN = Outfit("man", "hoodie", "green", "jeans", "blue")
YELLOW = Outfit("man", "jacket", "yellow", "shorts", "white")


@pytest.fixture(name="episode", scope="module")
def _episode():
    drawn = draw_episode("DT", 3)
    people = tuple(
        Person(name, body, outfit)
        for name, body, outfit in (("target", "woman_a", RED), ("a", "man_a", GREEN), ("b", "man_b", YELLOW))
    )
    return dataclasses.replace(drawn, people=people, instruction="follow the woman in the red shirt")


def test_the_right_sentence_is_the_episodes_own(episode):
    assert sentence_of(episode, "right") == "follow the woman in the red shirt"


@pytest.mark.parametrize("seed", range(8))
def test_the_wrong_sentence_fits_a_distractor_and_not_the_target(episode, seed):
    sentence = sentence_of(dataclasses.replace(episode, seed=seed), "wrong")
    assert "red" not in sentence and "black" not in sentence
    assert any(word in sentence for word in ("green", "blue", "yellow", "white"))
    assert sentence == sentence_of(dataclasses.replace(episode, seed=seed), "wrong")


@pytest.mark.parametrize("seed", range(4))
def test_where_nobody_else_is_the_wrong_sentence_fits_nobody(episode, seed):
    alone = dataclasses.replace(episode, task="STT", seed=seed, people=episode.people[:1])
    sentence = sentence_of(alone, "wrong")
    assert "red" not in sentence and "black" not in sentence


def test_unseen_words_describe_the_target(episode):
    sentence = sentence_of(episode, "unseen")
    assert sentence.split()[0] in HELD_OUT_VERBS
    assert "red" in sentence and "black" in sentence


def test_without_a_description_nobody_is_described(episode):
    assert sentence_of(episode, "none") == "follow the person"
    ambiguous = dataclasses.replace(episode, task="AT")
    assert sentence_of(ambiguous, "unseen").endswith("the first person you see")


def test_an_unknown_choice_is_told_with_those_there_are(episode):
    with pytest.raises(ConfigError, match="wrong"):
        sentence_of(episode, "wrogn")


def test_ten_sentences_ask_for_whoever_stands_in_front_and_all_are_understood():
    assert len(set(FIRST_PERSON)) == 10
    parsed = [parse_instruction(sentence) for sentence in FIRST_PERSON]
    assert [p.request for p in parsed] == [Request.FOLLOW] * 10
    assert not any(p.refusal or p.target.is_judged or p.target.unjudged for p in parsed)
    drawn = {str(np.random.default_rng(seed).choice(FIRST_PERSON)) for seed in range(60)}
    assert drawn == set(FIRST_PERSON)

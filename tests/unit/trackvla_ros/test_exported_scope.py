"""A small model is not given a sentence of a kind that its training never showed."""

import pytest

from track_common.instruction import parse_instruction
from trackvla_ros.exported.scope import refusal_of


@pytest.mark.parametrize(
    ("sentence", "named"),
    [
        ("the man not wearing red", "what must not be seen"),
        ("follow the woman in blue, not the man in red", "what must not be seen"),
        ("the man without a hat", "what must not be seen"),
        ("the woman next to the man in the red shirt", "places relative to other people"),
        ("the second person from the left", "places in a row of people"),
        ("follow the dog", "a dog"),
    ],
)
def test_a_kind_of_sentence_never_trained_on_is_refused_by_name(sentence, named):
    refusal = refusal_of(parse_instruction(sentence))
    assert named in refusal and sentence in refusal and "tracker:=grounded" in refusal


@pytest.mark.parametrize(
    "sentence",
    [
        "follow the woman in the red shirt and black trousers",
        "the guy with the navy hoodie",
        "follow the first person you see",
        "stop",
        "",
    ],
)
def test_garments_the_first_person_and_stops_are_not(sentence):
    assert refusal_of(parse_instruction(sentence)) == ""

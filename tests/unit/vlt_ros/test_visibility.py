"""An exclusion that the grounded tracker cannot judge is refused by name; one that it can judge is not."""

import pytest

from track_common.instruction.parser import parse_instruction
from vlt_ros.visibility import unseen_words


@pytest.mark.parametrize(
    ("sentence", "named"),
    [
        ("the man without a hat", "'no hat'"),
        ("the man in red without a hat", "'no hat'"),
        ("the man in the red shirt and no glasses", "'no in glasses'"),
        ("the man in red who is not carrying anything", "'no anything'"),
        ("the man in a red shirt without stripes", "'no stripes'"),
        ("the hatless man in red", "'hatless'"),
        ("the man in red who is not running", "'no running'"),
        ("the man in red not looking at me", "'no looking'"),
        ("the man in red not near the door", "'no next to door'"),
        ("the man in red, not the tall one", "'not the one tall'"),
        ("the man in red but not the old man", "'not the man old'"),
        ("the man in red, not the woman in red", "'not the woman in red'"),
        ("ignore the man in red and follow the woman in red", "'not the man in red'"),
        ("the person in red who is not a man", "'not the man'"),
        ("follow the person in red, not the child", "'not the child'"),
    ],
)
def test_what_is_excluded_unseen_is_refused_by_name(sentence: str, named: str) -> None:
    parsed = parse_instruction(sentence)
    assert not parsed.standstill_reason
    assert named in unseen_words(parsed)


@pytest.mark.parametrize(
    "sentence",
    [
        "the man in red",
        "the tall man in red with glasses",
        "the man in red near the door",
        "the man not in red",
        "the woman without a red coat",
        "the man in red without a backpack",
        "the man in red who is not walking with the woman in blue",
        "the man in red, not the one in blue",
        "the man in red, not the woman",
        "follow the man in the red shirt, but ignore the woman in the red dress",
        "ignore the old man and follow the woman in green",
        "don't follow me, follow the man in red",
        "not him, the woman in green",
        "follow the dog, not the man",
        "follow me",
    ],
)
def test_what_is_seen_or_told_apart_by_the_sentence_is_accepted(sentence: str) -> None:
    parsed = parse_instruction(sentence)
    assert not parsed.standstill_reason
    assert unseen_words(parsed) == ""

"""Texts with $(...): every expected value here was printed by the official launch 3.4.3 for the same text."""

from pathlib import Path

import pytest

from trackvla_cli.launch.element import LaunchError, Place
from trackvla_cli.launch.substitutions import Scope, expand, parse

PLACE = Place(Path("some.launch.xml"), 7)
SCOPE = Scope({"l": "2", "l2": "deep"}, {"HOME": "/root"}, lambda package: f"/share/{package}")


def text(source):
    return expand(parse(source, PLACE), SCOPE)


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("plain $5 text", "plain $5 text"),
        ("$(var l)x$(var l)", "2x2"),
        ("$(var l$(var l))", "deep"),
        ("$(var absent three)", "three"),
        ("$(env HOME)/x", "/root/x"),
        ("$(env ABSENT 'two words')-$(env ABSENT2 $(var l)x)", "two words-2x"),
        ('$(env ABSENT "a $(var l) b")', "a 2 b"),
        ("$(env ABSENT '')", ""),
        (r"it\'s \$(var l)", "it's $(var l)"),
        ("$(find-pkg-share demo)/launch", "/share/demo/launch"),
    ],
)
def test_text_equals_the_official_launch(source, wanted):
    assert text(source) == wanted


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("$(vra l)", "substitution 'vra' unknown; did you mean 'var'?"),
        ("$(eval 1 + 1)", "substitution 'eval' unknown"),
        ("$(var)", "takes 1 to 2 arguments, got 0"),
        ("$(var l", "no closing )"),
        ("$(env A 'b)", "no closing '"),
        ("$(var k)", "no such launch argument or <let>"),
        ("$(env ABSENT)", "no such environment variable"),
    ],
)
def test_what_cannot_be_filled_in_is_named_with_its_place(source, said):
    with pytest.raises(LaunchError, match="some.launch.xml:7") as caught:
        text(source)
    assert said in str(caught.value)

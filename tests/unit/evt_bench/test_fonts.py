"""Text of any language in a picture: a font that has it, else code points; never a warning."""

import warnings

import pytest
from matplotlib import font_manager
from matplotlib.figure import Figure

from evt_bench.bag.fonts import USUAL, drawable

CHINESE = "\u8ddf\u7740\u7a7f\u7ea2\u886c\u886b\u7684\u5973\u4eba"
NOBODY_HAS = "\U000e0041"  # a tag character: drawn by no font


def draw(text: str, folder) -> None:
    figure = Figure()
    shown, families = drawable(text)
    figure.suptitle(shown, family=families)
    figure.savefig(folder / "picture.png")


@pytest.mark.parametrize("text", ["the woman in red\n100 %", CHINESE, NOBODY_HAS, "gr\u00fcne Jacke \u2026"])
def test_any_text_is_drawn_without_a_warning(text, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        draw(text, tmp_path)


def test_text_the_usual_font_has_stays_as_it_is():
    assert drawable("gr\u00fcne Jacke") == ("gr\u00fcne Jacke", [USUAL])


def test_character_that_only_another_font_has_is_drawn_with_that():
    def characters(path):
        return set(font_manager.get_font(path).get_charmap())

    usual = characters(font_manager.findfont(USUAL))
    other = characters(font_manager.findfont("STIXGeneral")) - usual
    text, families = drawable(chr(min(other)))
    assert text == chr(min(other)) and families[0] == USUAL and len(families) == 2


def test_character_that_no_font_has_is_written_as_its_code_point():
    assert drawable(f"a{NOBODY_HAS}") == ("a\\U000e0041", [USUAL])

"""Every colour, body region and class the language knows can be seen by the tracker."""

from track_common.instruction import lexicon
from vlt_ros.appearance import REGIONS
from vlt_ros.colours import COLOURS, membership_table
from vlt_ros.detector import CLASS_INDEX


def test_every_colour_word_names_a_set_of_pixels():
    assert set(COLOURS) == lexicon.COLOUR_WORDS
    assert all(membership_table(word).max() > 0.5 for word in lexicon.COLOUR_WORDS)


def test_every_region_has_a_place_on_the_body():
    assert set(lexicon.GARMENTS.values()) | set(lexicon.GARMENT_ADJECTIVES.values()) <= set(REGIONS)
    assert set(lexicon.REGION_WEIGHTS) == set(REGIONS)


def test_every_animal_and_thing_is_a_class_of_the_detector():
    assert set(lexicon.OBJECTS.values()) <= set(CLASS_INDEX) and len(CLASS_INDEX) == 80

"""Colours of the first frame tell a target from what is about it; without a share for them nothing changes."""

from __future__ import annotations

import numpy as np
import pytest

from track_common.config import ConfigError
from vlt_ros.siamese.colour import colour_table, likelihood, weighted
from vlt_ros.siamese.follower import RULES, Follower
from vlt_ros.siamese.scar import CELLS, SEARCH, Maps
from vlt_ros.siamese.settings import Inference

MIDDLE = CELLS // 2


def scene(red_at: int, blue_at: int) -> np.ndarray:
    """A red and a blue figure of 40 x 80 px on grey; columns of their middles."""
    pixels = np.full((SEARCH, SEARCH, 3), 120, np.uint8)
    for at, colour in ((red_at, (200, 20, 20)), (blue_at, (20, 20, 200))):
        pixels[88:168, at - 20 : at + 20] = colour
    return pixels


def table() -> np.ndarray:
    made = colour_table(scene(127, 40), np.array([107.0, 88.0, 147.0, 168.0]))
    assert made is not None
    return made


def test_the_likeliest_cell_is_where_the_targets_colour_has_gone() -> None:
    likely = likelihood(scene(191, 63), table(), np.array([40.0, 80.0]))
    row, column = np.unravel_index(int(likely.argmax()), likely.shape)
    assert abs(int(row) - MIDDLE) <= 1 and abs(int(column) - MIDDLE - 8) <= 1
    assert likely.max() == pytest.approx(1.0)
    assert likely[MIDDLE, MIDDLE - 8] < 0.05  # the blue one


def test_maps_without_a_share_stay_and_with_one_lose_the_other_colour() -> None:
    rng = np.random.default_rng(0)
    maps = Maps(rng.normal(size=(2, CELLS, CELLS)), np.ones((4, CELLS, CELLS)), np.ones((CELLS, CELLS)))
    likely = np.zeros((CELLS, CELLS))
    likely[3, 4] = 1.0
    before = 1.0 / (1.0 + np.exp(maps.cls[0] - maps.cls[1]))
    for share in (0.0, 0.7):
        made = weighted(maps, likely, share)
        after = 1.0 / (1.0 + np.exp(made.cls[0] - made.cls[1]))
        np.testing.assert_allclose(after, before * (1.0 - share + share * likely), atol=1e-5)


def test_a_box_of_a_few_pixels_gives_no_colours() -> None:
    assert colour_table(scene(127, 40), np.array([127.0, 127.0, 129.0, 129.0])) is None


class Flat:
    """A network that finds both figures equally good."""

    def template(self, target: object, sentence: object) -> None:
        return None

    def search(self, pixels: np.ndarray, template: object) -> Maps:
        cls = np.zeros((2, CELLS, CELLS), np.float32)
        cen = np.ones((CELLS, CELLS), np.float32)
        cen[0, 0] = 0.0  # the loop spreads this map over 0..1
        return Maps(cls, np.full((4, CELLS, CELLS), 25.0, np.float32), cen)


def test_a_follower_goes_after_the_colour_of_its_first_frame() -> None:
    first, then = (np.ascontiguousarray(scene(*at)) for at in ((127, 60), (150, 104)))
    box = np.array([107.0, 88.0, 147.0, 168.0])
    shares = {}
    for share in (0.0, 1.0):
        follower = Follower(Flat(), RULES["vlt_scar"], Inference(0.0, 0.0, 0.0, share))
        target = follower.start(first, box, None)
        assert (target.colours is None) == (share == 0.0)
        shares[share] = follower.step(then, target).state.centre[0]
    assert abs(shares[1.0] - 150.0) < 12.0 < abs(shares[0.0] - 150.0)


def test_tt_has_no_maps_for_colours() -> None:
    pytest.importorskip("torch")
    from vlt_ros.siamese.tracker import VltTrackerConfig, _inference

    with pytest.raises(ConfigError, match="only VLT_SCAR"):
        _inference(RULES["vlt_tt"], VltTrackerConfig(colour_share=0.5))

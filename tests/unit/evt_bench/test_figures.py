"""Baked people: small files, feet on the floor, walking forward, dressed as their outfit says."""

from importlib import resources

import numpy as np
import pytest

from evt_bench.outfits import COLOURS, Outfit
from evt_bench.world import figures

ALL = figures.names("woman") + figures.names("man")


def test_there_are_at_least_twelve_bodies_of_both_sexes_in_four_megabytes():
    folder = resources.files("evt_bench").joinpath("assets/people")
    size = sum(len(f.read_bytes()) for f in folder.iterdir() if f.name.endswith(".npz"))
    assert len(ALL) >= 12 and len(figures.names("woman")) >= 5 and len(figures.names("man")) >= 5
    assert size < 4e6


@pytest.mark.parametrize("name", ALL)
def test_a_body_stands_on_the_floor_in_every_pose_and_is_as_tall_as_people_are(name):
    figure = figures.load(name)
    assert figure.phases == 8
    np.testing.assert_allclose(figure.poses[..., 2].min(axis=1), 0.0, atol=2e-3)
    assert 1.5 < figure.height < 2.0
    assert 1.2 < figure.stride < 2.0
    assert 1000 <= len(figure.faces) <= 3000


def test_bodies_differ_in_height():
    heights = [figures.load(name).height for name in ALL]
    assert max(heights) - min(heights) > 0.25


def test_legs_swing_along_the_walking_direction():
    poses = figures.load("man_a").poses
    feet = poses[:, :, 2] < 0.1
    reach = [np.ptp(pose[foot, 0]) for pose, foot in zip(poses, feet, strict=True)]
    assert max(reach[:-1]) > 2.0 * reach[-1]


def test_the_pose_follows_the_way_walked_not_the_time():
    figure = figures.load("woman_a")
    assert figure.pose_at(0.0, is_walking=True) == figure.pose_at(figure.stride, is_walking=True) == 0
    assert figure.pose_at(0.5 * figure.stride, is_walking=True) == 4
    assert figure.pose_at(3.3, is_walking=False) == figure.phases


@pytest.mark.parametrize(("sleeved", "colour_of_forearm"), [("shirt", "red"), ("t-shirt", None)])
def test_garments_dye_what_they_cover(sleeved, colour_of_forearm):
    figure = figures.load("man_a")
    dressed = figures.dress(figure, Outfit("man", sleeved, "red", "shorts", "blue"))
    forearm = figure.borders["arm"][0][0] + 0.1
    tile = figure.charts.index("arm")
    rows, columns = dressed.texture.shape[:2]
    pixel = dressed.texture[int(forearm * rows), int((tile + 0.5) * columns / len(figure.charts))].astype(int)
    is_red = np.abs(pixel - COLOURS["red"]).max() < 40
    assert is_red == (colour_of_forearm == "red")


def test_skirt_and_long_hair_are_drawn_only_where_worn():
    figure = figures.load("woman_a")
    plain = figures.dress(figure, Outfit())
    skirted = figures.dress(figure, Outfit(bottom="skirt"))
    haired = figures.dress(figure, Outfit(has_long_hair=True))
    assert len(plain.faces) < len(skirted.faces) and len(plain.faces) < len(haired.faces)


def test_cloth_adds_bulk():
    figure = figures.load("man_c")
    thin, thick = (figures.dress(figure, Outfit("man", top)).poses[-1] for top in ("tank top", "jacket"))
    assert np.ptp(thick[:, 0]) >= np.ptp(thin[:, 0])
    assert np.abs(thick - thin).max() > 0.01


def test_an_unknown_body_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="woman_a"):
        figures.load("nobody")

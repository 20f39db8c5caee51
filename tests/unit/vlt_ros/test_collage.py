"""Collages repeat themselves, know where their target is and when it is hidden; cut-outs fill their pictures."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from vlt_ros.training.collage import SIZE, Camera, CollageVideo, make_collages
from vlt_ros.training.cutouts import CLOTH, dyed, list_cutouts, make_person, make_shape, read_cutout, trimmed, turned
from vlt_ros.training.photographs import LONGEST, list_photographs, random_part, read_photograph
from vlt_ros.training.scenery import draw_scenery

FRAMES = 20
MASK = 3  # channel of the transparency


def noise(height: int, width: int, channels: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    folder = tmp_path / "photographs"
    folder.mkdir()
    for index in range(2):
        cv2.imwrite(str(folder / f"{index}.jpg"), cv2.blur(noise(300, 400, seed=index), (9, 9)))
    return folder


@pytest.fixture
def cutouts(tmp_path: Path) -> Path:
    folder = tmp_path / "cutouts"
    (folder / "walker").mkdir(parents=True)
    picture = noise(60, 30, 4)
    picture[..., MASK] = 0
    picture[5:55, 4:26, MASK] = 255
    cv2.imwrite(str(folder / "thing.png"), picture)
    for side in range(2):
        for pose in range(3):
            cv2.imwrite(str(folder / "walker" / f"side{side}_{pose}.png"), picture)
    (folder / "walker" / "sentence.txt").write_text("the man in the red shirt and blue jeans\n")
    return folder


def test_frames_repeat_themselves_and_differ_between_videos(photographs: Path, cutouts: Path) -> None:
    first, second = make_collages(2, FRAMES, 3, photographs, cutouts)
    again = make_collages(2, FRAMES, 3, photographs, cutouts)[0]
    assert first.image(7).shape == (SIZE[1], SIZE[0], 3)
    np.testing.assert_array_equal(first.image(7), again.image(7))
    np.testing.assert_array_equal(first.boxes_xyxy, again.boxes_xyxy)
    assert np.abs(first.image(7).astype(int) - second.image(7)).mean() > 5.0


def test_the_target_is_drawn_inside_its_box_and_nowhere_else(photographs: Path, cutouts: Path) -> None:
    from vlt_ros.training import collage

    for video in make_collages(6, FRAMES, 5, photographs, cutouts):
        target = collage._cast(video)[0]  # the one thing a picture does not tell by itself
        image = np.full((SIZE[1], SIZE[0], 3), 7, np.uint8)
        collage._paste(image, target, 4)
        rows, columns = np.nonzero((image != 7).any(axis=2))
        x0, y0, x1, y1 = np.clip(video.whole_boxes_xyxy[4], 0, np.tile(SIZE, 2))
        assert x0 <= columns.min() <= x0 + 3 and x1 - 4 <= columns.max() <= x1
        assert y0 <= rows.min() <= y0 + 3 and y1 - 4 <= rows.max() <= y1


def test_hidden_frames_have_no_box_and_others_the_whole_one(photographs: Path, cutouts: Path) -> None:
    videos = make_collages(40, FRAMES, 1, photographs, cutouts)
    hidden = [np.isnan(video.boxes_xyxy[:, 0]) for video in videos]
    share = float(np.mean(hidden))
    assert 0.01 < share < 0.5
    for video, is_hidden in zip(videos, hidden, strict=True):
        np.testing.assert_array_equal(video.boxes_xyxy[~is_hidden], video.whole_boxes_xyxy[~is_hidden])


def test_sentences_are_those_of_the_cut_outs_unless_dyed(photographs: Path, cutouts: Path) -> None:
    said = {video.sentence for video in make_collages(60, 2, 2, photographs, cutouts)}
    assert {"", "the man in the red shirt and blue jeans"} <= said
    drawn = [sentence for sentence in said if "person" in sentence]
    assert drawn and all(sum(word in CLOTH for word in sentence.split()) == 2 for sentence in drawn)


def test_without_cut_outs_there_are_people_and_shapes(photographs: Path) -> None:
    assert isinstance(make_collages(1, 2, 0, photographs, None)[0], CollageVideo)
    assert len({video.sentence for video in make_collages(20, 2, 0, photographs, None)}) > 3


def test_a_poor_camera_loses_detail_and_a_good_one_nothing() -> None:
    image = noise(120, 160)
    good = Camera(shrink=1.0, contrast=1.0, offset=0.0, colour=1.0, noise=0.0, quality=100)
    poor = Camera(shrink=2.5, contrast=0.6, offset=0.0, colour=0.0, noise=0.0, quality=40)
    np.testing.assert_allclose(good.film(image, (1,)), image, atol=1)
    filmed = poor.film(image, (1,))
    assert filmed.std() < 0.5 * image.std()
    assert np.ptp(filmed.astype(int), axis=2).max() <= 12  # grey, but for what JPEG makes of it


def test_walkers_have_sides_and_things_are_turned(cutouts: Path) -> None:
    thing, walker = (read_cutout(place) for place in list_cutouts(cutouts))
    rng = np.random.default_rng(0)
    assert walker.sides == 2 and len(walker.poses) == 6
    assert turned(walker, rng) is walker
    assert len({pose.shape for pose in turned(thing, rng).poses}) > 1
    assert dyed(walker, rng).sentence == ""
    for cutout in (walker, turned(thing, rng), make_shape(noise(200, 200), rng)):
        for pose in cutout.poses:
            np.testing.assert_array_equal(trimmed(pose), pose)


def test_a_person_wears_what_the_sentence_says() -> None:
    person = make_person(
        np.asarray(cv2.blur(noise(300, 300), (5, 5)), np.uint8), ("red", "blue"), True, np.random.default_rng(1)
    )
    pose = person.poses[0].astype(float)
    height = pose.shape[0]
    chest, legs = (pose[int(a * height) : int(b * height)] for a, b in ((0.25, 0.4), (0.6, 0.7)))
    chest, legs = (part[part[..., MASK] > 0].mean(axis=0) for part in (chest, legs))
    assert "red" in person.sentence and "blue" in person.sentence
    assert chest[0] > chest[2] + 40 and legs[2] > legs[0] + 40


def test_missing_material_is_said(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no photograph"):
        list_photographs(tmp_path)
    with pytest.raises(ValueError, match="no cut-out"):
        list_cutouts(tmp_path)
    cv2.imwrite(str(tmp_path / "plain.png"), noise(20, 20))
    with pytest.raises(ValueError, match="transparency"):
        read_cutout(tmp_path / "plain.png")
    (tmp_path / "broken.jpg").write_text("no picture")
    with pytest.raises(ValueError, match=r"broken\.jpg"):
        read_photograph(tmp_path / "broken.jpg")


def test_photographs_are_kept_small_and_parts_have_the_size_asked_for(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "large.jpg"), noise(1500, 3000))
    image = read_photograph(tmp_path / "large.jpg")
    assert image.shape == (LONGEST // 2, LONGEST, 3)
    assert random_part(image, (40, 30), (0.1, 0.5), np.random.default_rng(0)).shape == (30, 40, 3)


def test_scenery_is_busy_and_the_same_for_the_same_seed(photographs: Path, cutouts: Path) -> None:
    files, things = list_photographs(photographs), list_cutouts(cutouts)
    drawn = [draw_scenery(files, things, (200, 150), np.random.default_rng(seed)) for seed in range(20)]
    assert all(image.shape == (150, 200, 3) for image in drawn)
    np.testing.assert_array_equal(draw_scenery(files, things, (200, 150), np.random.default_rng(4)), drawn[4])
    bare = [random_part(read_photograph(files[0]), (200, 150), (0.2, 1.0), np.random.default_rng(s)) for s in range(20)]
    edges = [np.mean([cv2.Laplacian(image, cv2.CV_32F).std() for image in images]) for images in (drawn, bare)]
    assert edges[0] > 1.5 * edges[1]

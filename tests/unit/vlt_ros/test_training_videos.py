"""Official layouts are read from small copies; drawn videos repeat themselves; pairs put boxes where targets are."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch")

from vlt_ros.evaluation.datasets import DatasetError  # noqa: E402
from vlt_ros.training.augment import coloured, mirrored  # noqa: E402
from vlt_ros.training.config import Augmentation  # noqa: E402
from vlt_ros.training.drawn import draw_videos  # noqa: E402
from vlt_ros.training.pairs import NOWHERE, PairDataset, PairRules, VideoSet, draw_frames, random_crop, silent_names  # noqa: E402
from vlt_ros.training.videos import Video, read_videos, usable_frames  # noqa: E402

FRAMES = 12  # more than 9, so that 10.jpg must not come before 2.jpg
BOX = "10,20,30,40"


def write_images(folder: Path, names: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for index, name in enumerate(names):
        cv2.imwrite(str(folder / name), np.full((60, 80, 3), 10 * index, np.uint8))


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def boxes(absent_first: bool = False) -> str:
    return "\n".join(["0,0,0,0" if absent_first else BOX, *[BOX] * (FRAMES - 1)]) + "\n"


def numbered(start: int = 1) -> list[str]:
    return [f"{i:08d}.jpg" for i in range(start, start + FRAMES)]


def lasot(root: Path) -> None:
    for name in ("bear-1", "bear-2"):
        folder = root / "bear" / name
        write(folder / "groundtruth.txt", boxes())
        write(folder / "nlp.txt", "a brown bear")
        write(folder / "full_occlusion.txt", ",".join(["0", "1"] + ["0"] * (FRAMES - 2)))
        write(folder / "out_of_view.txt", ",".join(["0"] * FRAMES))
        write_images(folder / "img", numbered())
    write(root / "testing_set.txt", "bear-2\n")


def tnl2k(root: Path) -> None:
    write(root / "walk" / "groundtruth.txt", boxes())
    write(root / "walk" / "language.txt", "a man")
    write_images(root / "walk" / "imgs", numbered())


def got10k(root: Path) -> None:
    folder = root / "GOT-10k_Train_000001"
    write(folder / "groundtruth.txt", boxes())
    write(folder / "absence.label", "\n".join(["0", "1"] + ["0"] * (FRAMES - 2)))
    write_images(folder, numbered())


def trackingnet(root: Path) -> None:
    write(root / "TRAIN_0" / "anno" / "abc_0.txt", boxes())
    write_images(root / "TRAIN_0" / "frames" / "abc_0", [f"{i}.jpg" for i in range(FRAMES)])


def otb_lang(root: Path) -> None:
    write(root / "OTB_query_train" / "Basketball.txt", "the green player")
    write(root / "OTB_videos" / "Basketball" / "groundtruth_rect.txt", boxes().replace(",", "\t"))
    write_images(root / "OTB_videos" / "Basketball" / "img", [f"{i:04d}.jpg" for i in range(1, FRAMES + 1)])


def coco(root: Path) -> None:
    annotations = [
        {"id": 5, "image_id": 7, "bbox": [10, 20, 30, 40], "iscrowd": 0},
        {"id": 6, "image_id": 7, "bbox": [0, 0, 80, 60], "iscrowd": 1},
        {"id": 8, "image_id": 7, "bbox": [0, 0, 1, 1], "iscrowd": 0},
    ]
    index = {"images": [{"id": 7, "file_name": "000007.jpg"}], "annotations": annotations}
    write(root / "annotations" / "instances_train2017.json", json.dumps(index))
    write_images(root / "train2017", ["000007.jpg"])


LAYOUTS = {
    "lasot": (lasot, "a brown bear", FRAMES - 1),
    "tnl2k": (tnl2k, "a man", FRAMES),
    "got10k": (got10k, "", FRAMES - 1),
    "trackingnet": (trackingnet, "", FRAMES),
    "otb_lang": (otb_lang, "the green player", FRAMES),
    "coco": (coco, "", 1),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_an_official_layout_gives_its_training_videos(tmp_path: Path, name: str) -> None:
    make, sentence, usable = LAYOUTS[name]
    make(tmp_path)
    (video,) = read_videos(name, tmp_path)
    assert video.sentence == sentence and len(usable_frames(video)) == usable
    last = int(usable_frames(video)[-1])
    assert video.boxes_xyxy[last].tolist() == [10, 20, 40, 60]
    assert abs(int(video.image(last).mean()) - 10 * last) <= 1  # the right one of the images


def test_a_folder_of_another_layout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no lasot video"):
        read_videos("lasot", tmp_path)
    with pytest.raises(DatasetError, match="does not exist"):
        read_videos("coco", tmp_path / "none")


def test_drawn_videos_repeat_themselves_and_show_the_target_where_they_say() -> None:
    for video in draw_videos(6, 8, seed=1):
        assert np.array_equal(video.image(3), draw_videos(6, 8, seed=1)[int(video.name[-1])].image(3))
        box = np.round(video.boxes_xyxy[3]).astype(int)
        assert video.figures[0].form in video.sentence and box[2] > box[0]
        assert video.figures[1].form == video.figures[0].form
        assert not set(video.figures[1].colours) & set(video.figures[0].colours)


def test_a_drawn_target_has_the_colour_its_sentence_names() -> None:
    video = next(v for v in draw_videos(40, 4, seed=2) if v.sentence == "the red circle" or "red square" in v.sentence)
    x, y = ((video.boxes_xyxy[0, :2] + video.boxes_xyxy[0, 2:]) / 2).round().astype(int)
    red, green, blue = video.image(0)[y - 3 : y + 3, x - 3 : x + 3].reshape(-1, 3).mean(axis=0)
    assert red > green + 60 and red > blue + 60


def test_drawn_videos_before_photographs_need_some(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no photograph"):
        draw_videos(1, 2, 0, tmp_path)
    cv2.imwrite(str(tmp_path / "sky.png"), np.full((300, 500, 3), (200, 120, 40), np.uint8))
    (video,) = draw_videos(1, 2, 0, tmp_path)
    assert np.median(video.image(0).reshape(-1, 3), axis=0) == pytest.approx([40, 120, 200], abs=4)


@settings(max_examples=30)
@given(seed=st.integers(0, 9999), side=st.integers(30, 90), shift=st.floats(0, 100))
def test_a_random_crop_puts_the_box_where_the_target_is(seed: int, side: int, shift: float) -> None:
    image = np.full((120, 160, 3), 50, np.uint8)
    image[50:70, 60:100] = 250
    pixels, box = random_crop(
        image, np.array([60.0, 50, 100, 70]), side, 128, shift, 0.2, np.random.default_rng(seed)
    )  # fmt: skip
    columns = np.flatnonzero((pixels[..., 0] > 150).any(axis=0))
    rows = np.flatnonzero((pixels[..., 0] > 150).any(axis=1))
    seen = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])
    assert np.abs(seen - np.clip(box, 0, 128)).max() <= 128 / side + 1.5  # a pixel of the image


def pairs_of(**rules: object) -> PairDataset:
    videos: list[Video] = [*draw_videos(6, 6, seed=3)]
    made = PairRules("vlt_scar", Augmentation(), 0, **rules)  # type: ignore[arg-type]
    return PairDataset([VideoSet(videos, 20, 3)], made)


def test_a_pair_is_the_same_whenever_it_is_cut_and_another_in_another_epoch() -> None:
    dataset = pairs_of()
    first, again = dataset[4], dataset[4]
    dataset.epoch = 1
    other = dataset[4]
    assert np.array_equal(first.search, again.search) and not np.array_equal(first.search, other.search)
    assert first.template.shape == (127, 127, 3) and first.search.shape == (255, 255, 3)


def test_negative_pairs_have_no_target_unless_the_authors_way_is_wanted() -> None:
    ours, theirs = pairs_of(negatives=1.0), pairs_of(negatives=1.0, is_negative_positive=True)
    is_negative = [tuple(ours[i].search_box_xyxy) == NOWHERE for i in range(20)]
    assert sum(is_negative) >= 12  # the other video may happen to be the same one
    assert not any(tuple(theirs[i].search_box_xyxy) == NOWHERE for i in range(20))
    assert all(np.array_equal(ours[i].search, theirs[i].search) for i in range(5))


@pytest.mark.parametrize(("volume", "lost"), [(1.0, 0), (0.75, 2), (0.5, 3), (0.0, 6)])
def test_less_language_leaves_videos_without_their_sentence(volume: float, lost: int) -> None:
    videos: list[Video] = [*draw_videos(6, 6, seed=3)]
    silent = silent_names(videos, volume, seed=0)
    assert len(silent) == lost
    dataset = pairs_of(silent=silent)
    assert all(bool(dataset[i].sentence) for i in range(20)) == (not silent)


def test_frames_of_a_pair_are_usable_and_near() -> None:
    rng = np.random.default_rng(0)
    drawn = [draw_frames(np.array([0, 5, 6, 30]), 3, rng) for _ in range(100)]
    assert set(drawn) == {(0, 0), (5, 5), (5, 6), (6, 5), (6, 6), (30, 30)}


def test_mirroring_twice_changes_nothing_and_grey_has_no_colour() -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (20, 30, 3)).astype(np.uint8)
    once = mirrored(image, np.array([1.0, 2, 11, 12]))
    assert once[1].tolist() == [19, 2, 29, 12]
    twice = mirrored(*once)
    assert np.array_equal(twice[0], image) and twice[1].tolist() == [1, 2, 11, 12]
    assert np.ptp(coloured(image, 0.05, True, rng), axis=-1).max() <= 1
    assert np.abs(coloured(image, 0.05, False, rng).astype(int) - image).mean() < 25

"""Videos from files and folders come in order, with their rate; what cannot be played is named."""

import cv2
import numpy as np
import pytest

from track_common.film import FilmWriter
from vlt_ros.video import VideoError, open_video


def write_images(folder, names, shape=(48, 64, 3)):
    folder.mkdir(parents=True, exist_ok=True)
    for level, name in enumerate(names):
        cv2.imwrite(str(folder / name), np.full(shape, 10 * level, np.uint8))


def test_folder_is_in_natural_order(tmp_path):
    write_images(tmp_path, ["img1.png", "img2.png", "img10.png"])
    video = open_video(tmp_path)
    assert [int(f[0, 0, 0]) for f in video.frames()] == [0, 10, 20]
    assert (video.width, video.height, video.count, video.rate) == (64, 48, 3, 10.0)


def test_folder_with_img_inside_is_that_folder(tmp_path):
    write_images(tmp_path / "img", ["1.png"])
    (tmp_path / "groundtruth.txt").write_text("")
    assert open_video(tmp_path, rate=7.0).rate == 7.0


def test_images_are_rgb(tmp_path):
    cv2.imwrite(str(tmp_path / "1.png"), np.full((8, 8, 3), (0, 0, 255), np.uint8))
    assert next(open_video(tmp_path).frames())[0, 0].tolist() == [255, 0, 0]


def test_file_plays_twice(tmp_path):
    with FilmWriter(tmp_path / "film.mp4", 25) as film:
        for level in (10, 200):
            film.write(np.full((48, 64, 3), level, np.uint8))
    video = open_video(tmp_path / "film.mp4")
    assert video.rate == pytest.approx(25.0)
    for _ in range(2):
        assert [round(float(f.mean()), -1) for f in video.frames()] == pytest.approx([10, 200], abs=10)


def test_later_sizes_are_scaled_to_the_first(tmp_path):
    write_images(tmp_path, ["1.png"])
    write_images(tmp_path, ["2.png"], (96, 128, 3))
    assert {f.shape for f in open_video(tmp_path).frames()} == {(48, 64, 3)}


def test_unreadable_ones_are_named(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.mp4").write_text("no video")
    for path, words in (
        ("none.mp4", "no video at"),
        ("empty", "no image in"),
        ("text.mp4", "cannot be read as a video"),
    ):
        with pytest.raises(VideoError, match=words):
            open_video(tmp_path / path)


def test_cut_image_is_named(tmp_path):
    write_images(tmp_path, ["1.png"])
    (tmp_path / "2.png").write_bytes((tmp_path / "1.png").read_bytes()[:20])
    with pytest.raises(VideoError, match="2.png"):
        list(open_video(tmp_path).frames())

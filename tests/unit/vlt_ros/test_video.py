"""Videos from files and folders come in order, with their rate; what cannot be played is named."""

import cv2
import numpy as np
import pytest

from track_common.film import FilmWriter
from vlt_ros.containers import short_note
from vlt_ros.video import VideoError, count_frames, open_video


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


def jpeg(level):
    return cv2.imencode(".jpg", np.random.default_rng(level).integers(0, 255, (48, 64, 3), np.uint8))[1].tobytes()


def test_a_cut_jpeg_is_named_though_half_of_it_could_be_shown(tmp_path):
    (tmp_path / "1.jpg").write_bytes(jpeg(1) + b"maker's notes")
    (tmp_path / "2.jpg").write_bytes(jpeg(2)[:-700])
    with pytest.raises(VideoError, match=r"2\.jpg cannot be read as an image; is it cut off"):
        list(open_video(tmp_path).frames())


def test_hidden_files_beside_the_pictures_are_skipped(tmp_path):
    for number in (1, 2):
        (tmp_path / f"{number}.jpg").write_bytes(jpeg(number))
        (tmp_path / f"._{number}.jpg").write_bytes(b"\x00\x05\x16\x07" + bytes(120))
    assert open_video(tmp_path).count == len(list(open_video(tmp_path).frames())) == 2


def test_depth_images_are_no_camera(tmp_path):
    cv2.imwrite(str(tmp_path / "1.png"), np.full((48, 64), 1200, np.uint16))
    with pytest.raises(VideoError, match=r"one channel of uint16: a depth image \(16UC1\) is no camera"):
        open_video(tmp_path)


@pytest.fixture
def films(tmp_path):
    """The same 40 frames as AVI and as MP4."""
    images = [
        cv2.GaussianBlur(np.random.default_rng(k).integers(0, 255, (96, 128, 3), np.uint8), (9, 9), 0)
        for k in range(40)
    ]
    avi = cv2.VideoWriter(str(tmp_path / "film.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 10, (128, 96))
    with FilmWriter(tmp_path / "film.mp4", 10) as mp4:
        for image in images:
            avi.write(image)
            mp4.write(image)
    avi.release()
    return tmp_path


def test_whole_films_have_nothing_to_say(films):
    for name in ("film.avi", "film.mp4"):
        video = open_video(films / name)
        assert video.warning == "" and count_frames(video) == 40
        assert short_note(video.path, 40, video.count) == ""


def test_an_avi_cut_in_half_plays_and_says_so(films):
    file = films / "film.avi"
    size = file.stat().st_size
    file.write_bytes(file.read_bytes()[: size // 2])
    video = open_video(file)
    assert video.warning == f"{file} is cut off: {size // 2:,} of {size:,} bytes"
    assert short_note(file, count_frames(video), 40).endswith("of 40 frames: it is cut off or damaged")


def test_an_mp4_cut_before_its_index_is_refused_with_the_reason(films):
    file = films / "film.mp4"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(VideoError, match="is cut off: .*, its index .moov. is lost"):
        open_video(file)

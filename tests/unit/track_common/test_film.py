"""Films can be read back with the frames that were written."""

import cv2
import numpy as np
import pytest

from track_common.film import FilmWriter


def frame(level, shape=(48, 64, 3)):
    return np.full(shape, level, np.uint8)


def read_back(path):
    capture = cv2.VideoCapture(str(path))
    frames = []
    while True:
        found, bgr = capture.read()
        if not found:
            return frames, capture.get(cv2.CAP_PROP_FPS)
        frames.append(bgr)


def test_written_frames_are_read_back_in_order(tmp_path):
    path = tmp_path / "new" / "film.mp4"
    with FilmWriter(path, 12.5) as film:
        for level in (0, 120, 240):
            film.write(frame(level))
    frames, fps = read_back(path)
    assert [round(float(f.mean()), -1) for f in frames] == pytest.approx([0, 120, 240], abs=10)
    assert fps == pytest.approx(12.5)


def test_red_stays_red(tmp_path):
    with FilmWriter(tmp_path / "film.mp4", 10) as film:
        film.write(np.tile(np.array([220, 10, 10], np.uint8), (48, 64, 1)))
    blue, green, red = read_back(tmp_path / "film.mp4")[0][0].mean((0, 1))
    assert red > 180 and green < 60 and blue < 60


def test_odd_sides_are_cut_to_even(tmp_path):
    with FilmWriter(tmp_path / "film.mp4", 10) as film:
        film.write(frame(9, (49, 65, 3)))
    assert read_back(tmp_path / "film.mp4")[0][0].shape == (48, 64, 3)


def test_film_is_whole_after_an_error_in_the_block(tmp_path):
    with pytest.raises(KeyError), FilmWriter(tmp_path / "film.mp4", 10) as film:
        film.write(frame(9))
        raise KeyError
    assert len(read_back(tmp_path / "film.mp4")[0]) == 1


def test_no_frames_leave_no_file(tmp_path):
    with FilmWriter(tmp_path / "film.mp4", 10):
        pass
    assert not (tmp_path / "film.mp4").exists()


@pytest.mark.parametrize("bad", [np.zeros((48, 64), np.uint8), np.zeros((48, 64, 3)), np.zeros((40, 64, 3), np.uint8)])
def test_wrong_frame_is_refused(tmp_path, bad):
    with FilmWriter(tmp_path / "film.mp4", 10) as film:
        film.write(frame(9))
        with pytest.raises(ValueError, match="film frame is"):
            film.write(bad)


def test_rate_of_zero_is_refused(tmp_path):
    with pytest.raises(ValueError, match="above 0"):
        FilmWriter(tmp_path / "film.mp4", 0.0)

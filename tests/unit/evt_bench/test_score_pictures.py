"""Picture and film come out whole for a complete bag, for one without ground truth and for one without anything."""

from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from evt_bench.bag.film import save_film
from evt_bench.bag.mcap_file import BagReadError
from evt_bench.bag.plot import save_plot
from evt_bench.bag.recording import read_recording
from evt_bench.bag.score import score_recording
from evt_bench.bag.top_view import SIZE, Surroundings, draw_top_view
from helpers.episode_bag import Episode, write_episode


@pytest.mark.parametrize("has_truth", [True, False])
def test_the_picture_is_written_with_and_without_ground_truth(tmp_path, has_truth):
    recording = read_recording(write_episode(tmp_path / "run", Episode(duration=2.0, has_truth=has_truth)))
    save_plot(recording, score_recording(recording), tmp_path / "score.png")
    picture = cv2.imread(str(tmp_path / "score.png"))
    assert picture is not None
    assert picture.shape[1] > 1200
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 50


def film_frames(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_the_film_has_every_image_with_the_box_where_the_tracker_put_it(tmp_path):
    recording = read_recording(write_episode(tmp_path / "run", Episode(duration=1.0)))
    done: list[tuple[int, int]] = []
    assert save_film(recording, tmp_path / "film.mp4", lambda *progress: done.append(progress)) == 11
    frames = film_frames(tmp_path / "film.mp4")
    assert (len(frames), done[-1]) == (11, (11, 11))
    assert frames[0].shape == (480, 640 + SIZE, 3)
    box = recording.tracks["target_box"][0].value.box.xyxy.round().astype(int)
    edge = frames[0][box[1] + 20 : box[3] - 60, box[0]].astype(int).mean(axis=0)
    assert edge[1] > edge[0] + 40  # green on the red figure


def test_a_bag_without_images_has_no_film(tmp_path):
    recording = read_recording(write_episode(tmp_path / "run", Episode(duration=0.5, has_images=False)))
    with pytest.raises(BagReadError, match="no images; record image_raw"):
        save_film(recording, tmp_path / "film.mp4")


def test_the_map_shows_the_trajectories_that_a_network_weighed():
    line = np.array([[0.5, 1.0], [2.0, 1.0]])
    with_line = draw_top_view(None, Surroundings(0.0, np.zeros((0, 2)), np.zeros((0, 2)), [(line, (255, 204, 0))]))
    without = draw_top_view(None, Surroundings(0.0, np.zeros((0, 2)), np.zeros((0, 2))))
    rows, columns = np.nonzero(np.any(with_line != without, axis=2))
    assert len(rows) > 20 and columns.max() < SIZE // 2, "1 m to the left of the robot"


def test_the_map_shows_what_is_ahead_above_the_robot_and_left_on_its_left():
    ahead = draw_top_view(None, Surroundings(0.0, np.array([[2.5, 0.0]]), np.zeros((0, 2))))
    left = draw_top_view(None, Surroundings(0.0, np.array([[0.0, 2.5]]), np.zeros((0, 2))))
    empty = draw_top_view(None, Surroundings(0.0, np.zeros((0, 2)), np.zeros((0, 2))))
    robot = (SIZE // 2, round(SIZE * 0.62))
    for view, offset in ((ahead, (0, -80)), (left, (-80, 0))):
        rows, columns = np.nonzero(np.any(view != empty, axis=2))
        assert (columns.mean() - robot[0], rows.mean() - robot[1]) == pytest.approx(offset, abs=1.0)

"""`trackvla track` on a painted video: boxes, film, scores; sessions take requests in any order."""

import json

import cv2
import numpy as np
import pytest

from track_common.boxes import iou
from track_common.config import ConfigError
from track_common.interfaces import TargetError
from track_common.types import Box, Frame, Sighting
from vlt_ros.clips import read_truth
from vlt_ros.evaluation.metrics import score_in_view
from vlt_ros.registry import make_tracker
from vlt_ros.session import TrackingSession
from vlt_ros.track import TrackOptions, track_video

FRAMES = 8


@pytest.fixture
def clip(tmp_path):
    """A textured square moving 3 px a frame, with its boxes."""
    rng = np.random.default_rng(0)
    background, patch = rng.integers(90, 130, (120, 160, 3), np.uint8), rng.integers(0, 255, (40, 40, 3), np.uint8)
    for k in range(FRAMES):
        image = background.copy()
        image[40:80, 30 + 3 * k : 70 + 3 * k] = patch
        cv2.imwrite(str(tmp_path / f"{k}.png"), image)
    lines = [f"{30 + 3 * k},40,40,40" for k in range(FRAMES - 1)] + ["0,0,0,0"]
    (tmp_path / "truth.txt").write_text("\n".join(lines))
    return tmp_path


def test_boxes_film_and_scores_are_written(clip, tmp_path):
    options = TrackOptions(
        video=clip,
        box_xywh=(30, 40, 40, 40),
        tracker="csrt",
        ground_truth=clip / "truth.txt",
        json_file=tmp_path / "report.json",
        out=tmp_path / "out",
    )
    report = track_video(options)
    assert report.score.frames == FRAMES - 1  # the last shows no target
    assert report.score.success_auc > 0.8 and report.score.precision == 1.0
    assert json.loads((tmp_path / "report.json").read_text())["success_auc"] == pytest.approx(
        report.score.success_auc, abs=1e-4
    )
    assert read_truth(tmp_path / "out" / "boxes.txt") == pytest.approx(report.boxes_xyxy, abs=0.02)
    assert (tmp_path / "out" / "film.mp4").stat().st_size > 1000


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["30,40,40,40"], "truth.txt has 1 lines for a video of 8 frames"),
        ([f"{30 + 3 * k},40,{70 + 3 * k},80,9" for k in range(FRAMES)], "truth.txt:1: 5 columns"),
        ([f"{100 + 3 * k},60,{140 + 3 * k},100" for k in range(FRAMES)], "they look like corners"),
    ],
)
def test_ground_truth_that_cannot_be_used_is_refused_before_a_frame_is_tracked(clip, tmp_path, lines, said):
    (clip / "truth.txt").write_text("\n".join(lines))
    tracked = []
    options = TrackOptions(clip, box_xywh=(30, 40, 40, 40), tracker="csrt", ground_truth=clip / "truth.txt")
    with pytest.raises(ValueError, match=said):
        track_video(options, lambda done, _: tracked.append(done))
    assert tracked == []


@pytest.mark.parametrize("kind", ["polygons", "mot"])
def test_polygons_and_mot_rows_score_as_boxes_do(clip, kind):
    boxes = [(30 + 3 * k, 40, 40, 40) for k in range(FRAMES)]
    lines = {
        "polygons": [f"{x},{y},{x + w},{y},{x + w},{y + h},{x},{y + h}" for x, y, w, h in boxes],
        "mot": [f"{k + 1},{i},{x},{y},{w},{h},1" for k, (x, y, w, h) in enumerate(boxes) for i in (1, 2)],
    }[kind]
    (clip / "truth.txt").write_text("\n".join(lines))
    options = TrackOptions(
        clip, box_xywh=boxes[0], tracker="csrt", ground_truth=clip / "truth.txt", target_id=2 if kind == "mot" else None
    )
    score = track_video(options).score
    assert score is not None and score.frames == FRAMES and score.success_auc > 0.8


def test_csrt_without_a_box_says_what_to_type(clip):
    with pytest.raises(ConfigError, match="--box x,y,w,h"):
        track_video(TrackOptions(clip, "the man in red", tracker="csrt"))


def test_boxes_that_are_none_are_zeros(tmp_path):
    (tmp_path / "b.txt").write_text("1,2,3,4\n0,0,0,0\nnan nan nan nan\n5\t6\t7\t8\n")
    assert read_truth(tmp_path / "b.txt").tolist() == [[1, 2, 4, 6], [0] * 4, [0] * 4, [5, 6, 12, 14]]
    (tmp_path / "c.txt").write_text("1,2,3,4\n1,2\n")
    with pytest.raises(ValueError, match="c.txt:2"):
        read_truth(tmp_path / "c.txt")


def test_known_scores():
    truth = np.array([[0.0, 0.0, 10.0, 10.0]] * 4)
    found = np.array([[0, 0, 10, 10], [0, 0, 10, 5], [0, 0, 0, 0], [50, 50, 60, 60]], float)
    result = score_in_view(found, truth)
    # IoU 1, 0.5, 0, 0: above 20 of the 21 thresholds, above 10, above none
    assert result.success_auc == pytest.approx((20 + 10) / (4 * 21))
    assert result.precision == pytest.approx(2 / 4)


def test_score_wants_one_box_a_frame():
    with pytest.raises(ValueError, match="3 boxes but 4 lines"):
        score_in_view(np.zeros((3, 4)), np.zeros((4, 4)))


class EchoTracker:
    """Sees the first box it was given for ever; refuses sentences without one."""

    def __init__(self):
        self.box = None

    def init(self, frame, instruction, box_xyxy=None):
        if box_xyxy is None:
            raise TargetError("a box is needed")
        self.box = Box(box_xyxy, 1.0, "target")
        return Sighting(frame.stamp, self.box)

    def update(self, frame):
        return Sighting(frame.stamp, self.box)


BOX = np.array([1.0, 2.0, 30.0, 40.0])


def blank(stamp):
    return Frame(np.zeros((50, 50, 3), np.uint8), stamp)


def test_session_without_a_request_is_lost_and_says_why():
    session = TrackingSession(EchoTracker())
    assert session.process(blank(0.0)).box is None and session.reason == "no instruction"


def test_session_reports_the_trackers_refusal_and_recovers_with_a_box():
    session = TrackingSession(EchoTracker(), needs_box=True)
    session.instruct("the man in red")
    assert session.process(blank(0.0)).box is None and session.reason == "a box is needed"
    session.start_at(BOX)
    assert session.process(blank(0.1)).box is not None and session.reason == ""


def test_swap_goes_on_from_the_last_box():
    session = TrackingSession(EchoTracker())
    session.start_at(BOX)
    session.process(blank(0.0))
    session.swap(EchoTracker(), needs_box=True)
    assert session.process(blank(0.1)).box.xyxy.tolist() == BOX.tolist()


def test_swap_to_a_box_tracker_without_a_target_is_refused():
    session = TrackingSession(EchoTracker())
    session.instruct("the man in red")
    session.process(blank(0.0))
    with pytest.raises(TargetError, match="not in view"):
        session.swap(EchoTracker(), needs_box=True)


def test_clock_going_back_ends_a_box_tracker_until_it_gets_a_new_box():
    session = TrackingSession(EchoTracker(), needs_box=True)
    session.start_at(BOX)
    assert session.process(blank(100.0)).box is not None
    assert session.process(blank(5.0)).box is None and "clock" in session.reason
    session.start_at(BOX)
    assert session.process(blank(5.1)).box is not None


def test_repeated_instruction_does_not_drop_the_target():
    tracker = EchoTracker()
    session = TrackingSession(tracker)
    session.instruct("the man in red")
    session.start_at(BOX)
    session.process(blank(0.0))
    session.instruct("the man in red")
    assert session.process(blank(0.1)).box is not None


def test_a_frame_the_tracker_fails_on_is_a_failure_and_the_next_one_is_not():
    class Choosy(EchoTracker):
        def update(self, frame):
            if frame.rgb.any():
                raise ValueError("too bright")
            return super().update(frame)

    session = TrackingSession(Choosy())
    session.start_at(BOX)
    session.process(blank(0.0))
    assert session.process(Frame(np.full((50, 50, 3), 9, np.uint8), 0.1)).box is None
    assert session.failure == "ValueError: too bright" and session.reason == ""
    assert session.process(blank(0.2)).box is not None and session.failure == ""


def test_a_start_that_fails_is_tried_again_with_the_next_frame():
    class Slow(EchoTracker):
        def init(self, frame, instruction, box_xyxy=None):
            if frame.stamp < 0.1:
                raise ValueError("not yet")
            return super().init(frame, instruction, box_xyxy)

    session = TrackingSession(Slow())
    session.start_at(BOX)
    session.process(blank(0.0))
    assert session.failure == "ValueError: not yet"
    sighting = session.process(blank(0.1))
    assert sighting.box is not None and session.failure == ""
    np.testing.assert_array_equal(sighting.box.xyxy, BOX)


@pytest.mark.parametrize("name", ["csrt", "kcf"])
def test_a_change_of_the_images_size_goes_on_from_the_scaled_box(name):
    """The picture at 100, 50 and 150 % of its size: the box stays on the same part of it."""
    rng = np.random.default_rng(0)
    rgb = cv2.GaussianBlur(rng.integers(0, 255, (240, 320, 3), np.uint8), (0, 0), 4)
    rgb[80:160, 120:180] = (rng.integers(0, 60, (80, 60, 3)) + (180, 0, 0)).astype(np.uint8)
    box = np.array([120.0, 80.0, 180.0, 160.0])
    session = TrackingSession(make_tracker(name), needs_box=True)
    session.start_at(box)
    for number, scale in enumerate([1.0] * 2 + [0.5] * 3 + [1.5] * 3):
        image = np.asarray(cv2.resize(rgb, None, fx=scale, fy=scale), np.uint8)
        found = session.process(Frame(image, 0.1 * number)).box
        assert found is not None and float(iou(found.xyxy, scale * box)) > 0.7, (number, scale)


def test_a_change_of_size_while_the_target_is_lost_asks_for_a_new_box():
    class Blind(EchoTracker):
        def update(self, frame):
            return Sighting(frame.stamp, None)

    session = TrackingSession(Blind(), needs_box=True)
    session.start_at(BOX)
    for stamp in (0.0, 0.1):
        session.process(blank(stamp))
    assert session.process(Frame(np.zeros((100, 160, 3), np.uint8), 0.2)).box is None
    assert "size changed" in session.reason
    session.start_at(2 * BOX)
    assert session.process(Frame(np.zeros((100, 160, 3), np.uint8), 0.3)).box is not None

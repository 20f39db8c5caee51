"""The weights that are shipped load by default, follow a drawn person, and give the boxes they gave when shipped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from track_common.types import Frame  # noqa: E402
from vlt_ros.evaluation.metrics import score_in_view  # noqa: E402
from vlt_ros.registry import make_tracker  # noqa: E402
from vlt_ros.siamese.tracker import NANO_WEIGHTS  # noqa: E402
from vlt_ros.training.drawn import DrawnVideo, draw_videos  # noqa: E402

REFERENCE = Path(__file__).parent / "data" / "vlt_nano_boxes.csv"
FRAMES, SEED = 25, 501  # of drawn videos: nothing that was trained on
LEAST_AUC = 0.70  # 0.83 when shipped
LARGEST_FILE = 10e6  # bytes


def follow(video: DrawnVideo, sentence: str) -> np.ndarray:
    """(FRAMES, 4) boxes xyxy, zeros where lost."""
    tracker = make_tracker("vlt_nano", {"engine": "eager"})
    first = Frame(video.image(0), 0.0)
    found = [tracker.init(first, sentence, video.boxes_xyxy[0])]
    found += [tracker.update(Frame(video.image(index), 0.1 * index)) for index in range(1, FRAMES)]
    return np.array([np.zeros(4) if one.box is None else one.box.xyxy for one in found])


def videos() -> list[DrawnVideo]:
    return [video for video in draw_videos(12, FRAMES, SEED) if video.figures[0].form == "person"][:4]


def test_the_shipped_file_is_small_and_has_a_card() -> None:
    assert NANO_WEIGHTS.stat().st_size < LARGEST_FILE
    card = NANO_WEIGHTS.with_suffix(".md").read_text(encoding="utf-8")
    assert "trackvla vlt train --config vlt_nano" in card and "steps" in card


def test_it_follows_drawn_people() -> None:
    scores = [score_in_view(follow(video, video.sentence), video.boxes_xyxy).success_auc for video in videos()]
    assert len(scores) == 4
    assert np.mean(scores) > LEAST_AUC


def test_its_boxes_are_those_it_was_shipped_with() -> None:
    video = videos()[0]
    np.testing.assert_allclose(follow(video, video.sentence), np.loadtxt(REFERENCE, delimiter=","), atol=0.05)


def test_no_sentence_is_an_answer_too() -> None:
    video = videos()[0]
    silent = follow(video, "")
    assert np.isfinite(silent).all()
    assert not np.allclose(silent, follow(video, video.sentence))

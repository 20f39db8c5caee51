"""GOT-10k, TNL2K and TrackingNet: their own figures worked by hand, their folders, and results for their servers."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from vlt_ros.evaluation.datasets import read_dataset
from vlt_ros.evaluation.metrics import Got10k, got10k_overlaps, got10k_score
from vlt_ros.evaluation.report import score_results
from vlt_ros.evaluation.results import ResultError, read_boxes
from vlt_ros.evaluation.run import RunPlan, run_benchmark

TRUTH = np.array([[10.0, 20, 40, 40]] * 5)
SHIFTS = np.array([0.0, 0.0, 8.0, 10.0, 24.0])  # px to the right: IoU (40 - d) / (40 + d) = 1, 1, 2/3, 3/5, 1/4
FOUND = TRUTH + SHIFTS[:, None] * [1, 0, 0, 0]


def write(file: Path, rows: object, separator: str = ",") -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(rows if isinstance(rows, str) else "\n".join(separator.join(map(str, row)) for row in rows))  # pyright: ignore


def test_the_first_frame_and_hidden_ones_do_not_count() -> None:
    is_absent = np.array([False, False, False, True, False])
    overlaps = got10k_overlaps(FOUND, TRUTH, is_absent)
    assert overlaps == pytest.approx([1.0, 2 / 3, 1 / 4])
    assert got10k_score(overlaps) == Got10k(pytest.approx((1 + 2 / 3 + 1 / 4) / 3), 2 / 3, 1 / 3)


def test_overlaps_of_exactly_the_limit_are_below_it() -> None:
    assert got10k_score(np.array([0.5, 0.75, 1.0])) == Got10k(0.75, 2 / 3, 1 / 3)


def test_both_boxes_are_cut_to_the_image() -> None:
    truth = np.array([[0.0, 0, 10, 10], [80, 0, 40, 10]])  # cut to 20 x 10 in an image 100 px wide
    found = np.array([[0.0, 0, 10, 10], [80, 0, 20, 10]])
    is_absent = np.zeros(2, bool)
    assert got10k_overlaps(found, truth, is_absent) == pytest.approx([0.5])
    assert got10k_overlaps(found, truth, is_absent, (100, 50)) == pytest.approx([1.0])


def test_boxes_that_are_nan_or_empty_overlap_nothing() -> None:
    found = np.array([[0.0, 0, 1, 1], [np.nan] * 4, [10, 20, 0, 0]])
    assert got10k_overlaps(found, TRUTH[:3], np.zeros(3, bool)).tolist() == [0.0, 0.0]


def write_got10k(root: Path) -> None:
    for name, length in (("GOT-10k_Val_000001", 5), ("GOT-10k_Val_000002", 3)):
        write(root / "data" / name / "groundtruth.txt", TRUTH[:length])
        write(root / "data" / name / "cover.label", "8\n8\n8\n0\n1"[: 2 * length - 1])
        write(root / "data" / name / "meta_info.ini", "[METAINFO]\nresolution: (1920, 1080)\n")
        write(root / "results" / "mine" / name / f"{name}_001.txt", FOUND[:length])


def test_got10k_counts_frames_of_all_sequences_and_repetitions(tmp_path: Path) -> None:
    write_got10k(tmp_path)
    (report,) = score_results("got10k", tmp_path / "data", tmp_path / "results")
    values = report.to_json()  # frames 1, 2/3, 1/4 of the first sequence, 1, 2/3 of the second
    assert values["ao"] == pytest.approx(100 * (1 + 2 / 3 + 1 / 4 + 1 + 2 / 3) / 5, abs=1e-3)
    assert (values["sr50"], values["sr75"]) == (80.0, 40.0)
    name = "GOT-10k_Val_000002"
    write(tmp_path / "results" / "mine" / name / f"{name}_002.txt", TRUTH[:3])
    (report,) = score_results("GOT-10k", tmp_path / "data", tmp_path / "results")
    assert report.own["ao"] == pytest.approx((1 + 2 / 3 + 1 / 4 + 1 + 2 / 3 + 1 + 1) / 7)
    assert read_dataset("got10k", tmp_path / "data")[0].size == (1920, 1080)


@pytest.mark.parametrize("separator", [",", "\t", " ", "; "])
def test_tnl2k_reads_its_toolkits_folders_and_prints_the_area(tmp_path: Path, separator: str) -> None:
    annos = tmp_path / "data" / "annos"
    write(annos / "gt_rect" / "dog.txt", TRUTH)
    write(annos / "absent" / "dog.txt", "0\n0\n0\n1\n0")
    write(annos / "att" / "dog_attribute.txt", ",".join(["1"] + ["0"] * 15 + ["1"]))
    write(tmp_path / "data" / "sequence_evaluation_config" / "TNL2K_testing_set.txt", "dog")
    write(tmp_path / "results" / "mine_tracking_result" / "dog.txt", FOUND, separator)
    (report,) = score_results("tnl2k", tmp_path / "data", tmp_path / "results")
    assert report.tracker == "mine" and set(report.attributes) == {"CM", "MS"}
    # 0, 0, 0.2 and 0.6 widths away: 51, 51, 31 and 0 of the 51 thresholds; the absent frame stays in the divisor
    assert report.own["norm_precision_area"] == pytest.approx((51 + 51 + 31) / 51 / 5)
    assert report.overall.scores[2] == pytest.approx(3 / 5)


def write_images(folder: Path, names: list[str]) -> None:
    folder.mkdir(parents=True)
    for index, name in enumerate(names):
        image = np.random.default_rng(index).integers(0, 255, (120, 160, 3), np.uint8)
        cv2.imwrite(str(folder / name), image)


def test_trackingnet_images_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    write(tmp_path / "TRAIN_0" / "anno" / "a.txt", np.repeat(TRUTH, 3, axis=0)[:12])
    write_images(tmp_path / "TRAIN_0" / "frames" / "a", [f"{i}.jpg" for i in range(12)])
    (sequence,) = read_dataset("trackingnet", tmp_path)
    assert [file.stem for file in sequence.frames()] == [str(i) for i in range(12)]


def test_a_test_set_with_first_boxes_only_is_run_whole_and_not_scored(tmp_path: Path) -> None:
    folder = tmp_path / "test" / "GOT-10k_Test_000001"
    write_images(folder, [f"{i:08d}.jpg" for i in range(1, 4)])
    write(folder / "groundtruth.txt", TRUTH[:1])
    made = run_benchmark(RunPlan("kcf", "got10k", str(tmp_path / "test")), tmp_path / "results")
    place = made / folder.name
    boxes = read_boxes(place / f"{folder.name}_001.txt")
    assert boxes.shape == (3, 4) and boxes[0].tolist() == TRUTH[0].tolist()
    assert len((place / f"{folder.name}_time.txt").read_text().split()) == 3
    with pytest.raises(ResultError, match="hand the results to its server"):
        score_results("got10k", tmp_path / "test", tmp_path / "results")

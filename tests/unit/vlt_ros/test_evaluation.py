"""The benchmark's rules, worked by hand, and equal to the official toolkit where its data is there."""

from __future__ import annotations

import json
import os
import tarfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from track_common.types import Array, Box, Frame, Sighting
from trackvla_cli.main import app
from vlt_ros.evaluation.datasets import BenchmarkSequence, DatasetError, read_dataset
from vlt_ros.evaluation.metrics import curves, mean_curves, repair
from vlt_ros.evaluation.plots import plot_attributes, plot_curves
from vlt_ros.evaluation.report import Choice, score_results
from vlt_ros.evaluation.results import ResultError, find_result, read_boxes, write_boxes
from vlt_ros.evaluation.run import RunPlan, run_benchmark, run_sequence

TRUTH = np.array([[10.0, 20, 40, 40], [12, 20, 40, 40], [14, 20, 40, 40], [16, 20, 40, 40]])
HUNDREDTH = 0.01  # points, what the issue allows


def test_a_perfect_result_is_perfect_but_for_the_last_strict_threshold() -> None:
    auc, precision, norm_precision = curves(TRUTH, TRUTH).scores
    assert (auc, precision, norm_precision) == (pytest.approx(20 / 21), 1.0, 1.0)


def test_half_overlap_counts_at_the_thresholds_below_it() -> None:
    shifted = TRUTH + [20.0, 0, 0, 0]  # IoU 20 / 60 = 1/3: thresholds 0, .05 .. .30 are exceeded
    part = curves(shifted, TRUTH)
    assert part.scores[0] == pytest.approx(7 / 21)
    assert part.scores[1] == 1.0 and part.precision[19] == 0.0  # 20 px away exactly
    assert part.scores[2] == 0.0 and part.norm_precision[50] == 1.0  # half a width away


def test_absent_frames_are_failures_of_every_rate() -> None:
    absent = np.array([False, True, False, False])
    assert curves(TRUTH, TRUTH, absent).scores == pytest.approx((0.75 * 20 / 21, 0.75, 0.75))


def test_truth_without_area_counts_as_near_and_never_as_overlapping() -> None:
    truth = TRUTH.copy()
    truth[2, 2] = 0.0
    part = curves(TRUTH, truth)
    assert part.success[0] == 0.75 and part.precision[0] == 1.0


def test_repair_takes_the_first_box_from_the_truth_and_repeats_the_last_good_one() -> None:
    rows = np.array([[0.0, 0, 1, 1], [np.nan] * 4, [5, 5, 0, 9], [7, 7, 9, 9], [8, 8, 9, -1], [1, 1, 1, 1]])
    truth = np.tile(TRUTH[0], (5, 1))
    assert repair(rows, truth).tolist() == [*[TRUTH[0].tolist()] * 3, [7, 7, 9, 9], [7, 7, 9, 9]]


def test_repair_refuses_a_result_that_ends_early() -> None:
    with pytest.raises(ValueError, match="3 boxes for 4 frames"):
        repair(TRUTH[:3], TRUTH)


def test_a_sequence_without_any_overlap_is_left_out_of_the_mean() -> None:
    nothing = curves(TRUTH + [500.0, 0, 0, 0], TRUTH)
    assert nothing.is_zero
    assert mean_curves([curves(TRUTH, TRUTH), nothing]).scores[0] == pytest.approx(20 / 21)


@settings(derandomize=True, max_examples=40, deadline=None)
@given(st.lists(st.tuples(*[st.floats(-50, 50)] * 2, *[st.floats(1, 90)] * 2), min_size=4, max_size=4))
def test_curves_stay_between_0_and_1_and_are_monotone(rows: list[tuple[float, ...]]) -> None:
    part = curves(np.array(rows), TRUTH)
    assert np.all(np.diff(part.success) <= 0) and np.all(np.diff(part.precision) >= 0)
    for values in vars(part).values():
        assert values.min() >= 0.0 and values.max() <= 1.0


@pytest.mark.parametrize("separator", [",", "\t", " ", ", ", "  "])
def test_every_separator_reads_the_same(tmp_path: Path, separator: str) -> None:
    file = tmp_path / "a.txt"
    file.write_text("\n".join(separator.join(f"{v:.2f}" for v in row) for row in TRUTH) + "\n\n")
    assert np.array_equal(read_boxes(file), TRUTH)


def test_empty_and_nan_lines_are_nan_and_more_columns_are_left_out(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("1,2,3,4,0.9\n\nnan,nan,nan,nan\n5 6 7 8\n")
    boxes = read_boxes(file)
    assert boxes[[0, 3]].tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]] and np.isnan(boxes[1:3]).all()


@pytest.mark.parametrize(("text", "said"), [("1,2,3\n", "a.txt:1"), ("1,2,3,4\na,b,c,d\n", "a.txt:2"), ("\n", "empty")])
def test_a_bad_file_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "a.txt"
    file.write_text(text)
    with pytest.raises(ResultError, match=said):
        read_boxes(file)


def test_written_boxes_read_back(tmp_path: Path) -> None:
    write_boxes(tmp_path / "deep" / "a.txt", TRUTH + 0.125)
    assert np.array_equal(read_boxes(tmp_path / "deep" / "a.txt"), TRUTH + 0.125)
    assert find_result(tmp_path / "deep", "a") == tmp_path / "deep" / "a.txt"


LAYOUTS = {
    "lasot": {"dog/dog-1/groundtruth.txt": "boxes", "dog/dog-1/full_occlusion.txt": "0,0,0,0",
              "dog/dog-1/out_of_view.txt": "0,0,1,0", "dog/dog-1/nlp.txt": "black dog", "dog/dog-1/img/1.jpg": "image"},
    "lasot_ext": {"jump/jump-1/groundtruth.txt": "boxes", "jump/jump-1/full_occlusion.txt": "0,0,1,0",
                  "jump/jump-1/out_of_view.txt": "0,0,0,0", "jump/jump-1/nlp.txt": "black dog",
                  "jump/jump-1/img/1.jpg": "image"},
    "tnl2k": {"dog_1/groundtruth.txt": "boxes", "dog_1/language.txt": "black dog", "dog_1/imgs/1.jpg": "image"},
    "otb": {"Dog1/groundtruth_rect.txt": "boxes", "query_test/Dog1.txt": "black dog", "Dog1/img/1.jpg": "image"},
    "got10k": {"GOT-10k_Val_000001/groundtruth.txt": "boxes", "GOT-10k_Val_000001/absence.label": "0\n0\n1\n0\n",
               "GOT-10k_Val_000001/language.txt": "black dog", "GOT-10k_Val_000001/00000001.jpg": "image"},
    "folder": {"mine/groundtruth.txt": "boxes", "mine/language.txt": "black dog", "mine/img/1.png": "image"},
}  # fmt: skip


def lay_out(root: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if content == "image":
            for index in range(len(TRUTH)):
                cv2.imwrite(str(file.with_stem(f"{index + 1:08d}")), np.full((80, 100, 3), 10 * index, np.uint8))
        else:
            rows = "\n".join(",".join(str(v) for v in row) for row in TRUTH)
            file.write_text(rows if content == "boxes" else content)


@pytest.mark.parametrize("dataset", LAYOUTS)
def test_every_layout_reads(tmp_path: Path, dataset: str) -> None:
    lay_out(tmp_path, LAYOUTS[dataset])
    (sequence,) = read_dataset(dataset, tmp_path)
    assert np.array_equal(sequence.truth_xywh, TRUTH) and sequence.sentence == "black dog"
    assert len(sequence.frames()) == 4
    has_flags = dataset in ("lasot", "lasot_ext", "got10k")
    assert sequence.is_absent.tolist() == [False, False, has_flags, False]


def test_otb_videos_used_twice_make_two_sequences(tmp_path: Path) -> None:
    lay_out(tmp_path, {f"Jogging/groundtruth_rect.{i}.txt": "boxes" for i in (1, 2)} | {"Jogging/img/1.jpg": "image"})
    assert [s.name for s in read_dataset("otb", tmp_path)] == ["Jogging.1", "Jogging.2"]


@pytest.mark.parametrize(("dataset", "said"), [("lasott", "did you mean 'lasot'"), ("lasot", "no lasot sequence")])
def test_a_wrong_dataset_is_explained(tmp_path: Path, dataset: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_dataset(dataset, tmp_path)


def test_missing_results_are_counted_and_named(tmp_path: Path) -> None:
    for name in ("a", "b"):
        lay_out(tmp_path / "data", {f"{name}/groundtruth.txt": "boxes"})
    write_boxes(tmp_path / "results" / "b.txt", TRUTH)
    with pytest.raises(ResultError, match="lacks 1 of 2 sequences: a"):
        score_results("folder", tmp_path / "data", tmp_path / "results")


class StillTracker:
    """Answers the first box for ever, and is lost in frame 2."""

    def init(self, frame: Frame, instruction: str, box_xyxy: Array | None = None) -> Sighting:
        assert box_xyxy is not None
        self.box, self.sentence = np.asarray(box_xyxy), instruction
        return self.update(frame)

    def update(self, frame: Frame) -> Sighting:
        return Sighting(frame.stamp, None if frame.stamp == 2.0 else Box(self.box + frame.stamp))


def test_one_pass_starts_from_the_truth_and_keeps_the_last_box_when_lost(tmp_path: Path) -> None:
    lay_out(tmp_path, LAYOUTS["folder"])
    (sequence,) = read_dataset("folder", tmp_path)
    tracker = StillTracker()
    boxes, seconds = run_sequence(tracker, sequence)
    first = TRUTH[0]
    assert tracker.sentence == "black dog" and len(seconds) == 4
    assert boxes.tolist() == [
        list(first),
        list(first + [1, 1, 0, 0]),
        list(first + [1, 1, 0, 0]),
        list(first + [3, 3, 0, 0]),
    ]
    run_sequence(tracker, sequence, is_language_used=False)
    assert tracker.sentence == ""


def test_a_stopped_run_goes_on_and_another_plan_is_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        rng = np.random.default_rng(0)
        lay_out(tmp_path / "data", {f"{name}/groundtruth.txt": "boxes"})
        (tmp_path / "data" / name / "img").mkdir()
        for index in range(len(TRUTH)):
            image = cv2.resize(rng.integers(0, 255, (12, 16, 3), np.uint8), (160, 120))
            cv2.imwrite(str(tmp_path / "data" / name / "img" / f"{index}.png"), image)
    plan = RunPlan("csrt", "folder", str(tmp_path / "data"))
    write_boxes(tmp_path / "csrt" / "a.txt", TRUTH + 1)
    finished: list[str] = []
    folder = run_benchmark(plan, tmp_path, progress=lambda name, rate: finished.append(name))
    assert finished == ["b"] and read_boxes(folder / "a.txt").tolist() == (TRUTH + 1).tolist()
    assert len(read_boxes(folder / "b.txt")) == 4
    with pytest.raises(DatasetError, match="another run"):
        run_benchmark(RunPlan("csrt", "folder", str(tmp_path / "data"), is_language_used=False), tmp_path)


def test_pictures_are_drawn(tmp_path: Path) -> None:
    write_toolkit(tmp_path / "data", ["IV", "POC", "DEF"])
    write_boxes(tmp_path / "results" / "good" / "x-1.txt", TRUTH)
    write_boxes(tmp_path / "results" / "poor" / "x-1.txt", TRUTH + 9)
    reports = score_results("lasot", tmp_path / "data", tmp_path / "results")
    plot_curves(reports, tmp_path / "curves.png")
    plot_attributes(reports, tmp_path / "radar.png")
    for name in ("curves.png", "radar.png"):
        assert cv2.imread(str(tmp_path / name)).std() > 5


def write_toolkit(root: Path, attributes: list[str]) -> None:
    for folder, text in {
        "annos": "\n".join(",".join(str(v) for v in row) for row in TRUTH),
        "absent": "0\n0\n0\n0",
        "att": ",".join(["1"] * len(attributes) + ["0"] * (14 - len(attributes))),
    }.items():
        (root / folder).mkdir(parents=True)
        (root / folder / "x-1.txt").write_text(text)


def test_json_holds_the_scores_by_attribute_and_sequence(tmp_path: Path) -> None:
    write_toolkit(tmp_path / "data", ["IV", "POC", "DEF"])
    write_boxes(tmp_path / "results" / "x-1.txt", TRUTH)
    (report,) = score_results("lasot", tmp_path / "data", tmp_path / "results")
    values = json.loads(json.dumps(report.to_json()))
    assert values["success_auc"] == 95.238 and values["per_sequence"]["x-1"] == [95.238, 100.0, 100.0]
    assert values["per_attribute_auc"] == {"IV": [1, 95.238], "POC": [1, 95.238], "DEF": [1, 95.238]}


def test_more_annotations_than_results_are_scored_by_a_list_or_in_part_and_the_refusal_says_so(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / "data" / name).mkdir(parents=True)
        np.savetxt(tmp_path / "data" / name / "groundtruth.txt", TRUTH, delimiter=",")
    write_boxes(tmp_path / "results" / "a.txt", TRUTH)
    write_boxes(tmp_path / "results" / "b.txt", TRUTH)
    (tmp_path / "test.txt").write_text("b\n\na\n")
    words = ["vlt", "score", "--dataset", "folder"]
    words += ["--root", str(tmp_path / "data"), "--results", str(tmp_path / "results")]
    with pytest.raises(ResultError, match="lacks 1 of 3 sequences: c; .*--sequences testing_set.txt.* --partial"):
        score_results("folder", tmp_path / "data", tmp_path / "results")
    for option in (["--sequences", str(tmp_path / "test.txt")], ["--partial"]):
        said = CliRunner().invoke(app, [*words, *option])
        assert "folder, 2 of 3 annotated sequences, per cent" in said.output
    (tmp_path / "test.txt").write_text("b\nd\n")
    with pytest.raises(DatasetError, match="names 1 sequences without annotations: d"):
        score_results("folder", tmp_path / "data", tmp_path / "results", Choice(tmp_path / "test.txt"))


def reference(name: str, folder: Path) -> Path:
    data = os.environ.get("TRACKVLA_DATA")
    if not data or not (Path(data) / f"{name}.tar.xz").is_file():
        pytest.skip(f"TRACKVLA_DATA has no {name}.tar.xz")
    with tarfile.open(Path(data) / f"{name}.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return folder / name


@pytest.mark.data
def test_the_mini_set_scores_as_the_official_toolkit(tmp_path: Path) -> None:
    root = reference("lasot_mini", tmp_path)
    wanted = json.loads((root / "expected.json").read_text())
    for report in score_results("lasot", root, root / "results"):
        got, official = report.to_json(), wanted[report.tracker]
        for name in ("success_auc", "precision", "norm_precision"):
            assert got[name] == pytest.approx(official[name], abs=HUNDREDTH)
        for part in ("per_sequence", "per_attribute_auc"):
            assert set(got[part]) == set(official[part])
            for name, values in official[part].items():
                assert got[part][name] == pytest.approx(values, abs=HUNDREDTH), (report.tracker, name)


@pytest.mark.data
@pytest.mark.slow
def test_the_whole_test_set_scores_as_published(tmp_path: Path) -> None:
    root = reference("lasot_subset", tmp_path)
    wanted = json.loads((root / "expected_rounded.json").read_text())
    for report in score_results("lasot", root, root / "results"):
        official = wanted.get(report.tracker) or wanted[f"{report.tracker}*"]
        assert [100 * score for score in report.overall.scores] == pytest.approx(official, abs=HUNDREDTH)
        assert len(report.sequences) == 280


def test_sequence_without_images_says_so() -> None:
    with pytest.raises(DatasetError, match="annotations only"):
        BenchmarkSequence("x", TRUTH, np.zeros(4, bool)).frames()

"""Clips of several people: who crosses whom, whose words are wrong, and one row a tracker and sentence."""

import json

import cv2
import numpy as np
import pytest

from track_common.interfaces import TargetError
from track_common.types import Box, Sighting
from trackvla_cli.commands.bench import parse_params
from vlt_ros.clips import ClipError, find_clips, load_clip, load_clips
from vlt_ros.correlation import KcfConfig  # noqa: F401 - found here by its name
from vlt_ros.registry import TRACKERS, TrackerEntry
from vlt_ros.track_bench import GAIN, SHIFT, WRONG, BenchPlan, Shake, bench_track, causes, compare, summarise

SEQUENCES = ("crossing", "pair", "walk")
FRAMES = 6
ROWS = {  # number -> first x, y, px to the right a frame; all are 30 x 40
    1: (30, 30, 10),  # walks over 3
    2: (10, 140, 0),
    3: (70, 30, 0),
}


def boxes_of(person):
    x, y, speed = ROWS[person]
    return [f"{x + speed * k},{y},30,40" for k in range(FRAMES)]


def write_clip(folder, is_crowded):
    (folder / "img").mkdir(parents=True)
    background = np.random.default_rng(0).integers(90, 130, (200, 200, 3), np.uint8)
    patch = np.random.default_rng(1).integers(0, 255, (40, 30, 3), np.uint8)
    for k in range(FRAMES):
        image = background.copy()
        x, y, speed = ROWS[1]
        image[y : y + 40, x + speed * k : x + speed * k + 30] = patch
        cv2.imwrite(str(folder / "img" / f"{k + 1:04}.png"), image)
    (folder / "groundtruth.txt").write_text("\n".join(boxes_of(1)))
    (folder / "language.txt").write_text(f"the main one of {folder.name}\n")
    if not is_crowded:
        return
    people = [f"{k + 1},{person},{box},1,-1,-1,-1" for person in ROWS for k, box in enumerate(boxes_of(person))]
    (folder / "gt_mot.txt").write_text("\n".join(people))
    listed = [{"id": person, "language": f"number {person}", "primary": person == 1} for person in ROWS]
    (folder / "targets.json").write_text(json.dumps({"targets": listed}))
    (folder / "targets").mkdir()
    for person in (2, 3):
        (folder / "targets" / f"{person}.txt").write_text("\n".join(boxes_of(person)))


@pytest.fixture
def data(tmp_path):
    for index, name in enumerate(SEQUENCES):
        write_clip(tmp_path / name, is_crowded=index == 1)
    return tmp_path


def test_people_cross_where_a_tenth_is_covered(data):
    main, second, third = load_clip(data / SEQUENCES[1])
    # 1 moves from x 30 by 10 px, 3 stands at 70..100: they share 10 px at x 50, 30 px at x 70
    expected = [min(60 + 10 * k, 100) - max(30 + 10 * k, 70) >= 3 for k in range(FRAMES)]
    assert main.is_crossing.tolist() == expected == third.is_crossing.tolist()
    assert not second.is_crossing.any()


def test_wrong_words_are_those_of_the_one_who_crosses_else_of_the_next_clip(data):
    targets = load_clips([data / name for name in SEQUENCES])
    words = {(t.clip.name, t.name): t.wrong_sentence for t in targets}
    assert words[SEQUENCES[1], "main"] == "number 3"
    assert words[SEQUENCES[1], "3"] == f"the main one of {SEQUENCES[1]}"
    assert words[SEQUENCES[0], "main"] == f"the main one of {SEQUENCES[1]}"
    assert words[SEQUENCES[2], "main"] == f"the main one of {SEQUENCES[0]}"


def test_a_folder_without_truth_is_named(tmp_path):
    with pytest.raises(ClipError, match="no clip at .*groundtruth.txt"):
        load_clip(tmp_path)


def write_lasot_clip(folder, sentence="a person"):
    (folder / "img").mkdir(parents=True)
    for k in range(1, 5):
        cv2.imwrite(str(folder / "img" / f"{k:08}.jpg"), np.full((80, 90, 3), 90, np.uint8))
    (folder / "groundtruth.txt").write_text("1,2,30,40\n" * 4)
    (folder / "full_occlusion.txt").write_text("0,1,0,0")
    (folder / "out_of_view.txt").write_text("0,0,0,1")
    if sentence:
        (folder / "nlp.txt").write_text(sentence)


def test_clips_are_found_in_any_folder_of_them_and_by_name(data, tmp_path):
    assert [folder.name for folder in find_clips(data)] == sorted(SEQUENCES)
    assert find_clips(data, ["pair"]) == find_clips(data / "pair") == [data / "pair"]
    write_lasot_clip(tmp_path / "lasot" / "person" / "person-1")
    write_lasot_clip(tmp_path / "lasot" / "dog" / "dog-3")
    assert [folder.name for folder in find_clips(tmp_path / "lasot")] == ["dog-3", "person-1"]
    for folder, names, said in (
        (tmp_path / "none", [], "no folder"),
        (data / "pair" / "img", [], "no clip in"),
        (data, ["pears"], "no clip 'pears' in .*; there are crossing, pair, walk"),
    ):
        with pytest.raises(ClipError, match=said):
            find_clips(folder, names)


def test_a_clip_in_lasot_s_layout_has_its_sentence_and_absent_frames(tmp_path):
    write_lasot_clip(tmp_path / "person-1")
    (target,) = load_clip(tmp_path / "person-1")
    assert target.sentence == "a person"
    assert target.truth_xyxy.any(axis=1).tolist() == [True, False, True, False]


def test_a_clip_without_words_runs_from_its_box_and_is_refused_to_a_tracker_of_sentences(tmp_path):
    write_lasot_clip(tmp_path / "person-1", sentence="")
    with pytest.raises(ClipError, match="has no language.txt or nlp.txt, and grounded starts from a sentence"):
        bench_track(BenchPlan(tmp_path, ("grounded",)))
    (row,) = bench_track(BenchPlan(tmp_path, ("kcf",), baselines=(), shakes=0))
    assert row.sequence == "person-1" and row.frames == 3


class StillTracker:
    """Keeps its first box; sees nothing where the words are "number 3"."""

    def __init__(self, config):
        self.box = None

    def init(self, frame, instruction, box_xyxy=None):
        self.box = None if instruction == "number 3" else Box(box_xyxy, 1.0, "target")
        return Sighting(frame.stamp, self.box)

    def update(self, frame):
        return Sighting(frame.stamp, self.box)


def test_rows_hold_both_sentences_and_the_baseline(data, monkeypatch):
    entry = TrackerEntry(__name__, "StillTracker", "KcfConfig", needs_box=True)
    monkeypatch.setitem(TRACKERS, "still", entry)
    seen = []
    plan = BenchPlan(
        data, ("still",), {"still": {"detect_threshold": 0.3}}, is_wrong_too=True, baselines=("kcf",), shakes=0
    )
    rows = bench_track(plan, data / "out" / "rows.json", seen.append)
    assert seen == rows and len(rows) == 5 * 3  # targets x (right, wrong, baseline)
    right, wrong, baseline = summarise(rows)
    assert (right.tracker, wrong.tracker, baseline.tracker) == ("still", "still" + WRONG, "kcf")
    found = {(row.sequence, row.target, row.tracker): row for row in rows}
    name = SEQUENCES[1]
    assert found[name, "2", "still"].success_auc == pytest.approx(20 / 21, abs=1e-4)
    assert found[name, "3", "still"].found_share == 0.0 and found[name, "3", "still" + WRONG].found_share == 1.0
    # while 1 walks over 3 a still box shares 10 px, then nothing with it: IoU 10/50 is above 4 of 21 thresholds
    assert found[name, "main", "still"].crossing_frames == right.crossing_frames / 2 == 4
    assert found[name, "main", "still"].crossing_auc == pytest.approx(4 / 21 / 4, abs=1e-4)
    assert found[name, "main", "still" + WRONG].crossing_auc == 0.0 and found[name, "2", "kcf"].crossing_auc is None
    stored = json.loads((data / "out" / "rows.json").read_text())
    assert len(stored["rows"]) == 15 and stored["summary"][0]["all_auc"] == right.all_auc


def test_shaken_runs_start_beside_the_true_box_and_count_in_the_means(data, monkeypatch):
    entry = TrackerEntry(__name__, "StillTracker", "KcfConfig", needs_box=True)
    monkeypatch.setitem(TRACKERS, "still", entry)
    monkeypatch.setattr("vlt_ros.track_bench.SHAKE", 0.1)  # of a box of few pixels
    rows = bench_track(BenchPlan(data, ("still",), baselines=("kcf",), shakes=2))
    assert [row.shake for row in rows if row.target == "main" and row.tracker == "still"] == [0, 1, 2] * len(SEQUENCES)
    assert sum(row.shake > 0 for row in rows if row.tracker == "kcf") == 2 * 5  # the others are shaken alike
    first = {row.shake: row.success_auc for row in rows if (row.sequence, row.target) == (SEQUENCES[1], "2")}
    assert first[0] > first[1] > 0.3 and first[0] > first[2] > 0.3  # a still box that starts beside stays beside
    summary = summarise(rows)[0]
    assert summary.targets == 15 and summary.all_auc == pytest.approx(
        np.mean([row.success_auc for row in rows if row.tracker == "still"]), abs=1e-4
    )
    crossed = [row for row in rows if row.tracker == "still" and row.crossing_auc is not None]
    pooled = sum(row.crossing_auc * row.crossing_frames for row in crossed) / summary.crossing_frames
    assert summary.crossing_frame_auc == pytest.approx(pooled, abs=1e-4)


def test_a_shaken_run_moves_images_and_truth_together_and_alike_for_every_tracker():
    image = np.random.default_rng(0).integers(0, 200, (60, 80, 3), np.uint8)
    assert Shake.of(0).applied(image) is image
    assert Shake.of(3) == Shake.of(3) != Shake.of(4)
    right, down = Shake((5, -2), 1.0).shift
    moved = Shake((5, -2), 1.0).applied(image)
    assert np.array_equal(moved[10 + down : 40 + down, 10 + right : 50 + right], image[10:40, 10:50])
    assert all(max(map(abs, Shake.of(n).shift)) <= SHIFT and abs(Shake.of(n).gain - 1) <= GAIN for n in range(50))


def test_causes_are_told_by_boxes_alone(data):
    main, second, third = load_clip(data / SEQUENCES[1])
    shared = [max(0, min(60 + 10 * k, 100) - max(30 + 10 * k, 70)) for k in range(FRAMES)]  # px of 30
    assert main.causes["hidden"].tolist() == [s >= 15 for s in shared] == third.causes["hidden"].tolist()
    assert not second.causes["crossing"].any() and not second.causes["turned"].any()
    assert second.causes["small"].all()  # 40 px high


def test_a_person_whose_outline_changes_has_turned(tmp_path):
    write_lasot_clip(tmp_path / "p")
    (tmp_path / "p" / "out_of_view.txt").unlink()
    (tmp_path / "p" / "groundtruth.txt").write_text("1,2,20,70\n1,2,20,70\n1,2,30,70\n1,2,20,70\n")
    (target,) = load_clip(tmp_path / "p")
    assert target.causes["turned"].tolist() == [False, False, True, False]
    assert not target.causes["small"].any()


class RefusingTracker(StillTracker):
    """Refuses every sentence."""

    def init(self, frame, instruction, box_xyxy=None):
        raise TargetError("no person in it")


def test_a_refused_sentence_is_a_row_without_boxes_and_the_bench_goes_on(data, monkeypatch):
    monkeypatch.setitem(TRACKERS, "refusing", TrackerEntry(__name__, "RefusingTracker", "KcfConfig", needs_box=True))
    monkeypatch.setitem(TRACKERS, "still", TrackerEntry(__name__, "StillTracker", "KcfConfig", needs_box=True))
    rows = bench_track(BenchPlan(data, ("refusing", "still"), baselines=(), shakes=0))
    refused = [row for row in rows if row.tracker == "refusing"]
    assert {(row.refusal, row.found_share, row.success_auc) for row in refused} == {("no person in it", 0.0, 0.0)}
    (difference,) = compare(rows)
    assert (difference.first, difference.second, difference.targets, difference.better) == ("refusing", "still", 5, 0)
    assert difference.verdict == "still" and difference.mean < 0
    assert set(causes(rows)["still"]) == {"crossing", "hidden", "small"}


def test_settings_are_read_by_tracker():
    assert parse_params(["csrt.template_size=64", "kcf.detect_threshold=0.5"]) == {
        "csrt": {"template_size": 64},
        "kcf": {"detect_threshold": 0.5},
    }
    with pytest.raises(Exception, match="wanted TRACKER.NAME=VALUE"):
        parse_params(["template_size=64"])

"""Clips of people with a box for everybody: who is to be tracked, by which words, and when somebody crosses their way.

Layout of a clip: ``img/`` (or images beside the rest), ``groundtruth.txt`` and ``language.txt`` of the main target; in
a clip of more people ``targets.json``, ``targets/<id>.txt`` and for everybody ``gt_mot.txt`` (MOTChallenge columns).
LaSOT's layout is one of these: ``nlp.txt`` for ``language.txt``, ``full_occlusion.txt`` and ``out_of_view.txt`` for
frames without the target.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from track_common.boxes import area, iou, to_xyxy
from track_common.types import Array
from vlt_ros.evaluation.annotations import read_annotation
from vlt_ros.evaluation.datasets import absent_flags

TRUTH, SENTENCES = "groundtruth.txt", ("language.txt", "nlp.txt")
HIDDEN = 0.5  # share from which the target is mostly hidden by somebody else
SMALL = 60.0  # px high; a person smaller than that is a few pixels wide in a detector's input
TURNED = 0.3  # relative change of width / height since the first frame: seen from the side, bent or sitting
COVERED = 0.1  # share of the target's box another person's box must cover for the two to cross


class ClipError(ValueError):
    """A folder that is no clip, or holds none; the message says what was wanted."""


@dataclass(frozen=True, eq=False)
class ClipTarget:
    """One person of one clip.

    Attributes:
        clip, name: folder's name; "main" or the person's number.
        sentence: words for this person.
        wrong_sentence: words for somebody else, the one who crosses this person's way longest where that is known.
        truth_xyxy: (N, 4) a frame, zeros where not in view.
        is_crossing: (N,) True where somebody else's box covers a tenth of this one's or more.
        is_hidden: (N,) True where somebody else's box covers half of it or more.
        is_main: the clip's main target.
    """

    clip: Path
    name: str
    sentence: str
    wrong_sentence: str
    truth_xyxy: Array
    is_crossing: NDArray[np.bool_]
    is_main: bool
    is_hidden: NDArray[np.bool_]

    @property
    def causes(self) -> dict[str, NDArray[np.bool_]]:
        """(N,) frames in which trackers lose people, by cause: crossing, hidden, small, turned (a changed outline)."""
        size = self.truth_xyxy[:, 2:] - self.truth_xyxy[:, :2]
        is_shown = area(self.truth_xyxy) > 0.0
        outline = np.log(np.where(is_shown, size[:, 0], 1.0) / np.where(is_shown, size[:, 1], 1.0))
        is_turned = np.abs(outline - outline[self.span.start]) > np.log1p(TURNED)
        return {
            "crossing": self.is_crossing,
            "hidden": self.is_hidden,
            "small": is_shown & (size[:, 1] < SMALL),
            "turned": is_shown & is_turned,
        }

    @property
    def span(self) -> slice:
        """Frames from the first that shows the person to the last."""
        shown = np.flatnonzero(area(self.truth_xyxy) > 0.0)
        return slice(int(shown[0]), int(shown[-1]) + 1)


def find_clips(data: Path, names: Sequence[str] = ()) -> list[Path]:
    """The clips in a folder, by name: itself, its folders, or theirs (LaSOT: a folder a class).

    Args:
        data: folder.
        names: of the clips wanted; empty = all.

    Raises:
        ClipError: no folder, no clip in it, or not one of that name.
    """
    if not data.is_dir():
        raise ClipError(f"no folder {data}; give --data the folder of the clips")
    found = [data] if (data / TRUTH).is_file() else []
    found = found or sorted(file.parent for depth in ("*", "*/*") for file in data.glob(f"{depth}/{TRUTH}"))
    if not found:
        raise ClipError(f"no clip in {data}; wanted folders with img/, {TRUTH} and {' or '.join(SENTENCES)}")
    for name in names:
        if name not in {folder.name for folder in found}:
            raise ClipError(f"no clip '{name}' in {data}; there are {', '.join(folder.name for folder in found[:20])}")
    return [folder for folder in found if not names or folder.name in names]


def load_clips(folders: list[Path]) -> list[ClipTarget]:
    """All targets of some clips; one that is alone in its clip gets its wrong sentence from the next clip's main one.

    Raises:
        ClipError, ResultError: a clip without ground truth, or one that cannot be read.
    """
    clips = [load_clip(folder) for folder in folders]
    after = [clips[(index + 1) % len(clips)][0].sentence for index in range(len(clips))]
    return [
        target if target.wrong_sentence else replace(target, wrong_sentence=other)
        for clip, other in zip(clips, after, strict=True)
        for target in clip
    ]


def load_clip(folder: Path) -> list[ClipTarget]:
    """Main target first, then the further ones that ``targets.json`` lists; without words the sentence is "".

    Raises:
        ClipError, ResultError: no ground truth there, or one that cannot be read or shows nobody.
    """
    truth = folder / TRUTH
    if not truth.is_file():
        raise ClipError(f"no clip at {folder}; wanted img/, {TRUTH} and {' or '.join(SENTENCES)}")
    listing = folder / "targets.json"
    entries = json.loads(listing.read_text(encoding="utf-8"))["targets"] if listing.is_file() else []
    boxes = _truth(truth)
    sentence = next((file for name in SENTENCES if (file := folder / name).is_file()), None)
    people = _people(folder / "gt_mot.txt", len(boxes))
    main = next((entry for entry in entries if entry["primary"]), {"id": 0})
    said = {main["id"]: sentence.read_text(encoding="utf-8-sig").strip() if sentence is not None else ""}
    said |= {entry["id"]: entry["language"] for entry in entries if not entry["primary"]}
    made = []
    for person, words in said.items():
        is_main = person == main["id"]
        own = boxes if is_main else _truth(folder / "targets" / f"{person}.txt")
        others = {other: there for other, there in people.items() if other != person}
        name = "main" if is_main else str(person)
        wrong = _wrong_sentence(person, own, said, people)
        covered = _most_covered(own, others)
        made.append(ClipTarget(folder, name, words, wrong, own, covered >= COVERED, is_main, covered >= HIDDEN))
    return made


def read_truth(file: Path, frames: int | None = None, target_id: int | None = None) -> Array:
    """(N, 4) xyxy of a ground-truth file (``read_annotation``); zeros where the target is not in view.

    Raises:
        ResultError: naming file and line; or not one box a frame.
    """
    return np.nan_to_num(to_xyxy(read_annotation(file, frames, target_id), "xywh"))


def _truth(file: Path) -> Array:
    """(N, 4) xyxy, zeros where the target is not in view by the boxes or by LaSOT's flags beside them."""
    boxes = read_truth(file)
    boxes = np.where(absent_flags(file.parent, len(boxes))[:, None], 0.0, boxes)
    if not np.any(area(boxes) > 0.0):
        raise ClipError(f"{file} shows the target in no frame")
    return boxes


def _people(file: Path, frames: int) -> dict[Any, Array]:
    """Number -> (frames, 4) xyxy of everybody, zeros where not in view; empty where there is no such file."""
    if not file.is_file():
        return {}
    rows = np.loadtxt(file, delimiter=",", ndmin=2)
    rows = rows[rows[:, 0] <= frames]
    people: dict[Any, Array] = {int(person): np.zeros((frames, 4)) for person in np.unique(rows[:, 1])}
    for row, box in zip(rows, to_xyxy(rows[:, 2:6], "xywh"), strict=True):
        people[int(row[1])][int(row[0]) - 1] = box
    return people


def _covered(own: Array, other: Array) -> Array:
    """(N,) share of the own boxes that the other's cover; 0 where either is missing."""
    both = area(own) + area(other)
    shared = iou(own, other) * both / (1.0 + iou(own, other))
    return shared / np.maximum(area(own), 1e-9)


def _most_covered(own: Array, others: dict[Any, Array]) -> Array:
    """(N,) largest share of the own box that one other person's covers."""
    return np.max([_covered(own, other) for other in others.values()] or [np.zeros(len(own))], axis=0)


def _wrong_sentence(person: Any, own: Array, said: dict[Any, str], people: dict[Any, Array]) -> str:
    """Words of the person who covers this one longest, among those with words; "" where this one is alone."""
    nobody = np.zeros_like(own)
    rivals = {other: float(_covered(own, people.get(other, nobody)).sum()) for other in said if other != person}
    return said[max(rivals, key=lambda other: rivals[other])] if rivals else ""

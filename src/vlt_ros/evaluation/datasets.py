"""Benchmarks as lists of sequences, read from their official folder layouts; frames are listed only when asked for.

Also read: annotation-only folders (``annos/``, ``absent/``, ``att/``, ``nlp/``) as the LaSOT toolkit keeps them, which
are enough to score results.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from track_common.config import lookup
from track_common.types import Array
from vlt_ros.evaluation.annotations import read_annotation
from vlt_ros.evaluation.results import ResultError
from vlt_ros.video import is_picture

LASOT_ATTRIBUTES = ("IV", "POC", "DEF", "MB", "CM", "ROT", "BC", "VC", "SV", "FOC", "FM", "OV", "LR", "ARC")
TNL2K_ATTRIBUTES = (
    *("CM", "ROT", "DEF", "FOC", "IV", "OV", "POC", "VC", "SV"),
    *("BC", "MB", "ARC", "LR", "FM", "AS", "TC", "MS"),
)  # the order of the 17 flags of its attribute files


class DatasetError(ValueError):
    """A folder that is not the benchmark it is said to be; the message says what is missing."""


@dataclass(frozen=True, eq=False)
class BenchmarkSequence:
    """One video's annotations.

    Attributes:
        name: as in result files.
        truth_xywh: (N, 4) pixels; NaN where a frame has no box.
        is_absent: (N,) True where the target is not in view.
        attributes: names of the attributes it has.
        sentence: "" where there is none.
        images: folder of its frames, None where only annotations are there.
        size: width and height of its images, px, where the annotations say so.
    """

    name: str
    truth_xywh: Array
    is_absent: NDArray[np.bool_]
    attributes: frozenset[str] = field(default_factory=frozenset)
    sentence: str = ""
    images: Path | None = None
    size: tuple[int, int] | None = None

    @property
    def is_first_only(self) -> bool:
        """True where the boxes after the first are kept on the benchmark's server (tests of GOT-10k, TrackingNet)."""
        return len(self.truth_xywh) == 1

    def frames(self) -> list[Path]:
        """Its image files in order, one a box; all of them where only the first box is there.

        Raises:
            DatasetError: no images there, or fewer than boxes.
        """
        if self.images is None or not self.images.is_dir():
            raise DatasetError(f"sequence {self.name} has annotations only; its images are needed to run a tracker")
        found = sorted((file for file in self.images.iterdir() if is_picture(file)), key=_number)
        if len(found) < len(self.truth_xywh):
            raise DatasetError(f"{self.images} holds {len(found)} images for {len(self.truth_xywh)} boxes")
        return found if self.is_first_only else found[: len(self.truth_xywh)]


def read_dataset(name: str, root: Path) -> list[BenchmarkSequence]:
    """The sequences of a benchmark.

    Args:
        name: lasot, lasot_ext, tnl2k, otb, got10k, trackingnet or folder.
        root: its folder.

    Raises:
        DatasetError: the folder is missing or holds no sequence of that layout.
    """
    reader = lookup("dataset", name.lower().replace("-", "").replace("lasotext", "lasot_ext"), READERS)
    if not root.is_dir():
        raise DatasetError(f"dataset folder {root} does not exist; type --root with the folder of {name}")
    try:
        sequences = reader(root)
    except ResultError as error:
        raise DatasetError(str(error)) from error
    if not sequences:
        raise DatasetError(f"no {name} sequence under {root}; wanted its official layout (docs/vlt.md)")
    return sequences


def _lasot(root: Path) -> list[BenchmarkSequence]:
    if (root / "annos").is_dir():
        return _toolkit(root, LASOT_ATTRIBUTES)
    listed = root / "testing_set.txt"
    names = _lines(listed) if listed.is_file() else None
    found = sorted(file.parent for file in root.glob("*/*/groundtruth.txt")) or _with_truth(root)
    return [lasot_folder(folder) for folder in found if names is None or folder.name in names]


def lasot_folder(folder: Path) -> BenchmarkSequence:
    """One video in LaSOT's layout."""
    truth = read_annotation(folder / "groundtruth.txt")
    is_absent = absent_flags(folder, len(truth))
    return BenchmarkSequence(folder.name, truth, is_absent, frozenset(), _text(folder / "nlp.txt"), folder / "img")


def absent_flags(folder: Path, frames: int) -> NDArray[np.bool_]:
    """(frames,) True where LaSOT's files beside a video's boxes say that the target is hidden or out of view."""
    flags = [_flags(folder / name, frames) for name in ("full_occlusion.txt", "out_of_view.txt")]
    return flags[0] | flags[1]


def _tnl2k(root: Path) -> list[BenchmarkSequence]:
    if any((root / place).is_dir() for place in ("annos", "gt", "gt_rect")):
        return _toolkit(root, TNL2K_ATTRIBUTES)
    return [_plain(folder, "imgs", "language.txt") for folder in _with_truth(root)]


def _otb(root: Path) -> list[BenchmarkSequence]:
    folders = sorted({file.parent for file in root.glob("*/groundtruth_rect*.txt")})
    sequences = [s for folder in folders for s in _otb_folder(root, folder)]
    return sequences or [_plain(folder, "img", "language.txt") for folder in _with_truth(root)]


def _otb_folder(root: Path, folder: Path) -> list[BenchmarkSequence]:
    """One sequence a truth file: two in the videos that OTB-2015 uses twice (Jogging.1, Jogging.2)."""
    files = sorted(folder.glob("groundtruth_rect*.txt"))
    made = []
    for index, file in enumerate(files, start=1):
        truth = read_annotation(file)
        name = folder.name if len(files) == 1 else f"{folder.name}.{index}"
        sentence = _first_text(root / "query_test" / f"{name}.txt", root.parent / "OTB_query_test" / f"{name}.txt")
        made.append(BenchmarkSequence(name, truth, np.zeros(len(truth), bool), frozenset(), sentence, folder / "img"))
    return made


def _got10k(root: Path) -> list[BenchmarkSequence]:
    made = []
    for folder in _with_truth(root):
        truth = read_annotation(folder / "groundtruth.txt")
        covered = folder / "cover.label"  # eighths of the target that are visible; its toolkit leaves out those with 0
        is_absent = _flags(folder / "absence.label", len(truth))
        if covered.is_file():
            is_absent = ~_flags(covered, len(truth))
        text, size = _text(folder / "language.txt"), _resolution(folder / "meta_info.ini")
        made.append(BenchmarkSequence(folder.name, truth, is_absent, frozenset(), text, folder, size))
    return made


def _resolution(file: Path) -> tuple[int, int] | None:
    """Width and height of a line such as ``resolution: (1920, 1080)``."""
    found = re.search(r"resolution\W*(\d+)\D+(\d+)", _text(file))
    return (int(found[1]), int(found[2])) if found else None


def _trackingnet(root: Path) -> list[BenchmarkSequence]:
    """``anno/NAME.txt`` and ``frames/NAME/0.jpg``, in the folder itself or in its parts TRAIN_0, TEST, ..."""
    files = sorted(root.glob("anno/*.txt")) or sorted(root.glob("*/anno/*.txt"))
    made = []
    for file in files:
        truth = read_annotation(file)
        images = file.parents[1] / "frames" / file.stem
        made.append(BenchmarkSequence(file.stem, truth, np.zeros(len(truth), bool), images=images))
    return made


def _folder(root: Path) -> list[BenchmarkSequence]:
    """Plain folders: groundtruth.txt, img/ or images beside it, and language.txt or nlp.txt where there is one."""
    folders = [root] if (root / "groundtruth.txt").is_file() else _with_truth(root)
    return [_plain(folder, "img", "language.txt") for folder in folders]


def _plain(folder: Path, images: str, language: str) -> BenchmarkSequence:
    truth = read_annotation(folder / "groundtruth.txt")
    is_absent = ~(np.all(np.isfinite(truth), axis=1) & np.all(truth[:, 2:] > 0, axis=1))
    sentence = _first_text(folder / language, folder / "nlp.txt")
    place = folder / images if (folder / images).is_dir() else folder
    return BenchmarkSequence(folder.name, truth, is_absent, frozenset(), sentence, place)


def _toolkit(root: Path, attributes: Sequence[str]) -> list[BenchmarkSequence]:
    """Annotations in one folder a kind, a file a sequence; testing_set.txt names the sequences where it is there."""
    parts = root / "annos" if (root / "annos" / "gt_rect").is_dir() else root  # TNL2K keeps all its kinds in annos
    boxes = next(place for place in (parts / "gt_rect", parts / "gt", parts / "annos") if place.is_dir())
    listed = [root / "testing_set.txt", *(root / "sequence_evaluation_config").glob("*testing_set.txt")]
    names = next((_lines(file) for file in listed if file.is_file()), sorted(file.stem for file in boxes.glob("*.txt")))
    sentences = _table(root / "nlp_all1400.tsv")
    made = []
    for name in names:
        truth = read_annotation(boxes / f"{name}.txt")
        flags = _numbers(parts / "att" / f"{name}.txt") or _numbers(parts / "att" / f"{name}_attribute.txt")
        had = frozenset(a for a, flag in zip(attributes, flags, strict=False) if flag)
        sentence = sentences.get(name) or _text(root / "nlp" / f"{name}.txt")
        absent = _flags(parts / "absent" / f"{name}.txt", len(truth))
        made.append(BenchmarkSequence(name, truth, absent, had, sentence))
    return made


def _number(file: Path) -> tuple[int, str]:
    """Order of images: 2.jpg before 10.jpg, as TrackingNet counts them."""
    return (int(file.stem) if file.stem.isdigit() else -1, file.name)


def _with_truth(root: Path) -> list[Path]:
    return sorted(file.parent for file in root.glob("*/groundtruth.txt"))


def _flags(file: Path, frames: int) -> NDArray[np.bool_]:
    """(frames,) flags of a file with a 0 or 1 a line or between commas; all False where there is no file."""
    values = _numbers(file)
    if not values:
        return np.zeros(frames, bool)
    if len(values) < frames:
        raise DatasetError(f"{file} holds {len(values)} flags for {frames} frames")
    return np.array(values[:frames]) != 0


def _numbers(file: Path) -> list[float]:
    return [float(word) for word in file.read_text().replace(",", " ").split()] if file.is_file() else []


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8-sig").strip() if file.is_file() else ""


def _first_text(*files: Path) -> str:
    return next((text for text in map(_text, files) if text), "")


def _lines(file: Path) -> list[str]:
    return [line.strip() for line in file.read_text().splitlines() if line.strip()]


def _table(file: Path) -> dict[str, str]:
    """name -> sentence of a file with a tab between them; empty where there is no file."""
    if not file.is_file():
        return {}
    return dict(line.split("\t", 1) for line in file.read_text(encoding="utf-8").splitlines() if "\t" in line)


READERS: dict[str, Callable[[Path], list[BenchmarkSequence]]] = {
    "lasot": _lasot,
    "lasot_ext": _lasot,
    "tnl2k": _tnl2k,
    "otb": _otb,
    "got10k": _got10k,
    "trackingnet": _trackingnet,
    "folder": _folder,
}

"""Scores of a tracker's result files on a benchmark: overall, per attribute, per sequence (`trackvla vlt score`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from track_common.types import Array
from vlt_ros.evaluation.datasets import BenchmarkSequence, DatasetError, read_dataset
from vlt_ros.evaluation.metrics import Curves, curves, got10k_overlaps, got10k_score, mean_curves, repair
from vlt_ros.evaluation.results import ResultError, find_repetitions, find_result, read_boxes

PROTOCOL = "one-pass evaluation as in the official LaSOT toolkit; values x100; per_sequence: AUC, P@20, NP@0.20"
DIGITS = 3


@dataclass(frozen=True, eq=False)
class Report:
    """A tracker's scores.

    Attributes:
        tracker, dataset: names.
        overall: mean curves over the sequences.
        sequences: name -> curves.
        attributes: name -> number of sequences that have it, their mean curves.
        own: figures by the benchmark's own rules where they are others, 0..1: ao, sr50, sr75 for GOT-10k;
            norm_precision_area for TNL2K and TrackingNet.
        annotated: number of sequences the benchmark's folder annotates; more than ``sequences`` where a list or the
            results chose.
    """

    tracker: str
    dataset: str
    overall: Curves
    sequences: dict[str, Curves]
    attributes: dict[str, tuple[int, Curves]]
    own: dict[str, float] = field(default_factory=dict)
    annotated: int = 0

    def to_json(self) -> dict[str, Any]:
        """Plain values, scores in per cent."""
        auc, precision, norm_precision = _percent(self.overall)
        return {
            "tracker": self.tracker,
            "dataset": self.dataset,
            "protocol": PROTOCOL,
            "sequences": len(self.sequences),
            "annotated": self.annotated or len(self.sequences),
            "success_auc": auc,
            "precision": precision,
            "norm_precision": norm_precision,
            **{name: round(100.0 * value, DIGITS) for name, value in self.own.items()},
            "per_sequence": {name: _percent(part) for name, part in self.sequences.items()},
            "per_attribute_auc": {name: [n, _percent(part)[0]] for name, (n, part) in self.attributes.items()},
            "per_attribute": {name: [n, *_percent(part)] for name, (n, part) in self.attributes.items()},
            "curves": {name: [round(v, 6) for v in values] for name, values in vars(self.overall).items()},
        }


@dataclass(frozen=True)
class Choice:
    """Which of the annotated sequences are scored.

    Attributes:
        listed: file with a sequence's name a line, such as a benchmark's official test list; None = all.
        is_partial: score those that have results, however few.
    """

    listed: Path | None = None
    is_partial: bool = False

    def of(self, sequences: Sequence[BenchmarkSequence]) -> list[BenchmarkSequence]:
        """The listed sequences, in the order of the benchmark.

        Raises:
            DatasetError: the list cannot be read, or names a sequence that is not annotated.
        """
        if self.listed is None:
            return list(sequences)
        try:
            names = {line.strip() for line in self.listed.read_text(encoding="utf-8-sig").splitlines() if line.strip()}
        except (OSError, UnicodeDecodeError) as error:
            raise DatasetError(f"cannot read the list {self.listed}: {error}") from error
        unknown = sorted(names - {sequence.name for sequence in sequences})
        if unknown or not names:
            lost = f"names {len(unknown)} sequences without annotations: {', '.join(unknown[:5])}"
            what = lost if names else "is empty"
            raise DatasetError(f"the list {self.listed} {what}; wanted a name a line, as {sequences[0].name}")
        return [sequence for sequence in sequences if sequence.name in names]


def score_results(dataset: str, root: Path, results: Path, choice: Choice | None = None) -> list[Report]:
    """Score one tracker's folder of result files, or every tracker's folder inside ``results``.

    Args:
        dataset: name of the benchmark's layout (``datasets.READERS``).
        root: its folder; annotations are enough.
        results: folder with ``<sequence>.txt`` files, or with one such folder a tracker.
        choice: which sequences; None = all that are annotated.

    Raises:
        DatasetError: the benchmark cannot be read.
        ResultError: a result file is missing or wrong; all missing ones are counted and the first are named.
    """
    choice = choice or Choice()
    annotated = read_dataset(dataset, root)
    sequences = choice.of(annotated)
    if not results.is_dir():
        raise ResultError(f"results folder {results} does not exist")
    if any(find_result(results, s.name) for s in sequences):
        folders = [results]
    else:
        inside = [folder for folder in sorted(results.iterdir()) if folder.is_dir()]
        folders = [folder for folder in inside if any(find_result(folder, s.name) for s in sequences)]
    if not folders:
        raise ResultError(f"no result of {dataset} in {results}; wanted e.g. {results / (sequences[0].name + '.txt')}")
    reports = [score_tracker(sequences, folder, dataset, choice.is_partial) for folder in folders]
    return [replace(report, annotated=len(annotated)) for report in reports]


def score_tracker(
    sequences: Sequence[BenchmarkSequence], folder: Path, dataset: str, is_partial: bool = False
) -> Report:
    """Score one folder of result files, a file for every sequence.

    Args:
        sequences: to score.
        folder: of result files.
        dataset: name of the benchmark's layout.
        is_partial: leave out the sequences without a result file; else they are an error.
    """
    kept_back = [s.name for s in sequences if s.is_first_only]
    if kept_back:
        raise ResultError(f"{dataset} has only first boxes here ({kept_back[0]}, ...): hand the results to its server")
    files = {s.name: find_result(folder, s.name) for s in sequences}
    missing = [name for name, file in files.items() if file is None]
    if missing and not is_partial:
        raise ResultError(
            f"{folder} lacks {len(missing)} of {len(files)} sequences: {', '.join(missing[:5])}; for a benchmark's "
            "test part give its official list (--sequences testing_set.txt), for those that are there --partial"
        )
    sequences = [s for s in sequences if files[s.name] is not None]
    parts = {s.name: _score(s, file) for s in sequences if (file := files[s.name]) is not None}
    names = sorted({a for s in sequences for a in s.attributes})
    having = {a: [parts[s.name] for s in sequences if a in s.attributes] for a in names}
    attributes = {a: (len(group), mean_curves(group)) for a, group in having.items()}
    overall = mean_curves(list(parts.values()))
    name = folder.name.removesuffix("_tracking_result")  # as the LaSOT and TNL2K toolkits call the folders
    return Report(name, dataset, overall, parts, attributes, _own(dataset, sequences, folder, overall))


def _own(dataset: str, sequences: Sequence[BenchmarkSequence], folder: Path, overall: Curves) -> dict[str, float]:
    """Figures of the benchmarks that count in another way."""
    plain = dataset.lower().replace("-", "")
    if plain in ("tnl2k", "trackingnet"):
        return {"norm_precision_area": overall.norm_precision_area}
    if plain != "got10k":
        return {}
    overlaps = [
        got10k_overlaps(_boxes(file, s.truth_xywh), s.truth_xywh, s.is_absent, s.size)
        for s in sequences
        for file in find_repetitions(folder, s.name)
    ]
    return vars(got10k_score(np.concatenate(overlaps)))


def _boxes(file: Path, truth_xywh: Array) -> Array:
    boxes = read_boxes(file)
    if len(boxes) < len(truth_xywh):
        raise ResultError(f"{file}: {len(boxes)} boxes for {len(truth_xywh)} frames; wanted one a frame")
    return boxes[: len(truth_xywh)]


def _score(sequence: BenchmarkSequence, file: Path) -> Curves:
    try:
        boxes = repair(read_boxes(file), sequence.truth_xywh)
    except ValueError as error:
        raise ResultError(f"{file}: {error}") from error
    return curves(boxes, sequence.truth_xywh, sequence.is_absent)


def _percent(part: Curves) -> list[float]:
    return [round(100.0 * value, DIGITS) for value in part.scores]

"""Scores of a tracker's result files on a benchmark: overall, per attribute, per sequence (`trackvla vlt score`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from track_common.types import Array
from vlt_ros.evaluation.datasets import BenchmarkSequence, read_dataset
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
    """

    tracker: str
    dataset: str
    overall: Curves
    sequences: dict[str, Curves]
    attributes: dict[str, tuple[int, Curves]]
    own: dict[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain values, scores in per cent."""
        auc, precision, norm_precision = _percent(self.overall)
        return {
            "tracker": self.tracker,
            "dataset": self.dataset,
            "protocol": PROTOCOL,
            "sequences": len(self.sequences),
            "success_auc": auc,
            "precision": precision,
            "norm_precision": norm_precision,
            **{name: round(100.0 * value, DIGITS) for name, value in self.own.items()},
            "per_sequence": {name: _percent(part) for name, part in self.sequences.items()},
            "per_attribute_auc": {name: [n, _percent(part)[0]] for name, (n, part) in self.attributes.items()},
            "per_attribute": {name: [n, *_percent(part)] for name, (n, part) in self.attributes.items()},
            "curves": {name: [round(v, 6) for v in values] for name, values in vars(self.overall).items()},
        }


def score_results(dataset: str, root: Path, results: Path) -> list[Report]:
    """Score one tracker's folder of result files, or every tracker's folder inside ``results``.

    Args:
        dataset: name of the benchmark's layout (``datasets.READERS``).
        root: its folder; annotations are enough.
        results: folder with ``<sequence>.txt`` files, or with one such folder a tracker.

    Raises:
        DatasetError: the benchmark cannot be read.
        ResultError: a result file is missing or wrong; all missing ones are counted and the first are named.
    """
    sequences = read_dataset(dataset, root)
    if not results.is_dir():
        raise ResultError(f"results folder {results} does not exist")
    if any(find_result(results, s.name) for s in sequences):
        return [score_tracker(sequences, results, dataset)]
    folders = [f for f in sorted(results.iterdir()) if f.is_dir() and any(find_result(f, s.name) for s in sequences)]
    if not folders:
        raise ResultError(f"no result of {dataset} in {results}; wanted e.g. {results / (sequences[0].name + '.txt')}")
    return [score_tracker(sequences, folder, dataset) for folder in folders]


def score_tracker(sequences: Sequence[BenchmarkSequence], folder: Path, dataset: str) -> Report:
    """Score one folder of result files, a file for every sequence."""
    kept_back = [s.name for s in sequences if s.is_first_only]
    if kept_back:
        raise ResultError(f"{dataset} has only first boxes here ({kept_back[0]}, ...): hand the results to its server")
    files = {s.name: find_result(folder, s.name) for s in sequences}
    missing = [name for name, file in files.items() if file is None]
    if missing:
        raise ResultError(f"{folder} lacks {len(missing)} of {len(files)} sequences: {', '.join(missing[:5])}")
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

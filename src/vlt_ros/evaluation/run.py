"""Run a tracker over a benchmark: one result file a sequence, many processes, and what is there already is kept.

A run that was stopped goes on where it stopped; result files are written whole or not at all.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import as_completed
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from track_common.boxes import from_xyxy, to_xyxy
from track_common.interfaces import Tracker
from track_common.processes import worker_pool
from track_common.types import Array, Frame
from vlt_ros.evaluation.datasets import BenchmarkSequence, DatasetError, read_dataset
from vlt_ros.evaluation.results import find_result, result_places, write_boxes
from vlt_ros.registry import make_tracker

Progress = Callable[[str, float], None]  # name of a finished sequence, its frames per second


@dataclass(frozen=True)
class RunPlan:
    """What to run; kept beside the results as run.json, so that nobody mixes two runs in one folder.

    Attributes:
        tracker, params: name in the registry and settings over its defaults.
        dataset, root: benchmark and its folder.
        is_language_used: hand the sentence over; the log says which, as it changes scores.
        names: sequences to run, empty = all.
    """

    tracker: str
    dataset: str
    root: str
    params: Mapping[str, Any] = field(default_factory=dict)
    is_language_used: bool = True
    names: tuple[str, ...] = ()

    def sequences(self) -> list[BenchmarkSequence]:
        """The chosen sequences; DatasetError where one is unknown."""
        found = read_dataset(self.dataset, Path(self.root))
        unknown = set(self.names) - {s.name for s in found}
        if unknown:
            raise DatasetError(f"sequences {sorted(unknown)} are not in {self.dataset} at {self.root}")
        return [s for s in found if not self.names or s.name in self.names]


def run_benchmark(plan: RunPlan, results: Path, processes: int = 1, progress: Progress | None = None) -> Path:
    """Run every sequence that has no result yet; returns ``results / tracker``.

    Raises:
        DatasetError: no images, or the folder holds results of another plan.
    """
    folder = results / plan.tracker
    _claim(plan, folder)
    waiting = [s.name for s in plan.sequences() if find_result(folder, s.name) is None]
    for name, rate in _all(plan, folder, waiting, processes):
        if progress is not None:
            progress(name, rate)
    return folder


def run_sequence(tracker: Tracker, sequence: BenchmarkSequence, is_language_used: bool = True) -> tuple[Array, Array]:
    """One-pass evaluation: boxes (N, 4) xywh and seconds (N,) per frame. A lost target keeps its last box."""
    boxes: list[Array] = []
    seconds: list[float] = []
    for index, file in enumerate(sequence.frames()):
        frame = Frame(_rgb(file), float(index))
        began = time.perf_counter()
        if index == 0:
            sentence = sequence.sentence if is_language_used else ""
            sighting = tracker.init(frame, sentence, to_xyxy(sequence.truth_xywh[0], "xywh"))
        else:
            sighting = tracker.update(frame)
        seconds.append(time.perf_counter() - began)
        if index == 0:
            boxes.append(sequence.truth_xywh[0])
        else:
            boxes.append(from_xyxy(sighting.box.xyxy, "xywh") if sighting.box is not None else boxes[-1])
    return np.array(boxes), np.array(seconds)


def _all(plan: RunPlan, folder: Path, names: Sequence[str], processes: int) -> Iterator[tuple[str, float]]:
    if processes <= 1 or len(names) <= 1:
        yield from (_work(plan, folder, name) for name in names)
        return
    with worker_pool(min(processes, len(names))) as pool:
        for done in as_completed([pool.submit(_work, plan, folder, name) for name in names]):
            yield done.result()


def _work(plan: RunPlan, folder: Path, name: str) -> tuple[str, float]:
    cv2.setNumThreads(1)
    sequence = next(s for s in plan.sequences() if s.name == name)
    boxes, seconds = run_sequence(make_tracker(plan.tracker, plan.params), sequence, plan.is_language_used)
    usual, of_got10k = result_places(folder, name)
    if plan.dataset.replace("-", "").lower() == "got10k":
        write_boxes(of_got10k, boxes)
        np.savetxt(of_got10k.with_name(f"{name}_time.txt"), seconds, fmt="%.8f")
    else:
        write_boxes(usual, boxes)
        np.savetxt(usual.with_name(f"{name}_time.csv"), seconds, fmt="%.6f")
    return name, len(seconds) / float(seconds.sum())


def _claim(plan: RunPlan, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "run.json"
    wanted = {k: v for k, v in json.loads(json.dumps(asdict(plan))).items() if k != "names"}
    if file.is_file() and json.loads(file.read_text()) != wanted:
        raise DatasetError(f"{folder} holds results of another run ({file}); give another results folder")
    file.write_text(json.dumps(wanted, indent=1))


def _rgb(file: Path) -> Any:
    image = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if image is None:
        raise DatasetError(f"cannot read the image {file}")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)

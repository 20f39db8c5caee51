"""The networks run by OpenVINO from graphs on disk, without torch: a tracker is up in half a second.

``export.py`` writes them: the template's with a sentence and without, and the search image's, two for VLT_SCAR so that
its head stays in float32. All that belongs to a target is an input, so one network serves several.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import openvino
from numpy.typing import NDArray

from track_common.types import Array
from vlt_ros.model.paths import NetworkPath
from vlt_ros.model.roi_weights import axis_weights
from vlt_ros.model.weight_file import CheckpointError, check_header, digest
from vlt_ros.siamese import scar, tt
from vlt_ros.siamese.follower import SiameseNetwork
from vlt_ros.siamese.state import Image, TemplateCrop

FORMAT = "3"  # of the graphs; another one makes them anew
NOTES = "notes.json"
TOKENS = 8  # prepared tokens, first of what is kept of a target: two a stage
TOKEN_BINS = 3
WRITING = 600.0  # s; the largest file takes half a minute on two cores
HEAD_PRECISION = "f32"  # of VLT_SCAR in every engine: bfloat16 there moves its peaks, and it is a third of the time


def cache_folder() -> Path:
    """Where graphs are kept: ``$XDG_CACHE_HOME/trackvla/openvino``, by default below ``~/.cache``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trackvla" / "openvino"


def written_apart(
    file: Path, architecture: str, path: NetworkPath | None, precision: str, deadline: float = WRITING
) -> Path:
    """Folder with the graphs of a file for one precision; where there is none, another process writes it.

    Raises:
        CheckpointError: the file, or the path in it, does not fit; nothing can be written, or not in ``deadline`` s.
    """
    choices = json.dumps(path.to_lists()) if path else ""
    folder = cache_folder() / digest(file, FORMAT, openvino.__version__, architecture, choices, precision)
    if (folder / NOTES).is_file():
        return folder
    check_header(file, architecture, path)
    command = [sys.executable, "-m", "vlt_ros.model.export", str(file), architecture, precision, str(folder), choices]
    place = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        done = subprocess.run(command, env=place, capture_output=True, text=True, check=False, timeout=deadline)
    except subprocess.TimeoutExpired as error:
        raise CheckpointError(
            f"the graphs of {file} were not written within {deadline:g} s: is the computer out of memory? "
            f"Write them while nothing else runs: python {' '.join(command[1:])}"
        ) from error
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise CheckpointError(lines[-1].removeprefix("error: "))
    return folder


def open_exported(
    folder: Path, architecture: str, precision: str, threads: int = 1, is_told: bool = True
) -> SiameseNetwork:
    """The network in a folder; the template's graph is ready for sentences (``is_told``) or for boxes alone."""
    graphs = Graphs(folder, threads)
    graphs.template(is_told)
    if architecture == "vlt_tt":
        return ExportedTt(graphs, graphs.compiled("search", precision))
    return ExportedScar(graphs, graphs.compiled("features", precision), graphs.compiled("head", HEAD_PRECISION))


class Graph:
    """One compiled graph; called with arrays of its inputs' shapes. One caller at a time."""

    def __init__(self, compiled: Any) -> None:
        self._request, self._outputs = compiled.create_infer_request(), len(compiled.outputs)
        self.sides = [tuple(port.shape)[-1] for port in compiled.inputs]

    def __call__(self, inputs: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        answers = self._request.infer([np.ascontiguousarray(value) for value in inputs], share_inputs=True)
        return [answers[index] for index in range(self._outputs)]


class Graphs:
    """The graphs of one folder, and the template's, each compiled when it is first wanted."""

    def __init__(self, folder: Path, threads: int) -> None:
        self._folder, self._threads = folder, threads
        self._scales: list[float] = json.loads((folder / NOTES).read_text())["token_scales"]
        self._core = openvino.Core()
        self.template = functools.cache(self._template)

    def compiled(self, name: str, precision: str) -> Graph:
        """A graph of the folder in one precision."""
        settings = {
            "INFERENCE_NUM_THREADS": self._threads,
            "INFERENCE_PRECISION_HINT": precision,
            "PERFORMANCE_HINT": "LATENCY",
        }
        return Graph(self._core.compile_model(self._folder / f"{name}.xml", "CPU", settings))

    def kept(self, pixels: NDArray[Any], box_xyxy: Array, sentence: Array | None) -> list[NDArray[Any]]:
        """All that is kept of a target: its prepared tokens, then what the search image is compared with."""
        graph = self.template(sentence is not None)
        if sentence is not None:
            return graph([pixels, np.asarray(sentence, np.float32)[None]])
        stages = len(self._scales)
        boxes = [np.asarray(box_xyxy, np.float32) * np.float32(scale) for scale in self._scales]
        rows = [axis_weights(b[1], b[3], side, TOKEN_BINS) for b, side in zip(boxes, graph.sides[1:], strict=False)]
        columns = [
            axis_weights(b[0], b[2], n, TOKEN_BINS) for b, n in zip(boxes, graph.sides[1 + stages :], strict=True)
        ]
        return graph([pixels, *(weights[None] for weights in [*rows, *columns])])

    def _template(self, is_told: bool) -> Graph:
        return self.compiled("template_told" if is_told else "template_seen", "f32")


@dataclass(frozen=True, eq=False)
class ExportedScar:
    """VLT_SCAR: features of the search image, then correlation and head."""

    graphs: Graphs
    features: Graph
    head: Graph

    def template(self, target: TemplateCrop, sentence: Array | None) -> list[NDArray[Any]]:
        """Prepared tokens and kernels of a target."""
        return self.graphs.kept(scar.network_input(target.pixels), target.box_xyxy, sentence)

    def search(self, pixels: Image, template: Sequence[NDArray[Any]]) -> scar.Maps:
        """Maps of one search crop (255, 255, 3)."""
        maps = self.features([scar.network_input(pixels), *template[:TOKENS]])
        cls, reg, cen = self.head([*maps, *template[TOKENS:]])
        return scar.Maps(cls[0], reg[0], cen[0, 0])


@dataclass(frozen=True, eq=False)
class ExportedTt:
    """VLT_TT: search image, tokens and the attended template to scores and boxes."""

    graphs: Graphs
    run: Graph

    def template(self, target: TemplateCrop, sentence: Array | None) -> list[NDArray[Any]]:
        """Prepared tokens and the attended template of a target."""
        return self.graphs.kept(tt.network_input(target.pixels), target.box_xyxy, sentence)

    def search(self, pixels: Image, template: Sequence[NDArray[Any]]) -> tt.Maps:
        """Scores and boxes of one search crop (256, 256, 3)."""
        cls, reg = self.run([tt.network_input(pixels), *template])
        return tt.Maps(cls[0], reg[0])

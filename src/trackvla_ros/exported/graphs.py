"""The graphs of an exported model in onnxruntime: frame -> tokens, prompt -> candidates."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from track_common.config import override
from track_common.types import Array
from trackvla_ros.model.config import SequenceConfig
from trackvla_ros.model.prompting import VISUAL, WordTokenizer

FORMAT = 1
LOOK, DECIDE, WORDS, NOTES = "look.onnx", "decide.onnx", "words.npz", "exported.json"


class ExportedError(ValueError):
    """A folder of graphs that cannot be used; the message names what is missing or does not fit."""


@dataclass(frozen=True, eq=False)
class Answer:
    """Trajectories (K, H, 3) in m and rad, scores (K,), and chance of being in view, x and y (3,) of the target."""

    trajectories: Array
    scores: Array
    target: Array | None


class Graphs:
    """One exported model; has no state of an episode, so that any number of policies may share it."""

    def __init__(self, folder: Path, threads: int = 1) -> None:
        """Raises ExportedError where a file is missing or of another format."""
        stored = _notes(folder)
        self.side, self.waypoint_period = int(stored["side"]), float(stored["waypoint_period"])
        self.waypoints = int(stored["waypoints"])
        self.sequence = override(SequenceConfig(), stored["sequence"])
        self.notes: dict[str, Any] = stored["notes"]
        self.tokenizer = WordTokenizer.read(folder)
        self._answers_target = bool(stored["answers_target"])
        self._look, self._decide = (_session(folder / name, threads) for name in (LOOK, DECIDE))
        with np.load(folder / WORDS, allow_pickle=False) as table:
            self._words: NDArray[np.float32] = table["embeddings"]

    def look(self, square: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Square frame (S, S, 3) RGB to coarse (C, D) and fine (F, D) tokens."""
        coarse, fine = self._look.run(None, {"input": square[None].astype(np.float32)})
        return np.asarray(coarse), np.asarray(fine)

    def decide(self, ids: list[int], visual: NDArray[np.float32]) -> Answer:
        """The model's answer to a prompt; ``visual`` (V, D) stand in its places, in order."""
        prompt = np.array(ids)
        places = prompt == VISUAL
        embedded = self._words[np.where(places, 0, prompt)]
        embedded[places] = visual
        trajectories, scores, target = self._decide.run(None, {"input": embedded[None]})
        return Answer(
            np.asarray(trajectories, float), np.asarray(scores, float),
            np.asarray(target, float) if self._answers_target else None,
        )  # fmt: skip


def shipped_folder() -> Path:
    """Where the package's own weights lie."""
    return Path(str(resources.files("trackvla_ros").joinpath("weights")))


@lru_cache(maxsize=2)
def open_graphs(folder: Path, threads: int = 1) -> Graphs:
    """The model of a folder; the same one again for the same folder."""
    return Graphs(folder, threads)


def _notes(folder: Path) -> dict[str, Any]:
    missing = [name for name in (NOTES, LOOK, DECIDE, WORDS) if not (folder / name).is_file()]
    if missing:
        raise ExportedError(
            f"{folder} lacks {', '.join(missing)}; write them with `trackvla model graphs CHECKPOINT {folder}`"
        )
    stored = json.loads((folder / NOTES).read_text())
    if stored.get("format") != FORMAT:
        raise ExportedError(f"{folder / NOTES} has format {stored.get('format')!r}; this version reads {FORMAT}")
    return stored


def _session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = threads
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own classes share no base
        raise ExportedError(f"{path} cannot be run ({str(error).splitlines()[0]}); export it again") from error

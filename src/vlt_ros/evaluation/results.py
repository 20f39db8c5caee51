"""Result files of trackers: one box x, y, w, h a line, separated by commas, tabs or spaces."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from track_common.types import Array

SPACES = str.maketrans(",;\t", "   ")


class ResultError(ValueError):
    """A result or annotation file that cannot be read; the message names file and line."""


def read_boxes(file: Path) -> Array:
    """(N, 4) boxes of a result file, NaN where a line is empty or says so; a fifth column (a score) is left out.

    Raises:
        ResultError: no such file, no lines, or a line that is neither empty nor four or five numbers.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ResultError(f"cannot read boxes from {file}: {error}") from error
    lines = text.translate(SPACES).splitlines()
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise ResultError(f"{file} is empty; wanted one box x,y,w,h a line")
    fast = _read_plain(lines)
    if fast is not None:
        return fast
    return np.array([_box(line, f"{file}:{number}") for number, line in enumerate(lines, start=1)])


def write_boxes(file: Path, boxes_xywh: Array) -> None:
    """Write boxes (N, 4) with commas, as the official toolkits read them; the file is whole or not there."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    np.savetxt(part, boxes_xywh, fmt="%.3f", delimiter=",")
    part.replace(file)


def find_result(folder: Path, sequence: str) -> Path | None:
    """The file of a sequence: ``<sequence>.txt``, or ``<sequence>/<sequence>_001.txt`` as GOT-10k keeps it."""
    return next((place for place in result_places(folder, sequence) if place.is_file()), None)


def find_repetitions(folder: Path, sequence: str) -> list[Path]:
    """Files of all runs of a sequence; GOT-10k asks for three of a tracker that is not deterministic."""
    return sorted((folder / sequence).glob(f"{sequence}_[0-9][0-9][0-9].txt")) or [
        place for place in result_places(folder, sequence) if place.is_file()
    ]


def result_places(folder: Path, sequence: str) -> tuple[Path, Path]:
    """Where a sequence's boxes may be: the layout of most toolkits, that of GOT-10k."""
    return folder / f"{sequence}.txt", folder / sequence / f"{sequence}_001.txt"


def _read_plain(lines: Sequence[str]) -> Array | None:
    """The whole file at once where every line is four numbers; None where it is not."""
    rows = [line.split() for line in lines]
    if any(len(row) != 4 for row in rows):
        return None
    try:
        return np.array(rows, float)
    except ValueError:
        return None


def _box(line: str, place: str) -> Array:
    words = line.split()
    if not words:
        return np.full(4, np.nan)
    if len(words) not in (4, 5):
        raise ResultError(f"{place}: '{line.strip()}' is no box; wanted x,y,w,h separated by commas, tabs or spaces")
    try:
        return np.array(words[:4], float)
    except ValueError as error:
        raise ResultError(f"{place}: '{line.strip()}' is no box: {error}") from error

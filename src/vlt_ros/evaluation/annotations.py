"""Ground truth as tracking sets write it: a box, a polygon or a MOTChallenge row a line; anything else is refused.

Boxes are x, y, w, h in pixels of the image. A polygon of four corners (VOT) becomes the upright box around it. A
MOTChallenge row is frame, id, x, y, w, h, confidence, ...: frames count from 1, rows of confidence 0 do not count.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from track_common.boxes import from_xyxy
from track_common.types import Array
from vlt_ros.evaluation.results import SPACES, ResultError

BOX, POLYGON = 4, 8  # columns
MOT = (6, 7, 9, 10)  # columns of MOTChallenge's truth and results over the years
MOT_CONFIDENCE = 6  # index of its column
MAX_FRAMES = 10_000_000  # 92 h at 30 Hz; a number beyond is no frame
MAX_COORDINATE = 1e6  # px
WANTED = "x,y,w,h, or a polygon x1,y1,...,x4,y4, or MOTChallenge's frame,id,x,y,w,h,..."
OUTSIDE = 0.5  # share of the boxes that end outside the image from which they are no x,y,w,h
TOLERANCE = 0.05  # of the image's side by which an annotator's box may leave it


def read_annotation(file: Path, frames: int | None = None, target_id: int | None = None) -> Array:
    """(N, 4) boxes x, y, w, h, one a frame; NaN where the target is not in view (an empty line, nan, or no row).

    Args:
        file: text, its columns separated by commas, tabs, semicolons or blanks.
        frames: of the video; None = as many as the file has.
        target_id: whose rows of a MOTChallenge file; None where it has one id only.

    Raises:
        ResultError: naming file and line of what is no annotation; or not one a frame; or several ids and none given.
    """
    lines = _lines(file)
    counts = [len(line.split()) for line in lines]
    columns = next(count for count in counts if count)
    if columns not in (BOX, POLYGON, *MOT):
        raise ResultError(f"{file}:{_first(counts, columns)}: {columns} columns; wanted {WANTED}")
    odd = next((i for i, count in enumerate(counts) if count not in (0, columns)), None)
    if odd is not None:
        raise ResultError(f"{file}:{odd + 1}: {counts[odd]} columns after lines of {columns}; wanted one kind of line")
    rows = _table(lines, columns, file)
    _check_pixels(rows[:, 2:6] if columns in MOT else rows, file)
    if columns in MOT:
        return _of_mot(rows, file, frames, target_id)
    if frames is not None and len(rows) != frames:
        raise ResultError(f"{file} has {len(rows)} lines for a video of {frames} frames; wanted one a frame")
    return rows if columns == BOX else _around(rows)


def check_inside(boxes_xywh: Array, size: tuple[int, int], file: Path) -> None:
    """Refuse corners written as x0,y0,x1,y1: read as x,y,w,h most of them end outside the image.

    Args:
        boxes_xywh: (N, 4), NaN rows are left out.
        size: width and height of the image, px.
        file: named in the error.

    Raises:
        ResultError: more than half of the boxes end outside, and as corners they would not.
    """
    known = boxes_xywh[np.all(np.isfinite(boxes_xywh), axis=1)]
    limit = (1.0 + TOLERANCE) * np.array(size, float)
    ends_outside = np.any(known[:, :2] + known[:, 2:] > limit, axis=1)
    is_corner = np.all(known[:, 2:] >= known[:, :2], axis=1) & np.all(known[:, 2:] <= limit, axis=1)
    if len(known) and ends_outside.mean() > OUTSIDE and is_corner.mean() > OUTSIDE:
        raise ResultError(
            f"{file}: {ends_outside.mean():.0%} of the boxes end outside the image of {size[0]}x{size[1]}; "
            "they look like corners x0,y0,x1,y1, wanted x,y,w,h"
        )


def _check_pixels(values: Array, file: Path) -> None:
    """Refuse what cannot be pixels of an image: numbers beyond every image, or shares of its sides (0..1)."""
    sizes = np.abs(values[np.isfinite(values)])
    if len(sizes) and sizes.max() > MAX_COORDINATE:
        line = int(np.argmax((np.abs(values) > MAX_COORDINATE).any(axis=1))) + 1
        raise ResultError(f"{file}:{line}: {sizes.max():g} is no pixel; wanted {WANTED}")
    if sizes.any() and sizes.max() <= 1.0:
        raise ResultError(f"{file}:1: all numbers are within 0..1, shares of the image's sides; wanted pixels")


def _lines(file: Path) -> list[str]:
    """Lines with blanks between the columns, without empty ones at the end."""
    try:
        data = file.read_bytes()
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise ResultError(f"cannot read ground truth from {file}: {error}") from error
    except UnicodeDecodeError as error:
        number = data[: error.start].count(b"\n") + 1
        raise ResultError(f"{file}:{number}: not UTF-8 text; wanted {WANTED}") from error
    lines = re.split(r"\r\n|\n|\r", text)  # other marks that Unicode takes for a line's end are none here
    for number, line in enumerate(lines, start=1):
        if ";" in line and "," in line:
            raise ResultError(f"{file}:{number}: '{line.strip()[:60]}' has commas and semicolons; write decimal points")
    lines = [line.translate(SPACES) for line in lines]
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise ResultError(f"{file} is empty; wanted {WANTED}")
    return lines


def _first(counts: list[int], columns: int) -> int:
    return counts.index(columns) + 1


def _table(lines: list[str], columns: int, file: Path) -> Array:
    """(N, columns) numbers; at once where every line is plain, as a benchmark has millions of them."""
    try:
        rows = np.array([line.split() for line in lines], float)
    except ValueError:
        rows = np.zeros(0)
    if rows.ndim == 2 and np.isfinite(rows).all():
        return rows
    return np.array([_row(line, columns, f"{file}:{number}") for number, line in enumerate(lines, start=1)])


def _row(line: str, columns: int, place: str) -> Array:
    """(columns,) numbers of a line; all NaN where the line is empty or says so."""
    words = line.split()
    try:
        row = np.array(words, float) if words else np.full(columns, np.nan)
    except ValueError as error:
        raise ResultError(f"{place}: '{' '.join(words)[:60]}' is not numbers; wanted {WANTED}") from error
    if np.isinf(row).any():
        raise ResultError(f"{place}: '{' '.join(words)[:60]}' is infinite; wanted {WANTED}")
    return np.full(columns, np.nan) if np.isnan(row).any() and columns not in MOT else row


def _around(polygons: Array) -> Array:
    """(N, 4) upright boxes around polygons (N, 8)."""
    corners = polygons.reshape(-1, 4, 2)
    return from_xyxy(np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1), "xywh")


def _of_mot(rows: Array, file: Path, frames: int | None, target_id: int | None) -> Array:
    numbers = rows[:, :2]
    wrong = np.flatnonzero(~np.all(numbers == np.floor(numbers), axis=1) | ~(numbers[:, 0] >= 1))
    if len(wrong):
        raise ResultError(f"{file}:{wrong[0] + 1}: frame and id are not whole numbers from 1; wanted {WANTED}")
    last = int(numbers[:, 0].max())
    if last > MAX_FRAMES:
        raise ResultError(f"{file}:{int(numbers[:, 0].argmax()) + 1}: frame {last} is beyond {MAX_FRAMES}")
    if frames is not None and last > frames:
        line = int(np.argmax(numbers[:, 0] > frames)) + 1
        raise ResultError(f"{file}:{line}: frame {last} of a video of {frames} frames")
    counted = rows[rows[:, MOT_CONFIDENCE] != 0] if rows.shape[1] > MOT_CONFIDENCE else rows
    ids = sorted({int(number) for number in counted[:, 1]})
    wanted = ids[0] if target_id is None and len(ids) == 1 else target_id
    if wanted not in ids:
        named = ", ".join(map(str, ids[:20])) + (", ..." if len(ids) > 20 else "")
        asked = f"no rows of id {wanted}" if target_id is not None else "rows of several ids"
        raise ResultError(f"{file} holds {asked} ({named or 'none counts'}); say whose: --target-id NUMBER")
    boxes = np.full((frames or last, 4), np.nan)
    own = counted[counted[:, 1] == wanted]
    seen, first = np.unique(own[:, 0], return_index=True)
    if len(seen) < len(own):
        again = int(own[np.setdiff1d(np.arange(len(own)), first)[0], 0])
        raise ResultError(f"{file}: frame {again} has two rows of id {wanted}; wanted one")
    boxes[own[:, 0].astype(int) - 1] = own[:, 2:6]
    return boxes

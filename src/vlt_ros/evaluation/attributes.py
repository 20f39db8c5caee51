"""Where a tracker is better than others: success AUC by attribute, as a table and as one picture (supplement A.7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from track_common.config import ConfigError
from vlt_ros.evaluation.report import Report

PANEL = (4.0, 2.6)  # inches, width and height of one attribute's picture
COLUMNS = 4


@dataclass(frozen=True)
class AttributeRow:
    """One attribute: its sequences, success AUC (0..1) of every tracker, and the gain of the first over the second."""

    name: str
    sequences: int
    success: tuple[float, ...]
    gain: float


def compare(reports: Sequence[Report], tracker: str) -> list[AttributeRow]:
    """Rows by falling gain of ``tracker`` over the best other one; that tracker is the first of ``success``.

    Raises:
        ConfigError: no such tracker, nothing to compare it with, or no attributes in this benchmark's folder.
    """
    ordered = order(reports, tracker)
    if not ordered[0].attributes:
        raise ConfigError(f"{ordered[0].dataset} has no attributes here; its folder needs att/ files (docs/vlt.md)")
    rows = []
    for name, (count, _) in ordered[0].attributes.items():
        success = tuple(report.attributes[name][1].scores[0] for report in ordered)
        rows.append(AttributeRow(name, count, success, success[0] - max(success[1:])))
    return sorted(rows, key=lambda row: -row.gain)


def order(reports: Sequence[Report], tracker: str) -> list[Report]:
    """The tracker first, then the others as they were.

    Raises:
        ConfigError: as ``compare``.
    """
    names = [report.tracker for report in reports]
    if tracker not in names or len(names) < 2:
        raise ConfigError(f"results of {', '.join(names)}; wanted '{tracker}' and at least one other tracker")
    return sorted(reports, key=lambda report: report.tracker != tracker)


def plot_grid(reports: Sequence[Report], tracker: str, file: Path) -> None:
    """One PNG with a panel an attribute, largest gain first: a bar a tracker, the tracker's own dark."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows, names = compare(reports, tracker), [report.tracker for report in order(reports, tracker)]
    lines = -(-len(rows) // COLUMNS)
    figure = Figure(figsize=(PANEL[0] * COLUMNS, PANEL[1] * lines), layout="tight")
    FigureCanvasAgg(figure)
    axes = figure.subplots(lines, COLUMNS, squeeze=False).ravel()
    for axis, row in zip(axes, rows, strict=False):
        colours = ["tab:blue"] + ["lightgrey"] * (len(names) - 1)
        axis.barh(np.arange(len(names))[::-1], 100 * np.array(row.success), color=colours)
        axis.set_yticks(np.arange(len(names))[::-1], names, fontsize=7)
        axis.set_title(f"{row.name} ({row.sequences}), {100 * row.gain:+.1f}", fontsize=9)
    for axis in axes[len(rows) :]:
        axis.axis("off")
    figure.suptitle(f"{reports[0].dataset}: success AUC by attribute, gain of {tracker} over the best other")
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=100)

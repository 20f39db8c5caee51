"""Pictures of scores: success and precision curves, and a radar of the attributes (supplement Figure 8)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from vlt_ros.evaluation.metrics import DISTANCES, OVERLAPS, RELATIVE_DISTANCES, Curves
from vlt_ros.evaluation.report import Report

DPI = 120


def plot_curves(reports: Sequence[Report], file: Path) -> None:
    """Success, precision and normalised precision of several trackers, best first in each legend."""
    panels: list[tuple[str, Any, Callable[[Curves], Any], int]] = [
        ("overlap threshold", OVERLAPS, lambda c: c.success, 0),
        ("centre error threshold, px", DISTANCES, lambda c: c.precision, 1),
        ("normalised centre error threshold", RELATIVE_DISTANCES, lambda c: c.norm_precision, 2),
    ]
    figure, axes = _figure(1, 3, (15, 4.5))
    for axis, (label, thresholds, curve, score) in zip(axes[0], panels, strict=True):
        for report in sorted(reports, key=lambda r, s=score: -r.overall.scores[s]):
            name = f"{report.tracker} [{100 * report.overall.scores[score]:.1f}]"
            axis.plot(thresholds, curve(report.overall), label=name)
        axis.set(xlabel=label, ylabel="share of frames", ylim=(0, 1))
        axis.grid(alpha=0.3)
        axis.legend(fontsize=8)
    figure.suptitle(f"{reports[0].dataset}, {len(reports[0].sequences)} sequences, one-pass evaluation")
    _save(figure, file)


def plot_attributes(reports: Sequence[Report], file: Path) -> None:
    """Success AUC by attribute as a radar; the number in brackets is how many sequences have it.

    Raises:
        ValueError: fewer than three attributes, which make no area.
    """
    names = list(reports[0].attributes)
    if len(names) < 3:
        raise ValueError(f"{reports[0].dataset} has {len(names)} attributes here; a radar needs 3")
    figure, axes = _figure(1, 1, (7, 7), polar=True)
    axis = axes[0][0]
    angles = [2 * math.pi * i / len(names) for i in range(len(names))]
    for report in reports:
        values = [report.attributes[name][1].scores[0] for name in names]
        axis.plot([*angles, angles[0]], [*values, values[0]], label=report.tracker)
    axis.set_xticks(angles, [f"{name} ({reports[0].attributes[name][0]})" for name in names])
    axis.legend(fontsize=8, loc="lower right", bbox_to_anchor=(1.15, -0.1))
    axis.set_title(f"{reports[0].dataset}: success AUC by attribute")
    _save(figure, file)


def _figure(rows: int, columns: int, size: tuple[float, float], polar: bool = False) -> tuple[Any, Any]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="tight")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns, squeeze=False, subplot_kw={"polar": polar})


def _save(figure: Any, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=DPI)

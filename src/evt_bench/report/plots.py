"""The plot of a run: scores with their standard errors, and how the episodes ended."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evt_bench.metrics import EpisodeRecord, Row

# Okabe and Ito's colours, told apart with any kind of colour vision
SCORES = (("SR", "sr", "#009E73"), ("TR", "tr", "#0072B2"), ("CR", "cr", "#D55E00"))
OUTCOMES = (("success", "#009E73"), ("ended apart", "#E69F00"), ("lost", "#56B4E9"), ("collision", "#D55E00"))


def save_outcomes(rows: Sequence[Row], records: Sequence[EpisodeRecord], path: Path) -> None:
    """Write the plot as PNG, one group of bars a row."""
    figure = Figure(figsize=(4.0 + 1.3 * len(rows), 7.0), dpi=110, layout="constrained")
    scores, outcomes = figure.subplots(2, 1, sharex=True)
    _draw_scores(scores, rows)
    _draw_outcomes(outcomes, rows, records)
    outcomes.set_xticks(range(len(rows)), [_name(row) for row in rows], rotation=20, ha="right")
    figure.savefig(path)


def outcome_of(record: EpisodeRecord) -> str:
    """One of the names in ``OUTCOMES``."""
    if record.success:
        return "success"
    return "ended apart" if record.status == "normal" else record.status


def _draw_scores(axes: Axes, rows: Sequence[Row]) -> None:
    places = np.arange(len(rows))
    for index, (label, name, colour) in enumerate(SCORES):
        values = [getattr(row, name) for row in rows]
        errors = [0.0 if math.isnan(e) else e for e in (getattr(row, f"{name}_se") for row in rows)]
        axes.bar(places + 0.27 * (index - 1), values, 0.25, yerr=errors, color=colour, label=label, capsize=3)
    axes.set_ylim(0.0, 1.05)
    axes.set_title("Scores ± standard error", loc="left")
    axes.legend(loc="upper right", ncols=3)


def _draw_outcomes(axes: Axes, rows: Sequence[Row], records: Sequence[EpisodeRecord]) -> None:
    bottom = np.zeros(len(rows))
    for label, colour in OUTCOMES:
        counts = np.array([_count(row, records, label) for row in rows], float)
        axes.bar(range(len(rows)), counts, 0.6, bottom=bottom, color=colour, label=label)
        bottom += counts
    axes.set_title("Episodes by how they ended", loc="left")
    axes.legend(loc="upper right", ncols=4)


def _count(row: Row, records: Sequence[EpisodeRecord], outcome: str) -> int:
    key = (row.task, row.policy, row.tracker)
    return sum(outcome_of(r) == outcome for r in records if (r.task, r.policy, r.tracker) == key)


def _name(row: Row) -> str:
    return f"{row.task} {row.policy}" + ("" if row.tracker == "-" else f"/{row.tracker}")

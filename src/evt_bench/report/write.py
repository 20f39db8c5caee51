"""Writes the report of a run: ``report.md`` with table, plot, and the failed episodes with reasons and films."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from evt_bench.agents import AgentSpec
from evt_bench.conditions import condition_line
from evt_bench.metrics import EpisodeRecord, Row
from evt_bench.report.plots import save_outcomes
from evt_bench.report.replay import replay
from evt_bench.run import BenchConfig

MAX_FILMS = 12
HEAD = ("task", "agent", "n", "SR", "TR", "TR macro", "CR", "gap, m", "box on target")


def write_report(
    folder: Path,
    rows: Sequence[Row],
    records: Sequence[EpisodeRecord],
    agent: AgentSpec,
    config: BenchConfig,
    on_film: Callable[[int, int], None] | None = None,
) -> Path:
    """Write the report; returns the path of its text.

    Args:
        folder: made where it is missing.
        rows: of the table.
        records: of all episodes of the run.
        agent: whose failures are filmed, the first ``MAX_FILMS`` of them.
        config: of the run.
        on_film: called after each film with how many are done and how many there will be.
    """
    folder.mkdir(parents=True, exist_ok=True)
    save_outcomes(rows, records, folder / "outcomes.png")
    mine = [r for r in records if (r.policy, r.tracker) == (agent.policy, agent.tracker)]
    failed = [record for record in mine if not record.success]
    lines = []
    for index, record in enumerate(failed[:MAX_FILMS]):
        name = f"{record.task}_{record.seed}.mp4"
        found = replay(record.task, record.seed, agent, config, folder / name)
        reason = found.reason or "went well when it was run again alone"
        lines.append(f"| {record.task} | {record.seed} | {record.status} | {reason} | [{name}]({name}) |")
        if on_film is not None:
            on_film(index + 1, min(len(failed), MAX_FILMS))
    path = folder / "report.md"
    path.write_text(_text(rows, len(mine), len(failed), lines, config))
    return path


def _text(rows: Sequence[Row], episodes: int, failed: int, failures: Sequence[str], config: BenchConfig) -> str:
    table = ["| " + " | ".join(HEAD) + " |", "|---" * len(HEAD) + "|", *(_line(row) for row in rows)]
    head = ["| task | seed | status | reason | film |", "|---|---|---|---|---|"]
    shown = f"{failed} of {episodes} episodes failed" + (f"; the first {len(failures)}:" if failed else ".")
    parts = ["# Report", condition_line(config), "\n".join(table), "![outcomes](outcomes.png)", shown]
    if failures:
        parts.append("\n".join([*head, *failures]))
    return "\n\n".join(parts) + "\n"


def _line(row: Row) -> str:
    agent = row.policy if row.tracker == "-" else f"{row.policy}/{row.tracker}"
    scores = ((row.sr, row.sr_se), (row.tr, row.tr_se), (row.tr_macro, row.tr_macro_se), (row.cr, row.cr_se))
    cells = [f"{value:.3f} ± {error:.3f}" for value, error in scores]
    return (
        "| " + " | ".join([row.task, agent, str(row.n), *cells, f"{row.distance:.2f}", f"{row.on_target:.2f}"]) + " |"
    )

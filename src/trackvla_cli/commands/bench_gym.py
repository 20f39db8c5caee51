"""`trackvla bench gym`: following for 500 steps by Gym-UnrealCV's rules, in five scene styles."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import typer

from trackvla_cli.commands.bench import number, parse_params, parse_seeds, table, with_error


def gym(
    policy: str = typer.Option("box_servo", "--policy", help="Name of a policy, see `trackvla info`."),
    tracker: str = typer.Option("", "--tracker", help="grounded (default), truth (true boxes), none (policy alone)."),
    styles: str = typer.Option("", "--styles", help="Scene styles, comma-separated; empty: all five."),
    distractors: int = typer.Option(0, "--distractors", min=0, max=7, help="Look-alikes; 2 and 4 are usual."),
    seeds: str = typer.Option("1000-1099", "--seeds", help="As 1000-1049 or 3,5,8."),
    camera: str = typer.Option("", "--camera", help="Size of the drawn image, WIDTHxHEIGHT; empty: 640x480."),
    step: float = typer.Option(0.0, "--step", help="Step of world and controller, s; 0: 1/60; 0.05 is quicker."),
    param: list[str] = typer.Option([], "--param", help="policy.NAME=VALUE, or tracker., controller.; repeat it."),
    with_baselines: bool = typer.Option(True, "--baselines/--no-baselines", help="Also run the reference rows."),
    json_file: Path = typer.Option(Path("runs/gym.json"), "--json", help="The table; the episodes go beside it."),
    processes: int = typer.Option(0, "--processes", help="Episodes at a time; 0: one on each core."),
) -> None:
    """Keep the target in a fan of 90 degrees and 7.5 m for 500 steps; more than 50 steps outside in a row end it."""
    from rich.console import Console

    from evt_bench.gym.run import GymConfig, GymPlan, run_gym
    from evt_bench.gym.scenes import STYLES
    from evt_bench.run import baselines
    from trackvla_cli.follow_options import agent_of, follow_config
    from trackvla_cli.progress import ProgressBar

    world = follow_config("gliding", "code", camera, "", 1, step=step).world
    agents = [agent_of(policy, tracker, parse_params(param)), *(baselines() if with_baselines else [])]
    names = [word.strip() for word in styles.split(",") if word.strip()] or list(STYLES)
    plan = GymPlan(parse_seeds(seeds), names, replace(GymConfig(), world=world, distractors=distractors))
    workers = processes or len(os.sched_getaffinity(0))
    with ProgressBar("episodes") as bar:
        rows = run_gym(plan, agents, json_file, workers, lambda _record, done, total: bar.update(done, total))
    cells = [
        (
            *(row.style, row.policy if row.tracker == "-" else f"{row.policy}/{row.tracker}", str(row.n)),
            *(f"{row.el:.0f}±{row.el_se:.0f}", with_error(row.sr, row.sr_se), number(row.least_distance)),
        )
        for row in rows
    ]
    Console().print(table(("style", "agent", "n", "EL", "SR", "least m"), cells))
    print("EL: steps until the end, of 500; SR: share of the episodes that last 500; least: smallest distance, m.")
    print("Our scenes are not Unreal's: these figures stand beside Gym-UnrealCV's published ones, not among them.")
    print(f"{distractors} look-alikes; camera {camera or '640x480'}")
    print(json_file)

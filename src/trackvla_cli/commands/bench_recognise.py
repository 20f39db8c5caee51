"""`trackvla bench recognise`: does a policy go to the person whom a sentence describes?"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from trackvla_cli.commands.bench import parse_params, parse_seeds, table, with_error

if TYPE_CHECKING:
    from evt_bench.recognition.run import RecogniseConfig


def recognise(
    policy: str = typer.Option("box_servo", "--policy", help="Name of a policy, see `trackvla info`."),
    tracker: str = typer.Option("", "--tracker", help="grounded (default), none (policy alone)."),
    kinds: str = typer.Option("pair,garment,single,multiple,same", "--kinds", help="Which line-ups."),
    backgrounds: str = typer.Option("random,white", "--backgrounds", help="random rooms, white, or both."),
    seeds: str = typer.Option("1000-1049", "--seeds", help="One line-up each, as 1000-1049 or 3,5,8."),
    people: str = typer.Option("unseen", "--people", help="unseen or seen in training: bodies and garment colours."),
    sentence: str = typer.Option("seen", "--sentence", help="seen or unseen in training: verbs and templates."),
    camera: str = typer.Option("640x480", "--camera", help="Size of the drawn image, WIDTHxHEIGHT."),
    param: list[str] = typer.Option([], "--param", help="policy.NAME=VALUE or tracker.NAME=VALUE; repeat it."),
    json_file: Path = typer.Option(Path("runs/recognise.json"), "--json", help="The table; the answers go beside it."),
    processes: int = typer.Option(0, "--processes", help="Line-ups at a time; 0: one on each core."),
) -> None:
    """Two people stand left and right: right is a trajectory to the side of the one whom the sentence describes."""
    from rich.console import Console

    from evt_bench.recognition.run import RecognisePlan, run_recognise
    from trackvla_cli.follow_options import agent_of
    from trackvla_cli.progress import ProgressBar

    agent = agent_of(policy, tracker, parse_params(param))
    plan = RecognisePlan(parse_seeds(seeds), _words(kinds), _words(backgrounds), _config(people, sentence, camera))
    workers = processes or len(os.sched_getaffinity(0))
    with ProgressBar("questions") as bar:
        rows = run_recognise(plan, [agent], json_file, workers, lambda _record, done, total: bar.update(done, total))
    cells = [
        (
            *(row.kind, row.background, f"{row.policy}/{row.tracker}", str(row.n)),
            *(with_error(row.accuracy, row.accuracy_se), f"{row.answered:.2f}", f"{row.chance:.2f}"),
        )
        for row in rows
    ]
    Console().print(table(("people", "background", "agent", "n", "right", "answered", "chance"), cells))
    print("right: share of the questions whose trajectory goes to the described person, ± standard error; a policy")
    print("that goes to neither side is wrong; answered: share that goes to a side. pair: both garments differ;")
    print("garment: one colour differs; single: one person; multiple: three to five; same: «on the left».")
    print(f"camera {camera}; people {people} in training; sentences {sentence} in training")
    print(json_file)


def _config(people: str, sentence: str, camera: str) -> RecogniseConfig:
    from dataclasses import replace

    from evt_bench.recognition.run import RecogniseConfig
    from trackvla_cli.follow_options import camera_of

    for option, value in (("--people", people), ("--sentence", sentence)):
        if value not in ("seen", "unseen"):
            raise typer.BadParameter(f"{option} is '{value}'; wanted seen or unseen")
    default = RecogniseConfig()
    world = replace(default.world, camera=camera_of(camera))
    return RecogniseConfig(world, people == "unseen", sentence == "unseen")


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]

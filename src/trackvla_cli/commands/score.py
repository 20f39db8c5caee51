"""`trackvla score`: what a recorded run was worth, from its bag alone."""

from __future__ import annotations

from pathlib import Path

import typer


def score(
    bag: Path = typer.Argument(..., help="A rosbag2 folder or an .mcap file, from the simulator or from a robot."),
    output: Path = typer.Option(None, "--out", "-o", help="Folder for score.json, the picture and the film."),
    json_file: Path = typer.Option(None, "--json", help="Also write the numbers here."),
    film: bool = typer.Option(True, "--film/--no-film", help="Draw boxes and trajectory into a film."),
) -> None:
    """Success, tracking and collision rate, distances, losses and latency of one run.

    What a bag does not tell (a robot's has no ground truth) is shown as n/a, never guessed.
    """
    from trackvla_cli.scoring import score_bag

    print(score_bag(bag, output or bag.resolve().parent, json_file, with_film=film))

"""`trackvla score`: what a recorded run was worth, from its bag alone."""

from __future__ import annotations

from pathlib import Path

import typer


def score(
    bag: Path = typer.Argument(..., help="A rosbag2 folder, an .mcap or .db3 file, or a run's folder: runs/NAME."),
    out: Path = typer.Option(None, "--out", "-o", help="Folder for the results; default: BAG_score beside the bag."),
    json_file: Path = typer.Option(None, "--json", help="Write the numbers here too."),
    topics: list[str] = typer.Option(None, "--topic", help="ROLE=TOPIC where the bag has another name for it."),
    robot: str = typer.Option(None, "--robot", help="Namespace of the robot, where the bag holds several; / = none."),
    film: bool = typer.Option(True, "--film/--no-film", help="Draw boxes and trajectory into a film."),
) -> None:
    """Success, tracking and collision rate, distances, losses and latency of one run.

    What a bag does not tell (a robot's has no ground truth) is n/a, never guessed.
    """
    from evt_bench.bag.reader import find_bag
    from evt_bench.bag.report import save_json
    from trackvla_cli.scoring import score_into

    path = find_bag(bag.resolve())
    result = score_into(path, out or path.parent / f"{path.stem}_score", _topic_names(topics or []), film, robot)
    if json_file is not None:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        save_json(result, json_file)


def _topic_names(words: list[str]) -> dict[str, str]:
    pairs = [word.partition("=") for word in words]
    for word, (role, _, topic) in zip(words, pairs, strict=True):
        if not role or not topic:
            raise typer.BadParameter(f"'{word}' is not of the form ROLE=TOPIC, as in odom=/utlidar/robot_odom")
    return {role: topic for role, _, topic in pairs}

"""Scores a bag and leaves everything about it in one folder; used by `trackvla score` and `trackvla demo`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from evt_bench.bag.film import save_film
from evt_bench.bag.plot import save_plot
from evt_bench.bag.recording import read_recording
from evt_bench.bag.report import save_json, table
from evt_bench.bag.score import Score, score_recording
from trackvla_cli.progress import ProgressBar

SCORE, PICTURE, FILM = "score.json", "top.png", "film.mp4"


def score_into(
    bag: Path,
    folder: Path,
    topics: Mapping[str, str] | None = None,
    with_film: bool = True,
    robot: str | None = None,
) -> Score:
    """Score a bag, print the table, write score, picture and (where the bag has images) film into ``folder``.

    Args:
        bag: a bag, or a run's folder with the bag in ``bag``.
        folder: where the results go; made where it is missing.
        topics: topics that have another name in this bag.
        with_film: draw a film.
        robot: namespace of the robot, where the bag holds several.

    Raises:
        BagReadError: there is no bag, ``topics`` names what is not in it, or it holds several robots.
    """
    with ProgressBar("reading the bag"):
        recording = read_recording(bag, topics, robot)
        folder.mkdir(parents=True, exist_ok=True)
        score = score_recording(recording)
        save_json(score, folder / SCORE)
        save_plot(recording, score, folder / PICTURE)
    if with_film and recording.image_name is None:
        print("no film: the bag holds no images that can be read")
    elif with_film:
        with ProgressBar("drawing the film") as bar:
            save_film(recording, folder / FILM, bar.update)
    Console().print(table(score))
    for name in (SCORE, PICTURE, FILM):
        if (folder / name).exists():
            print(folder / name)
    return score

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


def score_into(bag: Path, folder: Path, topics: Mapping[str, str] | None = None, with_film: bool = True) -> Score:
    """Score a bag, print the table, write score, picture and film into ``folder``.

    Raises:
        BagReadError: there is no bag, or ``topics`` names what is not in it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with ProgressBar("reading the bag"):
        recording = read_recording(bag, topics)
        score = score_recording(recording)
        save_json(score, folder / SCORE)
        save_plot(recording, score, folder / PICTURE)
    if with_film:
        with ProgressBar("drawing the film") as bar:
            save_film(recording, folder / FILM, bar.update)
    Console().print(table(score))
    for name in (SCORE, PICTURE, FILM):
        if (folder / name).exists():
            print(f"{folder / name}")
    return score

"""`trackvla track`: the box of a described person in a real video, without ROS."""

from __future__ import annotations

from pathlib import Path

import typer


def track(
    video: Path = typer.Argument(..., help="A video file or a folder of images."),
    instruction: str = typer.Option("", "--instruction", "-i", help="Who to track, in words."),
    tracker: str = typer.Option("grounded", "--tracker", help="Name of a tracker (see `trackvla info`)."),
) -> None:
    """Track the described person through a video; writes boxes and a film."""
    print(video, instruction, tracker)

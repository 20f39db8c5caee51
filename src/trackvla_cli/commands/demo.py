"""`trackvla demo`: one episode in the simulator, recorded and scored."""

from __future__ import annotations

import typer


def demo() -> None:
    """Watch a GO2 follow "the woman in the red shirt and black trousers", and read what it was worth."""
    raise typer.Exit(1)

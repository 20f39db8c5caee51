"""`trackvla doctor`: what is installed, what is missing, what to type."""

from __future__ import annotations

import typer


def doctor() -> None:
    """Say what is installed, which ROS it is, what is missing and what to type."""
    from trackvla_cli.doctor import examine, report

    raise typer.Exit(report(examine()))

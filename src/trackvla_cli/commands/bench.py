"""`trackvla bench`: many episodes or sequences, one table."""

from __future__ import annotations

import typer

app = typer.Typer(help="Run many episodes (follow) or sequences (track) and print a table.", no_args_is_help=True)

"""`trackvla info`: the names and settings one may choose from."""

from __future__ import annotations


def info() -> None:
    """List trackers, policies and launch files by name."""
    from trackvla_cli.launch.files import own_files

    print("launch files:", ", ".join(own_files()))

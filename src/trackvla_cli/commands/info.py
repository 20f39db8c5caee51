"""`trackvla info`: the names and settings one may choose from."""

from __future__ import annotations

import dataclasses
from typing import Any

import typer


def info(name: str = typer.Argument(None, help="A tracker, a policy, or `controller`: show its settings.")) -> None:
    """List trackers, policies and launch files; with a name, its settings with defaults, units and ranges."""
    from go2_bridge.config import ControllerConfig
    from track_common.config import lookup
    from trackvla_ros.registry import POLICIES
    from vlt_ros.registry import TRACKERS

    if name is None:
        _list(list(TRACKERS), list(POLICIES))
        return
    known = {"controller": ControllerConfig}
    known |= {key: entry.default_config for key, entry in TRACKERS.items()}
    known |= {key: entry.default_config for key, entry in POLICIES.items()}
    _show(name, lookup("tracker, policy or controller", name, known)())


def _list(trackers: list[str], policies: list[str]) -> None:
    from trackvla_cli.launch.files import own_files

    print(f"trackers: {', '.join(trackers)}")
    print(f"policies: {', '.join(policies)}")
    print(f"launch files: {', '.join(own_files())}")
    print("Settings: `trackvla info NAME`; arguments of a launch file: `trackvla launch FILE --show-args`")


def _show(name: str, config: Any) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("setting", "default", "unit", "range", "what it does", title=f"Settings of {name}")
    for field in dataclasses.fields(config):
        meta = field.metadata
        low, high = meta.get("low"), meta.get("high")
        bounds = "" if low is None and high is None else f"{'' if low is None else low}..{'' if high is None else high}"
        note = "" if meta.get("runtime", True) else " (fixed at start)"
        cells = (str(field.default), meta.get("unit", ""), bounds or ", ".join(meta.get("choices", ())))
        table.add_row(field.name, *cells, meta.get("doc", "") + note)
    Console().print(table)

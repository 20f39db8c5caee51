"""Which file a launch means and where its logs go."""

from __future__ import annotations

import os
import time
from pathlib import Path

from track_common.config import suggest
from track_common.share import share_directory
from trackvla_cli.launch.element import LaunchError

SUFFIX = ".launch.xml"


def find(name: str) -> Path:
    """The launch file a user means: a path, or the name of one of ours, with or without the suffix.

    Raises:
        LaunchError: no such file; names those there are.
    """
    path = Path(name)
    if path.is_file():
        return path.absolute()
    ours = own_files()
    key = path.name.removesuffix(SUFFIX)
    if path.parent == Path(".") and key in ours:
        return ours[key]
    raise LaunchError(f"launch file '{name}' not found; {suggest(key, ours)}")


def own_files() -> dict[str, Path]:
    """Our launch files by name without suffix."""
    files = sorted((share_directory() / "launch").glob(f"*{SUFFIX}"))
    return {path.name.removesuffix(SUFFIX): path for path in files}


def run_folder() -> Path:
    """A new folder for the logs of one run, where ROS keeps its logs: ROS_LOG_DIR, ROS_HOME/log or ~/.ros/log."""
    home = Path(os.environ.get("ROS_HOME", Path.home() / ".ros"))
    logs = Path(os.environ.get("ROS_LOG_DIR", home / "log"))
    return logs / f"{time.strftime('%Y-%m-%d-%H-%M-%S')}-launch-{os.getpid()}"

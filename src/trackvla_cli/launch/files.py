"""Which file, environment and log folder a launch has."""

from __future__ import annotations

import os
import time
from pathlib import Path

from track_common.ros.environment import ros_environment

from track_common.config import suggest
from trackvla_cli.launch.element import LaunchError
from trackvla_cli.launch.packages import OWN_PACKAGE, Packages

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
    folder = Path(Packages(ros_process_environment()).share(OWN_PACKAGE)) / "launch"
    return {path.name.removesuffix(SUFFIX): path for path in sorted(folder.glob(f"*{SUFFIX}"))}


def ros_process_environment() -> dict[str, str]:
    """Environment variables that nodes get: those of this process and what ROS from PyPI needs."""
    return {**os.environ, **ros_environment()}


def run_folder() -> Path:
    """A new folder for the logs of one run, where ROS keeps its logs: ROS_LOG_DIR, ROS_HOME/log or ~/.ros/log."""
    home = Path(os.environ.get("ROS_HOME", Path.home() / ".ros"))
    logs = Path(os.environ.get("ROS_LOG_DIR", home / "log"))
    return logs / f"{time.strftime('%Y-%m-%d-%H-%M-%S')}-launch-{os.getpid()}"

"""The executables, as `ros2 run` and launch files name them: import the module, then run its ``main``.

A node's imports take a second, so they happen here, where a missing package and Ctrl-C end the process with one line.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from typing import NoReturn

from track_common.refusal import USAGE_ERROR, end_launch

OURS = ("track_common", "vlt_ros", "trackvla_ros", "go2_bridge", "evt_bench", "trackvla_cli")
INTERRUPTED = 130
MODULES = {  # executable: module with its ``main``
    "bridge_node": "go2_bridge.nodes.bridge_node",
    "controller_node": "go2_bridge.nodes.controller_node",
    "planner_node": "trackvla_ros.nodes.planner_node",
    "recorder_node": "evt_bench.nodes.recorder_node",
    "recovery_node": "go2_bridge.nodes.recovery_node",
    "robot_state_node": "go2_bridge.nodes.robot_state_node",
    "sim_node": "evt_bench.nodes.sim_node",
    "tracker_node": "vlt_ros.nodes.tracker_node",
    "trackvla": "trackvla_cli.main",
    "video_node": "vlt_ros.nodes.video_node",
}


def run(executable: str) -> None:
    """Import the module of ``executable`` and run it to its end; exit code 2 where one of its packages is missing."""
    try:
        if executable.endswith("_node"):  # `trackvla doctor` must still say what is wrong
            _check_variables()
        _main_of(MODULES[executable])()
    except KeyboardInterrupt:  # a node that spins has handlers of its own
        _end("interrupted while it was starting", INTERRUPTED)


def _check_variables() -> None:
    """Before rclpy is imported: with a middleware that is not installed, the import ends the process."""
    from track_common.ros.variables import refusals

    lines = refusals(os.environ)
    if lines:
        end_launch()
        _end(f"error: {'; '.join(lines)}", USAGE_ERROR)


def _main_of(module: str) -> Callable[[], None]:
    try:
        return importlib.import_module(module).main
    except ImportError as error:
        from track_common.missing import describe

        if (error.name or "").split(".")[0] in OURS:  # a fault of ours, not of the installation
            raise
        end_launch()
        _end(f"error: {describe(error)}", USAGE_ERROR)


def _end(line: str, code: int) -> NoReturn:
    print(line, file=sys.stderr)
    sys.exit(code)


def __getattr__(name: str) -> Callable[[], None]:
    """``executables.tracker_node`` and the like: what setup.py's console scripts call."""
    if name not in MODULES:
        raise AttributeError(f"module {__name__!r} has no executable {name!r}; it has {', '.join(MODULES)}")
    return lambda: run(name)

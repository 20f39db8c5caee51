"""The processes of the running graph: each started, killed, frozen and ended alone; none outlives the fleet."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TextIO

from track_common.share import share_directory

NODES = {  # part of the table: module, parameters
    "tracker": ("vlt_ros.nodes.tracker_node", ("tracker:=kcf",)),
    "planner": ("trackvla_ros.nodes.planner_node", ()),
    "controller": ("go2_bridge.nodes.controller_node", ()),
    "driver": ("go2_bridge.nodes.bridge_node", ("known_publishers:=10",)),  # killed bridges count for 20 s
}
SOURCES = ("camera", "lidar", "odometry", "robot state", "deadman")
PARTS = (*SOURCES, *NODES)
ROBOT = "config/robots/sim.yaml"  # armed, with the simulator's speeds
SERVER = "server"  # of the policy; where it runs, the planner asks it
SERVED = ("--policy", "box_servo")
FIRST_PORT = 8800  # and the number of the ROS domain: runs in two domains do not meet here either
BOXES = "boxes"  # stands for camera and tracker where a quick look is enough
SECOND_CTRL_C = 0.005  # s after the first


class Fleet:
    """A context manager; ``parts`` are those of ``PARTS`` that run, ``BOXES`` and ``SERVER``."""

    def __init__(self, environment: Mapping[str, str], log: Path, parts: Iterable[str] = PARTS) -> None:
        self._environment, self._log_path = dict(environment), log
        self._parts = tuple(parts)
        self._processes: dict[str, subprocess.Popen[str]] = {}
        self._log: TextIO | None = None

    def __enter__(self) -> Fleet:
        self._log = self._log_path.open("a")
        self.repair()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        for process in self._processes.values():
            process.kill()
        for process in self._processes.values():
            process.wait()
        if self._log is not None:
            self._log.close()

    def repair(self) -> None:
        """Every part runs, none is frozen, none lies."""
        for part in self._parts:
            process = self._processes.get(part)
            if process is None or process.poll() is not None:
                self._processes[part] = self._start(part)
                continue
            process.send_signal(signal.SIGCONT)
            if part not in (*NODES, SERVER):
                self.lie(part, "")

    def lie(self, part: str, lie: str) -> None:
        """A source publishes ``lie`` at once and from now on; "" is the truth."""
        pipe = self._processes[part].stdin
        if pipe is not None:
            pipe.write(lie + "\n")
            pipe.flush()

    def kill(self, part: str) -> None:
        """SIGKILL."""
        self._processes[part].kill()

    def freeze(self, part: str) -> None:
        """SIGSTOP: alive to the system, silent to everyone."""
        self._processes[part].send_signal(signal.SIGSTOP)

    def thaw(self, part: str) -> None:
        """SIGCONT."""
        self._processes[part].send_signal(signal.SIGCONT)

    def terminate(self, part: str) -> None:
        """SIGTERM, as a supervisor ends a node."""
        self._processes[part].terminate()

    def interrupt(self, part: str) -> None:
        """Two Ctrl-C of an operator who is in a hurry."""
        self._processes[part].send_signal(signal.SIGINT)
        time.sleep(SECOND_CTRL_C)
        self._processes[part].send_signal(signal.SIGINT)

    def _start(self, part: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *self._words(part)],
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=self._log,
            text=True,
        )

    def _words(self, part: str) -> list[str]:
        """What Python is to run."""
        port = FIRST_PORT + int(self._environment["ROS_DOMAIN_ID"])
        if part == SERVER:
            return ["-m", "trackvla_cli.main", "serve", *SERVED, "--port", str(port)]
        if part not in NODES:
            return ["-m", "evt_bench.faults.ros.source", part]
        module, parameters = NODES[part]
        if part == "planner" and SERVER in self._parts:
            parameters = (*parameters, "policy:=remote", f"remote.url:=ws://127.0.0.1:{port}")
        words = [word for parameter in parameters for word in ("-p", parameter)]
        robot = ["--params-file", str(share_directory() / ROBOT)] if part in ("planner", "controller") else []
        return ["-c", f"from {module} import main; main()", "--ros-args", *robot, *words]

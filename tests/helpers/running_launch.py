"""A real `trackvla launch` as a subprocess, for tests: its output, its nodes' process ids, and a clean end."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path


class RunningLaunch:
    """Start it with the words after `trackvla launch`; use as a context manager, so that no node outlives a test."""

    def __init__(self, words: list[str], environment: Mapping[str, str], log: Path) -> None:
        self._log = log
        with log.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "trackvla_cli.main", "launch", *words],
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                start_new_session=True,
            )

    def __enter__(self) -> RunningLaunch:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    @property
    def output(self) -> str:
        return self._log.read_text()

    def nodes(self) -> dict[str, int]:
        """Process id of every node that was started."""
        return {name: int(pid) for name, pid in re.findall(r"\[launch\] (\w+)-\d+ started, pid (\d+)", self.output)}

    def wait_for_text(self, text: str, seconds: float = 15.0) -> float:
        """Seconds until the output holds ``text``."""
        return wait_for(lambda: text in self.output, seconds, lambda: f"'{text}' in:\n{self.output}")


def wait_for(condition: Callable[[], bool], seconds: float, what: Callable[[], str]) -> float:
    """Seconds until a condition holds; an AssertionError says what did not come."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() < started + seconds, f"waited {seconds} s for {what()}"
        time.sleep(0.01)
    return time.monotonic() - started


def is_running(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False

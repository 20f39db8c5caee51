"""Ends a launch's processes when the launcher itself is killed; a process of its own, standard library only.

The launcher writes `+PID` and `-PID` lines for each process group it starts and reaps. When the pipe closes with groups
left over, the launcher has died without ending them, and this does: SIGINT, then SIGTERM, then SIGKILL.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

LADDER = ((signal.SIGINT, 3.0), (signal.SIGTERM, 2.0), (signal.SIGKILL, 1.0))
"""Signals that end a process group and the seconds each gets: the official launch's order, shorter as a robot waits."""


def signal_group(group: int, number: int) -> bool:
    """Signal a process group; False where none of it is left."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # something in it now runs as another user; it still lives
    return True


class Guardian:
    """The launcher's end of the pipe."""

    def __init__(self) -> None:
        """Start the guarding process, without site packages: 15 ms."""
        command = [sys.executable, "-I", "-S", __file__]
        self._popen = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True, text=True)

    def add(self, group: int) -> None:
        """A process group was started."""
        self._write(f"+{group}\n")

    def remove(self, group: int) -> None:
        """A process group is gone."""
        self._write(f"-{group}\n")

    def close(self) -> None:
        """End the guarding; it ends what is left, which takes it at most the ladder's time."""
        try:
            self._popen.communicate(timeout=2 * sum(seconds for _, seconds in LADDER))
        except subprocess.TimeoutExpired:
            self._popen.kill()

    def _write(self, line: str) -> None:
        pipe = self._popen.stdin
        try:
            if pipe is not None:
                pipe.write(line)
                pipe.flush()
        except BrokenPipeError:
            return  # somebody killed the guardian; the launch goes on without


def watch() -> None:
    """Read standard input to its end, then end what was not reported as gone."""
    groups: set[int] = set()
    for line in sys.stdin:
        (groups.add if line[0] == "+" else groups.discard)(int(line[1:]))
    for number, seconds in LADDER:
        deadline = time.monotonic() + seconds
        groups = {group for group in groups if signal_group(group, number)}
        while groups and time.monotonic() < deadline:
            time.sleep(0.05)
            groups = {group for group in groups if signal_group(group, 0)}


if __name__ == "__main__":
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    watch()

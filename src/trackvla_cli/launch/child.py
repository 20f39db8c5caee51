"""One started process: its group, its output lines and how it ended."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from track_common.refusal import ENDS_LAUNCH, USAGE_ERROR, VARIABLE
from trackvla_cli.launch.element import LaunchError
from trackvla_cli.launch.resolver import Process

MAX_LINE = 65536
"""Bytes of an unfinished line that are kept before it is written as it is."""


class Child:
    """A process in a session of its own, so that a Ctrl-C in the terminal reaches the launcher only."""

    def __init__(self, process: Process, command: Sequence[str], log: Path) -> None:
        """Start it.

        Raises:
            LaunchError: the command cannot be started.
        """
        self.process = process
        self._log = log.open("ab")
        try:
            self._popen = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={name: value for name, value in process.environment.items() if name != VARIABLE},
                start_new_session=True,
            )
        except OSError as error:
            self._log.close()
            raise LaunchError(f"{process.label}: {command[0]} cannot be started: {error.strerror}") from error
        self._unfinished: dict[IO[bytes], bytes] = {self.stdout: b"", self.stderr: b""}
        for pipe in self._unfinished:
            os.set_blocking(pipe.fileno(), False)

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def stdout(self) -> IO[bytes]:
        assert self._popen.stdout is not None
        return self._popen.stdout

    @property
    def stderr(self) -> IO[bytes]:
        assert self._popen.stderr is not None
        return self._popen.stderr

    @property
    def exit_code(self) -> int | None:
        """As subprocess has it: None while it runs, negative for a signal."""
        return self._popen.poll()

    @property
    def has_refused(self) -> bool:
        """Whether it is a node that ended by refusing what it was started with; our files say so, not every launch."""
        is_told = self.process.environment.get(VARIABLE) == ENDS_LAUNCH
        return is_told and self.process.ros is not None and self.exit_code == USAGE_ERROR

    def lines(self, pipe: IO[bytes], is_last: bool = False) -> tuple[list[bytes], bool]:
        """Finished lines in the next 64 kB of a pipe, also written to the log; and whether the pipe has ended.

        ``is_last`` gives all there is, an unfinished line too; to be used once the process is gone.
        """
        chunk = _read(pipe)
        text = self._unfinished[pipe] + (chunk or b"")
        while is_last and chunk:
            chunk = _read(pipe)
            text += chunk or b""
        ended = is_last or chunk == b""
        *lines, rest = text.split(b"\n")
        if rest and (ended or len(rest) > MAX_LINE):
            lines, rest = [*lines, rest], b""
        self._unfinished[pipe] = rest
        for line in lines:
            self._log.write(line + b"\n")
        self._log.flush()
        return lines, ended

    def close(self) -> None:
        for stream in (self.stdout, self.stderr, self._log):
            stream.close()

    def describe_end(self) -> str:
        """How it ended, in words: `tracker (pid 12) died: killed by signal 9 (SIGKILL)`."""
        name, code = self.process.label.rsplit("-", 1)[0], self.exit_code
        if code is None:
            return f"{name} (pid {self.pid}) is running"
        if code == 0:
            return f"{name} (pid {self.pid}) finished"
        if self.has_refused:
            return f"{name} (pid {self.pid}) refused to start: exit code {code}"
        if code > 0:
            return f"{name} (pid {self.pid}) died: exit code {code}"
        return f"{name} (pid {self.pid}) died: killed by signal {-code} ({signal.Signals(-code).name})"


def _read(pipe: IO[bytes]) -> bytes | None:
    """Waiting bytes, None where there are none yet, empty at the end."""
    try:
        return os.read(pipe.fileno(), 65536)
    except BlockingIOError:
        return None

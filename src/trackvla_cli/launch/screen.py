"""Labelled lines on the launcher's own output, which may be slow, closed or gone without the launch noticing."""

from __future__ import annotations

import os
import select
from typing import Protocol

MAX_WRITE = 4096
"""Bytes a pipe takes without blocking once it is writable (Linux PIPE_BUF); longer lines are cut on the screen only."""
PATIENCE = 0.2
"""Seconds a reader may pause before lines are dropped."""


class Output(Protocol):
    """Where a launch shows what happens."""

    def say(self, text: str) -> None:
        """A line of the launcher's own."""
        ...

    def line(self, label: str, text: bytes) -> None:
        """A line that a process printed."""
        ...


class Screen:
    """Writes whole lines to a file descriptor, dropping them where nobody reads: a launch must never hang on that."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._dropped = 0

    def say(self, text: str) -> None:
        """A line of the launcher's own."""
        self.line("launch", text.encode())

    def line(self, label: str, text: bytes) -> None:
        """A line that a process printed."""
        if not self._is_writable():
            self._dropped += 1
            return
        if self._dropped:
            self._write(
                f"[launch] {self._dropped} lines not shown: the terminal was too slow; the logs have them".encode()
            )
            self._dropped = 0
        self._write(f"[{label}] ".encode() + text)

    def _is_writable(self) -> bool:
        """A slow reader is waited for once; after that lines are dropped until it reads again."""
        patience = 0.0 if self._dropped else PATIENCE
        try:
            return bool(select.select([], [self._descriptor], [], patience)[1])
        except OSError:
            return False

    def _write(self, text: bytes) -> None:
        try:
            os.write(self._descriptor, text[: MAX_WRITE - 1] + b"\n")
        except OSError:
            return  # the terminal is gone; the logs have it all

"""Labelled lines on the launcher's own output, which may be slow, closed or gone without the launch noticing."""

from __future__ import annotations

import os
import select

MAX_WRITE = 4096
"""Bytes a pipe takes without blocking once it is writable (Linux PIPE_BUF); longer lines are cut on the screen only."""


class Screen:
    """Writes whole lines to a file descriptor, dropping them where nobody reads: a launch must never hang on that."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def say(self, text: str) -> None:
        """A line of the launcher's own."""
        self.line("launch", text.encode())

    def line(self, label: str, text: bytes) -> None:
        """A line that a process printed."""
        data = f"[{label}] ".encode() + text
        try:
            if select.select([], [self._descriptor], [], 0.1)[1]:
                os.write(self._descriptor, data[: MAX_WRITE - 1] + b"\n")
        except OSError:
            return  # the terminal is gone; the logs have it all

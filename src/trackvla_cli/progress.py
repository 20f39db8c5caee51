"""Progress of everything that takes longer than two seconds; plain lines where the output is no terminal."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

PLAIN_PERIOD = 10.0
"""Seconds between two lines where the output is a file or a pipe."""


class ProgressBar:
    """One bar with a title on standard error; use as a context manager."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._last = time.monotonic()
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
        self._task = self._bar.add_task(title, total=None)

    def __enter__(self) -> ProgressBar:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def update(self, done: int, total: int) -> None:
        """Show how much is done and how much there is in all (0 = not known)."""
        self._bar.update(self._task, completed=done, total=total or None)
        if self._bar.disable and time.monotonic() - self._last >= PLAIN_PERIOD:
            self._last = time.monotonic()
            self.say(f"{self._title}: {done}" + (f" of {total}" if total else ""))

    def say(self, text: str) -> None:
        """A line above the bar."""
        self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)

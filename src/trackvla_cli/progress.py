"""A progress bar for everything that takes longer than two seconds; plain lines where the output is no terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

PLAIN_PERIOD = 10.0
"""Seconds between two lines where the output is a file or a pipe."""

Update = Callable[[int, int], None]


@contextmanager
def progress_bar(title: str) -> Iterator[Update]:
    """Gives a function to call with how much is done and how much there is in all (0 = not known)."""
    if not sys.stderr.isatty():
        yield _plain(title)
        return
    from rich.console import Console

    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total or None)


def _plain(title: str) -> Update:
    last = [time.monotonic()]

    def update(done: int, total: int) -> None:
        if time.monotonic() - last[0] >= PLAIN_PERIOD:
            last[0] = time.monotonic()
            print(f"{title}: {done} of {total or 'unknown'}", file=sys.stderr, flush=True)

    return update

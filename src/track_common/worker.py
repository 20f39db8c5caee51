"""A thread of ours never dies silently: an exception of its work is logged as an ERROR, and the work starts again."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

FIRST_PAUSE, MAX_PAUSE = 0.05, 1.0  # s between a failure and the restart; doubles while the work keeps failing
STEADY = 5.0  # s of work without a failure after which the next pause is the first one again

_log = logging.getLogger(__name__)


class Worker:
    """A daemon thread that calls ``work`` until ``work`` returns; a ``work`` that raises is called again.

    ``work`` keeps its state outside of its own call, so that a restart goes on where the failure was, and returns when
    its owner closes.
    """

    def __init__(
        self, name: str, work: Callable[[], None], on_failure: Callable[[Exception], None] | None = None
    ) -> None:
        """Start the thread.

        Args:
            name: of the thread, named in the log line.
            work: called without arguments, again after each exception, for the last time when it returns.
            on_failure: gets each exception, in the thread, before the restart; an exception of its own is logged too.
        """
        self._name, self._work, self._on_failure = name, work, on_failure
        self._closing = threading.Event()
        self.failures = 0  # exceptions so far
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def is_current(self) -> bool:
        """Whether the caller runs in this thread."""
        return threading.current_thread() is self._thread

    def join(self, timeout: float) -> bool:
        """Wait at most ``timeout`` s for the work to return; no restart any more. Returns whether it has ended."""
        self._closing.set()
        if not self.is_current():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        pause = FIRST_PAUSE
        while True:
            started = time.monotonic()
            try:
                self._work()
                return
            except Exception as error:  # noqa: BLE001 - whatever it is, the thread must not end without a word
                self.failures += 1
                self._report(error)
            pause = FIRST_PAUSE if time.monotonic() - started > STEADY else pause
            if self._closing.wait(pause):
                return
            pause = min(2.0 * pause, MAX_PAUSE)

    def _report(self, error: Exception) -> None:
        _log.error("thread '%s' failed and starts again: %s: %s", self._name, type(error).__name__, error)
        if self._on_failure is None:
            return
        try:
            self._on_failure(error)
        except Exception as other:  # noqa: BLE001 - as above
            _log.error("thread '%s' could not report its failure: %s: %s", self._name, type(other).__name__, other)

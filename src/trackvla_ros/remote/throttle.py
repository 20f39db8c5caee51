"""Warnings that strangers can cause: one line a kind and period, with the number of those left out."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

PERIOD = 10.0  # s between two lines of a kind


@dataclass
class _Kind:
    """When the last line was written (monotonic, s), and how many were left out since."""

    written: float
    left_out: int = 0


class ThrottledLog:
    """Writes to a logger; the kinds are few and fixed, so that nothing grows."""

    def __init__(self, logger: logging.Logger, period: float = PERIOD) -> None:
        self._logger, self._period = logger, period
        self._kinds: dict[str, _Kind] = {}

    def warning(self, kind: str, text: str) -> None:
        """One more of ``kind``; written unless a line of that kind was within the period."""
        now = time.monotonic()
        last = self._kinds.get(kind)
        if last is not None and now - last.written < self._period:
            last.left_out += 1
            return
        more = f" (and {last.left_out} more since the last such line)" if last is not None and last.left_out else ""
        self._kinds[kind] = _Kind(now)
        self._logger.warning("%s%s", text, more)


class HandshakeFilter(logging.Filter):
    """For the logger of ``websockets``: a broken handshake is a throttled line, not a traceback each."""

    def __init__(self, log: ThrottledLog) -> None:
        super().__init__()
        self._log = log

    def filter(self, record: logging.LogRecord) -> bool:
        """False for what has been said in a line of ours."""
        if record.getMessage() != "opening handshake failed":
            return True
        error = record.exc_info[1] if record.exc_info else None
        cause = getattr(error, "__cause__", None) or error
        self._log.warning("handshake", f"a handshake failed: {cause or 'no reason given'}")
        return False

"""A bag fed from callbacks: messages go through a bounded queue to a thread that writes them.

A slow disk never holds up a callback, and a full one ends the recording, not the program.
"""

from __future__ import annotations

import queue
import shutil
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from evt_bench.bag.definitions import Definition
from evt_bench.bag.qos import QosOffer
from evt_bench.bag.writer import BagWriteError, BagWriter
from track_common.worker import Worker

IDLE_FLUSH = 0.5  # s without a message after which what is in memory goes to the file
FREE_CHECK_NS = 1_000_000_000  # time between two looks at the free space
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class SinkLimits:
    """Bytes that may wait in memory, and bytes that must stay free on the disk."""

    waiting: int = 256 * MEGABYTE
    free: int = 500 * MEGABYTE


@dataclass
class SinkCounts:
    """Messages written, messages that found the queue full, messages that could not be converted, bytes written."""

    written: int = 0
    dropped: int = 0
    refused: int = 0
    bytes: int = 0


@dataclass(frozen=True)
class BagItem:
    """One serialized message on its way into the bag; ``convert`` is applied to its bytes in the writing thread."""

    topic: str
    data: bytes
    log_time: int
    publish_time: int
    convert: Callable[[bytes], bytes] | None = None


class BagSink:
    """Takes messages from any thread; ``failure`` says why it stopped writing, "" while it writes."""

    def __init__(self, writer: BagWriter, limits: SinkLimits, on_failure: Callable[[str], None]) -> None:
        """``on_failure`` is called from the writing thread with a sentence for people, once per kind of trouble."""
        self.counts = SinkCounts()
        self.failure = ""
        self._writer, self._limits, self._on_failure = writer, limits, on_failure
        self._queue: queue.Queue[BagItem | None] = queue.Queue()
        self._waiting = 0
        self._waiting_lock, self._writer_lock = threading.Lock(), threading.Lock()
        self._last_check = 0  # ns, log time of the last look at the free space
        self._thread = Worker("bag writer", self._run, lambda error: on_failure(f"a message was lost: {error!r}"))

    @property
    def folder(self) -> Path:
        """The bag."""
        return self._writer.folder

    def add_topic(self, topic: str, definition: Definition, offers: Sequence[QosOffer] = ()) -> None:
        """Announce a topic before its first message; does nothing after a failure."""
        with self._writer_lock:
            self._attempt(lambda: self._writer.add_topic(topic, definition, offers))

    def put(self, item: BagItem) -> bool:
        """Hand one message over; False where it was not taken (queue full, or recording has ended)."""
        if self.failure:
            return False
        with self._waiting_lock:
            if self._waiting + len(item.data) > self._limits.waiting:
                self.counts.dropped += 1
                return False
            self._waiting += len(item.data)
        self._queue.put(item)
        return True

    def close(self, timeout: float = 10.0) -> None:
        """Write what waits, finish the bag; gives up after ``timeout`` s, leaving a bag that reads as cut off."""
        self._queue.put(None)
        self._thread.join(timeout)
        if self._thread.is_alive():
            self._on_failure(f"the disk took longer than {timeout} s; {self.folder} is left unfinished")

    def _run(self) -> None:
        while (item := self._next()) is not None:
            with self._waiting_lock:
                self._waiting -= len(item.data)
            with self._writer_lock:
                self._write(item)
                if item.log_time - self._last_check > FREE_CHECK_NS:
                    self._last_check = item.log_time
                    self._check_free_space()
        with self._writer_lock:
            self._finish()

    def _next(self) -> BagItem | None:
        """The next message, None at the end; whenever it takes long, what is in memory goes to the file."""
        while True:
            try:
                return self._queue.get(timeout=IDLE_FLUSH)
            except queue.Empty:
                with self._writer_lock:
                    self._attempt(self._writer.flush)

    def _write(self, item: BagItem) -> None:
        try:
            data = item.data if item.convert is None or self.failure else item.convert(item.data)
        except Exception as error:  # noqa: BLE001 - one message that cannot be converted must not end the recording
            self.counts.refused += 1
            if self.counts.refused == 1:
                self._on_failure(f"a message on {item.topic} is not recorded: {error}")
            return
        self._attempt(lambda: self._writer.write(item.topic, data, item.log_time, item.publish_time))
        if not self.failure:
            self.counts.written += 1
            self.counts.bytes += len(data)

    def _check_free_space(self) -> None:
        free, wanted = shutil.disk_usage(self.folder).free, self._limits.free
        if free < wanted and not self.failure:
            self._finish()
            self._fail(f"{free / MEGABYTE:.0f} MB free on the disk of {self.folder}; wanted {wanted / MEGABYTE:.0f}")

    def _finish(self) -> None:
        if not self.failure:
            self._attempt(self._writer.close)

    def _attempt(self, action: Callable[[], None]) -> None:
        """Do it unless the recording has ended; an error ends it."""
        if self.failure:
            return
        try:
            action()
        except BagWriteError as error:
            self._writer.abort()
            self._fail(str(error))

    def _fail(self, reason: str) -> None:
        if not self.failure:
            self.failure = reason
            self._on_failure(f"recording has ended: {reason}; what was recorded stays readable")

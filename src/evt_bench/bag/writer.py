"""Writes a rosbag2 folder (MCAP storage, metadata.yaml) from raw serialized messages.

``ros2 bag info`` and ``ros2 bag play`` of Jazzy read it. Every whole chunk of a bag that was cut off stays readable.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml
from mcap.writer import CompressionType, Writer

from evt_bench.bag.definitions import Definition
from evt_bench.bag.qos import QosOffer, offers_as_yaml

METADATA_VERSION = 9  # rosbag2_storage of Jazzy: qos policies by name
CHUNK_BYTES = 1_000_000  # a cut loses at most the last chunk (reference/ros.md 5)
FLUSH_PERIOD_NS = 1_000_000_000  # and at most this much time, however slow the topics are
COMPRESSIONS = {"none": CompressionType.NONE, "lz4": CompressionType.LZ4, "zstd": CompressionType.ZSTD}
UNKNOWN_DISTRO = "jazzy"  # the distribution the definitions come from where none is sourced


class BagWriteError(OSError):
    """The bag can take no more (disk full, no permission, folder exists); what was written stays readable."""


@dataclass
class _Topic:
    channel: int
    metadata: dict[str, Any]
    count: int = 0


@dataclass
class _Span:
    """First and last log time, ns, and the number of messages between them."""

    first: int = 0
    last: int = 0
    count: int = 0

    def add(self, log_time: int) -> None:
        self.first = min(self.first, log_time) if self.count else log_time
        self.last = max(self.last, log_time)
        self.count += 1


@dataclass
class _Chunk:
    """What waits in memory: bytes of messages and the log time of its first one, ns."""

    size: int = 0
    started: int | None = None


@dataclass
class _State:
    span: _Span = field(default_factory=_Span)
    chunk: _Chunk = field(default_factory=_Chunk)
    topics: dict[str, _Topic] = field(default_factory=dict)
    schemas: dict[str, int] = field(default_factory=dict)


class BagWriter:
    """One bag being written; use it as a context manager. Not thread safe: one thread writes."""

    def __init__(self, folder: Path | str, compression: str = "zstd") -> None:
        """Make the folder and open ``<folder name>_0.mcap`` in it.

        Raises:
            BagWriteError: the folder exists or cannot be made.
            ValueError: ``compression`` is not one of ``COMPRESSIONS``.
        """
        if compression not in COMPRESSIONS:
            raise ValueError(f"compression '{compression}' unknown; use {', '.join(COMPRESSIONS)}")
        self.folder = Path(folder)
        self.file = self.folder / f"{self.folder.name}_0.mcap"
        self._state = _State()
        with _naming(self.folder):
            self.folder.mkdir(parents=True)
            self._stream = self.file.open("wb")
            self._writer = Writer(self._stream, chunk_size=2 * CHUNK_BYTES, compression=COMPRESSIONS[compression])
            self._writer.start(profile="ros2", library="trackvla_ros")
            self._write_metadata()

    @property
    def message_count(self) -> int:
        """Messages taken so far."""
        return self._state.span.count

    def add_topic(self, topic: str, definition: Definition, offers: Sequence[QosOffer] = ()) -> None:
        """Announce a topic before its first message; a topic already announced is left as it is."""
        if topic in self._state.topics:
            return
        schemas = self._state.schemas
        if definition.name not in schemas:
            text = definition.text.encode()
            schemas[definition.name] = self._writer.register_schema(definition.name, "ros2msg", text)
        metadata = {"offered_qos_profiles": offers_as_yaml(offers), "topic_type_hash": definition.type_hash}
        channel = self._writer.register_channel(topic, "cdr", schemas[definition.name], metadata)
        self._state.topics[topic] = _Topic(channel, _topic_metadata(topic, definition, offers))
        with _naming(self.folder):
            self._write_metadata()

    def write(self, topic: str, data: bytes, log_time: int, publish_time: int | None = None) -> None:
        """Append one serialized message (CDR with its 4-byte header).

        Args:
            topic: announced with ``add_topic``.
            data: as a raw subscription gives it.
            log_time: when it was received, ns since the epoch.
            publish_time: when it was sent (DDS source timestamp), ns; ``log_time`` where unknown.

        Raises:
            BagWriteError: disk full or the like.
            KeyError: the topic was not announced.
        """
        entry, chunk = self._state.topics[topic], self._state.chunk
        is_late = chunk.started is not None and log_time - chunk.started >= FLUSH_PERIOD_NS
        if chunk.size and (is_late or chunk.size + len(data) > CHUNK_BYTES):
            self.flush()
            chunk = self._state.chunk
        sent = log_time if publish_time is None else publish_time
        with _naming(self.folder):
            self._writer.add_message(entry.channel, log_time, data, sent, sequence=entry.count)
        entry.count += 1
        chunk.size += len(data)
        chunk.started = log_time if chunk.started is None else chunk.started
        self._state.span.add(log_time)

    def flush(self) -> None:
        """Finish the chunk in memory and hand it to the operating system, so that a killed process loses nothing of it.

        Raises:
            BagWriteError: disk full or the like.
        """
        self._state.chunk = _Chunk()
        with _naming(self.folder):
            self._writer.flush()

    def close(self) -> None:
        """Write the last chunk, the index and the final metadata.yaml.

        Raises:
            BagWriteError: disk full or the like; every whole chunk stays readable.
        """
        try:
            with _naming(self.folder):
                self._writer.add_metadata("rosbag2", {"serialized_metadata": _to_yaml(self._metadata())})
                self._writer.finish()
                self._write_metadata()
        finally:
            self.abort()

    def abort(self) -> None:
        """Let the file go without index and final metadata, as after an error."""
        with suppress(OSError):
            self._stream.close()

    def __enter__(self) -> BagWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.abort() if isinstance(error, BagWriteError) else self.close()

    def _metadata(self) -> dict[str, Any]:
        """Every key the decoder of rosbag2_storage (Jazzy) asks for."""
        span = self._state.span
        times = {
            "starting_time": {"nanoseconds_since_epoch": span.first},
            "duration": {"nanoseconds": span.last - span.first},
            "message_count": span.count,
        }
        return {
            "version": METADATA_VERSION,
            "storage_identifier": "mcap",
            **times,
            "topics_with_message_count": [
                {"topic_metadata": topic.metadata, "message_count": topic.count}
                for topic in self._state.topics.values()
            ],
            "compression_format": "",
            "compression_mode": "",
            "relative_file_paths": [self.file.name],
            "files": [{"path": self.file.name, **times}],
            "custom_data": {},
            "ros_distro": os.environ.get("ROS_DISTRO") or UNKNOWN_DISTRO,
        }

    def _write_metadata(self) -> None:
        """Replace metadata.yaml whole, so that a kill at any moment leaves the old or the new one."""
        text = _to_yaml({"rosbag2_bagfile_information": self._metadata()})
        draft = self.folder / ".metadata.yaml.draft"
        draft.write_text(text, encoding="utf-8")
        draft.replace(self.folder / "metadata.yaml")


@contextmanager
def _naming(folder: Path) -> Iterator[None]:
    """An OSError inside becomes a BagWriteError that names the bag."""
    try:
        yield
    except OSError as error:
        raise BagWriteError(f"cannot write the bag {folder}: {error}") from error


def _topic_metadata(topic: str, definition: Definition, offers: Sequence[QosOffer]) -> dict[str, Any]:
    return {
        "name": topic,
        "type": definition.name,
        "serialization_format": "cdr",
        "offered_qos_profiles": [offer.as_mapping() for offer in offers],
        "type_description_hash": definition.type_hash,
    }


def _to_yaml(value: Any) -> str:
    return yaml.dump(value, Dumper=_PlainDumper, sort_keys=False)


class _PlainDumper(yaml.SafeDumper):
    """Without anchors, which yaml-cpp would read but people would not."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

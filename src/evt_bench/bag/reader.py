"""Reads a bag without ROS: a rosbag2 folder or a bare .mcap, finished or cut off, ours or a robot's (mcap, sqlite3).

Message types are decoded from the definitions the bag itself carries, so a robot's own types need not be installed.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import yaml
from mcap.records import Channel, Message, Schema
from rosbags.highlevel import AnyReader, AnyReaderError
from rosbags.rosbag2 import ReaderError
from rosbags.serde import SerdeError
from rosbags.typesys import Stores, TypesysError, get_types_from_idl, get_types_from_msg, get_typestore

from evt_bench.bag.definitions import distribution_typestore
from evt_bench.bag.mcap_file import BagReadError, FileState, read_records

UNDECODABLE = (struct.error, ValueError, IndexError, KeyError, AssertionError, TypeError, MemoryError, SerdeError)


@dataclass(frozen=True)
class BagMessage:
    """One message as recorded: CDR bytes, and when it was received and sent, ns since the epoch."""

    topic: str
    type_name: str
    data: bytes
    log_time: int
    publish_time: int


@dataclass
class TopicSummary:
    """What a bag holds of one topic."""

    type_name: str
    count: int = 0


@dataclass(frozen=True)
class Survey:
    """What a bag holds: topics by name, first and last log time (ns, 0 where empty) and what is wrong with it."""

    topics: dict[str, TopicSummary]
    start: int
    end: int
    warnings: tuple[str, ...]

    @property
    def duration(self) -> float:
        """Seconds between the first and the last message."""
        return (self.end - self.start) * 1e-9


class _Storage(Protocol):
    def messages(self, topics: Collection[str] | None) -> Iterator[BagMessage]: ...

    def decode(self, message: BagMessage) -> Any: ...

    def warnings(self, duration: float) -> list[str]: ...


class BagReader:
    """One bag, read as often as asked."""

    def __init__(self, path: Path | str) -> None:
        """Open a bag folder, or a bare .mcap or .db3 file.

        Raises:
            BagReadError: there is nothing there, or it is no bag.
        """
        self.path = Path(path)
        self._storage = _open_storage(self.path)

    @cached_property
    def survey(self) -> Survey:
        """What the bag holds; reads it through once, so that it is true for a bag that was cut off too."""
        return _survey(self._storage)

    def messages(self, topics: Collection[str] | None = None) -> Iterator[BagMessage]:
        """Messages of the named topics (default all) in file order, which is the order of receipt per file."""
        return self._storage.messages(topics)

    def decode(self, message: BagMessage) -> Any:
        """The message as an object with the ROS field names; arrays of numbers are numpy arrays.

        Raises:
            BagReadError: the bytes do not fit the type, or its definition is not known.
        """
        try:
            return self._storage.decode(message)
        except UNDECODABLE as error:
            raise BagReadError(f"cannot decode a {message.type_name} on {message.topic}: {error!r}") from error


def _open_storage(path: Path) -> _Storage:
    if not path.exists():
        raise BagReadError(f"no bag at {path}")
    if path.is_file():
        return _McapStorage([path]) if path.suffix == ".mcap" else _RosbagsStorage(path)
    files = sorted(path.glob("*.mcap"), key=_file_order)
    if files:
        return _McapStorage(files, _metadata_warnings(path))
    return _RosbagsStorage(path)


def _file_order(path: Path) -> tuple[int, str]:
    """A split bag is name_0.mcap, name_1.mcap, ... name_10.mcap."""
    number = path.stem.rpartition("_")[2]
    return (int(number) if number.isdigit() else 0, path.name)


def _metadata_warnings(folder: Path) -> list[str]:
    """What metadata.yaml itself says is not needed to read the messages; that it is missing is worth saying."""
    file = folder / "metadata.yaml"
    with suppress(OSError, yaml.YAMLError, UnicodeDecodeError):
        if isinstance(yaml.safe_load(file.read_text(encoding="utf-8")), dict):
            return []
    return [f"{file.name} is missing or broken; read the .mcap files by themselves"]


def _survey(storage: _Storage) -> Survey:
    topics: dict[str, TopicSummary] = {}
    start, end = 0, 0
    for message in storage.messages(None):
        summary = topics.setdefault(message.topic, TopicSummary(message.type_name))
        summary.count += 1
        start = min(start or message.log_time, message.log_time)
        end = max(end, message.log_time)
    return Survey(topics, start, end, tuple(storage.warnings((end - start) * 1e-9)))


@dataclass
class _McapStorage:
    """One or more .mcap files read in a row."""

    files: list[Path]
    notes: list[str] = field(default_factory=list)
    states: dict[Path, FileState] = field(default_factory=dict)
    definitions: dict[str, Schema] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._store = get_typestore(Stores.EMPTY)

    def messages(self, topics: Collection[str] | None) -> Iterator[BagMessage]:
        for file in self.files:
            self.states[file] = FileState()
            yield from self._file_messages(file, topics)

    def decode(self, message: BagMessage) -> Any:
        if message.type_name not in self._store.fielddefs:
            self._learn(message.type_name)
        return self._store.deserialize_cdr(message.data, message.type_name)

    def warnings(self, duration: float) -> list[str]:
        found = list(self.notes)
        for file, state in self.states.items():
            if state.is_cut:
                found.append(f"{file.name} is cut off after {duration:.1f} s: {state.chunks} whole chunks read")
            if state.damaged:
                found.append(f"{file.name}: {state.damaged} damaged records skipped")
        return found

    def _file_messages(self, file: Path, topics: Collection[str] | None) -> Iterator[BagMessage]:
        schemas: dict[int, Schema] = {}
        channels: dict[int, Channel] = {}
        for record in read_records(file, self.states[file]):
            if isinstance(record, Schema):
                schemas[record.id] = record
                self.definitions[record.name] = record
            elif isinstance(record, Channel):
                channels[record.id] = record
            elif record.channel_id in channels:
                channel = channels[record.channel_id]
                if topics is None or channel.topic in topics:
                    yield _bag_message(record, channel, schemas)

    def _learn(self, type_name: str) -> None:
        schema = self.definitions[type_name]
        text = schema.data.decode()
        try:
            is_idl = schema.encoding == "ros2idl"
            self._store.register(get_types_from_idl(text) if is_idl else get_types_from_msg(text, type_name))
        except TypesysError as error:
            raise BagReadError(f"the bag's definition of {type_name} cannot be used: {error}") from error


def _bag_message(record: Message, channel: Channel, schemas: dict[int, Schema]) -> BagMessage:
    schema = schemas.get(channel.schema_id)
    name = schema.name if schema is not None else ""
    return BagMessage(channel.topic, name, record.data, record.log_time, record.publish_time)


class _RosbagsStorage:
    """sqlite3 and compressed bags, through the rosbags library; it gives no publish time."""

    def __init__(self, path: Path) -> None:
        try:
            self._reader = AnyReader([path], default_typestore=distribution_typestore())
            self._reader.open()
        except (AnyReaderError, ReaderError, OSError) as error:
            raise BagReadError(f"{path} is no bag that can be read: {error}") from error

    def messages(self, topics: Collection[str] | None) -> Iterator[BagMessage]:
        chosen = [c for c in self._reader.connections if topics is None or c.topic in topics]
        if chosen:
            for connection, time, data in self._reader.messages(chosen):
                yield BagMessage(connection.topic, connection.msgtype, bytes(data), time, time)

    def decode(self, message: BagMessage) -> Any:
        return self._reader.deserialize(message.data, message.type_name)

    def warnings(self, duration: float) -> list[str]:
        return []

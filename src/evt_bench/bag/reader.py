"""Reads a bag without ROS: a rosbag2 folder or a bare .mcap, finished or cut off, ours or a robot's (mcap, sqlite3).

Message types are decoded from the definitions the bag itself carries, so a robot's own types need not be installed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from evt_bench.bag.mcap_file import BagReadError
from evt_bench.bag.mcap_storage import McapStorage
from evt_bench.bag.sqlite_storage import SqliteStorage
from evt_bench.bag.storage import UNDECODABLE, BagMessage, Storage

FORMATS = ((McapStorage, (".mcap", ".mcap.zstd")), (SqliteStorage, (".db3", ".db3.zstd")))
ROS1_MAGIC = b"#ROSBAG V"
RUN_FOLDER = "bag"  # what a run's folder calls its bag (runs/NAME/bag)
MAX_METADATA = 2**20  # bytes; rosbag2's metadata.yaml has a few kB


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


class BagReader:
    """One bag, read as often as asked."""

    def __init__(self, path: Path | str) -> None:
        """Open a bag folder, a run's folder that holds one as ``bag``, or a bare .mcap or .db3 file.

        Raises:
            BagReadError: there is nothing there, or it is no bag.
        """
        self.path = find_bag(Path(path))
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


def find_bag(path: Path) -> Path:
    """The bag itself where ``path`` is a run's folder (runs/NAME, with the bag in runs/NAME/bag), else ``path``."""
    inside = path / RUN_FOLDER
    return inside if inside.is_dir() and not _files_in(path) else path


def _open_storage(path: Path) -> Storage:
    if not path.exists():
        raise BagReadError(f"no bag at {path}")
    if path.is_file():
        _refuse_ros1([path])
        storage = next((s for s, endings in FORMATS if path.name.endswith(endings)), None)
        if storage is None:
            raise BagReadError(f"{path} is no bag: its name ends in '{path.suffix}'; wanted .mcap or .db3")
        return storage([path], [])
    found = _files_in(path)
    if not found:
        _refuse_ros1(sorted(path.glob("*.bag")))
        raise BagReadError(f"{path} is no bag: no .mcap or .db3 file in it")
    storage, files = found
    return storage(files, _metadata_warnings(path))


def _files_in(folder: Path) -> tuple[type[McapStorage] | type[SqliteStorage], list[Path]] | None:
    """The storage of a folder and its files in their order; None where it holds no bag."""
    for storage, endings in FORMATS:
        files = [file for file in folder.glob("*") if file.name.endswith(endings) and not file.name.startswith(".")]
        names = {file.name for file in files}
        # a recorder that compresses a file removes the plain one last
        files = [file for file in files if file.suffix != ".zstd" or file.stem not in names]
        if files:
            return storage, sorted(files, key=_file_order)
    return None


def _refuse_ros1(files: list[Path]) -> None:
    for file in files:
        with file.open("rb") as stream:
            if stream.read(len(ROS1_MAGIC)) == ROS1_MAGIC:
                new = file.with_suffix("")
                raise BagReadError(
                    f"{file} is a ROS 1 bag; convert it: .venv/bin/rosbags-convert --src {file} --dst {new}"
                    f" --dst-typestore ros2_jazzy, then trackvla score {new}"
                )


def _file_order(path: Path) -> tuple[int, str]:
    """A split bag is name_0.mcap, name_1.mcap, ... name_10.mcap."""
    number = path.name.partition(".")[0].rpartition("_")[2]
    return (int(number) if number.isdigit() else 0, path.name)


def _metadata_warnings(folder: Path) -> list[str]:
    """What metadata.yaml itself says is not needed to read the messages; that it is missing is worth saying."""
    file = folder / "metadata.yaml"
    with suppress(OSError, yaml.YAMLError, UnicodeDecodeError, RecursionError):
        with file.open("rb") as stream:
            text = stream.read(MAX_METADATA)
        if isinstance(yaml.safe_load(text), dict):
            return []
    return [f"{file.name} is missing or broken; read the bag's files by themselves"]


def _survey(storage: Storage) -> Survey:
    topics: dict[str, TopicSummary] = {}
    start, end = 0, 0
    for message in storage.messages(None):
        summary = topics.setdefault(message.topic, TopicSummary(message.type_name))
        summary.count += 1
        start = min(start or message.log_time, message.log_time)
        end = max(end, message.log_time)
    return Survey(topics, start, end, tuple(storage.warnings((end - start) * 1e-9)))

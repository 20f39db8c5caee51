"""Bags of one or more sqlite3 files (.db3), whole or compressed as files (.db3.zstd); they hold no sending times.

The tables are those of rosbag2_storage_sqlite3, schema versions 1 to 4. A file is read in the order of its rows, which
is the order of receipt, and only where ``topics`` and ``messages`` are plain tables: a view or a computed column could
make rows without end.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Collection, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import zstandard

from evt_bench.bag.mcap_file import BagReadError, FileState
from evt_bench.bag.storage import BagMessage, TypeDecoder, TypeDefinition, message_type
from evt_bench.bag.unpacking import MAX_UNPACKED, Budget, BudgetError, UnpackError, unpack_message

TABLES = ("topics", "messages")
DEFINITIONS = "message_definitions"  # since ROS 2 Iron
PIECE = 2**20  # bytes unpacked at a time
VISIBLE = 0  # of PRAGMA table_xinfo's "hidden": an ordinary column


class SqliteStorage:
    """One or more .db3 files; those that are no bag are left out by name where others can be read."""

    def __init__(self, files: list[Path], notes: list[str]) -> None:
        """Open each file once.

        Raises:
            BagReadError: none of them is a bag.
        """
        self._notes = list(notes)
        self._states: dict[Path, FileState] = {}
        self._types = TypeDecoder()
        self._unpacked = tempfile.TemporaryDirectory(prefix="trackvla_bag_")  # removed with this object
        self._files = {file: plain for file in files if (plain := self._opened(file, len(files) == 1)) is not None}
        if not self._files:
            raise BagReadError(f"no file in {files[0].parent} can be read: {'; '.join(self._notes)}")

    def messages(self, topics: Collection[str] | None) -> Iterator[BagMessage]:
        """Messages in the order of receipt; what is damaged or too large is counted."""
        for file, plain in self._files.items():
            state = self._states[file] = FileState("messages")
            try:
                with closing(_connect(plain)) as database:
                    yield from _rows(database, topics, state, Budget.of(file.stat().st_size))
            except BudgetError as error:
                state.oversized = str(error)
            except sqlite3.Error:
                state.is_cut = True

    def decode(self, message: BagMessage) -> Any:
        """By the definitions in the files, else by the installed distribution's."""
        return self._types.decode(message.type_name, message.data)

    def warnings(self, duration: float) -> list[str]:
        """What was cut off, damaged or too large, file by file."""
        return [*self._notes, *(w for file, state in self._states.items() for w in state.warnings(file.name, duration))]

    def _opened(self, file: Path, is_alone: bool) -> Path | None:
        """The file as sqlite3 can read it; None where it is left out, which is noted."""
        try:
            plain = file if file.suffix != ".zstd" else _unpack_file(file, Path(self._unpacked.name))
            with closing(_connect(plain)) as database:
                _check_tables(database, file)
                self._learn(database)
        except sqlite3.DatabaseError as error:
            advice = f"; try: sqlite3 {file} .recover | sqlite3 whole.db3" if "malformed" in str(error) else ""
            problem = BagReadError(f"{file} is no bag that can be read: {error}{advice}")
        except (sqlite3.Error, UnpackError, zstandard.ZstdError) as error:
            problem = BagReadError(f"{file} is no bag that can be read: {error}")
        except BagReadError as error:
            problem = error
        else:
            return plain
        if is_alone:
            raise problem
        self._notes.append(f"{file.name} is left out: {problem}")
        return None

    def _learn(self, database: sqlite3.Connection) -> None:
        if not _is_table(database, DEFINITIONS):
            return
        for name, encoding, text in database.execute(
            f"SELECT topic_type, encoding, encoded_message_definition FROM {DEFINITIONS}"
        ):
            if all(isinstance(value, str) for value in (name, encoding, text)):
                self._types.define(message_type(name, ""), TypeDefinition(encoding, text.encode()))


def _connect(file: Path) -> sqlite3.Connection:
    """Read-only; a file without a write-ahead log beside it is taken as it is, so that its folder may be read-only."""
    mode = "mode=ro" if file.with_name(f"{file.name}-wal").exists() else "mode=ro&immutable=1"
    database = sqlite3.connect(f"file:{quote(str(file.resolve()))}?{mode}", uri=True)
    database.text_factory = lambda data: data.decode(errors="replace")
    database.execute("PRAGMA trusted_schema=OFF")
    return database


def _check_tables(database: sqlite3.Connection, file: Path) -> None:
    for table in TABLES:
        if not _is_table(database, table):
            raise BagReadError(f"{file} is no bag: it has no table '{table}'")


def _is_table(database: sqlite3.Connection, name: str) -> bool:
    """Whether ``name`` is a plain table with nothing computed in it."""
    kind = database.execute("SELECT type, rootpage FROM sqlite_master WHERE name = ?", (name,)).fetchall()
    if len(kind) != 1 or kind[0][0] != "table" or not kind[0][1]:  # a virtual table has no root page
        return False
    return all(column[6] == VISIBLE for column in database.execute(f"PRAGMA table_xinfo({name})"))


def _rows(
    database: sqlite3.Connection, topics: Collection[str] | None, state: FileState, budget: Budget
) -> Iterator[BagMessage]:
    rows = database.execute("SELECT id, name, type, serialization_format FROM topics")
    known = {number: (name, message_type(str(kind), str(form))) for number, name, kind, form in rows}
    chosen = {number: place for number, place in known.items() if topics is None or place[0] in topics}
    data = f"CASE WHEN typeof(data) = 'blob' AND length(data) <= {MAX_UNPACKED} THEN data END"
    for number, time, content in database.execute(f"SELECT topic_id, timestamp, {data} FROM messages ORDER BY rowid"):
        budget.spend(len(content or b""))
        try:
            plain = unpack_message(content or b"")
        except UnpackError as error:
            state.oversized, plain = state.oversized or str(error), b""
        if not plain or not isinstance(time, int):
            state.damaged += 1
        elif number in chosen:
            state.whole += 1
            budget.spend(len(plain))
            yield BagMessage(*chosen[number], plain, time, time)


def _unpack_file(file: Path, folder: Path) -> Path:
    """A file compressed as a whole, unpacked into ``folder`` within its budget."""
    budget, target = Budget.of(file.stat().st_size), folder / file.stem
    with file.open("rb") as packed, target.open("wb") as plain:
        stream = zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True)
        while piece := stream.read(PIECE):
            budget.spend(len(piece))
            plain.write(piece)
    return target

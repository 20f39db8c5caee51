"""Reads one .mcap file from front to back, as far as it is whole: unfinished, cut off or damaged files too.

The reader of the ``mcap`` library needs the index at the end of the file, which a bag that was cut off does not have,
and its stream reader takes a short read for a whole record and unpacks whatever a chunk holds. So the frames of the
records (opcode, length, body) are checked here; what is in a record is parsed by the library.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import zstandard
from mcap.data_stream import ReadDataStream
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.records import Channel, Chunk, Message, Schema
from mcap.writer import MCAP0_MAGIC

from evt_bench.bag.unpacking import MAX_UNPACKED, Budget, BudgetError, SizeError, unpack, unpack_message

FRAME = struct.Struct("<BQ")  # opcode, length of the body (MCAP specification, "Records")
MESSAGE = struct.Struct("<HIQQ")  # channel, sequence, log time, publish time; the data follow
DAMAGE = (McapError, ValueError, struct.error, MemoryError, RuntimeError, EOFError, OverflowError)
WANTED = (Opcode.SCHEMA, Opcode.CHANNEL, Opcode.MESSAGE, Opcode.CHUNK)
PIECE = 2**20  # bytes skipped at a time in a stream that cannot jump

Record = Schema | Channel | Message


class BagReadError(ValueError):
    """A file that is no bag, or a bag nothing can be read from; the message says what was found."""


@dataclass
class FileState:
    """How far a file could be read, set while that is done; ``whole`` counts its ``parts``."""

    parts: str = "whole chunks"
    whole: int = 0
    damaged: int = 0
    is_cut: bool = False
    oversized: str = ""  # why the first part that is too large was left out

    def warnings(self, name: str, duration: float) -> list[str]:
        """What is wrong with the file ``name``, of a bag that covers ``duration`` seconds."""
        found = [f"{name} is cut off after {duration:.1f} s: {self.whole} {self.parts} read"] if self.is_cut else []
        if self.damaged:
            found.append(f"{name}: {self.damaged} damaged records skipped")
        if self.oversized:
            found.append(f"{name}: {self.oversized}; left out")
        return found


def check_magic(path: Path) -> None:
    """Raise BagReadError for a file that does not start like an MCAP file; one cut inside its first bytes does."""
    with closing(_opened(path)) as stream:
        try:
            magic = stream.read(len(MCAP0_MAGIC))
        except zstandard.ZstdError as error:
            raise BagReadError(f"{path} is damaged: {error}") from error
    if not MCAP0_MAGIC.startswith(magic) or not magic:
        raise BagReadError(f"{path} starts with {magic.hex() or 'nothing'}; wanted an MCAP file")


def read_records(path: Path, state: FileState) -> Iterator[Record]:
    """Schemas, channels and messages of every whole chunk, in file order; a damaged chunk is counted and skipped.

    Raises:
        BagReadError: the file does not start like an MCAP file.
    """
    check_magic(path)
    budget = Budget.of(path.stat().st_size)
    with closing(_opened(path)) as stream:
        stream.read(len(MCAP0_MAGIC))
        try:
            for opcode, body in _frames(stream, state, budget):
                yield from _records_of(opcode, body, state, budget)
        except BudgetError as error:
            state.oversized = str(error)
        except zstandard.ZstdError:
            state.is_cut = True


def _opened(path: Path) -> BinaryIO:
    stream = path.open("rb")
    if path.suffix != ".zstd":
        return stream
    return zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=True, closefd=True)  # pyright: ignore[reportReturnType]


def _frames(stream: BinaryIO, state: FileState, budget: Budget) -> Iterator[tuple[int, bytes]]:
    """Bodies of the records that carry data, up to the end of the data section or of what is there."""
    while True:
        head = stream.read(FRAME.size)
        if len(head) < FRAME.size:
            state.is_cut = True
            return
        opcode, length = FRAME.unpack(head)
        if opcode == Opcode.DATA_END:
            return
        is_kept = opcode in WANTED and length <= MAX_UNPACKED
        body = stream.read(length) if is_kept else b""
        if len(body) < length if is_kept else not _skip(stream, length, budget):
            state.is_cut = True
            return
        if is_kept:
            budget.spend(length)
            yield opcode, body
        elif opcode in WANTED:
            state.oversized = f"a record of {length:,} bytes; at most {MAX_UNPACKED:,} are read"


def _skip(stream: BinaryIO, length: int, budget: Budget) -> bool:
    """Read past ``length`` bytes; False where the file ends before."""
    while length > 0:
        piece = len(stream.read(min(length, PIECE)))
        if not piece:
            return False
        budget.spend(piece)
        length -= piece
    return True


def _records_of(opcode: int, body: bytes, state: FileState, budget: Budget) -> Iterator[Record]:
    if opcode != Opcode.CHUNK:
        yield from _guarded(opcode, body, state, budget)
        return
    try:
        data = _unpacked(body)
        budget.spend(len(data))
        for inner, record in _chunk_records(data):
            yield from _guarded(inner, record, state, budget)
        state.whole += 1
    except BudgetError:
        raise
    except DAMAGE as error:
        _note(error, state)


def _guarded(opcode: int, body: bytes, state: FileState, budget: Budget) -> Iterator[Record]:
    """The record, or nothing where it is damaged or too large: that is noted."""
    budget.spend(0)
    try:
        record = _parse(opcode, body)
    except DAMAGE as error:
        _note(error, state)
        return
    if isinstance(record, Message) and len(record.data) > len(body):
        budget.spend(len(record.data))
    yield record


def _note(error: Exception, state: FileState) -> None:
    state.damaged += 1
    if isinstance(error, SizeError):
        state.oversized = state.oversized or str(error)


def _unpacked(body: bytes) -> bytes:
    chunk = Chunk.read(ReadDataStream(BytesIO(body)))
    data = unpack(chunk.data, chunk.compression, chunk.uncompressed_size)
    if chunk.uncompressed_crc and zlib.crc32(data) != chunk.uncompressed_crc:
        raise ValueError("a chunk's checksum is another")
    return data


def _chunk_records(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Opcode and body of each record in an unpacked chunk that this reader wants."""
    at = 0
    while at < len(data):
        opcode, length = FRAME.unpack_from(data, at)
        at += FRAME.size
        if not opcode or length > len(data) - at:
            raise ValueError("a record in a chunk is longer than the chunk")
        if opcode in (Opcode.SCHEMA, Opcode.CHANNEL, Opcode.MESSAGE):
            yield opcode, data[at : at + length]
        at += length


def _parse(opcode: int, body: bytes) -> Record:
    if opcode == Opcode.MESSAGE:
        channel, sequence, log_time, publish_time = MESSAGE.unpack_from(body)
        return Message(channel, log_time, unpack_message(body[MESSAGE.size :]), publish_time, sequence)
    stream = ReadDataStream(BytesIO(body))
    return Schema.read(stream) if opcode == Opcode.SCHEMA else Channel.read(stream)

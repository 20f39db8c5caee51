"""Reads one .mcap file from front to back, as far as it is whole: unfinished, cut off or damaged files too.

The reader of the ``mcap`` library needs the index at the end of the file, which a bag that was cut off does not have,
and its stream reader takes a short read for a whole record. So the frames of the records (opcode, length, body) are
checked here; what is in a record is parsed by the library.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import zstandard
from mcap.data_stream import ReadDataStream
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.records import Channel, Chunk, Message, Schema
from mcap.stream_reader import breakup_chunk
from mcap.writer import MCAP0_MAGIC

FRAME = struct.Struct("<BQ")  # opcode, length of the body (MCAP specification, "Records")
DAMAGE = (McapError, ValueError, struct.error, MemoryError, zstandard.ZstdError, RuntimeError, EOFError)


class BagReadError(ValueError):
    """A file that is no bag, or a bag nothing can be read from; the message says what was found."""


@dataclass
class FileState:
    """How far a file could be read: set while ``read_records`` runs."""

    chunks: int = 0
    damaged: int = 0
    is_cut: bool = False


def read_records(path: Path, state: FileState) -> Iterator[Schema | Channel | Message]:
    """Schemas, channels and messages of every whole chunk, in file order; a damaged chunk is counted and skipped.

    Raises:
        BagReadError: the file does not start like an MCAP file.
    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        magic = stream.read(len(MCAP0_MAGIC))
        if not MCAP0_MAGIC.startswith(magic) or not magic:
            raise BagReadError(f"{path} starts with {magic.hex() or 'nothing'}; wanted an MCAP file")
        for opcode, body in _frames(stream, size, state):
            try:
                records = _parse(opcode, body)
            except DAMAGE:
                state.damaged += 1
                continue
            state.chunks += opcode == Opcode.CHUNK
            yield from records


def _frames(stream: BinaryIO, size: int, state: FileState) -> Iterator[tuple[int, bytes]]:
    """Bodies of the records that carry data, up to the end of the data section or of what is there."""
    wanted = (Opcode.SCHEMA, Opcode.CHANNEL, Opcode.MESSAGE, Opcode.CHUNK)
    while True:
        head = stream.read(FRAME.size)
        if len(head) < FRAME.size:
            state.is_cut = True
            return
        opcode, length = FRAME.unpack(head)
        if opcode == Opcode.DATA_END:
            return
        if length > size - stream.tell():
            state.is_cut = True
            return
        if opcode in wanted:
            yield opcode, stream.read(length)
        else:
            stream.seek(length, 1)


def _parse(opcode: int, body: bytes) -> list[Schema | Channel | Message]:
    stream = ReadDataStream(BytesIO(body))
    if opcode == Opcode.CHUNK:
        records = breakup_chunk(Chunk.read(stream), validate_crc=True)
        return [record for record in records if isinstance(record, (Schema, Channel, Message))]
    if opcode == Opcode.MESSAGE:
        return [Message.read(stream, len(body))]
    return [Schema.read(stream) if opcode == Opcode.SCHEMA else Channel.read(stream)]

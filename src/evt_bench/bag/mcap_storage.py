"""Bags of one or more .mcap files, whole or compressed as files (.mcap.zstd), read in a row."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from mcap.records import Channel, Message, Schema

from evt_bench.bag.mcap_file import BagReadError, FileState, check_magic, read_records
from evt_bench.bag.storage import BagMessage, TypeDecoder, TypeDefinition, message_type


class McapStorage:
    """One or more .mcap files; those that are empty or no MCAP files are left out by name where others can be read."""

    def __init__(self, files: list[Path], notes: list[str]) -> None:
        """Check the first bytes of each file.

        Raises:
            BagReadError: none of them is an MCAP file.
        """
        self._notes = list(notes)
        self._states: dict[Path, FileState] = {}
        self._types = TypeDecoder()
        self.files = [file for file in files if self._is_readable(file, is_alone=len(files) == 1)]
        if not self.files:
            raise BagReadError(f"no file in {files[0].parent} can be read: {'; '.join(self._notes)}")

    def messages(self, topics: Collection[str] | None) -> Iterator[BagMessage]:
        """Messages in file order."""
        for file in self.files:
            self._states[file] = FileState()
            yield from self._file_messages(file, topics)

    def decode(self, message: BagMessage) -> Any:
        """By the definitions in the files."""
        return self._types.decode(message.type_name, message.data)

    def warnings(self, duration: float) -> list[str]:
        """What was cut off, damaged or too large, file by file."""
        return [*self._notes, *(w for file, state in self._states.items() for w in state.warnings(file.name, duration))]

    def _is_readable(self, file: Path, is_alone: bool) -> bool:
        try:
            check_magic(file)
        except BagReadError as error:
            if is_alone:
                raise
            self._notes.append(f"{file.name} is left out: {error}")
            return False
        return True

    def _file_messages(self, file: Path, topics: Collection[str] | None) -> Iterator[BagMessage]:
        schemas: dict[int, Schema] = {}
        channels: dict[int, Channel] = {}
        for record in read_records(file, self._states[file]):
            if isinstance(record, Schema):
                schemas[record.id] = record
                self._types.define(message_type(record.name, ""), TypeDefinition(record.encoding, record.data))
            elif isinstance(record, Channel):
                channels[record.id] = record
            elif record.channel_id in channels:
                channel = channels[record.channel_id]
                if topics is None or channel.topic in topics:
                    yield _bag_message(record, channel, schemas)


def _bag_message(record: Message, channel: Channel, schemas: dict[int, Schema]) -> BagMessage:
    schema = schemas.get(channel.schema_id)
    name = message_type(schema.name if schema is not None else "", channel.message_encoding)
    return BagMessage(channel.topic, name, record.data, record.log_time, record.publish_time)

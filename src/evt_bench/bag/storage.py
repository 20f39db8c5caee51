"""What every storage of bags has in common: one message as recorded, and its bytes decoded by the bag's definitions."""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from rosbags.serde import SerdeError
from rosbags.typesys import Stores, TypesysError, get_types_from_idl, get_types_from_msg, get_typestore

from evt_bench.bag.definitions import distribution_typestore
from evt_bench.bag.mcap_file import BagReadError

CDR = "cdr"  # the only serialization ROS 2 records
UNDECODABLE = (
    *(struct.error, ValueError, LookupError, AssertionError, TypeError, AttributeError, ArithmeticError),
    *(MemoryError, RecursionError, SyntaxError, SerdeError, TypesysError),
)  # what the library raises on bytes that do not fit, or on a definition that makes no type


@dataclass(frozen=True)
class BagMessage:
    """One message as recorded: CDR bytes, and when it was received and sent, ns since the epoch."""

    topic: str
    type_name: str
    data: bytes
    log_time: int
    publish_time: int


class Storage(Protocol):
    """One bag, in whatever format."""

    def messages(self, topics: Collection[str] | None) -> Iterator[BagMessage]:
        """Messages of the named topics (default all) in file order."""
        ...

    def decode(self, message: BagMessage) -> Any:
        """The message as an object with the ROS field names; raises one of ``UNDECODABLE``."""
        ...

    def warnings(self, duration: float) -> list[str]:
        """What is wrong with the bag, after it was read once; it covers ``duration`` seconds."""
        ...


@dataclass(frozen=True)
class TypeDefinition:
    """The text of a message type as a bag carries it: "ros2msg" or "ros2idl"."""

    encoding: str
    text: bytes


class TypeDecoder:
    """Decodes CDR by the definitions of a bag; a type the bag does not define is the installed distribution's."""

    def __init__(self) -> None:
        self._definitions: dict[str, TypeDefinition] = {}
        self._store = get_typestore(Stores.EMPTY)
        self._installed = distribution_typestore()

    def define(self, type_name: str, definition: TypeDefinition) -> None:
        """Keep a definition until a message of that type is decoded; an empty one is none."""
        if definition.text.strip():
            self._definitions.setdefault(type_name, definition)

    def decode(self, type_name: str, data: bytes) -> Any:
        """One message.

        Raises:
            BagReadError: the type has no definition, or one that cannot be used.
        """
        if type_name not in self._definitions:
            if type_name not in self._installed.fielddefs:
                raise BagReadError(f"neither the bag nor this computer defines {type_name or 'the type'}")
            return self._installed.deserialize_cdr(data, type_name)
        if type_name not in self._store.fielddefs:
            self._learn(type_name)
        return self._store.deserialize_cdr(data, type_name)

    def _learn(self, type_name: str) -> None:
        definition = self._definitions[type_name]
        try:
            text = definition.text.decode()
            is_idl = definition.encoding == "ros2idl"
            self._store.register(get_types_from_idl(text) if is_idl else get_types_from_msg(text, type_name))
        except UNDECODABLE as error:
            raise BagReadError(f"the bag's definition of {type_name} cannot be used: {error}") from error


def message_type(type_name: str, encoding: str) -> str:
    """Name of a type as ``package/msg/Type``; with the encoding behind it where that is not ROS 2's CDR."""
    package, _, name = type_name.partition("/")
    full = type_name if "/" in name or not name else f"{package}/msg/{name}"
    return full if encoding in (CDR, "") else f"{full} ({encoding})"

"""What robot and server say to each other: six messages, packed by msgpack, each checked field by field on arrival.

robot → server: Hello (once), Begin (a new episode and its sentence), Look (a frame and what goes with it);
server → robot: Welcome, Answer (to one Look), Refusal (of any of them). Nothing here knows of sockets or pickles.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgpack

from track_common.interfaces import Observation
from track_common.types import Trajectory
from trackvla_ros.remote.conversions import (
    map_from_observation,
    map_from_trajectory,
    take_observation,
    take_trajectory,
)
from trackvla_ros.remote.fields import Fields, ProtocolError

VERSION = 1
MAX_HELLO = 512  # bytes; all that a connection may send before its Hello is accepted
MAX_LOOK = 4 << 20  # bytes; a 1920x1080 JPEG of quality 95 has 1.5 MB
MAX_ANSWER = 1 << 20  # bytes; 40 candidates of 10 waypoints have 10 kB
MAX_TEXT = 2000  # characters of a sentence or reason; the models take some 100 words
MAX_NAME = 64
MAX_CONTAINERS = 300  # maps and lists in a message, a map and two lists a box; a Look of 64 boxes has 200
MAX_ITEMS = 128  # of a list or map
NO_NUMBER = -1  # of a Refusal that answers no Look


@dataclass(frozen=True)
class Hello:
    """The first word; ``client`` is the robot's own name: who comes back takes its old session over."""

    version: int
    client: str


@dataclass(frozen=True)
class Welcome:
    """A session is open; ``policy`` is the name of what answers."""

    version: int
    policy: str


@dataclass(frozen=True)
class Begin:
    """Forget all; from now on ``episode`` runs with this sentence."""

    episode: int
    instruction: str


@dataclass(frozen=True, eq=False)
class Look:
    """One observation: its image as JPEG, the rest as it is; its frame holds no pixels. LiDAR stays on the robot."""

    number: int
    episode: int
    jpeg: bytes
    observation: Observation


@dataclass(frozen=True)
class Seconds:
    """How long the server's stages took: waiting for the policy to be free, decoding, the policy."""

    wait: float
    decode: float
    infer: float


@dataclass(frozen=True, eq=False)
class Answer:
    """The trajectory for Look ``number``; ``dropped`` Looks of this session gave way to newer ones so far."""

    number: int
    trajectory: Trajectory
    seconds: Seconds
    dropped: int


@dataclass(frozen=True)
class Refusal:
    """What was got and what was wanted instead."""

    number: int
    reason: str


Message = Hello | Welcome | Begin | Look | Answer | Refusal


def pack(message: Message) -> bytes:
    """The message on the wire."""
    values = {"kind": type(message).__name__.lower(), **vars(message)}
    if isinstance(message, Look):
        values |= map_from_observation(values.pop("observation"))
    if isinstance(message, Answer):
        values |= {"seconds": vars(message.seconds), **map_from_trajectory(values.pop("trajectory"))}
    return msgpack.Packer().pack(values)


def unpack(data: bytes | str) -> Message:
    """The message that was sent.

    Raises:
        ProtocolError: it is none; the text names what was got and what was wanted.
    """
    if isinstance(data, str):
        raise ProtocolError(f"got a text message of {len(data)} characters; wanted msgpack in a binary one")
    values = _unpacked(data)
    fields = Fields("message", values)
    kind = fields.text("kind", MAX_NAME)
    if kind not in _READERS:
        raise ProtocolError(f"message.kind is {kind!r}; wanted one of {', '.join(_READERS)}")
    message = _READERS[kind](fields)
    fields.end()
    return message


class _Counter:
    """Ends the reading of a message of more maps and lists than any of ours: 4 MB hold millions of empty ones."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, container: Any) -> Any:
        self._count += 1
        if self._count > MAX_CONTAINERS:
            raise ProtocolError(f"got a message of more than {MAX_CONTAINERS} maps and lists; wanted fewer")
        return container


def _unpacked(data: bytes) -> Any:
    counter = _Counter()
    limits = {"max_array_len": MAX_ITEMS, "max_map_len": MAX_ITEMS, "max_str_len": 4 * MAX_TEXT, "max_ext_len": 0}
    try:
        return msgpack.unpackb(data, object_hook=counter, list_hook=counter, **limits)
    except ProtocolError:
        raise
    except (ValueError, RecursionError, msgpack.UnpackException) as error:
        reason = str(error) or type(error).__name__
        raise ProtocolError(f"got {len(data)} bytes that are no msgpack ({reason}); wanted one message") from error


def _look(fields: Fields) -> Look:
    number, episode = fields.integer("number"), fields.integer("episode")
    return Look(number, episode, fields.blob("jpeg", MAX_LOOK), take_observation(fields))


def _answer(fields: Fields) -> Answer:
    seconds = fields.map("seconds")
    if seconds is None:
        raise ProtocolError("message.seconds is nil; wanted a map")
    stages = Seconds(*(seconds.number(name, low=0.0) for name in ("wait", "decode", "infer")))
    seconds.end()
    return Answer(fields.integer("number"), take_trajectory(fields), stages, fields.integer("dropped"))


_READERS: dict[str, Any] = {
    "hello": lambda f: Hello(f.integer("version"), f.text("client", MAX_NAME)),
    "welcome": lambda f: Welcome(f.integer("version"), f.text("policy", MAX_NAME)),
    "begin": lambda f: Begin(f.integer("episode"), f.text("instruction", MAX_TEXT)),
    "look": _look,
    "answer": _answer,
    "refusal": lambda f: Refusal(f.integer("number", low=NO_NUMBER), f.text("reason", MAX_TEXT)),
}

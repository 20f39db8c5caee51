"""Messages as a stranger, a broken robot or a lying server might send them: sound ones, spoilt in ten ways."""

from __future__ import annotations

import copy
import math
import random
import struct
from collections.abc import Callable, Iterator
from typing import Any

import cv2
import msgpack
import numpy as np

from track_common.interfaces import Observation
from track_common.types import Box, Camera, Frame, Odometry, Sighting, Trajectory
from trackvla_ros.remote.images import encode_jpeg
from trackvla_ros.remote.messages import Answer, Begin, Hello, Look, Refusal, Seconds, Welcome, pack

EPISODE = 1
CAMERA = Camera.from_hfov(96, 72, 1.5)
_NOISE = np.random.default_rng(0).integers(0, 255, (72, 96, 3), np.uint8)
PICTURE = np.asarray(cv2.GaussianBlur(_NOISE, (0, 0), 2), np.uint8)
NUMBERS = (None, True, -1, 2**63, 2**64 - 1, 1e308, math.nan, math.inf, -math.inf, 5e-324, 0, 1)
TEXTS = ("", "x" * 70, "\0", "A" * 3000, "hello", "answer", "\n\x1b[31m")
BLOBS = (b"", b"\xff\xd8\xff\xd9", b"\x80\x04K\x01.")
SHAPES = ([7], [-1], [2**62], [7.0], [True] * 7, [4, 4], [], "7", [[7]])
DATA = (b"", b"\0" * 56, np.full(7, np.nan).tobytes(), np.full(7, 1e308).tobytes(), np.full(16, np.inf).tobytes())
LISTS: tuple[Any, ...] = ([], {}, [[[]]], {"a": 1}, [1] * 1000)
HEADERS = (b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff", b"\xdb\xff\xff\xff\xff", b"\xc6\xff\xff\xff\xff")
LARGE = 1 << 19  # bytes of the few large ones

Message = bytes | str


def sound_to_server() -> list[bytes]:
    """What a robot says, in order."""
    observation = Observation(
        Frame(PICTURE, 1.0, CAMERA),
        Sighting(1.0, Box(np.array([30.0, 10.0, 60.0, 70.0]), 0.9, "person")),
        odometry=Odometry(1.0, 0.0, 0.0, 0.0),
    )
    jpeg = encode_jpeg(PICTURE, 80)
    return [pack(Hello(1, "stranger")), pack(Begin(EPISODE, "follow her")), pack(Look(1, EPISODE, jpeg, observation))]


def sound_to_client(number: int = 1) -> list[bytes]:
    """What a server says, the answer to Look ``number`` last."""
    times = 0.1 * np.arange(1, 11)
    trajectory = Trajectory(1.0, np.column_stack([times, 0 * times, 0 * times]), times)
    answer = Answer(number, trajectory, Seconds(0.0, 0.0, 0.01), 0)
    return [pack(Welcome(1, "box_servo")), pack(Refusal(number, "no")), pack(answer)]


class Mutator:
    """Endless spoilt messages, the same for the same seed."""

    def __init__(self, seed: int, sound: list[bytes]) -> None:
        """``sound``: packed messages to start from, the most important one last."""
        self._random = random.Random(seed)
        self._sound = [*sound, sound[-1], sound[-1]]
        self._kinds: list[tuple[Callable[[], Message], int]] = [
            (self._structure, 30),
            (self._flipped, 20),
            (self._cut, 8),
            (self._noise, 10),
            (self._image, 15),
            (self._replayed, 10),
            (self._header, 4),
            (self._nested, 2),
            (self._text, 3),
        ]

    def __iter__(self) -> Iterator[Message]:
        """One after another; one in 2000 is large."""
        makers, weights = zip(*self._kinds, strict=True)
        while True:
            maker = self._large if self._random.random() < 1 / 2000 else self._random.choices(makers, weights)[0]
            yield maker()

    def _map(self) -> dict[str, Any]:
        return msgpack.unpackb(self._random.choice(self._sound))

    def _value(self) -> Any:
        shaped = {"shape": self._random.choice(SHAPES), "data": self._random.choice(DATA)}
        pool = self._random.choice((NUMBERS, TEXTS, BLOBS, LISTS, (shaped,)))
        return copy.deepcopy(self._random.choice(pool))

    def _structure(self) -> bytes:
        values = self._map()
        for _ in range(self._random.randint(1, 3)):
            place = values
            while (maps := [v for v in place.values() if isinstance(v, dict)]) and self._random.random() < 0.4:
                place = self._random.choice(maps)
            name = self._random.choice([*place, "x", "kind", "\0"])
            if self._random.random() < 0.15:
                place.pop(name, None)
            else:
                place[name] = self._value()
        return _packed(values)

    def _flipped(self) -> bytes:
        data = bytearray(self._random.choice(self._sound))
        for _ in range(self._random.choice((1, 2, 8, 64))):
            data[self._random.randrange(min(len(data), self._random.choice((120, len(data)))))] = self._byte()
        return bytes(data)

    def _cut(self) -> bytes:
        data = self._random.choice(self._sound)
        return data[: self._random.randrange(len(data))]

    def _noise(self) -> bytes:
        return self._random.randbytes(self._random.choice((0, 1, 3, 20, 300, 5000)))

    def _image(self) -> bytes:
        """A JPEG cut short, with a lying size, with spoilt data, of thousands of scans, or none at all."""
        values = self._map()
        jpeg = bytearray(values.get("jpeg", b"") or encode_jpeg(PICTURE, 80))
        kind = self._random.randrange(5)
        if kind == 0:
            jpeg = jpeg[: self._random.randrange(len(jpeg))]
        elif kind == 1:
            at = bytes(jpeg).find(b"\xff\xc0")
            sides = [self._random.choice((0, 1, 65535, 30000, 4096)) for _ in range(2)]
            jpeg[at + 5 : at + 9] = struct.pack(">HH", *sides)
        elif kind == 2:
            for _ in range(self._random.choice((1, 5, 50))):
                jpeg[self._random.randrange(len(jpeg))] = self._byte()
        elif kind == 3:
            jpeg[-2:-2] = b"\xff\xda\0\x08\x01\x01\0\x01\x3f\x10\x7f" * self._random.choice((3, 1000))
        else:
            jpeg = bytearray(self._random.choice((b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM")) + self._random.randbytes(99))
        return _packed({**values, "jpeg": bytes(jpeg)})

    def _replayed(self) -> bytes:
        values = self._map()
        values["episode"] = self._random.choice((0, EPISODE, 2, 2**53))
        if "number" in values:
            values["number"] = self._random.choice((0, 1, 2**53))
        return _packed(values)

    def _header(self) -> bytes:
        """A length without its content, or a type of msgpack's that nobody sends."""
        extension = _packed(msgpack.ExtType(self._random.randrange(127), self._random.randbytes(9)))
        return self._random.choice((*HEADERS, extension, b"\xd6\xff" + self._random.randbytes(4)))

    def _nested(self) -> bytes:
        depth = self._random.choice((10, 400, 900, 1020, 1023, 5000, 100_000))
        return self._random.choice((b"\x91", b"\x81\xa1a", b"\x81\xa4kind")) * depth + b"\x90"

    def _text(self) -> str:
        return "x" * self._random.choice((0, 1, 1000, 50_000))

    def _large(self) -> bytes:
        """Half a megabyte of empty maps, of unknown fields, or of lists in lists."""
        kind = self._random.randrange(3)
        if kind == 0:
            return b"\xdd" + struct.pack(">I", LARGE) + b"\x80" * LARGE
        if kind == 1:
            return _packed({"kind": "begin", **{f"{i:x}": None for i in range(LARGE // 8)}})
        return b"\xdc\x00\x40" + (b"\xdc\x00\x40" + b"\x80" * 64) * 64

    def _byte(self) -> int:
        return self._random.randrange(256)


def _packed(value: Any) -> bytes:
    return bytes(msgpack.Packer().pack(value))

"""Takes the fields of a received map one by one and refuses whatever is not as it should be.

Nothing received is trusted: not its types, not its sizes, not its numbers. Arrays travel as shape and little-endian
float64 bytes, so that what arrives is bit for bit what was sent.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from track_common.types import Array

FLOAT = np.dtype("<f8")
SHOWN = 40  # characters of a received value that an error repeats


class ProtocolError(ValueError):
    """A message is not what the protocol says; the text names what was got and what was wanted."""


class Fields:
    """One map; every getter names the field in what it raises.

    Raises:
        ProtocolError: from every getter, and here where it is no map.
    """

    def __init__(self, name: str, values: Any) -> None:
        if not isinstance(values, dict):
            raise ProtocolError(f"{name} is {_kind(values)}; wanted a map")
        self._name, self._values = name, values

    def end(self) -> None:
        """Nothing may be left over: a misspelt field must not pass for an absent one."""
        if self._values:
            unknown = next(iter(self._values))
            raise ProtocolError(f"{self._name} has unknown fields {_short([unknown])}")

    def integer(self, name: str, low: int = 0, high: int = 2**53) -> int:
        """A whole number in low..high."""
        value = self._take(name)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self._wrong(name, value, f"a whole number in {low}..{high}")
        return value

    def number(self, name: str, low: float = -math.inf, high: float = math.inf) -> float:
        """A finite float in low..high."""
        value = self._take(name)
        if not isinstance(value, float) or not math.isfinite(value) or not low <= value <= high:
            raise self._wrong(name, value, f"a finite float in {low}..{high}")
        return value

    def text(self, name: str, limit: int) -> str:
        """At most ``limit`` characters."""
        value = self._take(name)
        if not isinstance(value, str) or len(value) > limit:
            raise self._wrong(name, value, f"a text of at most {limit} characters")
        return value

    def blob(self, name: str, limit: int) -> bytes:
        """At most ``limit`` bytes."""
        value = self._take(name)
        if not isinstance(value, bytes) or len(value) > limit:
            raise self._wrong(name, value, f"at most {limit} bytes")
        return value

    def map(self, name: str) -> Fields | None:
        """A map in this one; None where it says that there is none."""
        value = self._take(name)
        return None if value is None else Fields(f"{self._name}.{name}", value)

    def maps(self, name: str, limit: int) -> list[Fields]:
        """At most ``limit`` maps."""
        values = self._take(name)
        if not isinstance(values, list) or len(values) > limit:
            raise self._wrong(name, values, f"a list of at most {limit} maps")
        return [Fields(f"{self._name}.{name}", value) for value in values]

    def array(self, name: str, limits: tuple[int, ...], *, may_be_less: bool = False) -> Array:
        """Finite float64 numbers of the shape ``limits``, or, where so said, of no more in each axis."""
        packed = Fields(f"{self._name}.{name}", self._take(name))
        shape, data = packed._take("shape"), packed._take("data")
        packed.end()
        wanted = f"{'at most ' if may_be_less else ''}{list(limits)} in float64"
        is_shape = isinstance(shape, list) and len(shape) == len(limits) and all(type(n) is int for n in shape)
        if not is_shape or not all(0 <= n <= m if may_be_less else n == m for n, m in zip(shape, limits, strict=True)):
            raise ProtocolError(f"{self._name}.{name} is {_shape(shape)}; wanted {wanted}")
        if not isinstance(data, bytes) or len(data) != math.prod(shape) * FLOAT.itemsize:
            raise self._wrong(name, data, f"the bytes of {shape} in float64")
        array = np.frombuffer(data, FLOAT).reshape(shape)
        if not np.isfinite(array).all():
            raise ProtocolError(f"{self._name}.{name} holds numbers that are not finite")
        return array

    def maybe_array(self, name: str, limits: tuple[int, ...], *, may_be_less: bool = False) -> Array | None:
        """As ``array``; None where there is none."""
        if self._values.get(name, 0) is None:
            return self._take(name)
        return self.array(name, limits, may_be_less=may_be_less)

    def _take(self, name: str) -> Any:
        if name not in self._values:
            raise ProtocolError(f"{self._name} has no field '{name}'")
        return self._values.pop(name)

    def _wrong(self, name: str, value: Any, wanted: str) -> ProtocolError:
        return ProtocolError(f"{self._name}.{name} is {_kind(value)}; wanted {wanted}")


def packed_array(array: Array) -> Mapping[str, Any]:
    """What ``Fields.array`` reads."""
    return {"shape": list(array.shape), "data": np.ascontiguousarray(array, FLOAT).tobytes()}


def _kind(value: Any) -> str:
    if isinstance(value, (bytes, str, dict, list)):  # never its content: that may be nested deeper than repr goes
        return f"{type(value).__name__} of {len(value)}"
    return f"{type(value).__name__} {_short(value)}"


def _shape(shape: Any) -> str:
    """A shape as it was sent where it is a short list of whole numbers."""
    if isinstance(shape, list) and len(shape) <= 4 and all(type(n) is int for n in shape):
        return f"list {_short(shape)}"
    return _kind(shape)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"

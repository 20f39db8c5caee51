"""Pairs the messages of two streams that belong to one stamp, in whatever order they arrive."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Left = TypeVar("Left")
Right = TypeVar("Right")
Value = TypeVar("Value")


class StampJoin(Generic[Left, Right]):
    """Keeps at most ``depth`` values of each stream that still have no partner; the oldest to arrive goes first.

    Stamps are compared exactly: nodes copy them from message to message, as integers.
    """

    def __init__(self, depth: int = 10) -> None:
        self._depth = depth
        self._left: OrderedDict[Hashable, Left] = OrderedDict()
        self._right: OrderedDict[Hashable, Right] = OrderedDict()

    def push_left(self, stamp: Hashable, value: Left) -> tuple[Left, Right] | None:
        """The pair, where the other half is there already; else None. A second value of a stamp replaces the first."""
        if stamp in self._right:
            return value, self._right.pop(stamp)
        _keep(self._left, stamp, value, self._depth)
        return None

    def pop_right(self, stamp: Hashable) -> Right | None:
        """The other half of a value that does not wait; None where it has not come."""
        return self._right.pop(stamp, None)

    def push_right(self, stamp: Hashable, value: Right) -> tuple[Left, Right] | None:
        """As ``push_left``."""
        if stamp in self._left:
            return self._left.pop(stamp), value
        _keep(self._right, stamp, value, self._depth)
        return None


def _keep(waiting: OrderedDict[Hashable, Value], stamp: Hashable, value: Value, depth: int) -> None:
    waiting.pop(stamp, None)
    waiting[stamp] = value
    while len(waiting) > depth:
        waiting.popitem(last=False)

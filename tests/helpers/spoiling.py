"""Spoils real messages: some of their numbers, words, lists and bytes become what no sound sender would say."""

import inspect
import math
import re
from array import array

import numpy as np
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

COUNTS = (300, 10_000)  # spoilt messages an input: in every test run, and in the slow ones
FLOATS = (math.nan, math.inf, -math.inf, 1e300, -1e300, 3.0e38, 1e30, -1e9, 101.0, -101.0, 5e-324, 0.0, 1.0, -7.5)
FLOATS32 = tuple(v for v in FLOATS if not 3.4e38 < abs(v) < math.inf)
WORDS = ("", "base_link", "map", "lidar", "camera", "target", "lost", "rgb8", "16UC1", "x" * 5000, "\u2603 \n'")
BITS = {"octet": 8, "byte": 8, "uint8": 8, "uint16": 16, "uint32": 32, "uint64": 64}
BITS |= {"int8": 7, "int16": 15, "int32": 31, "int64": 63}
LIST = re.compile(r"(?:sequence<(?P<inner>[^,>]+)(?:, (?P<bound>\d+))?>)|(?:(?P<fixed>.+)\[(?P<size>\d+)\])")


def spoil(message, rng, count=None):
    """``message`` with one to three of its fields, at any depth, given a value from the lists above; in place."""
    for _ in range(int(rng.integers(1, 4)) if count is None else count):
        _spoil_one(message, rng)
    return message


def _spoil_one(message, rng):
    fields = message.get_fields_and_field_types()
    name = list(fields)[rng.integers(len(fields))]
    value, kind = getattr(message, name), fields[name]
    is_list = LIST.fullmatch(kind)
    if is_list is not None:
        setattr(message, name, _spoilt_list(value, is_list, rng))
    elif hasattr(value, "get_fields_and_field_types"):
        _spoil_one(value, rng)
    else:
        setattr(message, name, _value(kind, rng))


def _value(kind, rng):
    if kind == "double":
        return FLOATS[rng.integers(len(FLOATS))]
    if kind == "float":
        return FLOATS32[rng.integers(len(FLOATS32))]
    if kind == "boolean":
        return bool(rng.integers(2))
    if kind.startswith("string"):
        return WORDS[rng.integers(len(WORDS))]
    top = 2 ** BITS[kind] - 1
    low = -top - 1 if kind.startswith("int") else 0
    return min((low, top, 0, 1, 3, 7, 8, 100, 1001, 1013)[rng.integers(10)], top)


def _spoilt_list(value, kind, rng):
    """A list cut short, grown, or with one entry changed; a fixed one keeps its length."""
    if kind["fixed"]:
        if len(value) and hasattr(value[0], "get_fields_and_field_types"):
            _spoil_one(value[rng.integers(len(value))], rng)
        else:
            value[rng.integers(len(value))] = _value(kind["fixed"], rng)
        return value
    choice = rng.integers(4)
    if choice == 0 or not len(value):
        return value[: len(value) // 2]
    if choice == 1:
        return value + value[:1] if len(value) < 5000 else value[:1]
    index = rng.integers(len(value))
    if hasattr(value[index], "get_fields_and_field_types"):
        _spoil_one(value[index], rng)
    elif isinstance(value, array) and value.typecode == "B":
        value[int(index)] = int(rng.integers(256))
    else:
        value[int(index)] = _value(kind["inner"], rng)
    return value


class Recorder:
    """Stands for a publisher."""

    def __init__(self):
        self.messages = []

    def publish(self, message):
        self.messages.append(message)


def callbacks_of(node):
    """What the node does with a message, by topic; of several readers of a topic the first."""
    callbacks = {}
    for subscription in node.subscriptions:
        callbacks.setdefault(subscription.topic_name.removeprefix("/"), _of_message_alone(subscription.callback))
    return callbacks


def _of_message_alone(callback):
    if len(inspect.signature(callback).parameters) == 1:
        return callback
    return lambda message: callback(message, {"source_timestamp": 0})


def spoilt_runs(messages, run, batch=500):
    """Call ``run(rng, count, spoilt_in_a_row)`` until ``messages`` have been spoilt; seeds are hypothesis's choice."""
    count = min(messages, batch)

    @settings(derandomize=True, max_examples=messages // count, deadline=None, database=None, phases=[Phase.generate])
    @given(st.integers(0, 2**32 - 1), st.integers(1, 12))
    def draw(seed, spoilt_in_a_row):
        run(np.random.default_rng(seed), count, spoilt_in_a_row)

    draw()

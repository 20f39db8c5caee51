"""ROS messages without ROS: built from nested values, everything not named is zero, as ROS fills it."""

from typing import Any

import numpy as np
from rosbags.typesys.store import Typestore


def message(store: Typestore, type_name: str, **values: Any) -> Any:
    """An object of rosbags for ``package/msg/Type``; nested messages are given as dicts, lists of dicts or objects."""
    _, fields = store.fielddefs[type_name]
    unknown = set(values) - {name for name, _ in fields}
    if unknown:
        raise ValueError(f"{type_name} has no {', '.join(sorted(unknown))}")
    filled = {name: _fill(store, description, values.get(name)) for name, description in fields}
    return store.types[type_name](**filled)


def serialized(store: Typestore, type_name: str, **values: Any) -> bytes:
    """The same as CDR."""
    return bytes(store.serialize_cdr(message(store, type_name, **values), type_name))


def stamp(seconds: float) -> dict[str, int]:
    """builtin_interfaces/Time."""
    nanoseconds = round(seconds * 1e9)
    return {"sec": nanoseconds // 1_000_000_000, "nanosec": nanoseconds % 1_000_000_000}


def header(seconds: float, frame_id: str) -> dict[str, Any]:
    """std_msgs/Header."""
    return {"stamp": stamp(seconds), "frame_id": frame_id}


def quaternion(yaw: float) -> dict[str, float]:
    """geometry_msgs/Quaternion of a turn about z, rad."""
    return {"z": float(np.sin(yaw / 2.0)), "w": float(np.cos(yaw / 2.0))}


def _fill(store: Typestore, description: Any, value: Any) -> Any:
    node, content = description
    if node.name == "NAME":
        return value if hasattr(value, "__msgtype__") else message(store, content, **(value or {}))
    if node.name == "BASE":
        kind = content[0]
        return value if value is not None else "" if "string" in kind else False if kind == "bool" else 0
    (inner_node, inner), length = content
    if inner_node.name == "BASE" and inner[0] != "string":
        kind = {"octet": "uint8", "byte": "uint8", "char": "uint8"}.get(inner[0], inner[0])
        count = length if node.name == "ARRAY" else 0
        return np.zeros(count, kind) if value is None else np.asarray(value, kind)
    return [_fill(store, (inner_node, inner), entry) for entry in value or ()]

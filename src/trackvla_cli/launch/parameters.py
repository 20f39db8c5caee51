"""Values of <param>: typed from text by the rules of launch_ros, written as the YAML that rclpy reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from trackvla_cli.launch.element import LaunchError, Place

Value = bool | int | float | str | list[bool] | list[int] | list[float] | list[str]
SCALARS = (bool, int, float, str)


def typed(text: str, kind: str | None, place: Place) -> Value:
    """Parameter value of a text: by YAML's rules, or of the type asked for.

    Args:
        text: as the launch file or the user gives it.
        kind: type asked for, None = by the rules of YAML.
        place: in the launch file, for the message.

    Raises:
        LaunchError: a value that no ROS parameter can hold, or not of the type asked for.
    """
    try:
        value = TYPES[kind](text) if kind is not None else _yaml(text)
    except (ValueError, yaml.YAMLError) as error:
        wanted = kind or "bool, int, float, str or a list of one of them"
        raise LaunchError(f"{place}: parameter value '{text}'; wanted {wanted}") from error
    return value


def write(path: Path, node: str, values: Mapping[str, Value]) -> None:
    """Parameter file for one node; ``node`` is its full name or `/**`.

    Args:
        path: file to write.
        node: full name of the node, or `/**`.
        values: parameters by name.
    """
    path.write_text(yaml.safe_dump({node: {"ros__parameters": dict(values)}}), encoding="utf-8")


def _yaml(text: str) -> Value:
    value = yaml.safe_load(text) if text else text
    if type(value) in SCALARS or (isinstance(value, list) and _is_uniform(value)):
        return value
    raise ValueError(text)


def _is_uniform(values: list[Any]) -> bool:
    return all(type(value) in SCALARS and type(value) is type(values[0]) for value in values)


def _bool(text: str) -> bool:
    value = {"1": True, "0": False}.get(text, yaml.safe_load(text))
    if not isinstance(value, bool):
        raise ValueError(text)
    return value


def _list_of(scalar: type) -> Callable[[str], Any]:
    def convert(text: str) -> Any:
        values = yaml.safe_load(text)
        if not isinstance(values, list) or any(type(value) is not scalar for value in values):
            raise ValueError(text)
        return values

    return convert


TYPES: dict[str, Callable[[str], Any]] = {
    "str": str,
    "bool": _bool,
    "int": int,
    "float": float,
    "yaml": _yaml,
    "list_of_str": _list_of(str),
    "list_of_bool": _list_of(bool),
    "list_of_int": _list_of(int),
    "list_of_float": _list_of(float),
}
"""The `type` attribute's words and what each makes of a text."""

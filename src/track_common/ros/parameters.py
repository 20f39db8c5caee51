"""Node parameters from a config dataclass: declared with unit and range, checked as a whole before any is taken."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, TypeVar

from rcl_interfaces.msg import ParameterDescriptor, SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter

from track_common.config import ConfigError, override

ConfigT = TypeVar("ConfigT")


def declare(
    node: Node, config: ConfigT, prefix: str = "", on_change: Callable[[ConfigT], None] | None = None
) -> ConfigT:
    """Declare every setting of ``config`` as a parameter ``prefix + name``; return the config with the overrides in it.

    At run time a change is refused, with the reason, where the setting is fixed at start, where the config as a whole
    would not be valid, or where ``on_change`` raises ConfigError; otherwise ``on_change`` gets the new config.

    Raises:
        ConfigError: an override given at start is not allowed.
    """
    values: dict[str, Any] = {}
    for field in dataclasses.fields(config):  # pyright: ignore[reportArgumentType]
        values[field.name] = _declare_one(node, prefix + field.name, field, getattr(config, field.name))
    held = [override(config, values)]

    def on_set(parameters: list[Parameter]) -> SetParametersResult:
        try:
            held[0] = _changed(held[0], parameters, prefix, on_change)
        except ConfigError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    node.add_on_set_parameters_callback(on_set)
    return held[0]


def _declare_one(node: Node, name: str, field: dataclasses.Field[Any], default: Any) -> Any:
    return _as_setting(node.declare_parameter(name, default, descriptor(field)).value, default)


def _as_setting(value: Any, default: Any) -> Any:
    """``rate:=7`` arrives as an integer where 7.0 is meant; anything else is left for the config to judge."""
    is_whole = isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool)
    return float(value) if is_whole else value


def descriptor(field: dataclasses.Field[Any]) -> ParameterDescriptor:
    """Descriptor with the setting's reason and unit, shown by ``ros2 param describe``.

    Range and read-only are checked by us, so that the refusal names value, bound and unit.
    """
    meta = field.metadata
    text = meta.get("doc", "")
    if meta.get("unit"):
        text += f" [{meta['unit']}]"
    if meta.get("choices"):
        text += f" ({', '.join(meta['choices'])})"
    if not meta.get("runtime", True):
        text += "; fixed at start"
    # dynamic: the config checks the type, its message says what was wanted, and 7 may stand for 7.0
    return ParameterDescriptor(description=text, additional_constraints=_bounds(meta), dynamic_typing=True)


def _bounds(meta: Any) -> str:
    low, high = meta.get("low"), meta.get("high")
    if low is None and high is None:
        return ""
    return f"{'-inf' if low is None else low}..{'inf' if high is None else high}"


def _changed(
    config: ConfigT, parameters: list[Parameter], prefix: str, on_change: Callable[[ConfigT], None] | None
) -> ConfigT:
    fields = {f.name: f for f in dataclasses.fields(config)}  # pyright: ignore[reportArgumentType]
    values: dict[str, Any] = {}
    for parameter in parameters:
        name = parameter.name.removeprefix(prefix)
        if not parameter.name.startswith(prefix) or name not in fields:
            continue
        if not fields[name].metadata.get("runtime", True) and parameter.value != getattr(config, name):
            raise ConfigError(f"{parameter.name} is fixed at start; restart the node with it")
        values[name] = _as_setting(parameter.value, fields[name].default)
    if not values:
        return config
    changed = override(config, values)
    if on_change is not None:
        on_change(changed)
    return changed

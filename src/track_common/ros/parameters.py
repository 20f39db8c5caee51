"""Node parameters from a config dataclass: declared with type, range and unit, checked as a whole before any is taken.

Type, range and read-only stand in the descriptors, where `ros2 param describe` and rqt_reconfigure read them; rclpy
itself refuses what breaks them. What a descriptor cannot say (one-sided bounds, choices, settings that must fit one
another) the config judges.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor, SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter

from track_common.config import ConfigError, override

ConfigT = TypeVar("ConfigT")
SECTIONS = "_declared_sections"  # where a node keeps what was declared for it: it lives as long as the node does


def declare(
    node: Node, config: ConfigT, prefix: str = "", on_change: Callable[[ConfigT], None] | None = None
) -> ConfigT:
    """Declare every setting of ``config`` as a parameter ``prefix + name``; return the config with the overrides in it.

    At the start a number may come as text, as launch files pass what a user typed, and an integer may stand for a
    double. At run time a change is refused, with the reason, where the setting is fixed at start, where type or range
    are broken, where the config as a whole would not be valid, or where ``on_change`` raises; otherwise ``on_change``
    gets the new config. An exception other than ConfigError is a fault of the node's and is logged as an error too, but
    ends no node. ``on_change`` hears nothing of one that is as before: a request whose answer was lost is made again.
    What is set atomically is taken as a whole over all prefixes of a node or not at all: where one ``on_change``
    refuses, those called before get their old config again.

    Args:
        node: it has no parameters of these names yet.
        config: holds the defaults.
        prefix: before every name, with its dot: ``camera.``.
        on_change: takes each changed config, or raises ConfigError.

    Raises:
        ConfigError: an override given at start is not allowed.
    """
    values: dict[str, Any] = {}
    for field in dataclasses.fields(config):  # pyright: ignore[reportArgumentType]
        default = getattr(config, field.name)
        given = node.declare_parameter(prefix + field.name, default, ParameterDescriptor(dynamic_typing=True)).value
        values[field.name] = from_launch(given, default)
    section = _Section(override(config, values), prefix, on_change)
    for field in dataclasses.fields(config):  # pyright: ignore[reportArgumentType]
        _fix_type(node, prefix + field.name, descriptor(field), getattr(section.config, field.name))
    _sections_of(node).add(section)
    return section.config


def declared(node: Node) -> list[tuple[str, Any]]:
    """Prefix and config of every ``declare`` of ``node``, in the order of the calls; empty where there was none."""
    sections = getattr(node, SECTIONS, None)
    return sections.configs() if isinstance(sections, _Sections) else []


def assign(node: Node, **values: Any) -> None:
    """Set parameters of ``node`` from within it, as ``ros2 param set`` would: services and topics that are views of a
    parameter write through this, so that the parameter stays the only owner of the state.

    Raises:
        ConfigError: refused, with the reason; nothing is changed then.
    """
    result = node.set_parameters_atomically([Parameter(name, value=value) for name, value in values.items()])
    if not result.successful:
        raise ConfigError(result.reason)


class _Section(Generic[ConfigT]):
    """One declared config, as it is now."""

    def __init__(self, config: ConfigT, prefix: str, on_change: Callable[[ConfigT], None] | None) -> None:
        self.config, self._prefix, self._on_change = config, prefix, on_change

    def changed(self, parameters: list[Parameter]) -> ConfigT:
        """The config with those of ``parameters`` that are its own; itself where none is. Raises ConfigError."""
        fields = {f.name: f for f in dataclasses.fields(self.config)}  # pyright: ignore[reportArgumentType]
        values: dict[str, Any] = {}
        for parameter in parameters:
            name = parameter.name.removeprefix(self._prefix)
            if not parameter.name.startswith(self._prefix) or name not in fields:
                continue
            values[name] = parameter.value
        return override(self.config, values) if values else self.config

    def value(self, parameter: str) -> Any:
        """What a parameter is now; None for one of another section."""
        is_ours = parameter.startswith(self._prefix)
        return getattr(self.config, parameter.removeprefix(self._prefix), None) if is_ours else None

    @property
    def prefix(self) -> str:
        """What stands before each of its names, with the dot."""
        return self._prefix

    def take(self, config: ConfigT) -> None:
        """Tell the node of another config; it stays the old one where the node raises ConfigError."""
        if self._on_change is not None:
            self._on_change(config)
        self.config = config


class _Sections:
    """All configs of a node, changed together or not at all."""

    def __init__(self, logger: Any) -> None:
        self._sections: list[_Section[Any]] = []
        self._logger = logger

    def add(self, section: _Section[Any]) -> None:
        """One more; the last one added is the first to be told of a change."""
        self._sections.insert(0, section)

    def configs(self) -> list[tuple[str, Any]]:
        """Prefix and config of each section, the first declared first."""
        return [(section.prefix, section.config) for section in reversed(self._sections)]

    def with_doubles(self, parameters: list[Parameter]) -> list[Parameter]:
        """rclpy's callback before it checks types: 7 stands for 7.0 where a double is meant."""
        return [self._as_double(parameter) for parameter in parameters]

    def _as_double(self, parameter: Parameter) -> Parameter:
        is_whole = parameter.type_ == Parameter.Type.INTEGER and self._is_double(parameter.name)
        return Parameter(parameter.name, value=from_launch(parameter.value, 0.0)) if is_whole else parameter

    def _is_double(self, name: str) -> bool:
        return any(isinstance(section.value(name), float) for section in self._sections)

    def on_set(self, parameters: list[Parameter]) -> SetParametersResult:
        """rclpy's callback: judge everything, then take everything."""
        try:
            self._take([(section, section.changed(parameters)) for section in self._sections])
        except ConfigError as error:
            return SetParametersResult(successful=False, reason=str(error))
        except Exception as error:  # noqa: BLE001 - whatever a node's change raises, the node goes on as before
            names = ", ".join(parameter.name for parameter in parameters)
            reason = f"{names} cannot be changed: {type(error).__name__}: {error}"
            self._logger.error(reason)
            return SetParametersResult(successful=False, reason=reason)
        return SetParametersResult(successful=True)

    def _take(self, changes: list[tuple[_Section[Any], Any]]) -> None:
        taken: list[tuple[_Section[Any], Any]] = []
        try:
            for section, config in changes:
                old = section.config
                if config != old:
                    section.take(config)
                    taken.append((section, old))
        except Exception:
            for section, old in reversed(taken):
                self._give_back(section, old)
            raise

    def _give_back(self, section: _Section[Any], old: Any) -> None:
        try:
            section.take(old)
        except Exception as error:  # noqa: BLE001 - the others must get theirs back too
            self._logger.error(f"{type(old).__name__} could not be set back: {type(error).__name__}: {error}")


def _sections_of(node: Node) -> _Sections:
    """The node's own, made and registered with rclpy at the first call."""
    sections = getattr(node, SECTIONS, None)
    if sections is None:
        sections = _Sections(node.get_logger())
        setattr(node, SECTIONS, sections)
        node.add_on_set_parameters_callback(sections.on_set)
        if hasattr(node, "add_pre_set_parameters_callback"):  # Humble has none: there a double must be typed as 7.0
            node.add_pre_set_parameters_callback(sections.with_doubles)
    return sections


def from_launch(value: Any, default: Any) -> Any:
    """A parameter's value at the start, in its default's type where it can be read so; else for the config to judge.

    Launch files pass user input as text, because text is the one type that the official launch never fails on.
    """
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, str) or isinstance(default, str):
        return value
    if isinstance(default, bool):
        return {"true": True, "false": False}.get(value.lower(), value)
    try:
        return type(default)(value)
    except (TypeError, ValueError):
        return value


def _fix_type(node: Node, name: str, description: ParameterDescriptor, value: Any) -> None:
    """Store a sound value in its own type under its final descriptor: no later one can be of another type."""
    parameter = Parameter(name, value=value)
    description.type = parameter.type_.value
    node.set_descriptor(name, description, parameter.get_parameter_value())


def descriptor(field: dataclasses.Field[Any]) -> ParameterDescriptor:
    """Descriptor with the setting's reason, unit and range, shown by ``ros2 param describe`` and rqt_reconfigure.

    A bound on one side is text only: ROS has no range that is open.
    """
    meta = field.metadata
    text = meta.get("doc", "")
    if meta.get("unit"):
        text += f" [{meta['unit']}]"
    if meta.get("choices"):
        text += f" ({', '.join(meta['choices'])})"
    is_fixed = not meta.get("runtime", True)
    if is_fixed:
        text += "; fixed at start"
    made = ParameterDescriptor(description=text, additional_constraints=_bounds(meta), read_only=is_fixed)
    low, high = meta.get("low"), meta.get("high")
    if low is not None and high is not None and isinstance(field.default, float):
        made.floating_point_range = [FloatingPointRange(from_value=float(low), to_value=float(high))]
    elif low is not None and high is not None:
        made.integer_range = [IntegerRange(from_value=int(low), to_value=int(high))]
    return made


def _bounds(meta: Any) -> str:
    low, high = meta.get("low"), meta.get("high")
    if low is None and high is None:
        return ""
    return f"{'-inf' if low is None else low}..{'inf' if high is None else high}"

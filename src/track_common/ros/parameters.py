"""Node parameters from a config dataclass: declared with unit and range, checked as a whole before any is taken."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from rcl_interfaces.msg import ParameterDescriptor, SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter

from track_common.config import ConfigError, override

ConfigT = TypeVar("ConfigT")
SECTIONS = "_declared_sections"  # where a node keeps what was declared for it: it lives as long as the node does


def declare(
    node: Node, config: ConfigT, prefix: str = "", on_change: Callable[[ConfigT], None] | None = None
) -> ConfigT:
    """Declare every setting of ``config`` as a parameter ``prefix + name``; return the config with the overrides in it.

    At run time a change is refused, with the reason, where the setting is fixed at start, where the config as a whole
    would not be valid, or where ``on_change`` raises; otherwise ``on_change`` gets the new config. An exception other
    than ConfigError is a fault of the node's and is logged as an error too, but ends no node. ``on_change`` hears
    nothing of one that is as before: a request whose answer was lost is made again. What is set atomically is taken as
    a whole over all prefixes of a node or not at all: where one ``on_change`` refuses, those called before get their
    old config again.

    Raises:
        ConfigError: an override given at start is not allowed.
    """
    values: dict[str, Any] = {}
    for field in dataclasses.fields(config):  # pyright: ignore[reportArgumentType]
        values[field.name] = _declare_one(node, prefix + field.name, field, getattr(config, field.name))
    section = _Section(override(config, values), prefix, on_change)
    _sections_of(node).add(section)
    return section.config


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
            if not fields[name].metadata.get("runtime", True) and parameter.value != getattr(self.config, name):
                raise ConfigError(f"{parameter.name} is fixed at start; restart the node with it")
            values[name] = _as_setting(parameter.value, fields[name].default)
        return override(self.config, values) if values else self.config

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
    return sections


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

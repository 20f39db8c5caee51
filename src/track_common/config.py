"""Configuration: frozen dataclasses hold the only default; YAML and ROS parameters override them by the same names.

A field made with ``setting`` carries its unit, range, reason and whether it may change while a node runs.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

ConfigT = TypeVar("ConfigT")


MAX_MESSAGE, SHOWN = 2000, 300  # characters of a refusal, and of its beginning and end where it is longer


class ConfigError(ValueError):
    """A value, name or combination of settings that is not allowed; the message names value, bound and remedy.

    A message that repeats a value of any length is one that nobody reads: its middle is left out.
    """

    def __init__(self, message: object = "") -> None:
        text = str(message)
        super().__init__(text if len(text) <= MAX_MESSAGE else f"{text[:SHOWN]} ... {text[-SHOWN:]}")


def setting(
    default: Any,
    doc: str,
    *,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    choices: Iterable[str] = (),
    runtime: bool = True,
) -> Any:
    """Dataclass field with its documentation; ``runtime=False`` refuses changes while a node runs.

    Args:
        default: value of the field; its type is the type of the setting.
        doc: reason, shown by `ros2 param describe` and in the reference.
        unit: SI unit in words, "" where there is none.
        low, high: bounds, both allowed values; None where the range is open.
        choices: the only texts allowed; empty where any text is.
        runtime: whether a node may take another value while it runs.
    """
    metadata = {"doc": doc, "unit": unit, "low": low, "high": high, "choices": tuple(choices), "runtime": runtime}
    return dataclasses.field(default=default, metadata=metadata)


def override(config: ConfigT, values: Mapping[str, Any]) -> ConfigT:
    """Copy of ``config`` with ``values`` in it, checked as a whole.

    Raises:
        ConfigError: unknown name (the nearest one is named), wrong type, value out of range.
    """
    known = [f.name for f in dataclasses.fields(config)]  # pyright: ignore[reportArgumentType]
    for name in values:
        if name not in known:
            raise ConfigError(f"setting '{name}' unknown in {type(config).__name__}; {suggest(name, known)}")
    changed = dataclasses.replace(config, **values)  # pyright: ignore[reportArgumentType, reportType]
    validate(changed)
    return changed


def validate(config: Any) -> None:
    """Check every setting against its type, range and choices, then the config's own ``check`` if it has one.

    Raises:
        ConfigError: naming setting, value and bound.
    """
    for field in dataclasses.fields(config):
        _check_value(field, getattr(config, field.name))
    check = getattr(config, "check", None)
    if check is not None:
        check()


@contextmanager
def refusing(what: str) -> Iterator[None]:
    """Turn any exception of the block into a ConfigError: a loader's failure refuses a change, and ends no node.

    Damaged files raise what their parsers like: RecursionError, SafetensorError, UnicodeDecodeError, MemoryError.

    Args:
        what: the beginning of the message, such as "policy 'trackvla' cannot be loaded".

    Raises:
        ConfigError: with the reason, and the exception's type where its text alone would not say much.
    """
    try:
        yield
    except (ConfigError, OSError) as error:
        raise ConfigError(f"{what}: {error}") from error
    except Exception as error:  # whatever it is
        raise ConfigError(f"{what}: {type(error).__name__}: {error}") from error


def suggest(name: str, known: Iterable[str]) -> str:
    """The end of an error message: the nearest known name, or all of them."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    return (f"did you mean '{near[0]}'? " if near else "") + "known: " + ", ".join(names)


def lookup(kind: str, name: str, known: Mapping[str, ConfigT]) -> ConfigT:
    """The entry ``name`` of a registry.

    Args:
        kind: noun of the entries for the message, such as "tracker".
        name: the name asked for.
        known: the registry.

    Raises:
        ConfigError: naming the kind, what was asked for and what there is.
    """
    if name not in known:
        raise ConfigError(f"{kind} '{name}' unknown; {suggest(name, known)}")
    return known[name]


def _check_value(field: dataclasses.Field[Any], value: Any) -> None:
    meta = field.metadata
    wanted = type(field.default)
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    is_confused = isinstance(value, bool) and wanted is not bool  # True is an int to Python
    if field.default is not dataclasses.MISSING and (is_confused or not isinstance(value, wanted)):
        raise ConfigError(f"{field.name} is {value!r} ({type(value).__name__}); wanted {wanted.__name__}")
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigError(f"{field.name} is {value}; wanted a finite number")
    low, high = meta.get("low"), meta.get("high")
    if (low is not None and value < low) or (high is not None and value > high):
        bound = f"{'-inf' if low is None else low}..{'inf' if high is None else high} {meta.get('unit', '')}".rstrip()
        raise ConfigError(f"{field.name} is {value}; wanted {bound}")
    if meta.get("choices") and value not in meta["choices"]:
        raise ConfigError(f"{field.name} '{value}' unknown; {suggest(str(value), meta['choices'])}")

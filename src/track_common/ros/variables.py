"""Environment variables that keep ROS nodes from starting or from finding one another, with what to type."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from track_common.config import ConfigError

RANGES = ("SUBNET", "LOCALHOST", "SYSTEM_DEFAULT", "OFF")
MAX_DOMAIN = 232  # DDS ports end there
RMW_MARKER = "share/ament_index/resource_index/rmw_typesupport"


def faults(environment: Mapping[str, str], prefixes: str | None = None) -> list[str]:
    """One line for each variable that cannot work: got, wanted, what to type.

    Args:
        environment: as ``os.environ``.
        prefixes: the AMENT_PREFIX_PATH of the processes that are meant; None = that of ``environment``, else of this
            Python.
    """
    isolated = environment.get("ROS_AUTOMATIC_DISCOVERY_RANGE", "").upper()
    lines = refusals(environment, prefixes)
    if isolated == "OFF":
        lines.append(
            "ROS_AUTOMATIC_DISCOVERY_RANGE is OFF: nodes find nobody, not even on this computer; "
            "type `unset ROS_AUTOMATIC_DISCOVERY_RANGE`"
        )
    elif isolated and isolated not in RANGES:
        lines.append(
            f"ROS_AUTOMATIC_DISCOVERY_RANGE is '{isolated}'; wanted {', '.join(RANGES[:-1])}; "
            "type `unset ROS_AUTOMATIC_DISCOVERY_RANGE`"
        )
    if environment.get("ROS_LOCALHOST_ONLY") == "1" and isolated:
        lines.append("ROS_LOCALHOST_ONLY overrides ROS_AUTOMATIC_DISCOVERY_RANGE; type `unset ROS_LOCALHOST_ONLY`")
    return lines


def refusals(environment: Mapping[str, str], prefixes: str | None = None) -> list[str]:
    """Those of ``faults`` with which no node can start."""
    lines: list[str] = []
    domain = environment.get("ROS_DOMAIN_ID", "").strip()
    if domain and not (domain.isdecimal() and int(domain) <= MAX_DOMAIN):
        lines.append(f"ROS_DOMAIN_ID is '{domain}'; wanted a number 0..{MAX_DOMAIN}; type `unset ROS_DOMAIN_ID`")
    middleware = environment.get("RMW_IMPLEMENTATION", "")
    installed = _middlewares(environment.get("AMENT_PREFIX_PATH") or sys.prefix if prefixes is None else prefixes)
    if middleware and installed and middleware not in installed:
        lines.append(
            f"RMW_IMPLEMENTATION is '{middleware}', which is not installed; there is {', '.join(sorted(installed))}; "
            "type `unset RMW_IMPLEMENTATION`"
        )
    return lines


def check_variables(environment: Mapping[str, str]) -> None:
    """Raises ConfigError where no node can start with these variables."""
    lines = refusals(environment)
    if lines:
        raise ConfigError("; ".join(lines))


def _middlewares(prefixes: str) -> set[str]:
    """RMW implementations of the ament index; empty where it cannot be read, as with a ROS of another layout."""
    folders = [Path(prefix) / RMW_MARKER for prefix in prefixes.split(os.pathsep) if prefix]
    names = {path.name for folder in folders if folder.is_dir() for path in folder.iterdir()}
    return names - {"rmw_implementation"}

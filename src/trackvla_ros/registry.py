"""Policies by name: what the ``policy`` parameter, the benchmark and the server may ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from track_common.config import lookup, override
from track_common.interfaces import Policy


@dataclass(frozen=True)
class PolicyEntry:
    """Where a policy lives; imported only when asked for, so that the light ones load no torch.

    Attributes:
        module: Python module.
        policy, config: names of the class and of its settings in it.
        needs_image: whether it looks at pixels (the node then subscribes to the image).
    """

    module: str
    policy: str
    config: str
    needs_image: bool

    def default_config(self) -> Any:
        """Its settings with their defaults."""
        return getattr(import_module(self.module), self.config)()

    def make(self, config: Any) -> Policy:
        """The policy with checked settings."""
        maker: Callable[[Any], Policy] = getattr(import_module(self.module), self.policy)
        return maker(config)


POLICIES: dict[str, PolicyEntry] = {
    "box_servo": PolicyEntry("trackvla_ros.box_servo", "BoxServoPolicy", "BoxServoConfig", needs_image=False),
    "trackvla": PolicyEntry("trackvla_ros.policy", "TrackVlaPolicy", "TrackVlaPolicyConfig", needs_image=True),
    "tvi": PolicyEntry("trackvla_ros.open_vla.policy", "TviPolicy", "TviPolicyConfig", needs_image=True),
}


def make_policy(name: str, params: Mapping[str, Any] | None = None) -> Policy:
    """The policy ``name`` with ``params`` over its defaults.

    Raises:
        ConfigError: unknown name (the known ones are listed), unknown or bad setting.
    """
    entry = lookup("policy", name, POLICIES)
    return entry.make(override(entry.default_config(), params or {}))

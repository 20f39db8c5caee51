"""Policies by name: what the ``policy`` parameter, the benchmark and the server may ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from track_common.config import lookup, override
from track_common.interfaces import Policy
from trackvla_ros.target_watch import TargetWatchConfig
from trackvla_ros.watched_policy import WatchedPolicy


@dataclass(frozen=True)
class PolicyEntry:
    """Where a policy lives; imported only when made, so that the light ones load no torch.

    Attributes:
        policy, config: "module:class"; the config's module imports no torch, nodes declare it at start.
        needs_image: whether it looks at pixels (the node then subscribes to the image).
    """

    policy: str
    config: str
    needs_image: bool

    def default_config(self) -> Any:
        """Its settings with their defaults."""
        return _named(self.config)()

    def make(self, config: Any) -> Policy:
        """The policy with checked settings."""
        return _named(self.policy)(config)


POLICIES: dict[str, PolicyEntry] = {
    "box_servo": PolicyEntry(
        policy="trackvla_ros.box_servo:BoxServoPolicy",
        config="trackvla_ros.box_servo:BoxServoConfig",
        needs_image=False,
    ),
    "trackvla": PolicyEntry(
        policy="trackvla_ros.trackvla:open_policy",
        config="trackvla_ros.policy_config:TrackVlaPolicyConfig",
        needs_image=True,
    ),
    "uni_navid": PolicyEntry(
        policy="trackvla_ros.uni_navid.policy:UniNavidPolicy",
        config="trackvla_ros.uni_navid.config:UniNavidPolicyConfig",
        needs_image=True,
    ),
    "tvi": PolicyEntry(
        policy="trackvla_ros.open_vla.policy:TviPolicy",
        config="trackvla_ros.open_vla.config:TviPolicyConfig",
        needs_image=True,
    ),
    "remote": PolicyEntry(
        policy="trackvla_ros.remote.policy:RemotePolicy",
        config="trackvla_ros.remote.config:RemotePolicyConfig",
        needs_image=True,
    ),
}


def make_policy(name: str, params: Mapping[str, Any] | None = None) -> Policy:
    """The policy ``name`` with ``params`` over its defaults.

    Raises:
        ConfigError: unknown name (the known ones are listed), unknown or bad setting.
    """
    entry = lookup("policy", name, POLICIES)
    return entry.make(override(entry.default_config(), params or {}))


def watched_policy(
    name: str, params: Mapping[str, Any] | None = None, watch: TargetWatchConfig | None = None
) -> Policy:
    """As ``make_policy``; one that looks at images and says only where to go has target and status filled in.

    Raises:
        ConfigError: as ``make_policy``.
    """
    policy = make_policy(name, params)
    return WatchedPolicy(policy, watch) if POLICIES[name].needs_image else policy


def _named(target: str) -> Callable[..., Any]:
    module, name = target.split(":")
    return getattr(import_module(module), name)

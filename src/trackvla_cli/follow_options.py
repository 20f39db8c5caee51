"""What the options of `trackvla bench follow` say, as the benchmark's own settings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from evt_bench.agents import AgentSpec
    from evt_bench.run import BenchConfig
    from evt_bench.world.config import CameraConfig

PARTS = ("policy", "tracker", "controller")


def follow_config(base: str, rules: str, camera: str, speeds: str, together: int) -> BenchConfig:
    """Worlds, episodes and rules.

    Raises:
        typer.BadParameter: an unknown base, or a size or a range of speeds that cannot be read.
        ConfigError: a value out of range.
    """
    from evt_bench.episodes import EpisodeConfig
    from evt_bench.protocol import RULES
    from evt_bench.run import BenchConfig
    from evt_bench.world.base import BASES, BaseConfig
    from evt_bench.world.world import WorldConfig
    from track_common.config import lookup, override

    if base not in BASES:
        raise typer.BadParameter(f"base '{base}'; there are: {', '.join(BASES)}")
    lookup("rules", rules, RULES)
    slow, fast = (float(v) for v in _two(r"([\d.]+)-([\d.]+)", speeds, "--speeds", "0.6-1.1"))
    return BenchConfig(
        world=WorldConfig(base=BaseConfig(kind=base), camera=camera_of(camera)),
        episodes=override(EpisodeConfig(), {"min_speed": slow, "max_speed": fast}),
        rules=rules,
        together=together,
    )


def camera_of(size: str) -> CameraConfig:
    """The benchmark's camera at another size, given as WIDTHxHEIGHT.

    Raises:
        typer.BadParameter: a size that cannot be read.
        ConfigError: a size out of range.
    """
    from evt_bench.world.config import CameraConfig
    from track_common.config import override

    width, height = (int(v) for v in _two(r"(\d+)x(\d+)", size, "--camera", "640x480"))
    return override(CameraConfig(), {"width": width, "height": height})


def agent_of(policy: str, tracker: str, params: dict[str, dict[str, Any]]) -> AgentSpec:
    """The agent; where no tracker is named, ``grounded`` before a policy that takes boxes, none before one that looks.

    Raises:
        typer.BadParameter: settings of something else than ``PARTS``.
        ConfigError: an unknown policy.
    """
    from evt_bench.agents import AgentSpec
    from track_common.config import lookup
    from trackvla_ros.registry import POLICIES

    unknown = set(params) - set(PARTS)
    if unknown:
        raise typer.BadParameter(f"--param {', '.join(sorted(unknown))}; wanted one of {', '.join(PARTS)}")
    needs_image = lookup("policy", policy, POLICIES).needs_image
    return AgentSpec(
        policy,
        tracker or ("none" if needs_image else "grounded"),
        policy_params=params.get("policy", {}),
        tracker_params=params.get("tracker", {}),
        controller_params=params.get("controller", {}),
    )


def _two(pattern: str, text: str, option: str, example: str) -> tuple[str, str]:
    found = re.fullmatch(pattern, text)
    if found is None:
        raise typer.BadParameter(f"{option} is '{text}'; wanted the form {example}")
    return found[1], found[2]

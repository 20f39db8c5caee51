"""What the options of `trackvla bench follow` say, as the benchmark's own settings."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from evt_bench.agents import AgentSpec
    from evt_bench.run import BenchConfig
    from evt_bench.world.config import CameraConfig

PARTS = ("policy", "tracker", "controller")


def follow_config(
    base: str,
    rules: str,
    camera: str,
    speeds: str,
    together: int,
    *,
    profile: str = "go2",
    sentence: str = "right",
    step: float = 0.0,
) -> BenchConfig:
    """Worlds, episodes and rules.

    Args:
        base: one of ``BASES``; rules: "code" or "paper".
        camera: size as WIDTHxHEIGHT; "" is the profile's.
        speeds: of the target as SLOWEST-FASTEST, m/s; "" is the profile's.
        together: episodes of one process in lock-step.
        profile: of ``evt_bench.profiles``; sentence: of ``evt_bench.sentences``.
        step: of world and controller, s; 0 is the world's own.

    Raises:
        typer.BadParameter: an unknown base, or a size or a range of speeds that cannot be read.
        ConfigError: a value out of range, an unknown name.
    """
    from evt_bench.profiles import PROFILES
    from evt_bench.protocol import RULES
    from evt_bench.run import BenchConfig
    from evt_bench.sentences import SENTENCES
    from evt_bench.world.base import BASES, BaseConfig
    from track_common.config import lookup, override

    if base not in BASES:
        raise typer.BadParameter(f"base '{base}'; there are: {', '.join(BASES)}")
    lookup("rules", rules, RULES)
    lookup("sentence", sentence, SENTENCES)
    chosen = lookup("profile", profile, PROFILES)
    lens = camera_of(camera, chosen.world.camera) if camera else chosen.world.camera
    episodes = chosen.episodes
    if speeds:
        slow, fast = (float(v) for v in _two(r"([\d.]+)-([\d.]+)", speeds, "--speeds", "0.6-1.1"))
        episodes = override(episodes, {"min_speed": slow, "max_speed": fast})
    world = replace(chosen.world, base=BaseConfig(kind=base), camera=lens)
    if step:
        world = replace(world, step=override(world.step, {"dt": step}))
    return BenchConfig(world, episodes, rules, sentence, together)


def camera_of(size: str, camera: CameraConfig | None = None) -> CameraConfig:
    """A camera, the benchmark's own where none is given, at another size, written as WIDTHxHEIGHT.

    Raises:
        typer.BadParameter: a size that cannot be read.
        ConfigError: a size out of range.
    """
    from evt_bench.world.config import CameraConfig
    from track_common.config import override

    width, height = (int(v) for v in _two(r"(\d+)x(\d+)", size, "--camera", "640x480"))
    return override(camera or CameraConfig(), {"width": width, "height": height})


def agent_of(policy: str, tracker: str, params: dict[str, dict[str, Any]], profile: str = "go2") -> AgentSpec:
    """The agent; where no tracker is named, ``grounded`` before a policy that takes boxes, none before one that looks.

    Args:
        policy: name in the registry.
        tracker: name in the registry, "" = chosen by the policy.
        params: settings by part: policy, tracker or controller.

    Raises:
        typer.BadParameter: settings of something else than ``PARTS``.
        ConfigError: an unknown policy or profile.
    """
    from evt_bench.agents import AgentSpec
    from evt_bench.profiles import PROFILES
    from track_common.config import lookup
    from trackvla_ros.registry import POLICIES

    unknown = set(params) - set(PARTS)
    if unknown:
        raise typer.BadParameter(f"--param {', '.join(sorted(unknown))}; wanted one of {', '.join(PARTS)}")
    chosen = lookup("profile", profile, PROFILES)
    needs_image = lookup("policy", policy, POLICIES).needs_image
    return AgentSpec(
        policy,
        tracker or ("none" if needs_image else "grounded"),
        delay=chosen.delay,
        policy_params=params.get("policy", {}),
        tracker_params=params.get("tracker", {}),
        controller_params={**chosen.controller, **params.get("controller", {})},
    )


def _two(pattern: str, text: str, option: str, example: str) -> tuple[str, str]:
    found = re.fullmatch(pattern, text)
    if found is None:
        raise typer.BadParameter(f"{option} is '{text}'; wanted the form {example}")
    return found[1], found[2]

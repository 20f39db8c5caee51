"""The figures of the documentation, drawn from the code's own numbers: `python scripts/docs/figures.py`.

Each function draws one SVG of docs/images: the nodes, the frames, where the time goes, and the stop layer.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.hashsalt": "trackvla", "svg.fonttype": "none", "font.family": "sans-serif"})

from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch  # noqa: E402

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
INK, NODE, OTHER, ACCENT = "#37474f", "#b2dfdb", "#eceff1", "#00796b"


def main() -> None:
    """Draw them all."""
    for draw in (architecture, frames, latency, stop_layer):
        _save(draw)


def _save(draw: Callable[[], Any]) -> None:
    figure = draw()
    figure.savefig(IMAGES / f"{draw.__name__}.svg", bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)


def architecture() -> Any:
    """The nodes, and the topics that carry one image to one command."""
    figure, axes = plt.subplots(figsize=(11, 4.4))
    places = {
        "camera": (0.0, 1.0, OTHER),
        "tracker": (2.0, 1.0, NODE),
        "planner": (4.2, 1.0, NODE),
        "controller": (6.6, 1.0, NODE),
        "bridge": (8.8, 1.0, NODE),
        "GO2": (10.8, 1.0, OTHER),
        "operator": (2.0, 2.6, OTHER),
        "LiDAR, odometry": (5.4, -0.6, OTHER),
        "recovery": (5.4, 2.6, NODE),
    }
    for name, (x, y, colour) in places.items():
        _box(axes, x, y, name, colour)
    arrows = [
        ("camera", "tracker", "image"),
        ("tracker", "planner", "box"),
        ("planner", "controller", "trajectory"),
        ("controller", "bridge", "cmd_vel"),
        ("bridge", "GO2", "Move"),
        ("operator", "tracker", "instruction"),
        ("LiDAR, odometry", "planner", "points, odom      "),
        ("LiDAR, odometry", "controller", "      points, odom"),
        ("planner", "recovery", "target_state        "),
        ("recovery", "controller", "                  recovery/cmd_vel"),
    ]
    for start, end, text in arrows:
        _arrow(axes, (places[start][0], places[start][1]), (places[end][0], places[end][1]), text)
    axes.text(8.8, 2.6, "deadman, arm, e_stop", ha="center", va="center", color=ACCENT, fontsize=9)
    _arrow(axes, (8.8, 2.6), (8.8, 1.0), "")
    axes.set(xlim=(-0.9, 11.5), ylim=(-1.0, 3.0))
    axes.axis("off")
    return figure


def frames() -> Any:
    """base_link, camera and LiDAR of a GO2 from the side, by the extrinsics of `go2_bridge.mounts`."""
    from go2_bridge.mounts import MOUNTS

    height = _robot_parameter("controller", "base_height")
    figure, axes = plt.subplots(figsize=(9, 4.6))
    axes.axhline(0.0, color=INK, lw=1)
    axes.add_patch(FancyBboxPatch((-0.35, height - 0.06), 0.70, 0.12, boxstyle="round,pad=0.01", color=OTHER))
    for x in (-0.22, 0.22):
        axes.plot([x, x - 0.06, x], [height - 0.05, 0.15, 0.0], color=INK, lw=2)
    _axes_of(axes, 0.0, height, 0.0, "base_link")
    camera, lidar = MOUNTS["camera"], MOUNTS["l1"]
    _axes_of(axes, camera.x, height + camera.z, -camera.pitch, f"{camera.frame_id}, pitch {camera.pitch:.2f} rad")
    axes.plot(lidar.x, height + lidar.z, "o", color=ACCENT)
    axes.annotate(lidar.frame_id, (lidar.x, height + lidar.z), (0.42, height - 0.09), color=ACCENT, fontsize=9)
    reach = np.array([0.0, 1.4])
    for edge in (-0.64, 0.64):  # rad, half the vertical view of a camera of 640x480 with 90 degrees across
        axes.plot(camera.x + reach, height + camera.z + reach * np.tan(edge - camera.pitch), ":", color=INK, lw=1)
    axes.plot([1.9, 1.9], [0.0, 1.7], color=ACCENT, lw=6, alpha=0.4, solid_capstyle="round")
    axes.annotate("", (1.9, 0.06), (0.0, 0.06), arrowprops={"arrowstyle": "<->", "color": INK})
    axes.text(1.0, -0.14, "standoff, from base_link to the target's axis", ha="center", fontsize=9, color=INK)
    axes.text(-0.5, height / 2, f"base_height {height:g} m", ha="right", va="center", fontsize=9, color=INK)
    axes.annotate("", (-0.46, 0.0), (-0.46, height), arrowprops={"arrowstyle": "<->", "color": INK})
    axes.set(xlim=(-1.3, 2.3), ylim=(-0.2, 1.8), aspect="equal")
    axes.axis("off")
    return figure


def latency() -> Any:
    """Where the time from an image to the base's motion goes, against the limits of the controller."""
    from go2_bridge.config import ControllerConfig

    config = ControllerConfig()
    parts = [("tracker", 0.03), ("policy and link, at most", 0.30), ("wait for the next command", 0.02)]
    parts += [("dead time of the robot", config.dead_time), ("time constant", config.time_constant)]
    figure, axes = plt.subplots(figsize=(9, 2.4))
    start = 0.0
    for index, (name, span) in enumerate(parts):
        axes.barh(0, span, left=start, color=ACCENT, alpha=0.9 - 0.15 * index)
        axes.annotate(f"{name}\n{span:g} s", (start + span / 2, 0.42), rotation=30, fontsize=8, color=INK)
        start += span
    axes.axvline(config.max_age, color="#c62828", ls="--", lw=1)
    limit = f"max_age {config.max_age:g} s: an older image stops the robot"
    axes.text(config.max_age - 0.01, -0.62, limit, color="#c62828", ha="right", fontsize=8)
    axes.set(xlim=(0, 1.0), ylim=(-0.7, 1.5), yticks=[], xlabel="s after the image")
    axes.spines[["top", "left", "right"]].set_visible(False)
    return figure


def stop_layer() -> Any:
    """The fastest steady speed that the stop layer does not slow, by the clearance in front of the footprint."""
    figure, axes = plt.subplots(figsize=(7, 3.2))
    for robot, style in (("go2", "-"), ("sim", "--")):
        config = _controller_of(robot)
        gaps = np.linspace(0.0, 2.5, 51)
        axes.plot(gaps, [_allowed(config, gap) for gap in gaps], style, color=ACCENT, label=f"robot:={robot}")
        axes.axvline(config.stop_margin, color=INK, lw=0.8, ls=":")
    axes.text(0.14, 0.05, "stop_margin", rotation=90, fontsize=8, color=INK)
    axes.set(
        xlabel="clearance in front of the footprint, m", ylabel="allowed speed, m/s", xlim=(0, 2.5), ylim=(0, None)
    )
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    return figure


def _allowed(config: Any, gap: float) -> float:
    """Steady speed (m/s) straight at a wall ``gap`` m before the footprint that the stop layer does not slow."""
    from go2_bridge.safety.stop_zone import FREE, Around, allowed_share
    from track_common.types import VelocityCommand

    across = np.linspace(-0.3, 0.3, 13)
    wall = np.stack([np.full_like(across, 0.5 * config.robot_length + gap), across], axis=1)
    around = Around.standing(wall, np.full(len(wall), config.stop_margin))
    speeds = [VelocityCommand(vx=vx) for vx in np.linspace(0.0, config.max_linear_vel * config.gain_vx, 41)[1:]]
    free = [speed.vx for speed in speeds if allowed_share(speed, around, config, speed) >= FREE]
    return max(free, default=0.0)


def _controller_of(robot: str) -> Any:
    from go2_bridge.config import NEAR_PEOPLE
    from track_common.config import override

    values = _robot_file(robot)["/**/controller"]["ros__parameters"]
    known = {name: value for name, value in values.items() if hasattr(NEAR_PEOPLE, name)}
    return override(NEAR_PEOPLE, known)


def _robot_parameter(node: str, name: str) -> float:
    return _robot_file("go2")[f"/**/{node}"]["ros__parameters"][name]


def _robot_file(robot: str) -> dict[str, Any]:
    import yaml

    path = IMAGES.parents[1] / "config" / "robots" / f"{robot}.yaml"
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _box(axes: Any, x: float, y: float, text: str, colour: str) -> None:
    style = "round,pad=0.08"
    axes.add_patch(FancyBboxPatch((x - 0.6, y - 0.25), 1.2, 0.5, boxstyle=style, fc=colour, ec=INK, lw=0.8, zorder=2))
    axes.text(x, y, text.replace(", ", ",\n"), ha="center", va="center", fontsize=9, color=INK, zorder=3)


def _arrow(axes: Any, start: tuple[float, float], end: tuple[float, float], text: str) -> None:
    shrink = 30.0 if abs(start[1] - end[1]) < 0.1 else 16.0  # points: half a box
    arrow = FancyArrowPatch(
        start, end, arrowstyle="-|>", mutation_scale=10, color=INK, lw=0.9, shrinkA=shrink, shrinkB=shrink
    )
    axes.add_patch(arrow)
    x, y = 0.5 * (start[0] + end[0]), 0.5 * (start[1] + end[1])
    axes.text(x, y + 0.12, text, ha="center", va="bottom", fontsize=8, color=ACCENT)


def _axes_of(axes: Any, x: float, z: float, up: float, name: str) -> None:
    """x (ahead) and z (up) of a frame that is tilted up by ``up`` rad."""
    for angle, letter in ((up, "x"), (up + np.pi / 2, "z")):
        tip = x + 0.22 * np.cos(angle), z + 0.22 * np.sin(angle)
        axes.annotate("", tip, (x, z), arrowprops={"arrowstyle": "-|>", "color": ACCENT, "lw": 1.5})
        axes.text(*tip, letter, color=ACCENT, fontsize=8)
    axes.text(x - 0.03, z + 0.05, name, ha="right", fontsize=9, color=ACCENT)


if __name__ == "__main__":
    main()

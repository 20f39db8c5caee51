"""A picture of a run: who went where, how far the robot kept, how fast it was, how late its commands came."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evt_bench.bag.following import FAR, NEAR, STEP, distances, step_stamps
from evt_bench.bag.fonts import drawable
from evt_bench.bag.latency import stage_delays
from evt_bench.bag.paths import ESTIMATE, Paths, obstacle_points, read_paths
from evt_bench.bag.perception import loss_spans
from evt_bench.bag.recording import Recording
from evt_bench.bag.report import headline
from evt_bench.bag.score import Score
from track_common.types import Array

# Okabe and Ito's colours, told apart with any kind of colour vision
BLUE, ORANGE, GREEN, GREY, BLACK = "#0072B2", "#D55E00", "#009E73", "#8C8C8C", "#222222"
STAGE_COLOURS = {
    "camera_to_box": "#56B4E9",
    "box_to_trajectory": "#E69F00",
    "camera_to_trajectory": "#E69F00",
    "trajectory_to_command": "#CC79A7",
}
SIZE = (14.0, 8.0)  # inches
DPI = 110
LABEL_GAP = 0.5  # m; times written closer together would not be read
MARK_PERIOD = 5.0  # s between the marks that tie the two paths together


def save_plot(recording: Recording, score: Score, path: Path | str) -> None:
    """Write the picture as PNG; parts the bag says nothing about say so."""
    figure = Figure(figsize=SIZE, dpi=DPI, layout="constrained")
    grid = figure.add_gridspec(3, 2, width_ratios=(1.25, 1.0))
    paths = read_paths(recording)
    top, distance = figure.add_subplot(grid[:, 0]), figure.add_subplot(grid[0, 1])
    speed = figure.add_subplot(grid[1, 1], sharex=distance)
    _draw_top_view(top, recording, paths)
    _draw_distance(distance, recording, paths)
    _draw_speed(speed, recording, paths)
    _draw_latency(figure.add_subplot(grid[2, 1]), stage_delays(recording))
    instruction = recording.tracks["instruction"]
    title = f"“{instruction[-1].value}”" if instruction else recording.path.name
    text, families = drawable(f"{_shortened(title)}\n{headline(score)}")
    figure.suptitle(text, fontsize=13, x=0.01, ha="left", family=families, parse_math=False)
    figure.savefig(path)


def _draw_top_view(axes: Axes, recording: Recording, paths: Paths | None) -> None:
    axes.set_title("From above", loc="left")
    if paths is None:
        _say(axes, "no odometry in the bag")
        return
    points = obstacle_points(recording, paths)
    if len(points):
        axes.scatter(*points.T, s=2.0, color="#B8B8B8", linewidths=0.0, label="LiDAR", zorder=1)
    for number, track in enumerate(paths.others.values()):
        label = "other people" if number == 0 else None
        axes.plot(track[:, 1], track[:, 2], ":", color=GREY, linewidth=1.6, label=label, zorder=2)
        axes.plot(*track[-1, 1:], "o", color=GREY, markersize=6, zorder=2)
    estimated = " (estimated)" if paths.source == ESTIMATE else ""
    _draw_path(axes, paths.target[:, 1:], ORANGE, "--", f"target{estimated}")
    _draw_path(axes, paths.robot[:, 1:3], BLUE, "-", "robot")
    _draw_marks(axes, paths)
    axes.set_aspect("equal", adjustable="datalim")
    axes.set(xlabel="x, m", ylabel="y, m")
    axes.grid(color="#E6E6E6")
    axes.set_axisbelow(True)
    axes.legend(loc="best", framealpha=0.9, markerscale=3.0)


def _draw_path(axes: Axes, xy: Array, colour: str, style: str, label: str) -> None:
    if not len(xy):
        return
    axes.plot(*xy.T, style, color=colour, linewidth=2.4, label=label, zorder=4)
    axes.plot(*xy[0], "o", color="white", markeredgecolor=colour, markeredgewidth=2.0, markersize=8, zorder=5)
    axes.plot(*xy[-1], "o", color=colour, markersize=9, zorder=5)


def _draw_marks(axes: Axes, paths: Paths) -> None:
    """Thin lines from robot to target at the same moments, with the time at the robot's end where there is room."""
    start = paths.robot[0, 0]
    stamps = np.arange(start, paths.robot[-1, 0], MARK_PERIOD)
    robot, target = paths.robot_at(stamps)[:, :2], paths.target_at(stamps)
    labelled: list[Array] = []
    for stamp, here, there in zip(stamps, robot, target, strict=True):
        if np.all(np.isfinite([*here, *there])):
            axes.plot(*np.array([here, there]).T, color=BLACK, linewidth=0.6, alpha=0.5, zorder=3)
        if np.all(np.isfinite(here)) and all(np.linalg.norm(here - other) > LABEL_GAP for other in labelled):
            labelled.append(here)
            offset = {"xytext": (4, -12), "textcoords": "offset points"}
            axes.annotate(f"{stamp - start:.0f} s", here, **offset, fontsize=8, color=BLUE, zorder=6)


def _draw_distance(axes: Axes, recording: Recording, paths: Paths | None) -> None:
    axes.set_title("Distance to the target, m", loc="left")
    axes.axhspan(NEAR, FAR, color=GREEN, alpha=0.15, linewidth=0.0, label=f"{NEAR:.0f}–{FAR:.0f} m")
    if paths is None or not len(paths.target):
        _say(axes, "nothing in the bag says where the target is")
        return
    start, stamps = paths.robot[0, 0], step_stamps(paths)
    values = distances(paths, stamps)
    axes.plot(stamps - start, values, color=ORANGE, linewidth=2.0)
    for number, (begin, end) in enumerate(loss_spans(recording)):
        label = "target not seen" if number == 0 else None
        axes.axvspan(begin - start, end - start, color=GREY, alpha=0.35, linewidth=0.0, label=label)
    highest = np.nanmax(values, initial=FAR + 0.5)
    axes.set(xlim=(0.0, stamps[-1] - start + STEP), ylim=(0.0, float(highest) * 1.08), xlabel="time, s")
    axes.legend(loc="best", fontsize=8, framealpha=0.9)


def _draw_speed(axes: Axes, recording: Recording, paths: Paths | None) -> None:
    axes.set_title("Speed, m/s", loc="left")
    commands = recording.tracks["cmd_vel"]
    if paths is None:
        _say(axes, "no odometry in the bag")
        return
    start, stamps = paths.robot[0, 0], step_stamps(paths)
    if commands:
        asked = [np.hypot(sample.value.vx, sample.value.vy) for sample in commands]
        times = np.array([sample.stamp for sample in commands]) - start
        axes.step(times, asked, where="post", color=BLACK, linewidth=0.9, alpha=0.6, label="commanded")
    for track, colour, style, label in (
        (paths.target_at, ORANGE, "--", "target"),
        (paths.robot_at, BLUE, "-", "robot"),
    ):
        speeds = _smooth_speed(track(stamps)[:, :2])
        if np.any(np.isfinite(speeds)):
            axes.plot(stamps - start, speeds, style, color=colour, linewidth=2.0, label=label)
    axes.set(xlim=(0.0, stamps[-1] - start + STEP), xlabel="time, s", ylim=(0.0, axes.get_ylim()[1] * 1.3))
    axes.legend(loc="upper left", fontsize=8, framealpha=0.9, ncols=3)


def _smooth_speed(xy: Array) -> Array:
    """(S,) speed over the half second around each step, m/s."""
    half = 2  # steps of 0.1 s to each side; one step alone is mostly noise
    padded = np.pad(xy, ((half, half), (0, 0)), mode="edge")
    speeds = np.linalg.norm(padded[2 * half :] - padded[: -2 * half], axis=1) / (2 * half * 0.1)
    speeds[:half], speeds[-half:] = np.nan, np.nan
    return speeds


def _draw_latency(axes: Axes, delays: Mapping[str, Array]) -> None:
    axes.set_title("Latency, ms (the slowest 2 % lie to the right)", loc="left")
    total = delays["camera_to_command"] * 1e3
    if not any(len(values) for values in delays.values()):
        _say(axes, "no stage of the flow is in the bag")
        return
    slowest = max(float(np.percentile(values, 98)) * 1e3 for values in delays.values() if len(values))
    bins = np.linspace(0.0, max(slowest, 20.0) * 1.05, 60).tolist()
    for stage, colour in STAGE_COLOURS.items():
        if len(delays[stage]):
            values = delays[stage] * 1e3
            axes.hist(values, bins, color=colour, alpha=0.75, label=_stage_label(stage, values))
    if len(total):
        label = _stage_label("camera_to_command", total)
        axes.hist(total, bins, histtype="step", color=BLACK, linewidth=1.8, label=label)
    axes.set(ylabel="frames", ylim=(0.0, axes.get_ylim()[1] * 1.5))
    axes.legend(loc="upper center", fontsize=8, framealpha=0.9, ncols=2)


def _stage_label(stage: str, values_ms: Array) -> str:
    p50, p99 = np.percentile(values_ms, (50, 99))
    return f"{stage.replace('_to_', ' → ')}: p50 {p50:.0f}, p99 {p99:.0f}"


def _say(axes: Axes, text: str) -> None:
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=GREY)


def _shortened(text: str, length: int = 110) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"

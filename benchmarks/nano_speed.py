"""Time of one frame of the shipped trackvla-nano on one core, exported graphs beside the eager model.

    python benchmarks/nano_speed.py [--frames 200] [--json FILE]

Both policies get the same 640x480 frames at 10 Hz of simulated time, one frame of each by turns, with a full history:
squaring, tower, prompt, language model, head and the answer's conversion are all counted. CPU time of this process
beside the wall clock, as a busy machine lengthens the latter. Needs torch for the eager model (``make setup-models``).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np

from track_common.interfaces import Observation, Policy
from track_common.types import Camera, Frame
from trackvla_ros.exported.graphs import shipped_folder

SENTENCE = "follow the woman in the red shirt and black trousers"
WARM_UP = 15  # frames: the history is full after one second


def main() -> None:
    """Print the table, write it as JSON where asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = measure(options.frames)
    flags = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    forms = " ".join(name for name in ("avx2", "avx512f", "avx512_bf16") if name in flags)
    print(f"{platform.machine()} ({forms}), load {os.getloadavg()[0]:.1f}, n = {options.frames} frames each")
    print(f"{'':10} {'wall p50':>9} {'p99':>7} {'CPU p50':>8}  ms a frame")
    for name, row in rows.items():
        print(f"{name:10} {row['wall_p50']:9.2f} {row['wall_p99']:7.2f} {row['cpu_p50']:8.2f}")
    print(f"eager / exported: {rows['eager']['cpu_p50'] / rows['exported']['cpu_p50']:.2f} (CPU time, p50)")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n")


def measure(frames: int) -> dict[str, dict[str, float]]:
    """Milliseconds by policy: p50 and p99 of the wall clock, p50 of CPU time."""
    import torch

    torch.set_num_threads(1)
    from trackvla_ros.exported.policy import ExportedPolicy
    from trackvla_ros.policy import TrackVlaPolicy
    from trackvla_ros.policy_config import TrackVlaPolicyConfig

    policies: dict[str, Policy] = {
        "exported": ExportedPolicy(TrackVlaPolicyConfig()),
        "eager": TrackVlaPolicy(TrackVlaPolicyConfig(checkpoint=str(shipped_folder()))),
    }
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in policies}
    for policy in policies.values():
        policy.reset(SENTENCE)
    camera, rng = Camera.from_hfov(640, 480, np.pi / 2), np.random.default_rng(0)
    for index in range(frames + WARM_UP):
        frame = Frame(rng.integers(0, 256, (480, 640, 3), dtype=np.uint8), 0.1 * index, camera)
        for name, policy in policies.items():
            spent[name].append(_timed(policy, Observation(frame)))
    return {name: _row(values[WARM_UP:]) for name, values in spent.items()}


def _timed(policy: Policy, observation: Observation) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    policy.infer(observation)
    return 1e3 * (time.perf_counter() - wall), 1e3 * (time.process_time() - cpu)


def _row(values: list[tuple[float, float]]) -> dict[str, Any]:
    wall, cpu = (sorted(column) for column in zip(*values, strict=True))
    return {
        "wall_p50": statistics.median(wall),
        "wall_p99": wall[int(0.99 * (len(wall) - 1))],
        "cpu_p50": statistics.median(cpu),
    }


if __name__ == "__main__":
    main()

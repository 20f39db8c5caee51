"""Memory of a process that tracks with VLT_SCAR, one process an engine: resident now, and the most it ever was.

    python benchmarks/vlt_memory.py [--checkpoint FILE] [--tracker vlt_scar] [--frames 30]

Without a checkpoint the full-size network gets made-up weights. Every engine runs twice, with a cache of its own: the
first OpenVINO run has the graphs written by another process, whose memory is not counted. The goal is 600 MB at most.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ENGINES = ("eager", "folded", "openvino", "openvino-bf16")
GOAL = 600  # MB resident while tracking


def main() -> None:
    """Measure every engine in processes of its own and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--tracker", default="vlt_scar")
    parser.add_argument("--frames", type=int, default=30)
    parser.add_argument("--engine", choices=ENGINES, help="measure this process only, with this engine")
    options = parser.parse_args()
    if options.engine:
        print(*track(options.tracker, options.checkpoint, options.engine, options.frames))
        return
    most = 0
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        file = options.checkpoint or made_up(options.tracker, Path(folder) / "made_up.safetensors")
        for engine in ENGINES:
            for time in ("first", "again"):
                held, peak = _in_own_process(options, engine, file)
                most = max(most, peak)
                print(
                    f"{options.tracker} {engine:14} {time:5}: {held} MB while tracking, {peak} MB at most", flush=True
                )
    print(f"largest {most} MB, goal under {GOAL} MB: {'held' if most < GOAL else 'missed'}")


def made_up(tracker: str, file: Path) -> Path:
    """A full-size checkpoint of the published path."""
    import torch

    from vlt_ros.model import checkpoint, zoo

    torch.manual_seed(0)
    checkpoint.save(zoo.build(tracker), zoo.architecture(tracker).path, file)
    return file


def track(tracker: str, file: Path, engine: str, frames: int) -> tuple[int, int]:
    """Follow something through noise of 640 x 480; what this process holds then and the most it ever held, MB."""
    from track_common.types import Frame
    from vlt_ros.registry import make_tracker

    made = make_tracker(tracker, {"checkpoint": str(file), "engine": engine, "lost_below": 0.0})
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (480, 640, 3), np.uint8) for _ in range(2)]
    made.init(Frame(images[0], 0.0), "a man in a red shirt", np.array([300.0, 200, 360, 320]))
    for number in range(frames):
        made.update(Frame(images[number % 2], 0.1 * (number + 1)))
    held = _status()
    return held["VmRSS"], held["VmHWM"]


def _status() -> dict[str, int]:
    """Memory lines of this process's status file, MB."""
    lines = (line.split() for line in Path("/proc/self/status").read_text().splitlines())
    return {words[0].rstrip(":"): int(words[1]) // 1024 for words in lines if words[-1] == "kB"}


def _in_own_process(options: argparse.Namespace, engine: str, file: Path) -> tuple[int, int]:
    arguments = ["--tracker", options.tracker, "--engine", engine, "--checkpoint", str(file)]
    command = [sys.executable, "-W", "ignore", __file__, *arguments, "--frames", str(options.frames)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return int(answer[0]), int(answer[1])


if __name__ == "__main__":
    main()

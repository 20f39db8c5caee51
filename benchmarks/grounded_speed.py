"""CPU time of a frame of ``grounded``: as it is, and with the whole image searched in every frame; or another checkout.

    python benchmarks/grounded_speed.py [--data DIR] [--frames 60] [--against CHECKOUT/src]

Real frames: every clip of DIR. Simulated ones: episode DT 0 seen by the oracle, 640x480. All forms see the
same frames, one after another in one run; CPU seconds of one thread, which a busy machine lengthens less than the wall
clock. --against adds the same measurement with the packages of another checkout, in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import numpy as np

WHOLE = {"whole_period": 0.0}  # the whole image in every frame


def main() -> None:
    """Print a line a form and a source of frames."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--against", type=Path)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    if options.child:
        stored = np.load(options.child)
        print(json.dumps(times(list(stored["images"]), str(stored["sentence"]), {})))
        return
    print(f"{platform.processor() or platform.machine()}, one thread, CPU ms a frame after the first 20")
    for name, images, sentence in sources(options.data, options.frames):
        now = times(images, sentence, {})
        show(name, "as it is", now, now)
        show(name, "whole image always", times(images, sentence, WHOLE), now)
        if options.against:
            show(name, f"{options.against}", times_of(options.against, images, sentence), now)


def show(name: str, form: str, measured: list[float], now: list[float]) -> None:
    """One line: n, median, 90th percentile, mean, and the median of the present form over this one."""
    p50, p90 = np.percentile(measured, [50, 90])
    ratio = np.median(now) / p50
    print(
        f"{name:16} {form:20} n {len(measured):3}  p50 {p50:6.1f}  p90 {p90:6.1f}  mean {np.mean(measured):6.1f}  "
        f"now / this {ratio:.2f}",
        flush=True,
    )


def times(images: list[np.ndarray], sentence: str, params: dict[str, float]) -> list[float]:
    """CPU ms of each update after the first 20, at 10 frames/s."""
    from track_common.types import Frame
    from vlt_ros.registry import make_tracker

    tracker, spent = make_tracker("grounded", params), []
    for k, rgb in enumerate(images):
        start = time.process_time()
        frame = Frame(rgb, 0.1 * k)
        _ = tracker.init(frame, sentence) if k == 0 else tracker.update(frame)
        spent.append(1e3 * (time.process_time() - start))
    return spent[20:]


def times_of(source: Path, images: list[np.ndarray], sentence: str) -> list[float]:
    """``times`` with the packages below another source folder."""
    with tempfile.NamedTemporaryFile(suffix=".npz") as file:
        np.savez(file, images=np.stack(images), sentence=sentence)
        file.flush()
        environment = {**os.environ, "PYTHONPATH": str(source.resolve())}
        command = [sys.executable, __file__, "--child", file.name]
        answer = subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=1200)
    return json.loads(answer.stdout)


def sources(data: Path | None, frames: int) -> list[tuple[str, list[np.ndarray], str]]:
    """Name, images (H, W, 3) and sentence of every source of frames."""
    from vlt_ros.clips import find_clips, load_clips
    from vlt_ros.video import open_video

    made = [("simulated DT 0", *_simulated(frames))]
    for target in load_clips(find_clips(data)) if data else []:
        if target.is_main:
            made.append((target.clip.name, list(open_video(target.clip).frames())[:frames], target.sentence))
    return made


def _simulated(frames: int) -> tuple[list[np.ndarray], str]:
    from evt_bench.agents import AgentSpec
    from evt_bench.episodes import STEP, draw_episode
    from evt_bench.world.world import World

    episode = draw_episode("DT", 0)
    world, agent, images = World(episode), AgentSpec("oracle").make(), []
    agent.start(world, episode.instruction)
    for _ in range(frames):
        agent.look()
        images.append(world.render().rgb.copy())
        until = world.time + STEP - 1e-6
        while world.time < until:
            world.step(agent.command())
    world.close()
    return images, episode.instruction


if __name__ == "__main__":
    main()

"""How long a frame is under way to a policy server on this machine and back, and how many bytes it has.

    python benchmarks/remote_latency.py [--frames 200] [--film FILE] [--json FILE]

The server is a process of its own that runs ``policy:=box_servo``, which answers in under a millisecond: what is
measured is encoding, the socket, checking and decoding. A network adds its own delay and, for each frame, its bytes
over its rate. Images: a film's, or painted rooms (edges, a little noise), as a RealSense gives them and in the sizes
that models take. Prints the machine, the load and n.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from track_common.interfaces import Observation
from track_common.types import Camera, Frame
from trackvla_ros.remote.config import RemotePolicyConfig
from trackvla_ros.remote.images import encode_jpeg
from trackvla_ros.remote.policy import RemotePolicy

SIZES = ((640, 480), (384, 384), (224, 224))  # px; a camera, the towers of tvi, EVA-CLIP of trackvla
QUALITIES = (60, 80, 95)
STAGES = ("encode", "link", "server_wait", "server_decode", "server_infer")
WARM_UP = 20


def main() -> int:
    """Measure every size and quality, print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--frames", type=int, default=200, help="frames a row")
    parser.add_argument("--film", help="take the images from this file")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    machine = f"{platform.machine()}, {os.cpu_count()} cores, {platform.platform()}"
    print(f"{machine}; load {os.getloadavg()[0]:.1f}; n = {arguments.frames} frames a row; ms as p50 / p99")
    print(f"{'image':>8} {'quality':>7} {'kB':>6} {'round trip':>15} " + " ".join(f"{s:>15}" for s in STAGES))
    images = film(arguments.film) if arguments.film else painted()
    rows = []
    with server() as url:
        for width, height in SIZES:
            frames = [cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA) for rgb in images]
            for quality in QUALITIES:
                rows.append(measure(url, frames, quality, arguments.frames))
                print(row_text(rows[-1]), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps({"machine": machine, "load": os.getloadavg(), "rows": rows}, indent=1))
    return 0


@contextmanager
def server() -> Iterator[str]:
    """The address of a server in a process of its own."""
    words = ["-m", "trackvla_cli.main", "serve", "--policy", "box_servo", "--port", "0"]
    with subprocess.Popen(
        [sys.executable, *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            yield process.stdout.readline().split()[3].rstrip(";") if process.stdout else ""
        finally:
            process.terminate()


def measure(url: str, frames: list[np.ndarray], quality: int, count: int) -> dict[str, float | int | list[float]]:
    """``count`` round trips of these frames, one after another."""
    policy = RemotePolicy(RemotePolicyConfig(url=url, jpeg_quality=quality, deadline=10.0))
    policy.reset("follow her")
    height, width = frames[0].shape[:2]
    camera = Camera.from_hfov(width, height, 1.5)
    taken: dict[str, list[float]] = {stage: [] for stage in STAGES}
    for i in range(WARM_UP + count):
        policy.infer(Observation(Frame(frames[i % len(frames)], 0.1 * i, camera)))
        if i >= WARM_UP:
            for stage, seconds in policy.timings().items():
                taken[stage].append(seconds)
    total = np.sum([taken[stage] for stage in STAGES], axis=0)
    size = float(np.mean([len(encode_jpeg(rgb, quality)) for rgb in frames]))
    figures = {stage: percentiles(np.array(seconds)) for stage, seconds in taken.items()}
    shape = {"width": width, "height": height, "quality": quality, "n": count, "bytes": size}
    return {**shape, "round_trip": percentiles(total), **figures}


def percentiles(seconds: np.ndarray) -> list[float]:
    """p50 and p99 in ms."""
    return [float(v) for v in np.percentile(1e3 * seconds, (50, 99))]


def row_text(row: dict) -> str:
    """One line of the table."""
    times = " ".join(f"{'{:.2f} / {:.2f}'.format(*row[name]):>15}" for name in ("round_trip", *STAGES))
    return f"{row['width']}x{row['height']:<4} {row['quality']:>7} {row['bytes'] / 1e3:>6.1f} {times}"


def film(file: str, count: int = 30) -> list[np.ndarray]:
    """Frames of a film, rgb."""
    capture = cv2.VideoCapture(file)
    read = [capture.read() for _ in range(count)]
    images = [cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB) for is_read, bgr in read if is_read]
    if not images:
        raise SystemExit(f"{file} holds no frames that OpenCV can read")
    return images


def painted() -> list[np.ndarray]:
    """Rooms of boxes with rough surfaces, (480, 640, 3) each."""
    rng = np.random.default_rng(0)
    images = []
    for _ in range(5):
        rgb = np.full((480, 640, 3), 150.0)
        for _ in range(60):
            x, y, w, h = rng.integers((0, 0, 20, 20), (600, 440, 200, 200))
            rgb[y : y + h, x : x + w] = rng.uniform(20, 235, 3)
        images.append(np.clip(rgb + rng.normal(0.0, 4.0, rgb.shape), 0, 255).astype(np.uint8))
    return images


if __name__ == "__main__":
    sys.exit(main())

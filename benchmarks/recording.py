"""What recording costs: the writer's throughput, and the CPU share of the recorder at camera and LiDAR rates.

python benchmarks/recording.py [--seconds 10]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from evt_bench.bag.definitions import DefinitionStore
from evt_bench.bag.images import COMPRESSED, RAW, compress
from evt_bench.bag.reader import BagReader
from evt_bench.bag.writer import BagWriter
from track_common.ros.environment import ros_environment

REPOSITORY = Path(__file__).resolve().parents[1]
FAKE_ROBOT = REPOSITORY / "tests" / "helpers" / "fake_robot.py"
N_IMAGES, N_DIFFERENT = 300, 30


def main() -> None:
    """Print one line of JSON per figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="length of each live run")
    seconds = parser.parse_args().seconds
    for compression in ("none", "zstd"):
        print(json.dumps({"writer": compression, **throughput(compression)}))
    for images in ("raw", "jpeg"):
        for compression in ("none", "zstd"):
            print(json.dumps({"live": images, "chunks": compression, **live(images, compression, seconds)}))


def throughput(compression: str) -> dict[str, float]:
    """Images a second that go into a bag, and bytes of the bag per byte given; the images have camera-like noise."""
    definitions = DefinitionStore()
    raw, jpeg = zip(*(sample_image(definitions, seed) for seed in range(N_DIFFERENT)), strict=True)
    with tempfile.TemporaryDirectory() as folder:
        figures = {}
        for name, kind, data in (("raw", RAW, raw), ("jpeg", COMPRESSED, jpeg)):
            start = time.process_time()
            with BagWriter(Path(folder) / name, compression) as writer:
                writer.add_topic("/image_raw", definitions.get(kind))
                for number in range(N_IMAGES):
                    writer.write("/image_raw", data[number % N_DIFFERENT], number * 33_000_000)
            elapsed = time.process_time() - start
            figures[f"{name}_per_cpu_second"] = round(N_IMAGES / elapsed)
            figures[f"{name}_size_ratio"] = round(writer.file.stat().st_size / (N_IMAGES * len(data[0])), 3)
    start = time.process_time()
    for _ in range(50):
        compress(raw[0], definitions.typestore)
    return {**figures, "jpeg_ms": round((time.process_time() - start) * 20.0, 2), "jpeg_bytes": len(jpeg[0])}


def sample_image(definitions: DefinitionStore, seed: int) -> tuple[bytes, bytes]:
    """A serialized 640x480 rgb8 image, smooth with noise of 3 grey levels, raw and as JPEG."""
    store = definitions.typestore
    v, u = np.mgrid[0:480, 0:640]
    smooth = np.stack([u / 3, v / 2, (u + v) / 5], axis=-1) + np.random.default_rng(seed).normal(
        0.0, 3.0, (480, 640, 3)
    )
    pixels = np.clip(smooth, 0, 255).astype(np.uint8)
    header = store.types["std_msgs/msg/Header"](store.types["builtin_interfaces/msg/Time"](1, 2), "camera")
    raw = bytes(store.serialize_cdr(store.types[RAW](header, 480, 640, "rgb8", 0, 1920, pixels.reshape(-1)), RAW))
    return raw, compress(raw, store)


def live(images: str, compression: str, seconds: float) -> dict[str, float]:
    """CPU share of one core and messages recorded while images (30 Hz, 921 kB) and clouds (15 Hz) are published."""
    environment = ros_environment()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "run"
        settings = [f"output:={folder}", f"images:={images}", f"compression:={compression}"]
        arguments = [word for setting in settings for word in ("-p", setting)]
        command = [sys.executable, "-m", "evt_bench.nodes.recorder_node", "--ros-args", *arguments]
        recorder = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        time.sleep(2.0)  # start-up is not part of the share
        before, start = cpu_seconds(recorder.pid), time.monotonic()
        subprocess.run([sys.executable, str(FAKE_ROBOT), str(seconds)], env=environment, check=True)
        share = (cpu_seconds(recorder.pid) - before) / (time.monotonic() - start)
        recorder.terminate()
        recorder.wait(30)
        counts = {topic: summary.count for topic, summary in BagReader(folder).survey.topics.items()}
        name = "/image_raw" if images == "raw" else "/image_raw/compressed"
        figures = {"images": counts[name], "of": round(30 * seconds), "clouds": counts["/points"]}
        return {**figures, "cpu_share": round(share, 3), "bag_mb": round(folder_megabytes(folder), 1)}


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def folder_megabytes(folder: Path) -> float:
    """Size of all files in it."""
    return sum(file.stat().st_size for file in folder.iterdir()) / 1e6


if __name__ == "__main__":
    main()

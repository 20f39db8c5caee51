"""Writes stills into shards, one scene a shard; what is there already is kept, so that a killed run goes on.

python -m evt_bench.data.record_stills runs/stills --shards 300
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from evt_bench.data.stills import ATTRIBUTES, Still, StillConfig, StillScene
from trackvla_ros.training.shards import encode_images, encode_texts, shard_path, write_shard

SEEDS = 1000  # seeds from 1000 on are for reported figures


def record_stills(folder: Path, shards: range, config: StillConfig | None = None) -> int:
    """Write the shards that are missing; returns how many that were.

    Args:
        folder: made where it does not exist.
        shards: numbers; shard k is scene k // ``SEEDS`` of seed k % ``SEEDS``.
        config: how frames are drawn.
    """
    settings, written = config or StillConfig(), 0
    for number in shards:
        path = shard_path(folder, number)
        if path.exists():
            continue
        scene = StillScene(number % SEEDS, number // SEEDS, settings)
        try:
            stills = [scene.draw() for _ in range(settings.frames)]
        finally:
            scene.close()
        write_shard(path, _arrays(stills), {"attributes": ATTRIBUTES, "seed": number % SEEDS})
        written += 1
    return written


def _arrays(stills: list[Still]) -> dict[str, np.ndarray]:
    return {
        **encode_images([s.image for s in stills]),
        **encode_texts("sentences", [text for s in stills for text in s.sentences]),
        "covered": np.stack([s.covered for s in stills]),
        "people": np.stack([s.people for s in stills]).astype(np.float32),
        "attributes": np.stack([s.attributes for s in stills]),
        "mount": np.stack([s.mount for s in stills]).astype(np.float32),
    }


def main() -> None:
    """Command line of the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shards", type=int, default=300, help="one past the last number")
    parser.add_argument("--first", type=int, default=0, help="first number")
    parser.add_argument("--step", type=int, default=1, help="every so manyth number: several processes share the work")
    options = parser.parse_args()
    record_stills(options.folder, range(options.first, options.shards, options.step))


if __name__ == "__main__":
    main()

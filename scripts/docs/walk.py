"""Which files of src run while one image becomes one command: the count in docs/one_image.md.

`python scripts/docs/walk.py` drives the simulated robot for a second, then watches one image, one point cloud and one
command through `FollowPipeline`, and prints each file with the functions that were called.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path
from types import FrameType
from typing import Any

SRC = Path(__file__).resolve().parents[2] / "src"
STEPS_A_SECOND, STEPS_A_CLOUD, STEPS_AN_IMAGE = 60, 4, 6
NOT_OURS_TO_READ = "evt_bench"  # the world around the robot


def main() -> None:
    """Print the files in the order of their first call."""
    called = watched(*_warm_pipeline())
    for file, functions in called.items():
        print(f"{file}: {', '.join(sorted(functions))}")
    print(f"{len(called)} files")


def watched(pipeline: Any, world: Any) -> dict[str, set[str]]:
    """Functions by file, of one image, one point cloud and one command."""
    called: dict[str, set[str]] = defaultdict(set)

    def note(frame: FrameType, event: str, _argument: Any) -> None:
        path = Path(frame.f_code.co_filename)
        if event == "call" and SRC in path.parents and NOT_OURS_TO_READ not in path.parts:
            called[str(path.relative_to(SRC))].add(frame.f_code.co_name)

    image, odometry, cloud = world.render(), world.odometry(), world.scan()
    sys.setprofile(note)
    pipeline.on_sensors(odometry, cloud)
    pipeline.on_frame(image)
    pipeline.control(image.stamp + 0.02)
    sys.setprofile(None)
    return called


def _warm_pipeline() -> tuple[Any, Any]:
    """Tracker, policy and controller that have followed for a second, and their world."""
    from evt_bench.episodes import draw_episode
    from evt_bench.world.world import World
    from go2_bridge.follower import Follower
    from track_common.pipeline import FollowPipeline
    from track_common.types import VelocityCommand
    from trackvla_ros.registry import make_policy
    from vlt_ros.registry import make_tracker

    world = World(draw_episode("DT", 3))
    pipeline = FollowPipeline(make_tracker("grounded"), make_policy("box_servo"), Follower())
    pipeline.follow(world.episode.instruction)
    for step in range(STEPS_A_SECOND):
        world.step(VelocityCommand(vx=0.3))
        pipeline.on_sensors(world.odometry(), world.scan() if step % STEPS_A_CLOUD == 0 else None)
        if step % STEPS_AN_IMAGE == 0:
            pipeline.on_frame(world.render())
        pipeline.control(world.odometry().stamp)
    return pipeline, world


if __name__ == "__main__":
    main()

"""Pictures of an episode's start: what the robot sees beside the place from above.

python -m evt_bench.world.preview --task DT --seed 3 preview.png
"""

# pyright: reportAttributeAccessIssue=false
# (mujoco is compiled and carries no type stubs)
from __future__ import annotations

import argparse
import math
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from evt_bench.episodes import TASKS, Episode, draw_episode
from evt_bench.world.config import CameraConfig
from evt_bench.world.scene import PEOPLE, ROBOT, STATIC, TARGET, Scene, mujoco
from evt_bench.world.sensors import CameraRenderer
from evt_bench.world.world import World
from track_common.types import Array

TOP_HEIGHT = 9.0  # m above the floor
TOP = CameraConfig(width=640, height=480, hfov_deg=95.0, noise=0.0)
PATH_COLOUR, OTHER_COLOUR = (226, 60, 40), (70, 110, 200)


def preview(world: World) -> NDArray[np.uint8]:
    """RGB (480, 1280, 3): camera on the left, on the right the place from above with everybody's paths."""
    frame, data = world.render(), world.posed()
    view = top_view(world.scene, data, world.episode)
    return np.hstack([cv2.resize(frame.rgb, (TOP.width, TOP.height)), view]).astype(np.uint8)


def top_view(scene: Scene, data: mujoco.MjData, episode: Episode) -> NDArray[np.uint8]:
    """RGB picture from above, without the ceiling; x to the right, y up."""
    look_down = np.eye(4)
    look_down[:3, :3] = [[1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, -1.0]]
    look_down[2, 3] = TOP_HEIGHT
    renderer = CameraRenderer(scene, TOP, (STATIC, PEOPLE, TARGET, ROBOT))
    image = renderer.image(data, look_down)
    renderer.close()
    focal = 0.5 * TOP.width / math.tan(math.radians(0.5 * TOP.hfov_deg))
    for index, path in reversed(list(enumerate(episode.paths))):
        pixels = _on_floor(path, focal).astype(np.int32)
        cv2.polylines(image, [pixels], False, OTHER_COLOUR if index else PATH_COLOUR, 2, cv2.LINE_AA)
    return image


def _on_floor(path: Array, focal: float) -> Array:
    """(H, 2) pixels of points (H, 2) on the floor."""
    scale = focal / TOP_HEIGHT
    return np.stack([0.5 * TOP.width + scale * path[:, 0], 0.5 * TOP.height - scale * path[:, 1]], axis=1)


def main() -> None:
    """Write one picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", choices=TASKS, default="DT")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("out", type=Path, help="picture to write (.png or .jpg)")
    arguments = parser.parse_args()
    world = World(draw_episode(arguments.task, arguments.seed))
    image = preview(world)
    world.close()
    if not cv2.imwrite(str(arguments.out), cv2.cvtColor(image, cv2.COLOR_RGB2BGR)):
        parser.error(f"{arguments.out} cannot be written; name a .png or .jpg in a folder that exists")


if __name__ == "__main__":
    main()

"""The simulator's dressed people as cut-outs: a folder each, a PNG with transparency a side and pose, a sentence.

Made for training small trackers: `python scripts/walking_cutouts.py runs/people --people 240`
"""

# pyright: reportAttributeAccessIssue=false
# (mujoco is compiled and carries no type stubs)
from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("MUJOCO_GL", "egl")  # headless; must be set before mujoco is imported

import cv2
import mujoco
import numpy as np
from numpy.typing import NDArray

from evt_bench.outfits import caption, draw_outfit
from evt_bench.world import figures
from vlt_ros.training.cutouts import trimmed
from vlt_ros.training.photographs import list_photographs, random_part, read_photograph

SIDE = 160  # px of a rendered picture; a person fills most of its height
POSES = 6  # of a stride
VIEWS = (0.0, 50.0, 100.0, 180.0)  # deg the person is turned by, from a random first side
DISTANCE = 14.0  # m from the camera: far, so that perspective is weak
FOVY = 9.5  # deg
PITCHES = (2.0, 38.0)  # deg the camera looks down


def render_person(seed: int, photographs: tuple[Path, ...]) -> tuple[list[NDArray[np.uint8]], str]:
    """RGBA pictures (h, w, 4) of one stride seen from several sides, side after side, and the wearer's sentence."""
    rng = np.random.default_rng([seed, 3])
    sex = str(rng.choice(("woman", "man")))
    names = figures.names(sex)
    figure, outfit = figures.load(names[int(rng.integers(len(names)))]), draw_outfit(sex, rng)
    dressed = figures.dress(figure, outfit, seed)
    texture = _worn(dressed.texture, photographs, rng)
    phases = np.linspace(0, figure.phases, POSES, endpoint=False).astype(int)
    model = _model([dressed.poses[phase] for phase in phases], dressed, texture, rng)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    camera = mujoco.MjvCamera()
    camera.lookat[:], camera.distance = (0.0, 0.0, 0.5 * figure.height), DISTANCE
    first, camera.elevation = float(rng.uniform(0.0, 360.0)), -float(rng.uniform(*PITCHES))
    pictures = []
    with mujoco.Renderer(model, SIDE, SIDE) as renderer:
        for view in VIEWS:
            camera.azimuth = first + view
            pictures += [_picture(renderer, data, camera, pose) for pose in range(POSES)]
    return pictures, caption(outfit)


def _worn(texture: NDArray[np.uint8], photographs: tuple[Path, ...], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Cloth with the light and dark of a photograph in it."""
    if not photographs:
        return texture
    photograph = read_photograph(photographs[int(rng.integers(len(photographs)))])
    grey = random_part(photograph, (texture.shape[1], texture.shape[0]), (0.1, 0.8), rng).mean(axis=2)
    shade = 1.0 + rng.uniform(0.05, 0.3) * (grey - grey.mean()) / max(float(grey.std()), 1.0)
    return np.clip(texture * shade[..., None], 0, 255).astype(np.uint8)


def _model(
    poses: list[NDArray[np.floating]], dressed: figures.Dressed, texture: NDArray[np.uint8], rng: np.random.Generator
) -> mujoco.MjModel:
    """A model with one mesh a pose, each in a geom group of its own, lit from a random side."""
    spec = mujoco.MjSpec()
    spec.visual.global_.fovy = FOVY
    spec.visual.headlight.ambient = [float(rng.uniform(0.3, 0.55))] * 3
    spec.visual.headlight.diffuse = [float(rng.uniform(0.05, 0.3))] * 3
    spec.visual.headlight.specular = [0.0] * 3
    turn, power = rng.uniform(0.0, 2.0 * np.pi), float(rng.uniform(0.1, 0.7))
    spec.worldbody.add_light(
        type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL, dir=[np.cos(turn), np.sin(turn), -1.0], pos=[0, 0, 5],
        diffuse=[power] * 3, castshadow=False,
    )  # fmt: skip
    spec.add_texture(
        name="cloth", type=mujoco.mjtTexture.mjTEXTURE_2D, builtin=mujoco.mjtBuiltin.mjBUILTIN_FLAT,
        width=texture.shape[1], height=texture.shape[0], nchannel=3,
    )  # fmt: skip
    material = spec.add_material(name="cloth", specular=0.05, shininess=0.1, rgba=[1, 1, 1, 1])
    material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = "cloth"
    for pose, vertices in enumerate(poses):
        spec.add_mesh(
            name=str(pose), uservert=vertices.ravel(), userface=dressed.faces.ravel(),
            usertexcoord=dressed.texcoords.ravel(), userfacetexcoord=np.arange(dressed.faces.size),
            inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL,
        )  # fmt: skip
        spec.worldbody.add_geom(
            name=str(pose),
            type=mujoco.mjtGeom.mjGEOM_MESH,
            meshname=str(pose),
            material="cloth",
            contype=0,
            conaffinity=0,
        )
    model = spec.compile()
    model.tex_data[: texture.size] = texture.ravel()
    return model


def _picture(renderer: mujoco.Renderer, data: mujoco.MjData, camera: mujoco.MjvCamera, pose: int) -> NDArray[np.uint8]:
    renderer.model.geom_rgba[:, 3] = 0.0
    renderer.model.geom_rgba[pose, 3] = 1.0
    renderer.update_scene(data, camera)
    pixels = renderer.render()
    renderer.enable_segmentation_rendering()
    mask = renderer.render()[..., 0] == pose
    renderer.disable_segmentation_rendering()
    return trimmed(np.concatenate([pixels, (255 * mask[..., None]).astype(np.uint8)], axis=2))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="folder to write to")
    parser.add_argument("--people", type=int, default=240)
    parser.add_argument("--first", type=int, default=0, help="seed of the first person; below 1000")
    parser.add_argument("--photographs", type=Path, help="folder of pictures that give the cloth light and dark")
    given = parser.parse_args()
    photographs = list_photographs(given.photographs) if given.photographs else ()
    for seed in range(given.first, given.first + given.people):
        pictures, sentence = render_person(seed, photographs)
        folder = given.out / f"person_{seed:04d}"
        folder.mkdir(parents=True, exist_ok=True)
        for index, picture in enumerate(pictures):
            name = f"side{index // POSES}_{index % POSES}.png"
            cv2.imwrite(str(folder / name), cv2.cvtColor(picture, cv2.COLOR_RGBA2BGRA))
        (folder / "sentence.txt").write_text(sentence + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

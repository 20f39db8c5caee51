"""The simulated place and its robot: commands go in, frames, sweeps, odometry and the truth come out.

Time advances only in ``step``. Two worlds of one episode and seed go through the same states, whatever is looked at.
"""

# pyright: reportAttributeAccessIssue=false
# (mujoco is compiled and carries no type stubs)
from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from evt_bench.episodes import Episode
from evt_bench.world.base import Base, BaseConfig, make_base, nominal_height
from evt_bench.world.blur import motion_blurred, shift_in_image
from evt_bench.world.config import CameraConfig, LidarConfig, OdometryConfig, StepConfig
from evt_bench.world.footprints import Footprints
from evt_bench.world.legs import LegsConfig
from evt_bench.world.plant import PlantConfig
from evt_bench.world.scene import build, mujoco, upright
from evt_bench.world.sensors import CameraRenderer, Lidar, TargetView
from evt_bench.world.trunk import base_in_world
from evt_bench.world.truth import PersonState as PersonState
from evt_bench.world.truth import Truth as Truth
from evt_bench.world.walkers import step_walkers
from track_common.config import validate
from track_common.geometry import compose, transform_points
from track_common.types import Array, Camera, Cloud, Frame, Odometry, VelocityCommand

NOISE_MARGIN = 64  # px by which the bank of pixel noise is larger than an image; each frame takes another part of it


@dataclass(frozen=True)
class WorldConfig:
    """All settings of a simulated place."""

    camera: CameraConfig = field(default_factory=CameraConfig)
    lidar: LidarConfig = field(default_factory=LidarConfig)
    odometry: OdometryConfig = field(default_factory=OdometryConfig)
    plant: PlantConfig = field(default_factory=PlantConfig)
    base: BaseConfig = field(default_factory=BaseConfig)
    legs: LegsConfig = field(default_factory=LegsConfig)
    step: StepConfig = field(default_factory=StepConfig)


class World:
    """One episode's place; ``close`` releases the renderer."""

    def __init__(self, episode: Episode, config: WorldConfig | None = None, start_time: float = 0.0) -> None:
        self.config = config or WorldConfig()
        for part in _parts(self.config):
            validate(part)
        self.episode = episode
        self.base_height = nominal_height(
            self.config.base.kind, self.config.legs
        )  # m of base_link above the floor, on the mean
        self.camera: Camera = replace(self.config.camera, z=self.config.camera.z - self.base_height).camera()
        self.footprints: Footprints = episode.plan.footprints
        self._in_the_way: Footprints = episode.plan.low_footprints  # of the robot
        self.time = self._start_time = start_time
        self.people_wait = False  # set it to let everybody stand, as until the robot is ready
        self._steps = 0
        seeds = np.random.SeedSequence([episode.seed, 1]).spawn(5)
        self._people_rng, lidar_rng, self._noise_rng, drift_rng, gait_rng = (np.random.default_rng(s) for s in seeds)
        self.scene = build(episode.plan, episode.people, episode.seed)
        self._data = mujoco.MjData(self.scene.model)
        lidar = replace(self.config.lidar, z=self.config.lidar.z - self.base_height)
        self._lidar = Lidar(self.scene, lidar, lidar_rng)
        self._renderer: CameraRenderer | None = None
        self._base: Base = make_base(self.config.base.kind, self.config.legs, self.config.plant, gait_rng)
        self._robot = np.array(episode.robot_start, float)
        self._dead_reckoned = np.zeros(3)
        signs = np.where(drift_rng.random(2) < 0.5, -1.0, 1.0)
        self._drift = signs * [self.config.odometry.drift, self.config.odometry.yaw_drift]
        self._walkers = episode.walkers()
        self._is_touching = False
        self._base_before: Array | None = None  # (4, 4) of base_link one step ago
        shape = (self.camera.height + NOISE_MARGIN, self.camera.width + NOISE_MARGIN, 3)
        self._noise = np.round(self._noise_rng.normal(0.0, self.config.camera.noise, shape)).astype(np.int16)
        self._is_posed = False
        self._view: TargetView | None = None
        self._truth: Truth | None = None

    def command(self, command: VelocityCommand, given: float | None = None) -> None:
        """Take a command, now or as of a moment ``given`` shortly before (s).

        It takes effect after the robot's dead time and is held for a second.
        """
        self._base.command(command, self.time if given is None else given)

    def step(self, command: VelocityCommand | None = None) -> None:
        """Advance by one step of the configuration, after taking a command where one is given."""
        if command is not None:
            self.command(command)
        self._advance(self.config.step.dt)

    def render(self) -> Frame:
        """What the camera sees now."""
        renderer = self._camera_renderer()
        rgb = renderer.image(self.posed(), self._camera_pose())
        return Frame(self._with_noise(self._blurred(rgb)), self.time, self.camera)

    def blank(self) -> Frame:
        """A black frame of now, for those that look at no image."""
        return Frame(np.zeros((self.camera.height, self.camera.width, 3), np.uint8), self.time, self.camera)

    def look(self) -> tuple[Frame, Array]:
        """What the camera sees now and how far away it is: (H, W) m along the optical axis, from one drawing."""
        rgb, depth = self._camera_renderer().image_and_depth(self.posed(), self._camera_pose())
        return Frame(self._with_noise(self._blurred(rgb)), self.time, self.camera), depth

    def target_view(self, with_share: bool = True) -> TargetView:
        """How much of the target the camera sees now; counted once an instant.

        ``with_share`` draws the target alone as well; without, ``share`` is NaN where nobody has asked for it.
        """
        if self._view is None or (with_share and math.isnan(self._view.share)):
            target = self.scene.person_geoms[0]
            renderer = self._camera_renderer()
            self._view = renderer.target_view(self.posed(), self._camera_pose(), target, with_share)
        return self._view

    def scan(self) -> Cloud:
        """One LiDAR sweep, all of it now."""
        points = self._lidar.sweep(self.posed(), self.T_world_base)
        return Cloud(points, self.time, origin_base=self._lidar.origin_base)

    def odometry(self) -> Odometry:
        """Dead-reckoned pose since the start, drifting where so configured, body velocity, height and attitude."""
        x, y, yaw = (float(v) for v in self._dead_reckoned)
        trunk = self._base.trunk
        return Odometry(self.time, x, y, yaw, *self._base.measured, trunk.height, trunk.roll, trunk.pitch)

    @property
    def T_world_base(self) -> Array:
        """(4, 4) of base_link in the world."""
        return base_in_world(self._robot, self._base.trunk)

    @property
    def T_base_lidar(self) -> Array:
        """(4, 4) of the LiDAR's frame in base_link."""
        return self._lidar.mount

    def truth(self) -> Truth:
        """Everybody's true state; made once an instant."""
        if self._truth is None:
            self._truth = self._make_truth()
        return self._truth

    def outline(self, pose: Array) -> Array:
        """(3, 2) middles of the circles (radius ``robot_radius``) that make up the robot's outline at a pose (3,)."""
        half = self.config.step.robot_half_length
        return transform_points(pose, np.array([[-half, 0.0], [0.0, 0.0], [half, 0.0]]))

    def close(self) -> None:
        """Release what the renderer holds."""
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None

    def _make_truth(self) -> Truth:
        people = tuple(
            PersonState(person.name, np.array([*w.position, w.yaw]), w.velocity, figure.height)
            for person, figure, w in zip(self.episode.people, self.episode.figures(), self._walkers, strict=True)
        )
        circles = self.outline(self._robot)
        gaps = [float(np.hypot(*(circles - p.pose[:2]).T).min()) for p in people]
        step = self.config.step
        return Truth(
            self.time,
            self._robot.copy(),
            self._base.velocity,
            people,
            float(np.hypot(*(people[0].pose[:2] - self._robot[:2]))),
            float(self._in_the_way.nearest(circles)[0].min()) - step.robot_radius,
            min(gaps) - step.robot_radius - step.person_radius,
            self._is_touching,
            self._walkers[0].has_arrived,
            self._base.has_fallen,
        )

    def _advance(self, dt: float) -> None:
        self._base_before = self.T_world_base
        vx, vy, wz = self._base.step(self.time, dt)
        free = compose(self._robot, np.array([vx * dt, vy * dt, wz * dt]))
        moved = self._slide(free)
        self._is_touching = bool(np.hypot(*(moved - free)[:2]) > 1e-4)
        if self._is_touching:
            c, s = math.cos(moved[2]), math.sin(moved[2])
            dx, dy = (moved - self._robot)[:2] / dt
            self._base.stop_at_obstacle(c * dx + s * dy, c * dy - s * dx)
        self._reckon(self._robot, moved)
        self._robot = moved
        if not self.people_wait:
            self._walkers = step_walkers(
                self._walkers, self.outline(self._robot), self.footprints, (self.time, dt), self._people_rng
            )
        self._steps += 1
        self.time = self._start_time + self._steps * self.config.step.dt
        self._is_posed, self._view, self._truth = False, None, None

    def _slide(self, pose: Array) -> Array:
        """The pose pushed out of walls and furniture; what remains of the motion is along them."""
        for _ in range(3):
            circles = self.outline(pose)
            distance, way = self._in_the_way.nearest(circles)
            depth = self.config.step.robot_radius - distance
            worst = int(depth.argmax())
            if depth[worst] <= 0.0:
                break
            pose = pose + np.array([*(depth[worst] * way[worst]), 0.0])
        return pose

    def _reckon(self, before: Array, after: Array) -> None:
        c, s = math.cos(before[2]), math.sin(before[2])
        dx, dy = (after - before)[:2]
        step = np.array([c * dx + s * dy, c * dy - s * dx, after[2] - before[2]])
        step[:2] /= 1.0 + self._base.slip
        length = math.hypot(dx, dy)
        drift = np.array([self._drift[0] * length, 0.5 * self._drift[0] * length, self._drift[1] * length])
        step[2] = math.remainder(step[2], 2.0 * math.pi)
        self._dead_reckoned = compose(self._dead_reckoned, step + drift)

    def posed(self) -> mujoco.MjData:
        """MuJoCo's data with everybody where they are now."""
        if self._is_posed:
            return self._data
        scene, data = self.scene, self._data
        figures = self.episode.figures()
        for index, (walker, figure) in enumerate(zip(self._walkers, figures, strict=True)):
            mocap = scene.person_mocaps[index]
            data.mocap_pos[mocap] = (*walker.position, 0.0)
            data.mocap_quat[mocap] = upright(walker.yaw)
            scene.show_pose(index, figure.pose_at(walker.walked, walker.is_walking))
        data.mocap_pos[scene.robot_mocap] = (*self._robot[:2], 0.0)
        data.mocap_quat[scene.robot_mocap] = upright(self._robot[2])
        mujoco.mj_kinematics(scene.model, data)
        mujoco.mj_camlight(scene.model, data)
        self._is_posed = True
        return data

    def _camera_renderer(self) -> CameraRenderer:
        if self._renderer is None:
            self._renderer = CameraRenderer(self.scene, self.config.camera)
        return self._renderer

    def _camera_pose(self) -> Array:
        return self.T_world_base @ self.camera.T_base_camera

    def _blurred(self, rgb: np.ndarray) -> np.ndarray:
        exposure, dt = self.config.camera.exposure, self.config.step.dt
        if exposure <= 0.0 or self._base_before is None:
            return rgb
        before = self._base_before @ self.camera.T_base_camera
        return motion_blurred(rgb, shift_in_image(before, self._camera_pose(), dt, exposure, self.camera.fx))

    def _with_noise(self, rgb: np.ndarray) -> np.ndarray:
        if self.config.camera.noise <= 0.0:
            return rgb
        x, y = self._noise_rng.integers(0, NOISE_MARGIN, 2)
        noise = self._noise[y : y + self.camera.height, x : x + self.camera.width]
        return np.clip(rgb + noise, 0, 255).astype(np.uint8)


def _parts(config: WorldConfig) -> tuple[Any, ...]:
    """Every part of the settings that is checked by itself."""
    return config.camera, config.lidar, config.odometry, config.plant, config.base, config.legs, config.step

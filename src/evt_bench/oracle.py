"""The agent that knows where the target is: about the best that rules, place and plant allow."""

from __future__ import annotations

import math

import numpy as np

from evt_bench.world.walkers import STANDING
from evt_bench.world.world import World
from track_common.geometry import arc_lengths, point_at, wrap_angle
from track_common.types import Array, Sighting, VelocityCommand

STANDOFF = 1.8  # m the oracle keeps
RETREAT = 1.35  # m at which it backs away
HIDDEN_STANDOFF, HIDDEN_RETREAT = 1.25, 1.1  # m, the same while a corner hides the target: it has to look round it
WAY_ROOM, SIGHT_ROOM = 0.35, 0.03  # m from furniture of a line the robot can go, and of one it can see along
ROOM = 0.15  # m from its outline at which the oracle is pushed off furniture
MAX_SPEED, MAX_RETREAT, MAX_TURN = 1.6, 0.8, 2.0  # m/s, m/s, rad/s of the oracle


class Oracle:
    """Knows where the target is: straight there, or in its footsteps where something is between.

    About the best that rules, place and plant allow.
    """

    def start(self, world: World, instruction: str) -> None:
        """The trail begins at the robot."""
        truth = world.truth()
        self._world = world
        self._trail = [truth.robot[:2].copy(), truth.people[0].pose[:2].copy()]
        self._passed = 0.0  # m of the trail behind the robot
        self._is_hidden = False

    def look(self) -> Sighting | None:
        """Needs no camera."""
        return None

    def command(self) -> VelocityCommand:
        """Along the trail at the target's pace, turned towards it; backwards where it comes near."""
        truth = self._world.truth()
        robot, target = truth.robot, truth.people[0]
        if np.hypot(*(target.pose[:2] - self._trail[-1])) > 0.1:
            self._trail.append(target.pose[:2].copy())
        if self._world.footprints.is_clear(robot[:2], target.pose[:2], WAY_ROOM):
            self._trail, self._passed = [robot[:2].copy(), target.pose[:2].copy()], 0.0
        way = target.pose[:2] - robot[:2]
        self._is_hidden = not self._world.footprints.is_clear(robot[:2], target.pose[:2], SIGHT_ROOM)
        is_near = float(np.hypot(*way)) < (HIDDEN_RETREAT if self._is_hidden else RETREAT)
        velocity = self._retreat(way, target.velocity) if is_near else self._advance(robot, target.pose)
        turn = float(wrap_angle(math.atan2(way[1], way[0]) - robot[2]))
        return self._driven(robot[2], velocity, 3.0 * turn)

    def _advance(self, robot: Array, target: Array) -> Array:
        """(2,) velocity over the floor towards a carrot on the trail."""
        trail = np.array([*self._trail, target[:2]])
        lengths = arc_lengths(trail)
        ahead = np.arange(self._passed, min(self._passed + 1.5, float(lengths[-1])), 0.05)
        if len(ahead):
            x, y = (np.interp(ahead, lengths, trail[:, k]) - robot[k] for k in (0, 1))
            self._passed = float(ahead[int(np.argmin(np.hypot(x, y)))])
        left = float(lengths[-1]) - self._passed - (HIDDEN_STANDOFF if self._is_hidden else STANDOFF)
        if left <= 0.0:
            return np.zeros(2)
        carrot = point_at(trail, min(self._passed + 0.4, float(lengths[-1]))) - robot[:2]
        pace = self._world.episode.speeds[0] if self._is_walking() else 0.0
        speed = min(MAX_SPEED, pace * min(1.0, 2.0 * left) + 1.2 * left)
        return speed * carrot / max(float(np.hypot(*carrot)), 1e-3) + self._keep_off(robot)

    def _keep_off(self, robot: Array) -> Array:
        """(2,) push away from walls and furniture next to the robot's outline."""
        circles = self._world.outline(robot)
        distance, way = self._world.footprints.nearest(circles)
        room = distance - self._world.config.step.robot_radius
        worst = int(room.argmin())
        return max(0.0, 1.0 - float(room[worst]) / ROOM) * 0.8 * way[worst]

    def _is_walking(self) -> bool:
        return bool(np.hypot(*self._world.truth().people[0].velocity) > STANDING)

    def _retreat(self, way: Array, target_velocity: Array) -> Array:
        """(2,) away from the target, sideways where it comes straight on or something stands behind."""
        distance = float(np.hypot(*way))
        away = -way / max(distance, 1e-3)
        world = self._world
        gap, out = world.footprints.nearest((world.truth().robot[:2] + 0.45 * away)[None])
        if gap[0] < 0.45:
            away = away + 1.2 * out[0]
        side = np.array([-target_velocity[1], target_velocity[0]])
        closing = float(np.dot(target_velocity, -way)) / max(distance, 1e-3)
        if closing > 0.2 and np.hypot(*side) > 0.0:
            side = side / np.hypot(*side)
            away = away + 0.8 * side * (1.0 if np.dot(side, -way) >= 0.0 else -1.0)
        speed = min(MAX_RETREAT, 2.0 * (RETREAT - distance) + max(0.0, closing))
        return speed * away / max(float(np.hypot(*away)), 1e-3)

    def _driven(self, yaw: float, velocity: Array, turn: float) -> VelocityCommand:
        """Floor velocity and turn rate as the command that makes up for the plant's gains."""
        plant = self._world.config.plant
        c, s = math.cos(yaw), math.sin(yaw)
        vx, vy = c * velocity[0] + s * velocity[1], c * velocity[1] - s * velocity[0]
        wz = min(max(turn, -MAX_TURN), MAX_TURN)
        return VelocityCommand(vx / plant.gain_vx, vy / plant.gain_vy, wz / plant.gain_wz)

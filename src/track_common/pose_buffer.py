"""Recent odometry, so that what was seen at an image stamp can be placed in odom."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import deque

import numpy as np

from track_common.geometry import compose, interpolate_pose, relative, transform_cloud
from track_common.types import Array, Odometry

MAX_SPEED = 6.0  # m/s; a GO2 reaches 3.8 (sport API), faster between two messages is a jump
JUMP_SLACK = 0.25  # m; odometry noise and late messages
CLOCK_RESET = 1.0  # s; a stamp this far back is a restarted clock, less is a message out of order


def is_jump(before: Odometry, after: Odometry) -> bool:
    """True where no robot can have gone from one position (m, in odom) to the other in the time between them."""
    distance = math.hypot(after.x - before.x, after.y - before.y)
    return distance > MAX_SPEED * max(after.stamp - before.stamp, 0.0) + JUMP_SLACK


class PoseBuffer:
    """Poses of base_link in odom by stamp, kept for ``duration`` seconds."""

    def __init__(self, duration: float = 3.0) -> None:
        self._duration = duration
        self._odometry: deque[Odometry] = deque()

    @property
    def newest(self) -> Odometry | None:
        """The last odometry taken in, or None."""
        return self._odometry[-1] if self._odometry else None

    def push(self, odometry: Odometry) -> bool:
        """Take one message in; returns False where it broke the chain and the past was dropped.

        A jump in place or a clock that fell back by more than a second empties the buffer first. NaN raises ValueError;
        a message slightly out of order is ignored.
        """
        values = (odometry.stamp, odometry.x, odometry.y, odometry.yaw, odometry.vx, odometry.vy, odometry.wz)
        values += (odometry.z, odometry.roll, odometry.pitch)
        if not np.all(np.isfinite(values)):
            raise ValueError(f"odometry has a value that is not finite: {odometry}")
        is_broken = self._is_jump(odometry)
        if is_broken:
            self._odometry.clear()
        elif self._odometry and odometry.stamp <= self._odometry[-1].stamp:
            return True
        self._odometry.append(odometry)
        while odometry.stamp - self._odometry[0].stamp > self._duration:
            self._odometry.popleft()
        return not is_broken

    def pose_at(self, stamp: float, slack: float = 0.1) -> Array | None:
        """(3,) pose at ``stamp``, interpolated; held for ``slack`` s past the newest; None outside the buffer."""
        if not self._odometry:
            return None
        first, last = self._odometry[0], self._odometry[-1]
        if stamp < first.stamp or stamp > last.stamp + slack:
            return None
        if stamp >= last.stamp:
            return last.pose
        index = bisect_right(self._odometry, stamp, key=lambda o: o.stamp)
        before, after = self._odometry[index - 1], self._odometry[index]
        return interpolate_pose(before.pose, after.pose, (stamp - before.stamp) / (after.stamp - before.stamp))

    def lean_at(self, stamp: float, slack: float = 0.1) -> tuple[float, float] | None:
        """Roll and pitch (rad) at ``stamp``, interpolated; as ``pose_at`` outside the buffer."""
        if not self._odometry or stamp < self._odometry[0].stamp or stamp > self._odometry[-1].stamp + slack:
            return None
        index = bisect_right(self._odometry, stamp, key=lambda o: o.stamp)
        before, after = self._odometry[index - 1], self._odometry[min(index, len(self._odometry) - 1)]
        share = (stamp - before.stamp) / max(after.stamp - before.stamp, 1e-9) if after is not before else 0.0
        return before.roll + share * (after.roll - before.roll), before.pitch + share * (after.pitch - before.pitch)

    def carried(self, points_base: Array, since: float, until: float) -> Array | None:
        """(N, 3) points of base_link at ``since`` in base_link at ``until`` (s); None where a pose is not known.

        Args:
            points_base: (N, 3) in base_link at ``since``, m.
            since, until: stamps on the clock of the odometry, s.
        """
        if since == until:
            return np.asarray(points_base, float)
        before, now = self.pose_at(since), self.pose_at(until)
        if before is None or now is None:
            return None
        return transform_cloud(relative(now, before), np.asarray(points_base, float))

    def course(self, stamps: Array, slack: float = 0.1) -> Array | None:
        """(K, 3) poses at ``stamps`` (K,); up to ``slack`` s past the newest the robot goes on at its last velocity.

        None where a stamp lies outside.
        """
        newest = self.newest
        poses = [self.pose_at(float(stamp), slack) for stamp in stamps]
        if newest is None or any(pose is None for pose in poses):
            return None
        after = np.maximum(stamps - newest.stamp, 0.0)[:, None] * [newest.vx, newest.vy, newest.wz]
        return compose(np.array(poses), after)

    def leans(self, stamps: Array, slack: float = 0.1) -> Array | None:
        """(K, 2) roll and pitch (rad) at ``stamps`` (K,), held for ``slack`` s past the newest.

        None where a stamp lies outside.
        """
        leans = [self.lean_at(float(stamp), slack) for stamp in stamps]
        return None if any(lean is None for lean in leans) else np.array(leans)

    def _is_jump(self, odometry: Odometry) -> bool:
        if not self._odometry:
            return False
        last = self._odometry[-1]
        elapsed = odometry.stamp - last.stamp
        if elapsed < -CLOCK_RESET or elapsed > self._duration:
            return True
        return is_jump(last, odometry)

"""People on the move in the LiDAR's returns: small things that change their place steadily.

A LiDAR below the knee sees legs, an obstacle two hands wide; the body round them sways and swings its arms. So what
walks is taken as a disc of a body's size, where it will be. Small things that have not always stood there are followed
from sweep to sweep (nearest neighbour). One counts as walking when for three sweeps it has been where the floor was
free before: that tells who shuffles, and who comes round a corner within a fifth of a second. Where no floor had been
seen it counts once two halves of its latest course agree and it has left the place where that began.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from go2_bridge.control.background import Background
from go2_bridge.control.obstacles import thinned
from go2_bridge.safety.returns import Returns
from track_common.types import Array

RANGE = 3.0  # m; farther off returns are too thin to tell one thing from two
LINK = 0.3  # m; returns nearer than this belong together: the gap between two legs
MIN_POINTS, MAX_SIZE = 3, 0.7  # returns; m: a pair of legs in full stride
GATE = 0.45  # m; a walker's step between two sweeps at 15 Hz is 0.1 m
COURSE = 1.2  # s of course looked at; what wanders less steadily is the end of a wall seen from the side
MIN_COURSE, MIN_WALK = 0.5, 0.25  # s and m of it that say enough
PACE, LATE = 0.6, 0.28  # s of course whose mean is the velocity, and the late velocity
MIN_SPEED, MAX_SPEED = 0.32, 2.5  # m/s of each half of the course
LEFT = 0.15  # m round where its course began that are empty now; of a wall that comes into view the first part stays
MEMORY = 0.4  # s a thing is kept unseen
MERGED = 1.0  # s for which somebody is followed who cannot be told from what they stand beside
SPLIT, HELD = 0.5, 1.0  # m and s: what comes apart from a person is one too, unless nothing confirms it for so long
CAME, SWEEPS = 0.6, 3  # share of its returns that are where the floor was free, and sweeps in a row that say enough
SKIN = 0.05  # m from the returns to the middle of the legs: measured in simulation, .055 m at any distance and bearing
RETURN = 1.5  # s in which somebody who was hidden is known again
BODY = 0.25  # m; radius of a person with swinging arms
OUTLINE = BODY * np.array([[math.cos(a), math.sin(a)] for a in np.linspace(0.0, 2.0 * math.pi, 16, endpoint=False)])
STILL = 5.0  # s for which who walked and stands now is still taken for a person


@dataclass(frozen=True, eq=False)
class Mover:
    """Somebody walking, in odom.

    Attributes:
        position: (2,) m at ``stamp``.
        velocity: (2,) m/s, steady: over a stride.
        stamp: s.
        course: (K, 2) m, where it was.
        late_velocity: (2,) m/s over the last moment; rough, but first to tell who starts, stops or turns round.
    """

    position: Array
    velocity: Array
    stamp: float
    course: Array
    late_velocity: Array

    def at(self, stamp: float) -> Array:
        """(2,) where it is expected at ``stamp``."""
        return self.position + self.velocity * (stamp - self.stamp)


@dataclass(eq=False)
class _Thing:
    course: deque[tuple[float, Array]] = field(default_factory=deque)  # stamp, position (2,)
    walked: float = -np.inf  # stamp at which it last walked
    found: float = -np.inf  # stamp at which it last was a thing of its own
    came: int = 0  # sweeps in a row in which it was where the floor had been free

    def move(self, stamp: float, position: Array, has_come: bool, returns: Array) -> None:
        """Is at ``position`` (2,), come to where the floor was free or not, in a sweep of ``returns`` (N, 2)."""
        self.found = stamp
        self._append(stamp, position)
        self.came = self.came + 1 if has_come else 0
        has_left = self._is_walking() and np.min(np.hypot(*(returns - self.course[0][1]).T)) > LEFT
        if self.came >= SWEEPS or has_left:
            self.walked = stamp

    def stay(self, stamp: float, expected: Array, lidar: Array, returns: Array) -> None:
        """Not seen as a thing of its own: still there as long as something is where it is expected (2,)."""
        theirs = returns[np.hypot(*(returns - expected).T) < BODY]
        if len(theirs) >= MIN_POINTS:
            self._append(stamp, _behind(theirs.mean(axis=0), lidar))

    @property
    def last(self) -> tuple[float, Array]:
        return self.course[-1]

    def velocity(self, span: float = PACE) -> Array:
        """(2,) m/s, mean of the last ``span`` s; zero where half of ``MIN_COURSE`` or ``span`` is not known yet."""
        end, last = self.course[-1]
        begin, first = next(seen for seen in self.course if end - seen[0] <= span)
        is_known = end - begin >= 0.5 * min(MIN_COURSE, span)
        return (last - first) / (end - begin) if is_known else np.zeros(2)

    def mover(self) -> Mover:
        stamp, place = self.last
        return Mover(place, self.velocity(), stamp, np.array([p for _, p in self.course]), self.velocity(LATE))

    def expected(self, stamp: float) -> Array:
        seen, place = self.last
        return place + self.velocity() * min(stamp - seen, MEMORY)

    def is_person(self, stamp: float) -> bool:
        return stamp - self.walked < STILL

    def is_remembered(self, stamp: float) -> bool:
        return stamp - self.last[0] < (RETURN if self.is_person(stamp) else MEMORY)

    def _append(self, stamp: float, position: Array) -> None:
        self.course.append((stamp, position))
        while stamp - self.course[0][0] > COURSE:
            self.course.popleft()

    def _is_walking(self) -> bool:
        (begin, first), (end, last) = self.course[0], self.course[-1]
        if end - begin < MIN_COURSE or np.linalg.norm(last - first) < MIN_WALK:
            return False
        time, middle = min(self.course, key=lambda seen: abs(seen[0] - 0.5 * (begin + end)))
        if not begin < time < end:
            return False
        early, late = (middle - first) / (time - begin), (last - middle) / (end - time)
        slow, fast = sorted((float(np.linalg.norm(early)), float(np.linalg.norm(late))))
        return slow > MIN_SPEED and fast < MAX_SPEED and float(early @ late) > 0.5 * slow * fast


class MoverTracker:
    """Follows small things from sweep to sweep in odom."""

    def __init__(self) -> None:
        self.standing = np.zeros((0, 2))  # (N, 2) m in odom, returns of the newest sweep of what is no person
        self._things: list[_Thing] = []
        self._background = Background()

    def on_sweep(self, returns_odom: Returns, lidar: Array, stamp: float) -> None:
        """Take one sweep in odom, seen from where the LiDAR is, (2,)."""
        near = returns_odom.within(RANGE, lidar)
        people = [thing.expected(stamp) for thing in self._things if thing.is_person(stamp)]
        is_old, has_come = self._background.on_sweep(near, np.array(people).reshape(-1, 2), stamp)
        self.standing, new, come = near.solid[is_old], near.solid[~is_old], has_come[~is_old]
        middles = small_things(new)
        places = [_behind(middle, lidar) for middle in middles]
        free = list(range(len(places)))
        for thing in sorted(self._things, key=lambda thing: -len(thing.course)):
            expected = thing.expected(stamp)
            gaps = [float(np.hypot(*(places[index] - expected))) for index in free]
            if gaps and min(gaps) < GATE:
                taken = free.pop(int(np.argmin(gaps)))
                theirs = come[np.hypot(*(new - middles[taken]).T) < BODY]
                thing.move(stamp, places[taken], bool(len(theirs) and theirs.mean() >= CAME), near.solid)
            elif thing.is_person(stamp) and stamp - thing.found < MERGED:
                thing.stay(stamp, expected, lidar, near.solid)
        self._things = [thing for thing in self._things if thing.is_remembered(stamp)]
        people = [thing.last[1] for thing in self._people(stamp)]
        for place in [places[index] for index in free]:
            is_split = any(np.hypot(*(place - person)) < SPLIT for person in people)
            self._things.append(_Thing(deque([(stamp, place)]), stamp - STILL + HELD if is_split else -np.inf))

    def movers(self, stamp: float) -> list[Mover]:
        """Everybody who walks, or walked a moment ago."""
        return [thing.mover() for thing in self._people(stamp)]

    def _people(self, stamp: float) -> list[_Thing]:
        return [thing for thing in self._things if thing.is_person(stamp) and stamp - thing.last[0] < MEMORY]


def small_things(points: Array) -> list[Array]:
    """(2,) middles of groups of returns (N, 2) no larger than somebody's stride."""
    points = thinned(points)
    if len(points) < MIN_POINTS:
        return []
    pairs = KDTree(points).query_pairs(LINK, output_type="ndarray")
    links = coo_array((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(len(points), len(points)))
    count, group = connected_components(links, directed=False)
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(count))
    low, high = np.minimum.reduceat(points[order], starts), np.maximum.reduceat(points[order], starts)
    sizes = np.diff(np.append(starts, len(points)))
    is_small = (sizes >= MIN_POINTS) & (np.hypot(*(high - low).T) < MAX_SIZE)
    return list(0.5 * (low + high)[is_small])


def _behind(place: Array, lidar: Array) -> Array:
    """(2,) the middle of legs whose near side returned a place (2,)."""
    off = place - lidar
    return place + SKIN * off / max(float(np.hypot(*off)), SKIN)

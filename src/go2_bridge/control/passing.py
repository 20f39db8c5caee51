"""Where the robot on its way would meet those who walk, and on which side it passes them.

Who will have gone by then is not in the way. Of the others a band must know more than their bodies: their course is
told only roughly, and a band that may change sides with it swerves. So each gets a fence on the side not taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from go2_bridge.config import ControllerConfig
from go2_bridge.control.elastic_band import sampled
from go2_bridge.control.movers import BODY, OUTLINE, Mover
from go2_bridge.safety.stop_zone import to_footprint
from track_common.geometry import arc_lengths
from track_common.types import Array, VelocityCommand

HORIZON, STEP = 2.0, 0.1  # s looked ahead; farther on nobody's course can be told, and between two looks
MIN_PACE = 0.3  # m/s; a robot that is only setting off will be faster in a moment
FENCE = 0.8  # m beside the body
SIDE_KEPT = 0.6  # s without a meeting after which somebody may be passed on either side again
MANNERS, STEP_AWAY = 0.25, 0.4  # m between hull and body from which the robot steps away, and how fast, m/s
CLOSING_IN = 0.8  # m/s at which the robot may still come nearer where it begins to step away; none where it touches
BACKWARDS = 0.15  # m/s of it where it leads where nobody looks
SETTING_OUT = 0.2  # m/s; a slower robot has no pace to keep by a step to the side
PACES, SIDES, TURNS = (1.0, 0.8, 0.6, 0.4), (-0.45, -0.3, -0.15, 0.15, 0.3, 0.45), (1.0, 0.4)  # shares, m/s, shares
STEPS = np.array(list(product(PACES, SIDES, TURNS)))  # (K, 3) steps to the side that are tried
SAME = 0.5  # m; two walkers nearer than this, the one seen before, are one


@dataclass(frozen=True, eq=False)
class Meeting:
    """Where somebody is when the robot comes nearest to them.

    Attributes:
        place: (2,) m in odom.
        left: (2,) unit vector to the left of the robot's way there.
        offset: m by which the place lies to the left of the robot's own.
        walker: who.
    """

    place: Array
    left: Array
    offset: float
    walker: Mover


@dataclass(frozen=True, eq=False)
class _Side:
    place: Array  # of the walker when last met
    stamp: float
    side: float  # 1 = the robot passes on the left of the way


def meetings(way: Array, pace: float, walkers: Sequence[Mover], now: float, reach: float) -> list[Meeting]:
    """Those walkers who come nearer than ``reach``, each at its moment of least distance.

    Args:
        way: (M, 2) m in odom, from the robot on.
        pace: m/s at which it is walked.
        walkers: as last seen; taken to keep their velocity.
        now: s, when the robot stands at the beginning of the way.
        reach: m between the middles of robot and walker.
    """
    times = np.arange(0.0, HORIZON + 0.5 * STEP, STEP)
    lengths = arc_lengths(way)
    at = np.minimum(max(pace, MIN_PACE) * times, lengths[-1])
    robot = np.column_stack([np.interp(at, lengths, way[:, 0]), np.interp(at, lengths, way[:, 1])])
    met = []
    for walker in walkers:
        places = walker.at(now) + times[:, None] * walker.velocity
        gaps = np.hypot(*(places - robot).T)
        nearest = int(gaps.argmin())
        if gaps[nearest] < reach:
            leg = way[min(int(np.searchsorted(lengths, at[nearest], side="right")), len(way) - 1)] - robot[nearest]
            leg = leg if np.any(leg) else way[-1] - way[0]
            left = np.array([-leg[1], leg[0]]) / max(float(np.hypot(*leg)), 1e-6)
            met.append(Meeting(places[nearest], left, float((places[nearest] - robot[nearest]) @ left), walker))
    return met


class Passing:
    """Remembers on which side each walker is passed."""

    def __init__(self) -> None:
        self._sides: list[_Side] = []

    def sides(self, met: Sequence[Meeting], now: float) -> tuple[list[float], bool]:
        """1 (pass on the left of the way) or -1 for each meeting, and whether they are those of before.

        Who is met for the first time is passed where there is more room.
        """
        self._sides = [side for side in self._sides if now - side.stamp < SIDE_KEPT]
        chosen, are_kept = [], False
        for meeting in met:
            gaps = [float(np.hypot(*(meeting.walker.position - kept.place))) for kept in self._sides]
            is_known = bool(gaps) and min(gaps) < SAME
            are_kept |= is_known
            chosen.append(self._sides[int(np.argmin(gaps))].side if is_known else -1.0 if meeting.offset > 0.0 else 1.0)
        return chosen, are_kept

    def keep(self, met: Sequence[Meeting], sides: Sequence[float], now: float) -> None:
        """Remember the sides that were taken at ``now`` (s)."""
        new = [_Side(meeting.walker.position, now, side) for meeting, side in zip(met, sides, strict=True)]
        self._sides = new + [s for s in self._sides if all(np.hypot(*(s.place - n.place)) > SAME for n in new)]


def sidesteps(wanted: VelocityCommand, config: ControllerConfig) -> Array | None:
    """(K, 3) vx, vy, wz that go on past what is in the way of a velocity wanted; None where the robot cannot.

    A few centimetres to the side are often enough, where waiting costs a robot that is hardly faster than its target
    more than it can make good.
    """
    if not config.is_holonomic or wanted.vx < SETTING_OUT:
        return None
    limit = config.max_lateral_vel * config.gain_vy
    aside = np.clip(wanted.vy + STEPS[:, 1], -limit, limit)
    return np.column_stack([STEPS[:, 0] * wanted.vx, aside, STEPS[:, 2] * wanted.wz])


def make_way(wanted: VelocityCommand, middles: Array, config: ControllerConfig) -> VelocityCommand:
    """The wanted velocity with a step away from whoever comes nearer than ``MANNERS``, the faster the nearer.

    What of the wanted velocity itself leads at them is given up by then, so that it does not eat up the step.

    Args:
        wanted: true body velocity.
        middles: (K, 2) m in base_link, of people.
        config: footprint; a base that cannot walk sideways steps forwards or backwards only.
    """
    if not len(middles):
        return wanted
    away = to_footprint(middles, config)
    distances = np.hypot(*away.T)
    nearest = int(distances.argmin())
    share = min(max(1.0 - (float(distances[nearest]) - BODY) / MANNERS, 0.0), 1.0)
    if share <= 0.0 or distances[nearest] < 1e-3:
        return wanted
    off = away[nearest] / distances[nearest]
    closing = -float(off @ (wanted.vx, wanted.vy))
    x, y = (STEP_AWAY * share + max(closing - CLOSING_IN * (1.0 - share), 0.0)) * off
    back = min(wanted.vx, -BACKWARDS)
    return VelocityCommand(max(wanted.vx + float(x), back), wanted.vy + float(y) * config.is_holonomic, wanted.wz)


def fenced(met: Sequence[Meeting], sides: Sequence[float]) -> Array:
    """(N, 2) m, bodies where they are met and a fence beside each on the side that is not taken."""
    pieces = []
    for meeting, side in zip(met, sides, strict=True):
        away = -side * meeting.left
        fence = sampled(np.array([meeting.place, meeting.place + (BODY + FENCE) * away]), 0.1)
        pieces += [meeting.place + OUTLINE, fence]
    return np.vstack(pieces)

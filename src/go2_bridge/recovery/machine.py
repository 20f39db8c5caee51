"""The state machine of a lost target: what the policy says and the clock -> stage -> order. Start at ``advance``.

The policy drives as long as it has any idea (tracked, coasting, searching). Once it reports *lost*, a plan of legs is
laid once and walked through: stand a moment, turn to the last bearing, go near the place, look round, the same at each
waypoint, home.
A leg ends when it is done or its time is over, so the plan ends. Everything here is pure: time comes in, orders go out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from enum import Enum

from go2_bridge.recovery.config import Place, RecoveryConfig, places_of
from go2_bridge.recovery.last_seen import LastSeen, bearing_to, lookout, side_of
from track_common.geometry import wrap_angle
from track_common.types import Array, TargetStatus

SEEN = (TargetStatus.TRACKED, TargetStatus.COASTING)
BLIND_TIME = 0.5  # s without the policy's word or odometry, after which a plan is dropped


class Stage(str, Enum):
    """What is being done about the target; the value is what operators read."""

    FOLLOWING = "following"  # the policy drives, or there never was a target
    LEFT_TO_POLICY = "the policy searches"
    WAITING = "waiting whether it reappears"
    TURNING = "turning to where it was last seen"
    APPROACHING = "going to where it was last seen"
    SWEEPING = "looking round"
    SEARCHING = "going to a waypoint"
    LOOKING = "looking round at a waypoint"
    RETURNING = "going home"
    GIVEN_UP = "given up"


LOOKS_ROUND = (Stage.SWEEPING, Stage.LOOKING)


class Task(str, Enum):
    """What has become of the goal given to the navigator."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True)
class Goal:
    """A place for the navigator; ``number`` tells it from an earlier one at the same place."""

    number: int
    place: Place
    frame: str


@dataclass(frozen=True)
class Leg:
    """One stage of a plan, at most ``limit`` s long; only legs with a goal need the navigator."""

    stage: Stage
    limit: float
    goal: Goal | None = None


@dataclass(frozen=True, eq=False)
class View:
    """What is known at ``now`` (s).

    Attributes:
        status: the policy's newest word; None where it is silent.
        pose: (3,) of base_link in odom; None where odometry is missing or stale.
        last_seen: None where the target was never placed.
        task: what became of the goal whose number is ``task_number``.
        has_navigator: a navigator answers.
        is_search_wanted: a goal of ``follow_object`` goes on, whose target is searched also before its first detection.
    """

    now: float
    status: TargetStatus | None
    pose: Array | None
    last_seen: LastSeen | None = None
    task: Task = Task.FAILED
    task_number: int = 0
    has_navigator: bool = False
    is_search_wanted: bool = False


@dataclass(frozen=True)
class State:
    """Where in the plan the recovery is.

    Attributes:
        legs: what is left of the plan, the present leg first; empty while the policy drives and after giving up.
        since: when the leg began, s.
        yaw, turned: heading at the last look and angle turned in this leg, rad; side: +1 turns left.
        has_seen: there was a target; without one only a wanted search is begun.
        was_searched: the policy itself went there and looked round, so that is not done again.
        blind_since: when the policy or odometry fell silent, s; None while both speak.
        goals: numbers given out so far.
    """

    stage: Stage = Stage.FOLLOWING
    legs: tuple[Leg, ...] = ()
    since: float = 0.0
    yaw: float = 0.0
    turned: float = 0.0
    side: float = 1.0
    has_seen: bool = False
    was_searched: bool = False
    blind_since: float | None = None
    goals: int = 0


@dataclass(frozen=True)
class Order:
    """What the node does: turn at ``wz`` rad/s, or have the navigator go to ``goal``; neither means stand."""

    wz: float = 0.0
    goal: Goal | None = field(default=None)


def advance(state: State, view: View, config: RecoveryConfig) -> State:
    """The state at ``view.now``; call it at 10 Hz or more with times that do not fall."""
    if view.status in SEEN:
        return State(has_seen=True, goals=state.goals)
    if view.status is None or view.pose is None or view.now < state.since:
        return _blind(state, view)
    state = replace(state, blind_since=None)
    if view.status is TargetStatus.SEARCHING:
        return _leave_to_policy(state, view.now, config)
    if view.status is not TargetStatus.LOST:  # the policy wants to stand, or nobody is to be followed
        return State(has_seen=state.has_seen and view.status is TargetStatus.STOPPED, goals=state.goals)
    if not (state.has_seen or view.is_search_wanted):
        return State(goals=state.goals)  # also where the goal that wanted the search has ended
    if state.stage is Stage.GIVEN_UP:
        return state
    if state.stage in (Stage.FOLLOWING, Stage.LEFT_TO_POLICY):
        return _begin(state, view, view.pose, config)
    return _walk_on(state, view, view.pose, config)


def order_of(state: State, view: View, config: RecoveryConfig) -> Order:
    """What to do now; an order to move needs a policy that says *lost* in this very view."""
    if view.status is not TargetStatus.LOST or view.pose is None or not state.legs:
        return Order()
    leg = state.legs[0]
    if leg.goal is not None:
        return Order(goal=leg.goal)
    if leg.stage is Stage.TURNING and view.last_seen is not None:
        wanted = config.turn_gain * bearing_to(view.last_seen, view.pose)
        return Order(wz=min(max(wanted, -config.turn_rate), config.turn_rate))
    return Order(wz=state.side * config.sweep_rate) if leg.stage in LOOKS_ROUND else Order()


def longest(config: RecoveryConfig) -> float:
    """Most seconds a plan can take from *lost* to giving up."""
    stops = len(places_of(config.waypoints))
    local = config.wait_time + config.turn_timeout + config.approach_timeout + config.sweep_timeout
    return local + stops * (config.waypoint_timeout + config.sweep_timeout) + config.home_timeout


def search_again(state: State) -> State:
    """The state from which a plan is laid anew, also after giving up."""
    return State(has_seen=state.has_seen, goals=state.goals)


def _blind(state: State, view: View) -> State:
    """Silence is borne for a moment, in which nothing moves; then, or when the clock fell back, the plan is dropped."""
    since = view.now if state.blind_since is None else state.blind_since
    if view.now - since > BLIND_TIME or view.now < max(state.since, since):
        return State(has_seen=state.has_seen, goals=state.goals, blind_since=view.now)
    return replace(state, blind_since=since)


def _leave_to_policy(state: State, now: float, config: RecoveryConfig) -> State:
    since = state.since if state.stage is Stage.LEFT_TO_POLICY else now
    was_searched = state.was_searched or now - since >= config.policy_search_time
    return replace(state, stage=Stage.LEFT_TO_POLICY, legs=(), since=since, was_searched=was_searched)


def _begin(state: State, view: View, pose: Array, config: RecoveryConfig) -> State:
    legs = _plan(state, view, pose, config)
    side = 1.0 if view.last_seen is None else side_of(view.last_seen, pose)
    return _enter(replace(state, side=side, goals=state.goals + len(legs)), legs, view.now, pose)


def _plan(state: State, view: View, pose: Array, config: RecoveryConfig) -> tuple[Leg, ...]:
    """Every leg there is time and means for, each goal with a number of its own."""
    legs = [] if state.was_searched else _legs_near(view, pose, config)
    legs = [leg for leg in legs + _legs_far(config) if leg.limit > 0.0]
    if not view.has_navigator:
        legs = [leg for leg in legs if leg.goal is None and leg.stage is not Stage.LOOKING]
    return tuple(
        leg if leg.goal is None else replace(leg, goal=replace(leg.goal, number=state.goals + index + 1))
        for index, leg in enumerate(legs)
    )


def _legs_near(view: View, pose: Array, config: RecoveryConfig) -> list[Leg]:
    """To where the target was last seen, and a look round there."""
    legs = [Leg(Stage.WAITING, config.wait_time)]
    if view.last_seen is not None:
        legs.append(Leg(Stage.TURNING, config.turn_timeout))
        place = lookout(view.last_seen, pose, config.standoff)
        if place is not None:
            legs.append(Leg(Stage.APPROACHING, config.approach_timeout, Goal(0, place, config.odom_frame)))
    return [*legs, Leg(Stage.SWEEPING, config.sweep_timeout)]


def _legs_far(config: RecoveryConfig) -> list[Leg]:
    """From waypoint to waypoint with a look round at each, then home."""
    legs: list[Leg] = []
    for place in places_of(config.waypoints):
        legs.append(Leg(Stage.SEARCHING, config.waypoint_timeout, Goal(0, place, config.map_frame)))
        legs.append(Leg(Stage.LOOKING, config.sweep_timeout))
    homes = places_of(config.home)
    return legs + [Leg(Stage.RETURNING, config.home_timeout, Goal(0, home, config.map_frame)) for home in homes]


def _walk_on(state: State, view: View, pose: Array, config: RecoveryConfig) -> State:
    """The present leg goes on, or the next one begins."""
    step = state.side * float(wrap_angle(float(pose[2]) - state.yaw))
    state = replace(state, yaw=float(pose[2]), turned=state.turned + step)
    leg, rest = state.legs[0], state.legs[1:]
    is_late = view.now - state.since >= leg.limit
    if leg.goal is not None:
        task = view.task if view.task_number == leg.goal.number else Task.RUNNING
        if task is Task.RUNNING and not is_late:
            return state
        if task is not Task.SUCCEEDED and rest and rest[0].stage is Stage.LOOKING:
            rest = rest[1:]  # it is not there, so there is nothing new to see
        return _enter(state, rest, view.now, pose)
    return _enter(state, rest, view.now, pose) if is_late or _is_turned(state, leg, view, pose, config) else state


def _is_turned(state: State, leg: Leg, view: View, pose: Array, config: RecoveryConfig) -> bool:
    if leg.stage is Stage.TURNING:
        return view.last_seen is None or abs(bearing_to(view.last_seen, pose)) < config.bearing_tolerance
    turns = config.sweep_turns if leg.stage is Stage.SWEEPING else 1.0
    return leg.stage in LOOKS_ROUND and state.turned >= 2.0 * math.pi * turns


def _enter(state: State, legs: tuple[Leg, ...], now: float, pose: Array) -> State:
    stage = legs[0].stage if legs else Stage.GIVEN_UP
    return replace(state, stage=stage, legs=legs, since=now, yaw=float(pose[2]), turned=0.0)

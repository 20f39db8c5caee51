"""The search for a lost target: never moves while the policy has an idea, always ends, does nothing twice."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from go2_bridge.recovery.config import RecoveryConfig
from go2_bridge.recovery.last_seen import LastSeen
from go2_bridge.recovery.machine import (
    BLIND_TIME,
    Order,
    Stage,
    State,
    Task,
    View,
    advance,
    longest,
    order_of,
    search_again,
)
from track_common.types import TargetStatus

TRACKED, COASTING, SEARCHING, LOST, STOPPED, IDLE = TargetStatus
TICK = 0.1
BEHIND = LastSeen(np.array([-3.0, 0.5]), np.array([0.0, 0.8]), 0.0)
CONFIG = RecoveryConfig(waypoints="4 0 0; 4 4 1.5", home="0 0 0")


def view(now, status=LOST, yaw=0.0, **kwargs):
    return View(now, status, np.array([0.0, 0.0, yaw]), **{"last_seen": BEHIND, **kwargs})


def seen(**kwargs):
    return State(has_seen=True, **kwargs)


def walk(state, config, *, has_navigator, turns=True, outcome=Task.SUCCEEDED, task_time=3.0, since=0.0, **known):
    """The plan walked to its end by a robot that obeys; returns (stages, seconds, orders)."""
    now, yaw, stages, orders, started = since, 0.0, [], [], {}
    for _ in range(100_000):
        goal = state.legs[0].goal if state.legs else None
        number = 0 if goal is None else goal.number
        task = outcome if now - started.setdefault(number, now) > task_time else Task.RUNNING
        look = view(now, LOST, yaw, has_navigator=has_navigator, task=task, task_number=number, **known)
        state = advance(state, look, config)
        order = order_of(state, look, config)
        if not stages or stages[-1] is not state.stage:
            stages.append(state.stage)
        orders.append(order)
        if state.stage is Stage.GIVEN_UP:
            return stages, now - since, orders
        yaw += order.wz * TICK if turns else 0.0
        now += TICK
    raise AssertionError("the plan has no end")


def test_with_a_navigator_every_stage_comes_once_in_order():
    stages, _, _ = walk(seen(), CONFIG, has_navigator=True)
    there = [Stage.SEARCHING, Stage.LOOKING]
    near = [Stage.WAITING, Stage.TURNING, Stage.APPROACHING, Stage.SWEEPING]
    assert stages == [*near, *there, *there, Stage.RETURNING, Stage.GIVEN_UP]


def test_without_a_navigator_it_turns_and_sweeps_only():
    stages, _, orders = walk(seen(), CONFIG, has_navigator=False)
    assert stages == [Stage.WAITING, Stage.TURNING, Stage.SWEEPING, Stage.GIVEN_UP]
    assert all(order.goal is None for order in orders)


def test_what_the_policy_searched_itself_is_not_searched_again():
    state = searched_for(CONFIG.policy_search_time + TICK)
    stages, _, _ = walk(state, CONFIG, has_navigator=True, since=10.0)
    assert stages[0] is Stage.SEARCHING and Stage.APPROACHING not in stages and Stage.SWEEPING not in stages


def test_a_search_the_policy_hardly_began_does_not_count():
    stages, _, _ = walk(searched_for(0.5), CONFIG, has_navigator=False, since=10.0)
    assert stages == [Stage.WAITING, Stage.TURNING, Stage.SWEEPING, Stage.GIVEN_UP]


def searched_for(seconds):
    """The state after the policy searched so long, in which nothing was ordered."""
    state = seen()
    for now in np.arange(1.0, 1.0 + seconds, TICK):
        look = view(float(now), SEARCHING)
        state = advance(state, look, CONFIG)
        assert (state.stage, order_of(state, look, CONFIG)) == (Stage.LEFT_TO_POLICY, Order())
    return state


def test_a_target_that_was_never_seen_is_not_searched_for():
    state = advance(State(), view(0.0), CONFIG)
    assert state.stage is Stage.FOLLOWING and order_of(state, view(0.0), CONFIG) == Order()


def test_it_turns_the_short_way_to_the_last_bearing_then_sweeps_to_the_side_it_left():
    _, _, orders = walk(seen(), CONFIG, has_navigator=False)
    turns = [order.wz for order in orders if order.wz]
    assert turns[0] == CONFIG.turn_rate  # 2.97 rad to the left
    assert turns[-1] == -CONFIG.sweep_rate  # as seen from the robot it walked to the right
    assert max(abs(wz) for wz in turns) <= CONFIG.turn_rate


def test_the_lookout_is_the_standoff_before_the_place_and_faces_the_way_it_went():
    state = seen()
    for now in np.arange(0.0, 1.2, TICK):  # the wait, then a turn already done
        look = view(float(now), yaw=math.atan2(0.5, -3.0), has_navigator=True)
        state = advance(state, look, CONFIG)
    goal = state.legs[0].goal
    assert state.stage is Stage.APPROACHING and goal is not None and goal.frame == "odom"
    assert math.dist(goal.place[:2], BEHIND.position) == pytest.approx(CONFIG.standoff)
    assert goal.place[2] == pytest.approx(math.pi / 2)


def test_a_waypoint_not_reached_is_not_looked_round_at():
    stages, _, _ = walk(seen(was_searched=True), CONFIG, has_navigator=True, outcome=Task.FAILED)
    assert stages == [Stage.SEARCHING, Stage.RETURNING, Stage.GIVEN_UP]


def test_a_goals_outcome_counts_for_that_goal_only():
    state = advance(seen(was_searched=True), view(0.0, has_navigator=True), CONFIG)
    goal = state.legs[0].goal
    stale = view(TICK, has_navigator=True, task=Task.FAILED, task_number=goal.number - 1)
    assert advance(state, stale, CONFIG).stage is Stage.SEARCHING
    again = advance(search_again(state), view(1.0, TRACKED), CONFIG)
    fresh = advance(again, view(2.0, has_navigator=True), CONFIG)
    numbers = {leg.goal.number for leg in fresh.legs if leg.goal is not None}
    assert goal.number not in numbers and len(numbers) == 4


def test_giving_up_lasts_until_the_target_is_seen_or_a_search_is_asked_for():
    given_up = State(stage=Stage.GIVEN_UP, has_seen=True)
    assert advance(given_up, view(1e4), CONFIG) == given_up
    assert advance(given_up, view(1e4, TRACKED), CONFIG).stage is Stage.FOLLOWING
    assert advance(search_again(given_up), view(1e4), CONFIG).stage is Stage.WAITING


@pytest.mark.parametrize("blind", [{"status": None}, {"pose": None}])
def test_silence_stands_at_once_and_drops_the_plan_after_a_moment(blind):
    state = advance(seen(), view(0.0), CONFIG)
    for now in (1.0, 1.0 + 0.9 * BLIND_TIME, 1.1 + BLIND_TIME):
        look = View(**{"now": now, "status": LOST, "pose": np.zeros(3), "last_seen": BEHIND, **blind})
        state = advance(state, look, CONFIG)
        assert order_of(state, look, CONFIG) == Order()
        assert bool(state.legs) is (now < 1.0 + BLIND_TIME)


def test_a_clock_that_fell_back_drops_the_plan():
    state = advance(seen(), view(500.0), CONFIG)
    assert advance(state, view(3.0), CONFIG).legs == ()


configs = st.builds(
    RecoveryConfig,
    turn_timeout=st.floats(0, 5),
    approach_timeout=st.floats(0, 20),
    sweep_timeout=st.one_of(st.just(0.0), st.floats(14.0, 20.0)),
    waypoint_timeout=st.floats(0, 20),
    home_timeout=st.floats(0, 20),
    waypoints=st.sampled_from(["", "1 2 3", "1 2 3; 4 5 6"]),
    home=st.sampled_from(["", "0 0 0"]),
)


@settings(derandomize=True, deadline=None, max_examples=40)
@given(
    config=configs,
    has_navigator=st.booleans(),
    turns=st.booleans(),
    outcome=st.sampled_from(Task),
    was_searched=st.booleans(),
)
def test_every_plan_ends_within_the_sum_of_its_limits(config, has_navigator, turns, outcome, was_searched):
    """Whether or not the robot turns, and whatever the navigator answers, never included."""
    _, seconds, _ = walk(
        seen(was_searched=was_searched), config, has_navigator=has_navigator, turns=turns, outcome=outcome
    )
    assert seconds <= longest(config) + TICK * 9  # a leg ends at the first tick past its limit


views = st.builds(
    View,
    now=st.floats(0, 100),
    status=st.sampled_from([None, *TargetStatus]),
    pose=st.sampled_from([None, np.zeros(3), np.array([1.0, 2.0, -3.0])]),
    last_seen=st.sampled_from([None, BEHIND]),
    task=st.sampled_from(Task),
    task_number=st.integers(0, 6),
    has_navigator=st.booleans(),
)


@settings(derandomize=True, deadline=None, max_examples=100)
@given(st.lists(views, min_size=1, max_size=25), configs)
def test_nothing_is_ordered_unless_the_policy_says_lost_in_that_very_view(looks, config):
    state = State()
    for look in looks:
        state = advance(state, look, config)
        order = order_of(state, look, config)
        if look.status is not LOST or look.pose is None:
            assert order == Order()
        assert abs(order.wz) <= max(config.turn_rate, config.sweep_rate)
        if order.goal is not None:
            assert order.wz == 0.0


def test_before_the_first_detection_only_a_wanted_search_begins_and_its_plan_ends():
    config = RecoveryConfig(waypoints="4 0 0")
    unseen = advance(State(), view(0.0, last_seen=None, has_navigator=True), config)
    assert not unseen.legs
    begun = advance(State(), view(0.0, last_seen=None, has_navigator=True, is_search_wanted=True), config)
    stages = [leg.stage for leg in begun.legs]
    assert stages == [Stage.WAITING, Stage.SWEEPING, Stage.SEARCHING, Stage.LOOKING]
    assert not advance(begun, view(0.1, TRACKED), config).legs
    assert not advance(begun, view(0.1, last_seen=None, has_navigator=True), config).legs  # the goal has ended
    walked = walk(begun, config, has_navigator=True, last_seen=None, is_search_wanted=True)
    assert walked[0][-1] is Stage.GIVEN_UP

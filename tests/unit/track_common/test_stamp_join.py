"""Two halves of one stamp find each other in every order, whatever else comes between and whatever is missing."""

from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from track_common.stamp_join import StampJoin

STAMPS = (1, 2, 3)
MESSAGES = [(side, stamp) for stamp in STAMPS for side in ("left", "right")]


def pairs_of(messages, depth=10):
    """What comes out, with the number of messages that had come by then."""
    join, out = StampJoin(depth), []
    for count, (side, stamp) in enumerate(messages, start=1):
        push = join.push_left if side == "left" else join.push_right
        pair = push(stamp, (side, stamp))
        if pair is not None:
            out.append((count, pair))
    return out


def test_all_orders_of_three_stamps_give_the_same_pairs_each_as_soon_as_it_is_whole():
    for order in permutations(MESSAGES):
        out = pairs_of(order)
        assert sorted(pair for _, pair in out) == [(("left", s), ("right", s)) for s in STAMPS]
        for count, ((_, stamp), _) in out:
            assert order[count - 1][1] == stamp


@settings(derandomize=True)
@given(st.permutations(MESSAGES), st.integers(0, len(MESSAGES) - 1))
def test_a_half_that_is_lost_costs_its_own_pair_only(order, lost):
    kept = [message for message in order if message != MESSAGES[lost]]
    stamps = sorted(pair[0][1] for _, pair in pairs_of(kept))
    assert stamps == [stamp for stamp in STAMPS if stamp != MESSAGES[lost][1]]


def test_what_finds_no_partner_is_not_kept_for_ever():
    join = StampJoin(depth=2)
    for stamp in STAMPS:
        join.push_left(stamp, stamp)
    assert join.push_right(1, "late") is None
    assert join.push_right(3, "in time") == (3, "in time")


def test_a_second_value_of_a_stamp_replaces_the_first():
    join = StampJoin()
    join.push_left(1, "old")
    join.push_left(1, "new")
    assert join.push_right(1, "x") == ("new", "x")

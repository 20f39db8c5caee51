"""Recognition questions: line-ups hold what they say, and a policy that reads the sentence goes to the right side."""

import json

import numpy as np
import pytest

from evt_bench.agents import AgentSpec
from evt_bench.data.grammar import HELD_OUT_BODIES, is_held_out
from evt_bench.recognition.ask import Studio, ask, side_of
from evt_bench.recognition.lineup import KINDS, draw_lineup, sides_of
from evt_bench.recognition.run import RecogniseConfig, RecognisePlan, run_recognise
from evt_bench.world.config import CameraConfig
from evt_bench.world.world import WorldConfig
from track_common.config import ConfigError
from track_common.geometry import inverse, transform_points
from track_common.types import TargetStatus, Trajectory

SMALL = WorldConfig(camera=CameraConfig(width=160, height=120))
TIMES = 0.1 * np.arange(1, 11)


def bearings_of(lineup):
    """Degrees of everybody from the robot's heading, in the order of the people."""
    places = np.stack([path[0] for path in lineup.episode.paths])
    x, y = transform_points(inverse(lineup.episode.robot_start), places).T
    return np.degrees(np.arctan2(y, x))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [0, 1])
def test_everybody_stands_in_view_from_left_to_right_and_every_side_has_a_sentence(kind, seed):
    lineup = draw_lineup(kind, seed)
    bearings = bearings_of(lineup)
    assert np.all(np.diff(bearings) < 0.0) and np.all(np.abs(bearings) < 40.0)
    assert tuple(q.side for q in lineup.questions) == sides_of(kind, seed)
    assert {q.side for q in lineup.questions} <= {"left" if b > 0 else "right" for b in (bearings[0], bearings[-1])}
    assert all(q.sentence for q in lineup.questions)


@pytest.mark.parametrize("seed", range(3))
def test_unseen_people_are_those_that_training_leaves_out(seed):
    for unseen in (True, False):
        people = draw_lineup("pair", seed, unseen_people=unseen).episode.people
        assert [p.body in HELD_OUT_BODIES for p in people] == [unseen] * 2
        assert [is_held_out(p.outfit) for p in people] == [unseen] * 2


@pytest.mark.parametrize("seed", range(3))
def test_one_garment_pairs_differ_in_one_colour_only(seed):
    first, second = (vars(p.outfit) for p in draw_lineup("garment", seed).episode.people)
    differing = [name for name in first if first[name] != second[name]]
    assert differing in (["top_colour"], ["bottom_colour"])


def test_people_who_are_alike_are_told_apart_by_their_side():
    lineup = draw_lineup("same", 2)
    first, second = lineup.episode.people
    assert (first.outfit, first.body) == (second.outfit, second.body)
    assert [q.sentence.split()[-1] for q in lineup.questions] == ["left", "right"]


def poses(x, y, yaw):
    return np.linspace(np.zeros(3), [x, y, yaw], 11)[1:]


@pytest.mark.parametrize(
    ("x", "y", "yaw", "side"),
    [
        (1.0, 0.5, 0.4, "left"),
        (1.0, -0.5, -0.4, "right"),
        (0.0, 0.0, 0.8, "left"),
        (-0.3, 0.1, -0.4, "right"),  # backs off, turned to the target
        (1.0, 0.0, 0.0, ""),
        (0.0, 0.0, 0.0, ""),
    ],
)
def test_the_side_of_a_trajectory(x, y, yaw, side):
    assert side_of(Trajectory(0.0, poses(x, y, yaw), TIMES)) == side


def test_a_policy_that_stands_goes_to_neither_side():
    assert side_of(Trajectory(0.0, poses(1.0, 0.5, 0.4), TIMES, TargetStatus.LOST)) == ""


def test_a_white_background_leaves_the_people_only():
    studio = Studio(draw_lineup("pair", 3), SMALL)
    try:
        room, white = (studio.observe(name, lambda frame: None).frame.rgb for name in ("random", "white"))
    finally:
        studio.close()
    is_white = (white == 255).all(axis=-1)
    assert 0.5 < is_white.mean() < 0.99
    assert not (room == 255).all(axis=-1)[is_white].mean() > 0.5
    middle = white.shape[1] // 2
    assert not is_white[:, :middle].all() and not is_white[:, middle:].all()


def test_the_grounded_tracker_goes_to_the_described_person_and_the_answers_are_kept(tmp_path):
    out, seen = tmp_path / "recognise.json", []
    plan = RecognisePlan([0], ("pair",), ("random",), RecogniseConfig())
    agents = [AgentSpec("box_servo", "grounded")]
    rows = run_recognise(plan, agents, out, on_record=lambda record, done, total: seen.append(record))
    assert (rows[0].n, rows[0].accuracy, rows[0].answered, rows[0].chance) == (2, 1.0, 1.0, 0.5)
    assert {record.side: record.answer for record in seen} == {"left": "left", "right": "right"}
    assert json.loads(out.read_text())["rows"][0]["n"] == 2
    run_recognise(plan, agents, out, on_record=lambda record, done, total: seen.append(record))
    assert len(seen) == 2


def test_a_sentence_that_names_nobody_present_is_answered_by_no_side():
    studio = Studio(draw_lineup("single", 0), WorldConfig())
    try:
        answer = ask(studio, "white", "follow the horse", AgentSpec("box_servo", "grounded"))
    finally:
        studio.close()
    assert answer.side == "" and answer.reason


def test_agents_that_read_no_sentence_are_refused():
    studio = Studio(draw_lineup("pair", 0), SMALL)
    try:
        for agent in (AgentSpec("oracle"), AgentSpec("box_servo", "truth")):
            with pytest.raises(ConfigError, match="reads no sentence"):
                ask(studio, "white", "follow the man", agent)
        with pytest.raises(ConfigError, match="background"):
            ask(studio, "black", "follow the man", AgentSpec("box_servo", "grounded"))
    finally:
        studio.close()
    with pytest.raises(ConfigError, match="kind"):
        RecognisePlan([0], ("trio",)).check()

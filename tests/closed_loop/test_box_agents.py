"""Reference agents that steer by a box alone: they turn to the target, and stand where they do not see it."""

import numpy as np
import pytest

from evt_bench.agents import AgentSpec
from evt_bench.box_agents import COAST_STEPS, BoxFilter, EvtRule, VisualServo
from evt_bench.episodes import draw_episode
from evt_bench.run import baselines, bearing_of_target
from evt_bench.world.config import CameraConfig
from evt_bench.world.world import World, WorldConfig
from track_common.config import ConfigError
from track_common.types import Sighting, VelocityCommand


@pytest.fixture(name="world")
def _world():
    world = World(draw_episode("STT", 3), WorldConfig(camera=CameraConfig(width=320, height=240)))
    yield world
    world.close()


def turned(world, wz):
    """The world after the robot has turned for a second and come to rest."""
    for command in [VelocityCommand(wz=wz)] * 60 + [VelocityCommand()] * 90:
        world.step(command)
    return world


@pytest.mark.parametrize("make", [EvtRule, VisualServo])
@pytest.mark.parametrize("wz", [-0.35, 0.35])
def test_a_box_beside_the_middle_turns_the_robot_to_it(world, make, wz):
    world.people_wait = True
    agent = make()
    agent.start(turned(world, wz), world.episode.instruction)
    sighting = agent.look()
    bearing = bearing_of_target(world.truth())
    assert sighting.box is not None and abs(bearing) > 0.1
    assert agent.command().wz * bearing > 0.0


@pytest.mark.parametrize("make", [EvtRule, VisualServo])
def test_a_target_behind_the_robot_is_not_chased(world, make):
    world.people_wait = True
    agent = make()
    agent.start(turned(world, 3.2), world.episode.instruction)
    assert abs(bearing_of_target(world.truth())) > 1.2
    assert agent.look().box is None and agent.command().is_stop


def test_the_filter_settles_on_a_box_that_stands_and_keeps_up_with_one_that_moves():
    box = BoxFilter(np.array([0.4, 0.6]))
    for step in range(40):
        box.predict()
        box.correct(np.array([0.4 + 0.01 * step, 0.6]))
    middle, height = box.shares
    assert middle == pytest.approx(0.79, abs=0.01) and height == pytest.approx(0.6, abs=0.01)
    box.predict()
    assert box.shares[0] == pytest.approx(0.80, abs=0.01) and box.unseen == 1


def test_visual_servoing_stops_once_the_box_has_been_away_for_long(world, monkeypatch):
    agent = VisualServo()
    agent.start(world, world.episode.instruction)
    agent.look()
    assert not agent.command().is_stop
    monkeypatch.setattr(agent, "_detect", lambda frame: Sighting(frame.stamp, None))
    for _ in range(COAST_STEPS + 1):
        agent.look()
    assert agent.command().is_stop


def test_reference_rows_are_chosen_by_name():
    assert baselines(["evt_rule", "ibvs"]) == [AgentSpec("evt_rule"), AgentSpec("ibvs")]
    assert isinstance(AgentSpec("evt_rule").make(), EvtRule)
    with pytest.raises(ConfigError, match="oracle"):
        baselines(["orcale"])

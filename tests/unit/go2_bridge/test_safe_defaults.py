"""Without parameter files the controller node starts disarmed and slow; only the simulator's file makes it fast."""

import dataclasses

import pytest
import yaml

from evt_bench.robot_settings import LIMITS
from go2_bridge.config import NEAR_PEOPLE, ControllerConfig
from go2_bridge.nodes.controller_node import ControllerNodeConfig
from track_common.config import validate
from track_common.share import share_directory

ROBOTS = share_directory() / "config/robots"
SPEEDS = [
    name
    for name in (field.name for field in dataclasses.fields(ControllerConfig))
    if getattr(NEAR_PEOPLE, name) != getattr(ControllerConfig(), name)
]


def controller_block(robot: str) -> dict:
    return yaml.safe_load((ROBOTS / f"{robot}.yaml").read_text())["/**/controller"]["ros__parameters"]


def test_controller_without_any_file_is_disarmed_and_no_faster_than_a_go2_near_people():
    validate(NEAR_PEOPLE)
    go2 = controller_block("go2")
    assert ControllerNodeConfig().armed is False
    assert {name: getattr(NEAR_PEOPLE, name) <= go2[name] for name in SPEEDS} == dict.fromkeys(SPEEDS, True)


@pytest.mark.parametrize("robot", ["sim", "sim_legs"])
def test_file_of_a_simulated_robot_arms_it_and_gives_it_the_speeds_of_the_benchmarks(robot):
    block = controller_block(robot)
    assert block["armed"] is True
    assert {name: block[name] for name in SPEEDS} == {name: getattr(ControllerConfig(), name) for name in SPEEDS}


@pytest.mark.parametrize(("base", "robot"), [("gliding", "sim"), ("legs", "sim_legs"), ("walking", "sim_walking")])
def test_benchmarks_and_launch_files_give_a_simulated_base_the_same_limits(base, robot):
    block, default = controller_block(robot), dataclasses.asdict(ControllerConfig())
    names = {*SPEEDS, "limit_shape"}
    assert {name: (default | LIMITS[base])[name] for name in names} == {
        name: block.get(name, default[name]) for name in names
    }
    assert set(LIMITS[base]) <= names


@pytest.mark.parametrize("path", sorted(ROBOTS.glob("*.yaml")), ids=lambda path: path.stem)
def test_no_robot_but_a_simulated_one_is_armed_by_its_file(path):
    armed = controller_block(path.stem).get("armed", False)
    assert armed is path.stem.startswith("sim")


@pytest.mark.parametrize("path", sorted(ROBOTS.glob("*.yaml")), ids=lambda path: path.stem)
def test_controller_policy_and_target_watch_of_a_robot_have_one_height_of_base_link(path):
    planner = yaml.safe_load(path.read_text())["/**/planner"]["ros__parameters"]
    heights = {planner.get("box_servo.base_height", 0.0), planner.get("target.base_height", 0.0)}
    assert heights == {controller_block(path.stem).get("base_height", 0.0)}

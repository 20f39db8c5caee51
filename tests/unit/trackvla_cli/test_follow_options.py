"""Options of `trackvla bench follow` become the benchmark's settings, and bad ones are refused with what to type."""

import pytest
import typer

from track_common.config import ConfigError
from trackvla_cli.follow_options import agent_of, follow_config


def test_camera_speeds_rules_and_lock_step_are_taken():
    config = follow_config("gliding", "paper", "224x168", "0.4-0.9", 4)
    assert (config.world.camera.width, config.world.camera.height) == (224, 168)
    assert (config.episodes.min_speed, config.episodes.max_speed) == (0.4, 0.9)
    assert config.rules == "paper" and config.together == 4


@pytest.mark.parametrize(
    ("values", "error"),
    [
        (("wheels", "code", "640x480", "0.6-1.1", 1), "base 'wheels'"),
        (("gliding", "code", "640", "0.6-1.1", 1), "--camera is '640'; wanted the form 640x480"),
        (("gliding", "code", "640x480", "fast", 1), "--speeds is 'fast'; wanted the form 0.6-1.1"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_form(values, error):
    with pytest.raises(typer.BadParameter, match=error):
        follow_config(*values)


def test_unknown_rules_and_speeds_the_wrong_way_round_are_refused():
    with pytest.raises(ConfigError, match="rules 'mine' unknown"):
        follow_config("gliding", "mine", "640x480", "0.6-1.1", 1)
    with pytest.raises(ConfigError, match="above max_speed"):
        follow_config("gliding", "code", "640x480", "1.1-0.6", 1)


def test_a_policy_that_looks_needs_no_tracker():
    assert agent_of("trackvla", "", {}).tracker == "none"
    assert agent_of("box_servo", "", {}).tracker == "grounded"
    assert agent_of("trackvla", "truth", {}).tracker == "truth"


def test_settings_reach_the_part_they_name():
    agent = agent_of("box_servo", "", {"policy": {"standoff": 1.6}, "controller": {"max_linear_vel": 1.0}})
    assert agent.policy_params == {"standoff": 1.6} and agent.controller_params == {"max_linear_vel": 1.0}
    with pytest.raises(typer.BadParameter, match="wanted one of policy, tracker, controller"):
        agent_of("box_servo", "", {"planner": {}})


def test_the_profile_of_evt_bench_sets_camera_people_and_robot():
    config = follow_config("gliding", "code", "", "", 1, profile="evt")
    camera, episodes = config.world.camera, config.episodes
    assert (camera.width, camera.height, camera.hfov_deg, camera.z, camera.pitch_deg) == (640, 480, 90.0, 0.72, 0.0)
    assert (episodes.min_speed, episodes.max_speed, episodes.max_distractors) == (1.0, 1.5, 7)
    assert (config.world.plant.max_vx, config.world.plant.max_vy, config.world.plant.max_wz) == (3.75, 2.5, 1.57)
    agent = agent_of("box_servo", "", {"controller": {"max_linear_vel": 2.5}}, "evt")
    assert agent.delay == 0.0 and agent.controller_params["max_angular_vel"] == 1.57
    assert agent.controller_params["max_linear_vel"] == 2.5


def test_size_and_speeds_go_over_the_profile():
    config = follow_config("gliding", "code", "224x168", "0.4-0.9", 1, profile="evt", sentence="wrong")
    assert (config.world.camera.width, config.world.camera.z) == (224, 0.72)
    assert (config.episodes.min_speed, config.episodes.max_speed) == (0.4, 0.9)
    assert config.sentence == "wrong"


@pytest.mark.parametrize(("name", "value"), [("profile", "spot"), ("sentence", "none at all")])
def test_an_unknown_profile_or_sentence_is_refused(name, value):
    with pytest.raises(ConfigError, match=f"{name} '{value}' unknown"):
        follow_config("gliding", "code", "", "", 1, **{name: value})


def test_the_controllers_settings_of_every_profile_are_allowed():
    from evt_bench.profiles import PROFILES
    from go2_bridge.config import ControllerConfig
    from track_common.config import override, validate

    for profile in PROFILES.values():
        validate(override(ControllerConfig(), dict(profile.controller)))
        validate(profile.world.plant)
        validate(profile.episodes)


def test_the_step_of_the_world_can_be_longer():
    assert follow_config("gliding", "code", "", "", 1, step=0.05).world.step.dt == 0.05
    assert follow_config("gliding", "code", "", "", 1).world.step.dt == pytest.approx(1.0 / 60.0)

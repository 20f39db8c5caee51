"""The robot side alone in the simulated place: its band keeps it off furniture, old images stop it, runs go on."""

import dataclasses
import json

import pytest

from evt_bench.control.agent import ControlSetup, Link
from evt_bench.control.run import ControlBench, delays, layers, run_control, run_control_episode
from evt_bench.world.config import CameraConfig
from evt_bench.world.world import WorldConfig
from go2_bridge.config import ControllerConfig

BENCH = ControlBench(world=WorldConfig(camera=CameraConfig(width=160, height=120)))  # the picture is never drawn
SEED = 3  # a walk of 19 s round furniture
TIGHT = 62  # one that leads close by it


def test_the_robot_side_follows_round_furniture_without_touching_it():
    record = run_control_episode(layers()[0], SEED, BENCH)
    assert record.success, record
    assert not record.furniture_contact and record.clearance > 0.05
    assert record.view_loss < 0.05 and record.top_speed < 1.3


def test_pure_pursuit_alone_runs_into_furniture_that_the_band_goes_round():
    band, pursuit = (run_control_episode(setup, TIGHT, BENCH) for setup in (layers()[0], layers()[-1]))
    assert pursuit.furniture_contact
    assert band.success and not band.furniture_contact


def test_images_past_max_age_never_move_the_robot():
    late = ControlSetup("late", link=Link(delay=ControllerConfig().max_age + 0.1))
    record = run_control_episode(late, SEED, dataclasses.replace(BENCH, task="STT"))
    assert record.top_speed == 0.0
    assert record.halted > 0.7 and not record.success


def test_each_delay_is_run_with_and_without_compensation():
    with_it, without = delays([0.3])
    assert with_it.link == without.link and with_it.link.delay == 0.3
    assert with_it.config().use_dead_time_compensation and not with_it.forgets_image_time
    assert not without.config().use_dead_time_compensation and without.forgets_image_time


def test_a_run_goes_on_where_it_stopped_and_refuses_other_settings(tmp_path):
    out, seen = tmp_path / "control.json", []
    setups = [ControlSetup("blind", link=Link(drop=1.0))]  # nothing ever arrives: the episode is soon lost

    def note(record, done, total):
        seen.append((record.seed, done, total))

    run_control(setups, [SEED], out, bench=BENCH, on_episode=note)
    rows = run_control(setups, [SEED], out, bench=BENCH, on_episode=note)
    assert seen == [(SEED, 1, 1)]
    assert (rows[0].n, rows[0].sr, rows[0].top_speed) == (1, 0.0, 0.0)
    assert json.loads(out.read_text())["rows"][0]["setup"] == "blind"
    with pytest.raises(ValueError, match="other settings"):
        run_control(layers(), [SEED], out, bench=BENCH)

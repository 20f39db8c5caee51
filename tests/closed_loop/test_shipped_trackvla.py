"""The shipped trackvla-nano follows whom the sentence describes, without torch."""

import subprocess
import sys

import pytest

from evt_bench.agents import AgentSpec
from evt_bench.run import BenchConfig, run_together
from evt_bench.world.config import CameraConfig
from evt_bench.world.world import WorldConfig

CONFIG = BenchConfig(world=WorldConfig(camera=CameraConfig(width=224, height=168)), together=2)
SEEDS = (901, 911)  # of those that told when to stop training
NANO = AgentSpec("trackvla", "none", control_rate=20.0)


@pytest.fixture(name="records", scope="module")
def _records():
    return run_together([("STT", seed, NANO) for seed in SEEDS], CONFIG)


def test_it_follows_a_person_through_a_room_to_the_end(records):
    assert [record.success for record in records] == [True, True]


def test_it_touches_nobody_and_stays_with_the_target(records):
    assert not any(record.collision for record in records)
    assert all(record.following_steps > 0.8 * record.total_steps for record in records)


def test_it_loads_no_torch():
    code = (
        "import sys, numpy as np\n"
        "from track_common.interfaces import Observation\n"
        "from track_common.types import Camera, Frame\n"
        "from trackvla_ros.registry import make_policy\n"
        "policy = make_policy('trackvla')\n"
        "policy.reset('follow the woman in the red shirt')\n"
        "image = np.zeros((120, 160, 3), np.uint8)\n"
        "answer = policy.infer(Observation(Frame(image, 0.0, Camera.from_hfov(160, 120, 1.57))))\n"
        "print(answer.poses_base.shape, 'torch' in sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert shown.stdout.strip() == "(10, 3) False"

"""`trackvla go2 characterise` through real DDS gives the simulated robot's own response back."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from evt_bench.world.plant import PlantConfig

pytestmark = [pytest.mark.ros, pytest.mark.slow]  # 40 s
BIN = Path(sys.executable).parent
PLACE = ("-p", "episode.density:=0.3", "-p", "episode.style:=hall")
STEPS = ("--axes", "vx,wz", "--linear", "0.2,0.3", "--angular", "0.4,0.8")


def test_gain_time_constant_and_dead_time_come_back_within_a_tenth(ros_environment, tmp_path):
    output = tmp_path / "plant.yaml"
    simulator = subprocess.Popen([str(BIN / "sim_node"), "--ros-args", *PLACE], env=ros_environment)
    command = [str(BIN / "trackvla"), "go2", "characterise", "--simulator", "--yes", *STEPS, "--output", str(output)]
    try:
        done = subprocess.run(command, env=ros_environment, capture_output=True, text=True, timeout=120)
    finally:
        simulator.kill()
        simulator.wait(10)
    assert done.returncode == 0, done.stderr
    measured = yaml.safe_load(output.read_text())["/**/controller"]["ros__parameters"]
    for name in ("gain_vx", "gain_wz", "time_constant", "dead_time"):
        assert measured[name] == pytest.approx(getattr(PlantConfig(), name), rel=0.1), name

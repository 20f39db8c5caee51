"""The fault table's own machinery, and a few of its rows: real processes die, freeze and lie, and StopMove comes."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from evt_bench.faults.cases import Action, Fault, Proof, all_faults
from evt_bench.faults.fleet import BOXES, PARTS, SERVER
from evt_bench.faults.report import FaultRow, is_held, markdown
from evt_bench.faults.run import run_faults, staged
from evt_bench.faults.trial import Trial
from go2_bridge.safety.watchdog import StopReason

pytestmark = pytest.mark.ros
STOPS = next(fault for fault in all_faults() if fault.name == "lidar: frozen")
SILENT = next(fault for fault in all_faults() if fault.name == "driver: killed")
LOADED = 5.0  # s more than the table promises: `trackvla bench faults` measures the times, this shows the stops
FEW = {
    "odometry: frozen",
    "lidar: clouds of zeros",
    "planner: killed",
    "driver: frozen 1.5 s, then let go on",
    "controller: ended by two Ctrl-C",
    "driver: ended by SIGTERM",
}


def trial(**values):
    """A good one for a frozen LiDAR, but for ``values``."""
    good = {"command": 0.41, "robot": 0.42, "from_input": 0.44, "last_move": 0.40, "moved_again": False}
    return Trial(**{**good, "reason": StopReason.STALE_CLOUD.value, **values})


@pytest.mark.parametrize(
    ("values", "held"),
    [
        ({}, True),
        ({"robot": 0.48}, True),  # the last message was still on its way
        ({"robot": 0.48, "from_input": 0.46}, False),
        ({"robot": None, "from_input": None}, False),
        ({"reason": "odometry is stale"}, False),
        ({"moved_again": True}, False),
    ],
)
def test_a_stop_counts_if_it_is_in_time_named_and_lasting(values, held):
    assert is_held(STOPS, trial(**values)) is held


@pytest.mark.parametrize(("values", "held"), [({"robot": None, "last_move": 0.01}, True), ({"last_move": 0.2}, False)])
def test_a_dead_driver_counts_if_nothing_moves_any_more(values, held):
    assert is_held(SILENT, trial(**values)) is held


def test_every_part_of_the_graph_is_killed_and_frozen():
    done = {(fault.part, fault.action) for fault in all_faults()}
    assert {(part, action) for part in (*PARTS, SERVER) for action in (Action.KILL, Action.FREEZE)} <= done
    assert len({fault.name for fault in all_faults()}) == len(all_faults())


def test_the_table_shows_median_and_largest_and_what_was_not_held():
    row = FaultRow(STOPS, (trial(robot=0.40), trial(robot=0.42), trial(robot=None, from_input=None)))
    table = markdown([row]).splitlines()
    assert "0.410 / 0.420 (2 of 3)" in table[2] and "**no**" in table[2]
    assert len({line.count("|") for line in table}) == 1


def test_a_few_faults_done_to_real_processes_stop_the_robot_for_the_right_reason(ros_domain, tmp_path):
    parts = [part for part in PARTS if part not in ("camera", "tracker")]
    few = [fault for fault in all_faults() if fault.name in FEW]
    assert len(few) == len(FEW)
    with staged(ros_domain, tmp_path / "nodes.log", [*parts, BOXES]) as stage:
        for fault in few:
            seen = stage.run(fault)
            allowed = Fault(**{**vars(fault), "timeout": fault.timeout + LOADED})
            assert is_held(allowed, seen), f"{fault.name}: {seen}"


@pytest.mark.slow
def test_the_whole_table_is_held(ros_domain, tmp_path):
    rows = run_faults(all_faults(), 1, tmp_path / "faults.json", ros_domain)
    missed = [row for row in rows if not row.is_held and row.fault.proof is not Proof.SILENCE]
    assert not missed, markdown(missed)


def test_nothing_that_the_bench_started_outlives_it(ros_domain, tmp_path):
    words = ["--only", "planner: killed", "--domain", str(ros_domain), "--json", f"{tmp_path}/faults.json"]
    bench = subprocess.Popen([sys.executable, "-m", "trackvla_cli.main", "bench", "faults", *words])
    started, end = [], time.monotonic() + 60.0
    while len(started) < len(PARTS) and time.monotonic() < end:
        started = Path(f"/proc/{bench.pid}/task/{bench.pid}/children").read_text().split()
        time.sleep(0.05)
    assert len(started) == len(PARTS)
    bench.terminate()
    assert bench.wait(40) == 130
    assert [pid for pid in started if Path(f"/proc/{pid}").exists()] == []

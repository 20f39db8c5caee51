"""Runs the fault table: real nodes as processes over DDS, a fault at a time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

from evt_bench.faults.cases import Fault
from evt_bench.faults.fleet import PARTS, SERVER, Fleet
from evt_bench.faults.report import FaultRow, write_json
from evt_bench.faults.ros.receiver import receiving
from evt_bench.faults.trial import Stage
from track_common.ros.environment import clear_shared_memory, ros_environment

DOMAIN = 87  # a ROS domain of its own: nobody's robot may hear these commands


def run_faults(
    faults: Sequence[Fault],
    repeats: int,
    json_file: Path,
    domain: int = DOMAIN,
    on_trial: Callable[[int, int], None] = lambda done, total: None,
) -> list[FaultRow]:
    """Do each fault ``repeats`` times and write the JSON file; the nodes' output goes beside it.

    Raises:
        WalkError: the robot does not walk with everything in order.
    """
    load, rows = os.getloadavg(), []
    json_file.parent.mkdir(parents=True, exist_ok=True)
    for has_server, group in groupby(faults, lambda fault: fault.part == SERVER):
        parts = (*PARTS, SERVER) if has_server else PARTS
        with staged(domain, json_file.with_suffix(".log"), parts) as stage:
            for fault in group:
                trials = []
                for repeat in range(repeats):
                    trials.append(stage.run(fault))
                    on_trial(len(rows) * repeats + repeat + 1, len(faults) * repeats)
                rows.append(FaultRow(fault, tuple(trials)))
                write_json(rows, json_file, load)
    return rows


@contextmanager
def staged(domain: int, log: Path, parts: Sequence[str] = PARTS) -> Iterator[Stage]:
    """A stage with these parts in a ROS domain, for as long as the block lasts."""
    environment = {**ros_environment(), "ROS_DOMAIN_ID": str(domain), "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}
    os.environ.update(environment)  # before the first participant of this process: the same DDS profile as the nodes
    clear_shared_memory()  # of an earlier table's killed processes
    try:
        with receiving(domain) as receiver, Fleet(environment, log, parts) as fleet:
            yield Stage(fleet, receiver, has_tracker="tracker" in parts)
    finally:
        clear_shared_memory()

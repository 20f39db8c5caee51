"""How long a target that got away stays out of sight, by what is done about it; run it with the project's Python.

About 6 s of one core for each of five remedies a seed. Records go on standard output as they come, the table last.
"""

from __future__ import annotations

import argparse
import json
import os
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from evt_bench.lost_target import REMEDIES, Outcome, run_lost_target


def main() -> None:
    """Run the seeds, print records and table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="0-9", help="first-last, of 0-999")
    parser.add_argument("--duration", type=float, default=60.0, help="seconds of each episode")
    parser.add_argument("--processes", type=int, default=1)
    arguments = parser.parse_args()
    first, last = (int(word) for word in arguments.seeds.split("-"))
    jobs = [(seed, remedy, arguments.duration) for seed in range(first, last + 1) for remedy in REMEDIES]
    outcomes: dict[str, list[Outcome]] = defaultdict(list)
    with ProcessPoolExecutor(arguments.processes) as pool:
        for outcome in pool.map(run_lost_target, *zip(*jobs, strict=True)):
            outcomes[outcome.remedy].append(outcome)
            print(json.dumps(asdict(outcome)), flush=True)
    for remedy, rows in outcomes.items():
        print(row(remedy, rows, arguments.duration))


def row(remedy: str, rows: list[Outcome], duration: float) -> str:
    """One line of the table; one never found again counts as found at the end."""
    lost = [(o.lost_at, o.found_after) for o in rows if o.lost_at is not None]
    after = [duration - at if found is None else found for at, found in lost]
    gaps = (
        f"found again after {np.median(after):5.1f} s (median), not at all {sum(f is None for _, f in lost)}"
        if lost
        else ""
    )
    unseen = float(np.mean([o.unseen_share for o in rows]))
    touching = sum(o.is_touching for o in rows)
    return (
        f"{remedy:42} unseen {unseen:.3f}  lost in {len(lost)} of {len(rows)}: {gaps}; touched something in {touching}"
    )


if __name__ == "__main__":
    main()

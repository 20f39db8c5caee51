"""CPU time of a benchmark episode, by agent: what a core-hour buys.

    python benchmarks/episode_speed.py --seeds 0-9 [--camera 224x168] [--together 4] [--checkpoint FOLDER]

CPU seconds of this process, world and drawing included; a busy machine lengthens them less than the wall clock.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time

from evt_bench.agents import AgentSpec
from evt_bench.run import run_together
from trackvla_cli.commands.bench import parse_seeds
from trackvla_cli.follow_options import follow_config


def main() -> None:
    """Print one line an agent."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="0-9")
    parser.add_argument("--tasks", default="STT,DT")
    parser.add_argument("--camera", default="224x168")
    parser.add_argument("--together", type=int, default=1)
    parser.add_argument("--control-rate", type=float, default=0.0, help="Hz; 0: at every step of the world")
    parser.add_argument("--step", type=float, default=0.0, help="s of world and controller; 0: the world's own")
    parser.add_argument("--only", default="", help="agents whose name holds this word")
    parser.add_argument("--checkpoint", default="", help="of trackvla; empty: random weights of size nano")
    options = parser.parse_args()
    config = follow_config("gliding", "code", options.camera, "", options.together, step=options.step)
    weights = {"checkpoint": options.checkpoint} if options.checkpoint else {"random_weights": True, "size": "nano"}
    rate = options.control_rate
    agents = [
        AgentSpec("oracle"),
        AgentSpec("box_servo", "truth", control_rate=rate),
        AgentSpec("trackvla", "none", policy_params=weights, control_rate=rate),
        AgentSpec("box_servo", "grounded", control_rate=rate),
    ]
    print(f"{platform.processor() or platform.machine()}, load {os.getloadavg()[0]:.1f}, {options}")
    print("agent                  episodes  steps  CPU s an episode (median, quartiles)  a core-hour  ms a step")
    seeds, tasks = parse_seeds(options.seeds), options.tasks.split(",")
    for agent in (a for a in agents if options.only in f"{a.policy}/{a.tracker}"):
        jobs = [(task, seed, agent) for task in tasks for seed in seeds]
        seconds, steps = [], 0
        for first in range(0, len(jobs), options.together):
            group = jobs[first : first + options.together]
            began = time.process_time()
            records = run_together(group, config)
            seconds += [(time.process_time() - began) / len(group)] * len(group)
            steps += sum(record.total_steps for record in records)
        low, middle, high = statistics.quantiles(seconds, n=4)
        name = f"{agent.policy}/{agent.tracker}"
        hour = 3600.0 * len(seconds) / sum(seconds)
        print(
            f"{name:22} {len(seconds):8} {steps:6}  {middle:.2f} ({low:.2f}-{high:.2f})                "
            f"        {hour:8.0f}  {1e3 * sum(seconds) / steps:.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()

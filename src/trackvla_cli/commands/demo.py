"""`trackvla demo`: one episode in the simulator through every ROS node, recorded and scored."""

from __future__ import annotations

import os
import time
from pathlib import Path

import typer

INSTRUCTION = "the woman in the red shirt and black trousers"
STYLE = "hall"
SEED = 2
"""A furnished hall, four other people who cross her way, 19 s."""
EPISODE_SECONDS = 30
"""The longest an episode lasts (EVT-Bench: 300 steps of 0.1 s)."""

SPEED_PER_CORE = 0.25
"""Real-time factor for each idle core: all nodes together take 1.3 cores a simulated second and the tracker, which must
keep its 10 Hz, another half (measured on an EPYC, see docs/launch.md)."""
SLOWEST, FASTEST = 0.25, 1.0


def demo(
    name: str = typer.Option("", "--name", help="Results go to runs/NAME; default: demo and the time."),
    instruction: str = typer.Option(
        INSTRUCTION, "--instruction", "-i", help="Who to follow; who looks so walks there."
    ),
    seed: int = typer.Option(SEED, "--seed", help="Which room, people and paths."),
    tracker: str = typer.Option("grounded", "--tracker", help="Name of a tracker, see `trackvla info`."),
    policy: str = typer.Option("trackvla", "--policy", help="Name of a policy, see `trackvla info`."),
    speed: float = typer.Option(0.0, "--speed", min=0.0, help="Real-time factor; 0: what the idle cores can bear."),
    rviz: bool = typer.Option(False, "--rviz", help="Watch in RViz (needs an apt ROS)."),
) -> None:
    """Watch a GO2 follow "the woman in the red shirt and black trousers" past others, and read what it was worth."""
    from trackvla_cli.scoring import score_into

    folder = Path("runs") / (name or time.strftime("demo-%Y%m%d-%H%M%S"))
    if folder.exists():
        raise FileExistsError(f"{folder} exists; give another --name or delete it")
    factor = speed or bearable_speed(idle_cores())
    arguments = {
        **{"real_time_factor": f"{factor:.2f}", "task": "DT", "seed": str(seed), "once": "true"},
        **{"instruction": f"follow {instruction}", "target_look": instruction, "style": STYLE},
        **{"tracker": tracker, "policy": policy, "rviz": str(rviz).lower()},
        **{"record": "true", "bag": str((folder / "bag").absolute())},
    }
    print(f'"follow {instruction}": simulator, tracker, planner, controller and recorder; results in {folder}')
    print(f"time passes at {factor:.2f} of real time, which suits this computer now (--speed)")
    code = _run(arguments, folder)
    score_into(folder / "bag", folder)
    raise typer.Exit(code)


def idle_cores(seconds: float = 0.5) -> float:
    """How many cores have nothing to do, as seen for a moment; all that we may use where the system does not tell."""
    allowed = float(len(os.sched_getaffinity(0)))
    try:
        before = _idle_ticks()
        time.sleep(seconds)
        return min(allowed, (_idle_ticks() - before) / (seconds * os.sysconf("SC_CLK_TCK")))
    except OSError:
        return allowed


def _idle_ticks() -> int:
    """Idle and waiting time of all cores since the start, from the first line of /proc/stat."""
    fields = Path("/proc/stat").read_text().splitlines()[0].split()
    return int(fields[4]) + int(fields[5])


def bearable_speed(cores: float) -> float:
    """Real-time factor at which the tracker is not starved."""
    return min(FASTEST, max(SLOWEST, SPEED_PER_CORE * cores))


def _run(arguments: dict[str, str], folder: Path) -> int:
    """The launch, with a bar for the episode; its exit code."""
    from track_common.ros.environment import ros_environment
    from trackvla_cli.launch.files import find
    from trackvla_cli.launch.quiet import QuietScreen
    from trackvla_cli.launch.resolver import resolve
    from trackvla_cli.launch.supervisor import Supervisor
    from trackvla_cli.progress import ProgressBar

    processes = resolve(find("sim"), arguments, ros_environment())
    started = time.monotonic()
    with ProgressBar(f"the episode, {EPISODE_SECONDS} s of simulated time at most; seconds so far") as bar:
        supervisor = Supervisor(processes, folder / "log", QuietScreen(bar.say))
        code = supervisor.run(lambda: bar.update(int(time.monotonic() - started), 0))
    if supervisor.was_interrupted:
        raise KeyboardInterrupt
    return code

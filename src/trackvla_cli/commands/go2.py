"""`trackvla go2`: measure a robot's response, and the staged acceptance of the bridge that drives it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from go2_bridge.nodes.trial_node import TrialSetup
    from go2_bridge.trials.trial import Trial

app = typer.Typer(help="Measure and accept a robot: it WALKS by itself.", no_args_is_help=True)

YES = typer.Option(False, "--yes", help="Do not ask whether the area is clear.")
CMD_VEL = typer.Option("cmd_vel", "--cmd-vel", help="Where commands go: the bridge's topic, or the simulator's.")
ODOM = typer.Option("odom", "--odom", help="Odometry topic.")
NAMESPACE = typer.Option("", "--namespace", help="Namespace of the robot's nodes.")
STAMPED = typer.Option(False, "--stamped", help="Send TwistStamped.")


@app.command("characterise")
def characterise(
    output: Path = typer.Option(Path("runs/plant.yaml"), "--output", help="The controller's parameters."),
    axes: str = typer.Option("vx,vy,wz", "--axes", help="Which axes, in this order."),
    linear: str = typer.Option("0.05,0.1,0.2,0.3", "--linear", help="Amplitudes along x and y, m/s, rising."),
    angular: str = typer.Option("0.1,0.2,0.4,0.8", "--angular", help="Amplitudes of turns, rad/s, rising."),
    max_distance: float = typer.Option(1.5, "--max-distance", help="End where farther from the start, m."),
    simulator: bool = typer.Option(False, "--simulator", help="No bridge to arm, and time from /clock."),
    cmd_vel: str = CMD_VEL,
    odom: str = ODOM,
    namespace: str = NAMESPACE,
    stamped: bool = STAMPED,
    yes: bool = YES,
) -> None:
    """Walk steps to and fro along each axis; write gain, time constant and dead time as the controller takes them.

    Ctrl-C stops the robot. It also stops where the deadman is let go, odometry falls silent or a bound is left.
    """
    from go2_bridge.nodes.trial_node import TrialSetup
    from go2_bridge.trials.characterise import Characterisation, StepConfig
    from go2_bridge.trials.identify import identify
    from go2_bridge.trials.plant_file import plant_yaml
    from track_common.config import override

    steps = {"axes": axes, "linear": linear, "angular": angular, "max_distance": max_distance}
    trial = Characterisation(override(StepConfig(), steps))
    setup = TrialSetup(cmd_vel, odom, namespace, stamped, use_sim_time=simulator, has_bridge=not simulator)
    _confirm(f"the robot walks and turns for {trial.duration:.0f} s within {max_distance} m", yes)
    _run(trial, setup)
    fits = identify(trial.records, trial.odometry)
    text = plant_yaml(fits, "measured by `trackvla go2 characterise`" + (" on the simulator" if simulator else ""))
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(text)
    print(f"{text}{output}: put its lines into the robot's file of config/robots")
    for fit in fits:
        if fit.is_poor:
            print(f"{fit.axis}: a first-order plant does not describe this robot; do not use these values")
            raise typer.Exit(1)


@app.command("accept")
def accept(
    stage: str = typer.Option(..., "--stage", help="S0: only stops. S1: walks 2 s and stops. S2: silence stops it."),
    ledger: Path = typer.Option(Path("runs/acceptance.json"), "--ledger", help="Which stages have been passed."),
    cmd_vel: str = CMD_VEL,
    odom: str = ODOM,
    namespace: str = NAMESPACE,
    stamped: bool = STAMPED,
    yes: bool = YES,
) -> None:
    """One stage of the acceptance on hardware; each unlocks the next, for the same state of the code only.

    Needs a bridge that sends to a robot, a robot that stands, and the deadman held. Ends beyond 0.35 m/s or 1 m.
    """
    from rich.console import Console

    from go2_bridge.nodes.trial_node import TrialSetup
    from go2_bridge.trials.acceptance import STAGES, AcceptanceStage
    from go2_bridge.trials.ledger import code_state, record, require_unlocked
    from track_common.config import lookup
    from track_common.share import SOURCE_ROOT
    from trackvla_cli.ros.parameter_client import ParameterClient

    lookup("stage", stage, STAGES)
    code = code_state(SOURCE_ROOT)
    require_unlocked(ledger, stage, code)
    with ParameterClient(f"{namespace}/bridge", timeout=10.0) as client:
        timeout = float(client.values(["command_timeout"])["command_timeout"])
    trial = AcceptanceStage(stage, timeout)
    _confirm("the robot walks 0.15 m/s for 2 s" if stage != "S0" else "the robot should not move", yes)
    _run(trial, TrialSetup(cmd_vel, odom, namespace, stamped, watches_requests=True), is_failure_judged=True)
    checks = trial.checks()
    record(ledger, stage, code, checks)
    for check in checks:
        mark = "[green]met[/]" if check.is_met else "[red]NOT MET[/]"
        Console(soft_wrap=True).print(f"{stage} {check.what}: {check.measured} (wanted {check.wanted}) {mark}")
    print(ledger)
    if not all(check.is_met for check in checks):
        raise typer.Exit(1)


def _confirm(what: str, yes: bool) -> None:
    if not yes:
        typer.confirm(f"{what}: is the area clear and the remote in your hand?", abort=True)


def _run(trial: Trial, setup: TrialSetup, is_failure_judged: bool = False) -> None:
    """Run a trial to its end.

    Raises:
        TrialError: it was interrupted, or ended early and nobody judges that.
    """
    from go2_bridge.nodes.trial_node import TrialNode
    from go2_bridge.trials.trial import TrialError
    from track_common.ros.run import run_to_end

    run_to_end(lambda: TrialNode(trial, setup))
    if not trial.is_over:
        raise TrialError("interrupted: the robot was stopped, nothing is kept")
    if trial.failure and not is_failure_judged:
        raise TrialError(f"ended early, nothing is kept: {trial.failure}")

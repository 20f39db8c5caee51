"""Parameters of the simulated robot, which follows its target from the start: for a test's controller."""

import yaml
from rclpy.parameter import Parameter

from track_common.share import share_directory

PARAMETER_FILE = share_directory() / "config/robots/sim.yaml"


def simulated(**changes) -> list[Parameter]:
    """Overrides for a ``ControllerNode``: the simulator's block of sim.yaml, and ``changes`` over it."""
    block = yaml.safe_load(PARAMETER_FILE.read_text())["/**/controller"]["ros__parameters"]
    return [Parameter(name, value=value) for name, value in {**block, **changes}.items()]

"""A robot's plant in the form the controller's parameter files have (config/robots/*.yaml)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from go2_bridge.config import ControllerConfig
from go2_bridge.trials.identify import AxisFit
from track_common.config import override

UNITS = {"vx": "m/s", "vy": "m/s", "wz": "rad/s"}


def plant_parameters(fits: Sequence[AxisFit]) -> dict[str, float]:
    """Values under the controller's names; it has one dead time and one time constant, so those are the axes' means.

    Raises:
        ConfigError: a value the controller would refuse, with its range.
    """
    values = {f"gain_{fit.axis}": round(fit.gain, 3) for fit in fits}
    values["dead_time"] = round(float(np.mean([fit.dead_time for fit in fits])), 3)
    values["time_constant"] = round(float(np.mean([fit.time_constant for fit in fits])), 3)
    override(ControllerConfig(), values)
    return values


def plant_yaml(fits: Sequence[AxisFit], origin: str) -> str:
    """The parameter file; ``origin`` says in its head where the numbers are from."""
    lines = [f"# {origin}"]
    for fit in fits:
        misfit = f"residual {100 * fit.residual / fit.travel:.1f} %"
        band = f"deadband about {fit.deadband:.2f}" if fit.deadband else f"no deadband down to {fit.smallest:g}"
        lines.append(
            f"# {fit.axis}: gain {fit.gain:.3f}, time constant {fit.time_constant:.3f} s, "
            f"dead time {fit.dead_time:.3f} s, {band} {UNITS[fit.axis]}, {misfit}"
        )
    lines += ["/**/controller:", "  ros__parameters:"]
    lines += [f"    {name}: {value}" for name, value in plant_parameters(fits).items()]
    return "\n".join(lines) + "\n"

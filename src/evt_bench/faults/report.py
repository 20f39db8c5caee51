"""Trials to rows, rows to Markdown and JSON."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from evt_bench.faults.cases import SLACK, Fault, Proof
from evt_bench.faults.trial import Trial
from track_common.source_state import source_state

NONE = "-"
HEADS = (
    *("fault", "watchdog", "limit s", "zero on cmd_vel", "StopMove", "last input to StopMove"),
    *("reason", "n", "held"),
)


@dataclass(frozen=True)
class FaultRow:
    """One fault and its trials."""

    fault: Fault
    trials: tuple[Trial, ...]

    @property
    def is_held(self) -> bool:
        """Whether every trial showed what was promised."""
        return all(is_held(self.fault, trial) for trial in self.trials)

    def cells(self) -> tuple[str, ...]:
        """One cell for each of ``HEADS``; times as median / largest, s."""
        fault, reasons = self.fault, dict.fromkeys(trial.reason for trial in self.trials)
        is_silence = fault.proof is Proof.SILENCE
        return (
            *(fault.name, f"{fault.watchdog} {fault.timeout:g}" if fault.timeout else fault.watchdog),
            f"last Move {SLACK:g}" if is_silence else f"{fault.limit:.2f}",
            NONE if is_silence else _times([trial.command for trial in self.trials]),
            f"last Move {_times([t.last_move for t in self.trials])}"
            if is_silence
            else _times([t.robot for t in self.trials]),
            _times([trial.from_input for trial in self.trials]) if fault.watched else NONE,
            *("; ".join(reasons) or NONE, str(len(self.trials)), "yes" if self.is_held else "**no**"),
        )


def is_held(fault: Fault, trial: Trial) -> bool:
    """Whether one trial showed what was promised: in time, for the right reason, and for good where it should be."""
    if fault.proof is Proof.SILENCE:
        return trial.last_move <= SLACK and trial.robot is None
    elapsed = [seconds for seconds in (trial.robot, trial.from_input) if seconds is not None]
    in_time = trial.robot is not None and min(elapsed) <= fault.limit
    is_named = not fault.reasons or trial.reason in [reason.value for reason in fault.reasons]
    return in_time and is_named and not (trial.moved_again and fault.proof is Proof.STOPS)


def markdown(rows: Sequence[FaultRow]) -> str:
    """The table."""
    lines = [_line(HEADS), _line(["---"] * len(HEADS)), *(_line(row.cells()) for row in rows)]
    return "\n".join(lines)


def write_json(rows: Sequence[FaultRow], path: Path, load: tuple[float, float, float]) -> None:
    """Every trial, with machine, load before and after, and the state of the source."""
    path.parent.mkdir(parents=True, exist_ok=True)
    record = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.platform()}",
        "load_before": load,
        "load_after": os.getloadavg(),
        "source": source_state(Path(__file__).parent),
        "rows": [
            {
                "fault": row.fault.name,
                "watchdog": row.fault.watchdog,
                "limit": row.fault.limit,
                "is_held": row.is_held,
                "trials": [asdict(trial) for trial in row.trials],
            }
            for row in rows
        ],
    }
    path.write_text(json.dumps(record, indent=1) + "\n")


def _times(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return NONE
    text = f"{median(known):.3f} / {max(known):.3f}"
    return text if len(known) == len(values) else f"{text} ({len(known)} of {len(values)})"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"

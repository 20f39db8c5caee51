"""Which stages a state of the code has passed: each stage unlocks the next, for this state only."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import subprocess
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

from go2_bridge.trials.acceptance import STAGES, Check
from go2_bridge.trials.trial import TrialError


def code_state(folder: Path) -> str:
    """The git commit of ``folder``, with a hash of what differs from it where something does.

    Raises:
        TrialError: no git clone; acceptance is bound to a state of the code.
    """
    commit, changes = (_git(folder, *words).strip() for words in (("rev-parse", "HEAD"), ("diff", "HEAD", "--", "src")))
    return f"{commit}+{hashlib.sha256(changes.encode()).hexdigest()[:12]}" if changes else commit


def require_unlocked(ledger: Path, stage: str, code: str) -> None:
    """Nothing where the stage before has been passed with this code.

    Raises:
        TrialError: it has not.
    """
    names = list(STAGES)
    before = names[: names.index(stage)]
    passed = {run["stage"] for run in _runs(ledger) if run["code"] == code and run["passed"]}
    missing = [name for name in before if name not in passed]
    if missing:
        raise TrialError(
            f"{stage} is locked: {missing[0]} has not been passed with this code ({code[:20]}); "
            f"run `trackvla go2 accept --stage {missing[0]}` first"
        )


def record(ledger: Path, stage: str, code: str, checks: Sequence[Check]) -> None:
    """Add one run to the file; a failed one takes back the stages this code had passed from there on."""
    names, passed = list(STAGES), all(check.is_met for check in checks)
    runs = _runs(ledger)
    if not passed:
        revoked = names[names.index(stage) :]
        runs = [
            {**run, "passed": run["passed"] and not (run["code"] == code and run["stage"] in revoked)} for run in runs
        ]
    time = datetime.now(timezone.utc).isoformat(timespec="seconds")
    results = [dataclasses.asdict(check) for check in checks]
    runs.append({"stage": stage, "code": code, "time": time, "passed": passed, "checks": results})
    ledger.parent.mkdir(parents=True, exist_ok=True)
    ledger.write_text(json.dumps(runs, indent=1) + "\n")


def _runs(ledger: Path) -> list[dict]:
    if not ledger.exists():
        return []
    try:
        return json.loads(ledger.read_text())
    except json.JSONDecodeError as error:
        raise TrialError(f"{ledger} is not JSON ({error}); move it away and begin with S0") from None


def _git(folder: Path, *words: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words], capture_output=True, text=True, check=True, timeout=20
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise TrialError(f"{folder} is no git clone ({error}); acceptance is bound to a commit") from None
    return done.stdout

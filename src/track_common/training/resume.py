"""The state a stopped training run goes on from: written by accelerate, read back without running pickled code.

accelerate reads weights as safetensors and the optimiser by torch's restricted unpickler; only objects registered with
``register_for_checkpointing`` come back through plain pickle. So nothing is registered: whatever else a run must
remember is JSON beside it. DeepSpeed reads its own files its own way, code included: resume only your own runs with it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

from accelerate import Accelerator
from safetensors import SafetensorError

PROGRESS_FILE = "step.json"  # written last: without it there is nothing to go on from

REASON_LENGTH = 300  # characters; torch lists every key of a model that does not fit


class StateError(RuntimeError):
    """A saved state that was not taken; the message names the folder and why."""


def save_state(accelerator: Accelerator, folder: Path, progress: Mapping[str, Any]) -> None:
    """Weights, optimiser and random numbers of all processes, and the run's own progress (JSON values).

    Args:
        accelerator: of the run.
        folder: written whole or not at all.
        progress: values of JSON.
    """
    accelerator.save_state(str(folder))
    if accelerator.is_main_process:
        (folder / PROGRESS_FILE).write_text(json.dumps(dict(progress)))


def load_state(accelerator: Accelerator, folder: Path) -> dict[str, Any] | None:
    """Put a saved state back; returns its progress, None where there is none.

    Raises:
        StateError: a file is damaged, of another model, or holds more than tensors (then its code was not run).
    """
    progress = folder / PROGRESS_FILE
    if not progress.is_file():
        return None
    try:
        accelerator.load_state(str(folder))
        return dict(json.loads(progress.read_text()))
    except (UnpicklingError, SafetensorError, EOFError, RuntimeError, ValueError, OSError) as error:
        reason = " ".join(str(error).split())[:REASON_LENGTH]
        raise StateError(f"{folder} was not resumed: {reason}; remove it to start the run anew") from error

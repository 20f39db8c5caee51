"""Pickled weights (.bin, .pth, .pt) by torch's restricted unpickler, which runs no code; refusals in words of our own.

torch's own message recommends to switch the restriction off, which would run a stranger's code.
"""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import torch


class PickledError(ValueError):
    """A file that is damaged or holds more than tensors and plain values."""


def load_restricted(path: Path, *, mmap: bool = False) -> Any:  # noqa: ANN401 - what the file holds
    """What a file holds, on the CPU.

    Args:
        path: the file.
        mmap: read tensors when they are used; files in torch's zip format only.

    Raises:
        PickledError: damaged, or an object in it is no tensor; one line, without the path.
        OSError: the file cannot be opened.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns of unusual pickle protocols
            return torch.load(path, map_location="cpu", weights_only=True, mmap=mmap)
    except OSError:
        raise
    except Exception as error:  # pickle.UnpicklingError, RuntimeError, EOFError and what torch wraps them in
        raise PickledError(_reason(error)) from error


def _reason(error: Exception) -> str:
    named = re.search(r"GLOBAL ([\w.]+)", str(error))
    if named is not None:
        return f"it holds {named[1]}, which is no tensor and may be code"
    return f"it is cut short, damaged or no torch file ({type(error).__name__})"

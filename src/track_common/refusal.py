"""A start that is refused: its exit code, and the end of the launch that it belongs to.

Our launch files set ``VARIABLE``. `trackvla launch` looks at the exit code; the official launch has no such rule on
Humble, so the process that refuses interrupts it, as Ctrl-C would.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

USAGE_ERROR = 2
VARIABLE, ENDS_LAUNCH = "TRACKVLA_REFUSAL", "ends_launch"


def end_launch() -> None:
    """Send SIGINT to the parent where it is a launch that our files told to end with a refusal; else do nothing."""
    if os.environ.get(VARIABLE) != ENDS_LAUNCH:
        return
    parent = os.getppid()
    try:
        words = Path(f"/proc/{parent}/cmdline").read_bytes().split(b"\0")
        if b"launch" in words:  # not the shell of somebody who has exported the variable
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # which the launch sends back, to a process that is ending
            os.kill(parent, signal.SIGINT)
    except OSError:
        return  # the launch is gone already, or belongs to somebody else

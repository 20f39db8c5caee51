"""A screen for runs that people only want to hear of when something is wrong."""

from __future__ import annotations

from collections.abc import Callable

WORTH_SAYING = ("died", "still running")
WARNINGS = (b"[WARN]", b"[ERROR]", b"[FATAL]", b"Error", b"error:")
"""What ROS and Python put into lines that tell of trouble."""


class QuietScreen:
    """Shows deaths, warnings and errors; the rest is in the logs."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show

    def say(self, text: str) -> None:
        """A line of the launcher's own."""
        if any(word in text for word in WORTH_SAYING):
            self._show(f"[launch] {text}")

    def line(self, label: str, text: bytes) -> None:
        """A line that a process printed."""
        if any(word in text for word in WARNINGS):
            self._show(f"[{label}] {text.decode(errors='replace')}")

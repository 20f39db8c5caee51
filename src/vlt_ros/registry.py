"""Trackers by name: what the ``tracker`` parameter, the command line and the benchmark may ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from track_common.config import ConfigError, lookup, override
from track_common.interfaces import Tracker


@dataclass(frozen=True)
class TrackerEntry:
    """Where a tracker lives; imported only when asked for, so that the light ones load no torch.

    Attributes:
        module: Python module.
        tracker, config: names of the class and of its settings in it.
        needs_box: whether it can only start from a first box.
    """

    module: str
    tracker: str
    config: str
    needs_box: bool

    def default_config(self) -> Any:
        """Its settings with their defaults.

        Raises:
            ConfigError: a package it needs is not installed.
        """
        return self._load(self.config)()

    def make(self, config: Any) -> Tracker:
        """The tracker with checked settings."""
        maker: Callable[[Any], Tracker] = self._load(self.tracker)
        return maker(config)

    def _load(self, name: str) -> Any:
        try:
            return getattr(import_module(self.module), name)
        except ModuleNotFoundError as error:
            raise ConfigError(
                f"tracker {self.tracker} needs the package '{error.name}'; install it (`trackvla doctor` says how)"
            ) from error


TRACKERS: dict[str, TrackerEntry] = {
    "grounded": TrackerEntry("vlt_ros.grounded", "GroundedTracker", "GroundedConfig", needs_box=False),
    "csrt": TrackerEntry("vlt_ros.correlation", "CsrtTracker", "CsrtConfig", needs_box=True),
    "kcf": TrackerEntry("vlt_ros.correlation", "KcfTracker", "KcfConfig", needs_box=True),
    "opencv_nano": TrackerEntry("vlt_ros.opencv_networks", "make_nano", "OpencvNanoConfig", needs_box=True),
    "opencv_vit": TrackerEntry("vlt_ros.opencv_networks", "make_vit", "OpencvVitConfig", needs_box=True),
    "opencv_dasiamrpn": TrackerEntry("vlt_ros.opencv_networks", "make_dasiamrpn", "OpencvDaSiamConfig", needs_box=True),
    "vlt_scar": TrackerEntry("vlt_ros.siamese.tracker", "make_scar", "VltTrackerConfig", needs_box=True),
    "vlt_nano": TrackerEntry("vlt_ros.siamese.tracker", "make_scar", "NanoTrackerConfig", needs_box=True),
    "vlt_tt": TrackerEntry("vlt_ros.siamese.tracker", "make_tt", "VltTrackerConfig", needs_box=True),
}


def make_tracker(name: str, params: Mapping[str, Any] | None = None) -> Tracker:
    """The tracker ``name`` with ``params`` over its defaults.

    Raises:
        ConfigError: unknown name (the known ones are listed), unknown or bad setting, missing package.
    """
    entry = lookup("tracker", name, TRACKERS)
    return entry.make(override(entry.default_config(), params or {}))

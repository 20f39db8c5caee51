"""What a score was made under, kept beside it: camera, speeds, people, rules, sentence, and the CPU time it took."""

from __future__ import annotations

import resource
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from evt_bench.run import BenchConfig

Record = TypeVar("Record")


def conditions_of(config: BenchConfig) -> dict[str, Any]:
    """The settings that a reader of a score needs, by name; m, m/s, degrees."""
    camera, episodes = config.world.camera, config.episodes
    return {
        "camera": f"{camera.width}x{camera.height}",
        "hfov_deg": camera.hfov_deg,
        "camera_height": camera.z,
        "camera_pitch_deg": camera.pitch_deg,
        "target_speeds": [episodes.min_speed, episodes.max_speed],
        "distractor_speeds": [episodes.distractor_min_speed, episodes.distractor_max_speed],
        "max_distractors": episodes.max_distractors,
        "base": config.world.base.kind,
        "step": config.world.step.dt,
        "rules": config.rules,
        "sentence": config.sentence,
    }


def condition_line(config: BenchConfig) -> str:
    """The same as one line of text."""
    found = conditions_of(config)
    slow, fast = found["target_speeds"]
    return (
        f"camera {found['camera']}, {found['hfov_deg']:g} degrees, {found['camera_height']:g} m high, tilted "
        f"{found['camera_pitch_deg']:g} degrees; targets {slow:g}-{fast:g} m/s, up to "
        f"{found['max_distractors']} others; rules '{config.rules}'; sentence '{config.sentence}'; base {found['base']}"
    )


class CpuClock:
    """CPU seconds of this process and of its finished workers since it was made, and how many records they gave."""

    def __init__(self) -> None:
        self._began, self._records = _cpu_seconds(), 0

    def counting(self, on_record: Callable[[Record, int, int], None] | None) -> Callable[[Record, int, int], None]:
        """``on_record``, counting its calls."""

        def count(record: Record, done: int, total: int) -> None:
            self._records += 1
            if on_record is not None:
                on_record(record, done, total)

        return count

    def spent(self) -> dict[str, float]:
        """``cpu_s`` and ``new_records``, those of this run alone."""
        return {"cpu_s": round(_cpu_seconds() - self._began, 1), "new_records": self._records}


def _cpu_seconds() -> float:
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)

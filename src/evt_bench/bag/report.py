"""A score for people: one line, and a table; what is not known is «n/a»."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from rich.console import Group
from rich.table import Table
from rich.text import Text

from evt_bench.bag.evt import NOT_STARTED
from evt_bench.bag.following import STEP
from evt_bench.bag.latency import STAGES
from evt_bench.bag.score import Score, as_json

UNKNOWN = "n/a"


def save_json(score: Score, path: Path | str) -> None:
    """Write the score as JSON."""
    Path(path).write_text(json.dumps(as_json(score), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def headline(score: Score) -> str:
    """SR, TR and CR of the run in one line."""
    episode = score.episode
    if episode is None:
        return f"SR {UNKNOWN}   TR {UNKNOWN}   CR {UNKNOWN}   (no ground truth in the bag)"
    sr, tr, macro, cr = (_rate(value) for value in (episode.sr, episode.tr, episode.tr_macro, episode.cr))
    if episode.status == NOT_STARTED:
        return f"SR {sr}   TR {tr}   CR {cr}   {NOT_STARTED}: the target never walked and no command moved the robot"
    return f"SR {sr}   TR {tr} (macro {macro})   CR {cr}   {episode.status} after {episode.steps} steps of {STEP} s"


def table(score: Score) -> Group:
    """The score as rich tables: results, latency by stage, topics, and warnings above all."""
    warnings = [Text(f"! {warning}", style="yellow") for warning in score.warnings]
    return Group(*warnings, _results(score), _latency(score), _topics(score))


def _results(score: Score) -> Table:
    results = Table(title=score.bag, title_justify="left", show_header=False)
    results.add_column(style="bold")
    results.add_column()
    for name, value in _rows(score):
        results.add_row(name, value)
    return results


def _rows(score: Score) -> Iterator[tuple[str, str]]:
    yield "EVT-Bench", headline(score)
    covered = "" if score.covered is None else f", {score.covered:.1f} s by the robot's stamps"
    yield "duration", f"{score.duration:.1f} s{covered}"
    yield from _following_rows(score)
    yield from _perception_rows(score)
    yield "clearance, least", _metres(score.minimum_clearance)
    yield "contacts with furniture", UNKNOWN if score.contacts is None else str(score.contacts)
    yield "LiDAR gap, least", _metres(score.minimum_lidar_gap)


def _following_rows(score: Score) -> Iterator[tuple[str, str]]:
    d, m = score.distance, score.motion
    if d is None:
        yield "distance to target", UNKNOWN
    else:
        spread = f"median {d.median:.2f} m, p5 {d.p5:.2f}, p95 {d.p95:.2f}, least {d.minimum:.2f}, most {d.maximum:.2f}"
        yield f"distance ({d.source})", f"{spread}; in 1–3 m {d.in_band_share:.0%}"
    if m is None:
        yield "robot", UNKNOWN
    else:
        yield "robot", f"{m.path_length:.1f} m, mean {m.mean_speed:.2f} m/s, most {m.max_speed:.2f} m/s"
        yield "commands that were stop", UNKNOWN if m.stopped_share is None else f"{m.stopped_share:.0%}"


def _perception_rows(score: Score) -> Iterator[tuple[str, str]]:
    if score.losses is None:
        yield "target lost", UNKNOWN
    else:
        lengths = ", ".join(f"{d:.1f} s" for d in score.losses.durations)
        yield "target lost", f"{score.losses.n} ×" + (f" ({lengths})" if lengths else "")
        yield "target seen", f"{score.losses.seen_share:.0%} of frames"
    if score.overlap is None:
        yield "box against truth", UNKNOWN
    else:
        o = score.overlap
        yield "box against truth", f"mean IoU {o.mean_iou:.2f}, {o.hit_share:.0%} of {o.n} frames above 0.5"


def _latency(score: Score) -> Table:
    stages = Table("latency, ms", "n", "p50", "p90", "p99")
    unused = "box_to_trajectory" if score.latency["camera_to_trajectory"] is not None else "camera_to_trajectory"
    for stage in (stage for stage in STAGES if stage != unused):
        entry = score.latency[stage]
        cells = [UNKNOWN] * 4
        if entry is not None:
            cells = [str(entry.n), *(f"{value:.1f}" for value in (entry.p50_ms, entry.p90_ms, entry.p99_ms))]
        stages.add_row(stage.replace("_to_", " → "), *cells)
    return stages


def _topics(score: Score) -> Table:
    topics = Table("topic", "n", "Hz", "longest gap, s")
    for topic, rate in score.rates.items():
        hertz = UNKNOWN if rate.rate_hz is None else f"{rate.rate_hz:.1f}"
        topics.add_row(topic, str(rate.n), hertz, UNKNOWN if rate.longest_gap is None else f"{rate.longest_gap:.2f}")
    return topics


def _rate(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.2f}"


def _metres(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.2f} m"

"""The EVT-Bench rules applied to a bag, in steps of 0.1 s of the simulator's time; needs its ground truth."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evt_bench.bag.following import STEP, distances
from evt_bench.bag.paths import TRUTH, Paths
from evt_bench.bag.recording import Recording
from evt_bench.metrics import EpisodeRecord, summarise
from evt_bench.protocol import MAX_STEPS, Judge, StepView, Verdict
from track_common.geometry import wrap_angle
from track_common.types import Array

NOT_STARTED = "not started"  # neither did the target walk nor was the robot told to move: nothing to judge
UNFINISHED = "unfinished"  # the bag ends before the episode does: whether it would have succeeded is not known
MOVED = 0.01  # m from its first place: the target has begun to walk
STANDING = 0.05  # m; the target has finished its walk where it stays this close to its last place
MIN_WAIT, MAX_WAIT = (
    5,
    15,
)  # steps the target waits at its last goal before the episode ends (reference/trackvla.md 2.2)
MAX_VIEW_AGE = 0.25  # s; an older true box says nothing about a step


@dataclass(frozen=True)
class EpisodeScore:
    """One episode under the rules of ``evt_bench.protocol``.

    Attributes:
        rules: "code" where the target's pixels were recorded, else "paper" (facing by bearing).
        status: "normal", "collision", "lost", "unfinished" or "not started".
        sr: 1 or 0; None where the bag ends before the episode does.
        sr, tr, tr_macro, cr: all None where the episode has not started.
        tr: following steps over the longer of the episode and the target's whole walk (micro, as revised).
        tr_macro: following steps over the episode's own steps.
        cr: 1 where the robot came closer than 0.5 m to the target.
        steps, following_steps: of 0.1 s, of the episode, which may end before the bag.
        reference_steps: the target's whole walk and wait, at most 300; as far as the bag shows it.
    """

    rules: str
    status: str
    sr: float | None
    tr: float | None
    tr_macro: float | None
    cr: float | None
    steps: int
    following_steps: int
    reference_steps: int


def episode_score(recording: Recording, paths: Paths) -> EpisodeScore | None:
    """None without ground truth, or for a bag shorter than one step."""
    if paths.source != TRUTH or not len(paths.target):
        return None
    start = _start(recording, paths)
    stamps = _step_stamps(paths, paths.robot[0, 0] if start is None else start)
    if not len(stamps):
        return None
    pixels = _pixels(recording, stamps)
    rules = "paper" if pixels is None else "code"
    if start is None:
        return EpisodeScore(rules, NOT_STARTED, None, None, None, None, 0, 0, 0)
    finish = finishing_step(paths, stamps)
    views = _views(recording, paths, stamps, pixels, finish)
    judge = Judge(rules)
    for view in views:
        judge.step(view)
        if judge.is_over:
            break
    reference = min(len(stamps) if finish is None else finish, MAX_STEPS)
    return _score(judge.verdict(), rules, judge.is_over, reference)


def _start(recording: Recording, paths: Paths) -> float | None:
    """Stamp at which the target first walks or the robot is first told to move; None where neither ever happens.

    Before that the simulator's people wait for the follower's nodes to come up.
    """
    target = paths.target
    moved = np.flatnonzero(_has_moved(target))
    commands = [sample.stamp for sample in recording.tracks["cmd_vel"] if not sample.value.is_stop]
    starts = [*commands[:1], *target[np.maximum(moved[:1] - 1, 0), 0]]
    return max(min(starts), paths.robot[0, 0]) if starts else None


def _has_moved(target: Array) -> NDArray[np.bool_]:
    """(M,) True where the target (M, 3) is no longer at its first place."""
    return np.linalg.norm(target[:, 1:] - target[0, 1:], axis=1) > MOVED


def _step_stamps(paths: Paths, start: float) -> Array:
    """(S,) ends of the steps from ``start`` to the end of the robot's path."""
    return start + STEP * np.arange(1, int((paths.robot[-1, 0] - start) / STEP + 1e-6) + 1)


def finishing_step(paths: Paths, stamps: Array) -> int | None:
    """Number of steps after which the target has walked and waited.

    None where it still walks at the end of the bag, or never walked: a target always does, so the bag ends before.
    """
    if not _has_moved(paths.target).any():
        return None
    target = paths.target_at(stamps)
    known = np.flatnonzero(np.all(np.isfinite(target), axis=1))
    if not len(known):
        return None
    away = known[np.linalg.norm(target[known] - target[known[-1]], axis=1) > STANDING]
    arrival = int(away[-1]) + 1 if len(away) else 0  # index of the first step at the last place
    waited = len(stamps) - arrival
    return arrival + min(waited, MAX_WAIT) if waited >= MIN_WAIT else None


def _views(
    recording: Recording, paths: Paths, stamps: Array, pixels: Array | None, finish: int | None
) -> list[StepView]:
    robot, target = paths.robot_at(stamps), paths.target_at(stamps)
    way = target - robot[:, :2]
    bearings = wrap_angle(np.arctan2(way[:, 1], way[:, 0]) - robot[:, 2])
    gaps = distances(paths, stamps)
    seen = np.zeros(len(stamps)) if pixels is None else pixels
    image = _image_pixels(recording) or 1
    return [
        StepView(float(gap), int(count), image, float(bearing), finish is not None and number >= finish)
        for number, (gap, count, bearing) in enumerate(zip(gaps, seen, bearings, strict=True), start=1)
    ]


def _pixels(recording: Recording, stamps: Array) -> Array | None:
    """(S,) pixels of the target at each step, 0 where it is not in view; None where the bag does not have them."""
    views = [sample.value for sample in recording.tracks["ground_truth/target_box"]]
    if not views or any(view.pixels is None for view in views) or _image_pixels(recording) is None:
        return None
    times = np.array([view.stamp for view in views])
    newest = np.searchsorted(times, stamps + 1e-6) - 1
    counts = np.array([view.pixels for view in views])[np.maximum(newest, 0)]
    is_known = (newest >= 0) & (stamps - times[np.maximum(newest, 0)] <= MAX_VIEW_AGE)
    return np.where(is_known & np.isfinite(counts), counts, 0.0)


def _image_pixels(recording: Recording) -> int | None:
    infos = recording.tracks["camera_info"]
    return int(infos[-1].value.width * infos[-1].value.height) if infos else None


def _score(verdict: Verdict, rules: str, is_over: bool, reference: int) -> EpisodeScore:
    """SR, TR and CR of a single episode, by the benchmark's own table."""
    outcome = (verdict.success, verdict.collision, verdict.status)
    counts = (verdict.following_steps, verdict.total_steps, reference)
    row = summarise([EpisodeRecord("bag", 0, "", "", *outcome, *counts, math.nan, math.nan, 0, math.nan)])
    sr, status = (row.sr, verdict.status) if is_over else (None, UNFINISHED)
    return EpisodeScore(
        rules, status, sr, row.tr, row.tr_macro, row.cr, verdict.total_steps, verdict.following_steps, reference
    )

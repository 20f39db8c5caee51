"""What a tracker says while its target is cut out of the picture, and whether it finds it again elsewhere.

    python benchmarks/absence.py --data DIR [--tracker grounded --tracker vlt_nano]

Each target of each clip of a camera that stands: 25 frames as recorded, 60 in which the clip's background (the median
of its images) covers the target, then 20 mirrored ones, in which the target is back at another place. Printed: the
share of the absent frames with a box, and whether a box lies on the target (IoU 0.5) within 1 s of its return.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from track_common.boxes import iou
from track_common.types import Array, Frame
from vlt_ros.clips import ClipTarget, find_clips, load_clips
from vlt_ros.registry import TRACKERS, make_tracker
from vlt_ros.video import open_video

SEEN, ABSENT, BACK = 25, 60, 20  # frames
MARGIN = 0.15  # of the box's sides that is covered around it
RATE = 10.0  # frames/s
FOUND_IOU = 0.5
MOVING = 12.0  # mean absolute difference to the background (of 255) from which the camera does not stand


@dataclass(frozen=True)
class Outcome:
    """One tracker on one target: share of the absent frames with a box; was it found within 1 s; seen before."""

    absent_share: float
    is_found: bool
    seen_share: float


def main() -> None:
    """Print a line a target and the means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sequence", action="append", default=[])
    parser.add_argument("--tracker", action="append", default=[])
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    for name in arguments.tracker or ["grounded"]:
        outcomes = []
        for target in load_clips(find_clips(arguments.data, arguments.sequence)):
            scene = absent_scene(target)
            if scene is None:
                continue
            outcomes.append(run(name, target, *scene))
            print(f"{name:10} {target.clip.name:14} {target.name:5} {outcomes[-1]}", flush=True)
        if outcomes:
            absent, found = (
                100.0 * np.mean([getattr(o, key) for o in outcomes]) for key in ("absent_share", "is_found")
            )
            print(
                f"{name}: a box in {absent:.0f} % of the absent frames, found again in {found:.0f} % of {len(outcomes)}"
            )


def absent_scene(target: ClipTarget) -> tuple[list[NDArray[np.uint8]], Array] | None:
    """Images and truth (N, 4), zeros while absent; None of a clip that is too short or whose camera moves."""
    images, truth = list(open_video(target.clip).frames())[target.span], target.truth_xyxy[target.span]
    shown = np.flatnonzero(truth.any(axis=1))
    if len(shown) < SEEN + BACK:
        return None
    background = np.median(np.stack(images[:: max(1, len(images) // 40)]), axis=0).astype(np.uint8)
    if float(np.abs(images[0].astype(float) - background).mean()) > MOVING:
        return None
    first, last = shown[:SEEN], shown[-BACK:]
    middle = [int(k) for k in np.resize(np.concatenate([shown[SEEN:], shown[SEEN:][::-1]]), ABSENT)]
    made = [images[k] for k in first] + [_without(images[k], truth[k], background) for k in middle]
    made += [np.ascontiguousarray(images[k][:, ::-1]) for k in last]
    width = background.shape[1]
    mirrored = truth[last][:, [2, 1, 0, 3]] * [-1, 1, -1, 1] + [width, 0, width, 0]
    return made, np.concatenate([truth[first], np.zeros((ABSENT, 4)), mirrored])


def run(name: str, target: ClipTarget, images: list[NDArray[np.uint8]], truth: Array) -> Outcome:
    """One tracker through one scene, from the sentence or the first box."""
    tracker, hits, given = make_tracker(name), [], []
    for k, rgb in enumerate(images):
        frame = Frame(rgb, k / RATE)
        box = truth[0] if TRACKERS[name].needs_box else None
        sighting = tracker.init(frame, target.sentence, box) if k == 0 else tracker.update(frame)
        given.append(sighting.box is not None)
        hits.append(sighting.box is not None and float(iou(sighting.box.xyxy, truth[k])) >= FOUND_IOU)
    back = SEEN + ABSENT
    return Outcome(
        round(float(np.mean(given[SEEN:back])), 3), any(hits[back : back + int(RATE)]), float(np.mean(hits[:SEEN]))
    )


def _without(image: NDArray[np.uint8], box_xyxy: Array, background: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The image with the background in the place of a box (4,)."""
    margin = MARGIN * np.tile(box_xyxy[2:] - box_xyxy[:2], 2) * [-1, -1, 1, 1]
    x0, y0, x1, y1 = np.maximum(np.round(box_xyxy + margin), 0).astype(int)
    covered = image.copy()
    covered[y0:y1, x0:x1] = background[y0:y1, x0:x1]
    return covered


if __name__ == "__main__":
    main()

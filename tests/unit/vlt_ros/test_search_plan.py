"""Where the grounded tracker looks: one pass a frame, small round a followed target, the whole image in turn."""

import numpy as np
import pytest

from helpers.painted import BLACK, BLUE, RED, WHITE, KnownDetector, box, frame
from track_common.boxes import iou
from vlt_ros.detector import SIDE
from vlt_ros.grounded import GroundedConfig, GroundedTracker

STEP = 0.1  # s
TARGET = (box(200), RED, BLACK)


class WatchedDetector(KnownDetector):
    """Keeps what it was asked: (region or None, side of the input) a frame."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def detect(self, rgb, region_xyxy=None, categories=("person",), side=SIDE):
        self.asked.append((region_xyxy, side))
        return super().detect(rgb, region_xyxy, categories, side)


def run(scenes, config=None, sentence="the man in red"):
    """Sightings and the detector's passes, one a frame."""
    detector = WatchedDetector()
    tracker, sightings, passes = GroundedTracker(config, detector), [], []
    for k, people in enumerate(scenes):
        detector.asked = []
        image = frame(people, k * STEP, detector)
        sightings.append(tracker.init(image, sentence) if k == 0 else tracker.update(image))
        passes.append(list(detector.asked))
    return sightings, passes


@pytest.mark.parametrize("people", [[TARGET], [], [(box(200, 60), RED, BLACK)], [(box(400), BLUE, BLACK)]])
def test_one_pass_a_frame(people):
    _, passes = run([people] * 12 + [[]] * 12 + [people] * 12)
    assert all(len(asked) == 1 for asked in passes)


def test_a_followed_target_is_searched_in_a_small_input_and_the_whole_image_comes_round():
    _, passes = run([[TARGET]] * 60)
    settled = [asked[0] for asked in passes[30:]]
    whole = [k for k, (region, _) in enumerate(settled) if region is None]
    assert set(np.diff(whole)) == {5}  # 0.5 s
    for region, side in settled:
        if region is not None:
            assert side == 192 and (region[:2] < TARGET[0][:2]).all() and (region[2:] > TARGET[0][2:]).all()


def test_period_zero_always_searches_the_whole_image():
    _, passes = run([[TARGET]] * 40, GroundedConfig(whole_period=0.0))
    assert all(asked[0][0] is None for asked in passes)


def test_a_target_that_is_gone_is_sought_in_the_whole_image_at_once():
    _, passes = run([[TARGET]] * 33 + [[]] * 2)
    assert passes[33][0][0] is not None and passes[34][0][0] is None


def test_without_a_target_every_other_view_is_the_whole_image_and_all_parts_take_their_turn():
    _, passes = run([[(box(400), BLUE, BLACK)]] * 16)
    regions = [asked[0][0] for asked in passes]
    assert [region is None for region in regions] == [True, False] * 8
    covered = np.zeros((480, 640), bool)
    for x0, y0, x1, y1 in (np.clip(region, 0, 640).astype(int) for region in regions[1::2]):
        covered[y0:y1, x0:x1] = True
    assert covered.all()


def test_who_stands_outside_the_searched_region_stays_in_view():
    far = (box(560), WHITE, BLACK)
    sightings, passes = run([[TARGET, far]] * 40)
    assert any(asked[0][0] is not None for asked in passes[30:])
    for sighting in sightings[30:]:
        assert len(sighting.others) == 1 and float(iou(sighting.others[0].xyxy, far[0])) > 0.8


def test_who_left_outside_the_region_is_gone_after_the_next_whole_image():
    far = (box(560), WHITE, BLACK)
    sightings, _ = run([[TARGET, far]] * 33 + [[TARGET]] * 8)
    assert len(sightings[-1].others) == 0

"""CSRT starts from a box, follows it, and says when it cannot start."""

import numpy as np
import pytest

from track_common.interfaces import TargetError
from track_common.types import Frame
from vlt_ros.csrt import CsrtTracker

FIRST = np.array([60.0, 40.0, 100.0, 90.0])


def scene(shift=0.0):
    rng = np.random.default_rng(0)
    rgb = rng.integers(90, 130, (160, 240, 3), np.uint8)
    patch = rng.integers(0, 60, (50, 40, 3), np.uint8)
    patch[..., 0] += 180
    rgb[40:90, 60 + int(shift) : 100 + int(shift)] = patch
    return Frame(rgb, 0.0)


def test_moving_patch_is_followed():
    tracker = CsrtTracker()
    tracker.init(scene(), "", FIRST)
    for shift in (8, 16, 24, 32):
        box = tracker.update(scene(shift)).box
    assert box is not None and box.xyxy[0] == pytest.approx(92.0, abs=4.0)


def test_sentence_alone_is_refused():
    with pytest.raises(TargetError, match="box"):
        CsrtTracker().init(scene(), "the man in red")


@pytest.mark.parametrize("bad", [[0, 0, 0, 0], [500, 500, 600, 600], [np.nan] * 4, [10, 10, 12, 12]])
def test_useless_box_is_refused(bad):
    with pytest.raises(TargetError, match="first box"):
        CsrtTracker().init(scene(), "", np.array(bad, float))


def test_box_reaching_out_of_the_image_is_cut():
    sighting = CsrtTracker().init(scene(), "", np.array([-20.0, 40.0, 100.0, 90.0]))
    assert sighting.box.xyxy[0] == 0.0


def test_update_without_a_target_is_lost():
    assert CsrtTracker().update(scene()).box is None

"""CSRT and KCF start from a box, follow it, and say when they cannot start."""

import numpy as np
import pytest

from track_common.interfaces import TargetError
from track_common.types import Frame
from vlt_ros.correlation import CsrtTracker, KcfTracker

FIRST = np.array([60.0, 40.0, 100.0, 90.0])
both = pytest.mark.parametrize("kind", [CsrtTracker, KcfTracker])


def scene(shift=0.0):
    rng = np.random.default_rng(0)
    rgb = rng.integers(90, 130, (160, 240, 3), np.uint8)
    patch = rng.integers(0, 60, (50, 40, 3), np.uint8)
    patch[..., 0] += 180
    rgb[40:90, 60 + int(shift) : 100 + int(shift)] = patch
    return Frame(rgb, 0.0)


@both
def test_moving_patch_is_followed(kind):
    tracker = kind()
    tracker.init(scene(), "", FIRST)
    for shift in (4, 8, 12, 16):
        box = tracker.update(scene(shift)).box
    assert box is not None and box.xyxy[0] == pytest.approx(76.0, abs=5.0)


@both
def test_sentence_alone_is_refused(kind):
    with pytest.raises(TargetError, match=f"{kind.name} starts from a first box"):
        kind().init(scene(), "the man in red")


@both
@pytest.mark.parametrize("bad", [[0, 0, 0, 0], [500, 500, 600, 600], [np.nan] * 4, [10, 10, 12, 12]])
def test_useless_box_is_refused(kind, bad):
    with pytest.raises(TargetError, match="first box"):
        kind().init(scene(), "", np.array(bad, float))


@both
def test_box_reaching_out_of_the_image_is_cut(kind):
    sighting = kind().init(scene(), "", np.array([-20.0, 40.0, 100.0, 90.0]))
    assert sighting.box.xyxy[0] == 0.0


@both
def test_update_without_a_target_is_lost(kind):
    assert kind().update(scene()).box is None

"""The person detector: its geometry, its suppression, and that it runs on any image."""

import numpy as np
import pytest

from vlt_ros.detector import Detections, PersonDetector, _expected_sides, _letterbox, _suppress, uncut


@pytest.fixture(scope="module")
def detector():
    return PersonDetector()


def test_missing_weights_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="no detector weights at"):
        PersonDetector(weights=tmp_path / "none.onnx")


@pytest.mark.parametrize("shape", [(1, 1), (5, 900), (900, 5), (480, 640)])
def test_empty_scenes_hold_nobody(detector, shape):
    assert len(detector.detect(np.full((*shape, 3), 128, np.uint8))) == 0


def test_region_outside_the_image_holds_nobody(detector):
    blank = np.zeros((100, 100, 3), np.uint8)
    assert len(detector.detect(blank, np.array([200.0, 200.0, 300.0, 300.0]))) == 0


@pytest.mark.parametrize("side", [192, 416])
@pytest.mark.parametrize("shape", [(240, 360), (576, 768), (640, 480), (1, 900)])
def test_letterbox_keeps_the_aspect_and_the_middle(shape, side):
    tensor, scale, pad = _letterbox(np.zeros((*shape, 3), np.uint8), side)
    height, width = tensor.shape[2:]
    assert max(height, width) == side and height % 32 == 0 and width % 32 == 0 and tensor.dtype == np.float32
    assert scale == pytest.approx(side / max(shape))
    inside = np.maximum(np.array(shape[::-1]) * scale, 1.0)
    assert 2 * pad + inside == pytest.approx([width, height], abs=2.0)
    assert (np.array([width, height]) - inside < 33.0).all()  # nothing larger than the network needs


def test_letterbox_sends_bgr():
    red = np.zeros((416, 416, 3), np.uint8)
    red[..., 0] = 255
    tensor, _, _ = _letterbox(red, 416)
    assert tensor[0, 2].min() > 2.0 and tensor[0, 0].max() < 0.0


def test_a_sharp_distribution_is_its_own_bin():
    logits = np.full((1, 44), -50.0, np.float32)
    logits[0, [3, 11 + 0, 22 + 10, 33 + 5]] = 50.0
    assert _expected_sides(logits)[0] == pytest.approx([3, 0, 10, 5])


WHOLE = np.array([100.0, 100.0, 180.0, 300.0])


def detections(*rows):
    return Detections(np.array([r[:4] for r in rows], float).reshape(-1, 4), np.array([r[4] for r in rows], float))


def test_upper_half_of_a_person_is_no_second_person():
    boxes = np.array([WHOLE, [105.0, 100.0, 175.0, 190.0]])
    assert _suppress(boxes, np.array([0.8, 0.4]), 0.6).tolist() == [0]


def test_small_person_before_a_large_one_stays():
    boxes = np.array([WHOLE, [150.0, 200.0, 175.0, 270.0]])
    assert _suppress(boxes, np.array([0.8, 0.4]), 0.6).tolist() == [0, 1]


def test_boxes_that_the_region_cuts_are_left_out():
    region = np.array([50.0, 50.0, 400.0, 400.0])
    close = detections((102, 101, 178, 299, 0.5), (50, 60, 90, 140, 0.9))
    assert uncut(close, region).boxes_xyxy.tolist() == [[102, 101, 178, 299]]


def test_a_region_over_the_image_border_cuts_nobody_there():
    region = np.array([-50.0, -50.0, 400.0, 400.0])
    assert len(uncut(detections((0, 0, 90, 140, 0.9)), region)) == 1

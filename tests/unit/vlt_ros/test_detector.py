"""The person detector: its geometry, its suppression, and that it runs on any image."""

import numpy as np
import pytest

from vlt_ros.detector import Detections, DetectorConfig, PersonDetector, _expected_sides, _letterbox, merge


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


@pytest.mark.parametrize("shape", [(240, 360), (576, 768), (640, 480)])
def test_letterbox_keeps_the_aspect_and_the_middle(shape):
    tensor, scale, pad = _letterbox(np.zeros((*shape, 3), np.uint8))
    assert tensor.shape == (1, 3, 416, 416) and tensor.dtype == np.float32
    assert scale == pytest.approx(416 / max(shape))
    assert 2 * pad + np.array(shape[::-1]) * scale == pytest.approx([416, 416], abs=2.0)


def test_letterbox_sends_bgr():
    red = np.zeros((416, 416, 3), np.uint8)
    red[..., 0] = 255
    tensor, _, _ = _letterbox(red)
    assert tensor[0, 2].min() > 2.0 and tensor[0, 0].max() < 0.0


def test_a_sharp_distribution_is_its_own_bin():
    logits = np.full((1, 44), -50.0, np.float32)
    logits[0, [3, 11 + 0, 22 + 10, 33 + 5]] = 50.0
    assert _expected_sides(logits)[0] == pytest.approx([3, 0, 10, 5])


WHOLE = np.array([100.0, 100.0, 180.0, 300.0])


def detections(*rows):
    return Detections(np.array([r[:4] for r in rows], float).reshape(-1, 4), np.array([r[4] for r in rows], float))


NONE = detections()


def test_upper_half_of_a_person_is_no_second_person():
    whole = detections((*WHOLE, 0.8), (105, 100, 175, 190, 0.4))
    assert len(merge(whole, NONE, np.array([0.0, 0.0, 1.0, 1.0]), DetectorConfig())) == 1


def test_small_person_before_a_large_one_stays():
    whole = detections((*WHOLE, 0.8), (150, 200, 175, 270, 0.4))
    assert len(merge(whole, NONE, np.array([0.0, 0.0, 1.0, 1.0]), DetectorConfig())) == 2


def test_close_look_replaces_the_coarse_one_unless_the_region_cuts_it():
    region = np.array([50.0, 50.0, 400.0, 400.0])
    close = detections((102, 101, 178, 299, 0.5), (50, 60, 90, 140, 0.9))
    merged = merge(detections((*WHOLE, 0.8)), close, region, DetectorConfig())
    assert merged.boxes_xyxy.tolist() == [[102, 101, 178, 299]]

"""OpenCV's network trackers: files by parameter, a wrong one refused by name, a patch followed where weights are."""

import os
from pathlib import Path

import numpy as np
import pytest

from track_common.config import ConfigError
from track_common.types import Frame
from vlt_ros.registry import make_tracker

FILES = {
    "opencv_nano": ("backbone", "head"),
    "opencv_vit": ("network",),
    "opencv_dasiamrpn": ("model", "kernel_cls1", "kernel_r1"),
}


@pytest.mark.parametrize("name", FILES)
def test_every_file_that_is_not_given_or_not_there_is_named(tmp_path, name):
    for parameter in FILES[name]:
        given = {other: str(tmp_path / "some.onnx") for other in FILES[name] if other != parameter}
        (tmp_path / "some.onnx").write_bytes(b"")
        with pytest.raises(
            ConfigError, match=f"{name}: the ONNX file {parameter} is not given; wanted {FILES[name][0]}"
        ):
            make_tracker(name, given)
        with pytest.raises(ConfigError, match=f"the ONNX file {parameter} '/no/such.onnx' is no file"):
            make_tracker(name, {**given, parameter: "/no/such.onnx"})


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("content", [b"", b"not a network"])
def test_a_file_of_something_else_is_refused_when_the_tracker_is_made(tmp_path, name, content):
    (tmp_path / "some.onnx").write_bytes(content)
    with pytest.raises(ConfigError, match=f"{name}: OpenCV cannot load .*some.onnx"):
        make_tracker(name, dict.fromkeys(FILES[name], str(tmp_path / "some.onnx")))


def nano_files() -> dict[str, str]:
    """NanoTrackV2's files beside TRACKVLA_DATA, where somebody put them: they are no part of this repository."""
    data = os.environ.get("TRACKVLA_DATA")
    folder = Path(data or "").parent / "models"
    found = {part: folder / f"nanotrackv2_{part}.onnx" for part in FILES["opencv_nano"]}
    if not data or not all(file.is_file() for file in found.values()):
        pytest.skip("no models/nanotrackv2_*.onnx beside TRACKVLA_DATA")
    return {part: str(file) for part, file in found.items()}


@pytest.mark.data
def test_nano_follows_a_moving_patch_and_says_how_sure_it_is():
    noise = np.random.default_rng(0)
    background, patch = noise.integers(90, 130, (240, 320, 3), np.uint8), noise.integers(0, 255, (60, 40, 3), np.uint8)

    def frame(k: int) -> Frame:
        rgb = background.copy()
        rgb[80:140, 100 + 3 * k : 140 + 3 * k] = patch
        return Frame(rgb, 0.1 * k)

    tracker = make_tracker("opencv_nano", nano_files())
    tracker.init(frame(0), "", np.array([100.0, 80.0, 140.0, 140.0]))
    for k in range(1, 9):
        box = tracker.update(frame(k)).box
    assert box is not None and 0.0 < box.score <= 1.0
    assert box.xyxy[[0, 2]].mean() == pytest.approx(144.0, abs=8.0)
    strict = make_tracker("opencv_nano", {**nano_files(), "lost_below": 1.0})
    strict.init(frame(0), "", np.array([100.0, 80.0, 140.0, 140.0]))
    assert strict.update(frame(1)).box is None

"""The tracker interface over VLT: losing and finding, bad input, shared networks, checkpoints good and bad."""

from __future__ import annotations

import json
import logging
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from track_common.config import ConfigError, override  # noqa: E402
from track_common.interfaces import TargetError  # noqa: E402
from track_common.types import Array, Frame  # noqa: E402
from vlt_ros.evaluation.datasets import BenchmarkSequence  # noqa: E402
from vlt_ros.evaluation.run import run_sequence  # noqa: E402
from vlt_ros.model import checkpoint, zoo  # noqa: E402
from vlt_ros.model.checkpoint import CheckpointError  # noqa: E402
from vlt_ros.model.network import eager  # noqa: E402
from vlt_ros.model.paths import SCAR_PATH, NetworkPath  # noqa: E402
from vlt_ros.registry import TRACKERS, make_tracker  # noqa: E402
from vlt_ros.siamese import tt  # noqa: E402
from vlt_ros.siamese.follower import RULES, Follower  # noqa: E402
from vlt_ros.siamese.settings import TT_SETTINGS  # noqa: E402
from vlt_ros.siamese.state import Image, TemplateCrop  # noqa: E402
from vlt_ros.siamese.tracker import NanoTrackerConfig, VltTracker, VltTrackerConfig, make_encoder  # noqa: E402

SQUARE = 30  # px, side of the white target in a black image
SMALL = {
    "backbone": {"stem": 4, "widths": [8, 16, 24, 32], "depths": [2, 2, 2, 2], "has_classifier": False},
    "width": 16,
    "groups": 4,
}
SMALL_PATH = NetworkPath.from_lists([[0, 1, 2, 3, 0, 1, 2, 3], [3, 2, 1, 0, 3, 2, 1, 0], [0, 1, 2, 3], [3, 2, 1, 0]])


@dataclass
class WhiteFinder:
    """A network that finds white pixels of the crop; keeps count of what it was asked."""

    templates: int = 0
    searches: int = 0
    sentence: Array | None = None

    def template(self, target: TemplateCrop, sentence: Array | None) -> Any:
        self.templates, self.sentence = self.templates + 1, sentence
        return None

    def search(self, pixels: Image, template: Any) -> tt.Maps:
        self.searches += 1
        cls = np.tile(np.array([-5.0, 5.0], np.float32), (1024, 1))
        boxes = np.tile(np.array([0.5, 0.5, 0.2, 0.2], np.float32), (1024, 1))
        rows, columns = np.nonzero(pixels[..., 0] > 128)
        if len(rows) > 500:
            box = np.array([columns.mean(), rows.mean(), np.ptp(columns) + 1, np.ptp(rows) + 1]) / 256
            boxes[528], cls[528] = box, [5, -5]
        return tt.Maps(cls, boxes)


def frame(x: float | None, stamp: float, y: float = 100.0) -> Frame:
    image = np.zeros((240, 640, 3), np.uint8)
    if x is not None:
        image[int(y) : int(y) + SQUARE, int(x) : int(x) + SQUARE] = 255
    return Frame(image, stamp)


def tracker(network: Any, **values: Any) -> VltTracker:
    follower = Follower(network, RULES["vlt_tt"], TT_SETTINGS["LaSOT"])
    return VltTracker(follower, make_encoder("words"), override(VltTrackerConfig(), values))


def started(x: float = 100.0, **values: Any) -> VltTracker:
    made = tracker(WhiteFinder(), **values)
    made.init(frame(x, 0.0), "white square", np.array([x, 100, x + SQUARE, 100 + SQUARE]))
    return made


def test_the_box_follows_the_target() -> None:
    made = started()
    for step in range(1, 12):
        sighting = made.update(frame(100 + 8 * step, float(step)))
        assert sighting.box is not None
        assert sighting.box.xyxy[0] == pytest.approx(100 + 8 * step, abs=2.0)
    assert sighting.stamp == 11.0 and sighting.box.score > 0.9


def test_a_hidden_target_is_lost_after_the_set_number_of_frames_and_no_earlier() -> None:
    made = started(lost_after=3)
    sightings = [made.update(frame(None, float(i))) for i in range(1, 6)]
    assert [s.box is None for s in sightings] == [False, False, True, True, True] and made.is_lost


def test_a_lost_target_is_found_at_the_other_end_of_the_image() -> None:
    made = started(x=40.0, lost_after=2, windows=2)
    for step in range(1, 5):
        made.update(frame(None, float(step)))
    found = next(s for s in (made.update(frame(560, 10.0 + i)) for i in range(40)) if s.box is not None)
    assert found.box is not None and found.box.xyxy[0] == pytest.approx(560, abs=4.0)
    assert not made.is_lost


def test_without_global_search_it_stays_lost_far_away() -> None:
    made = started(x=40.0, lost_after=1, windows=0)
    made.update(frame(None, 1.0))
    assert all(made.update(frame(560, 2.0 + i)).box is None for i in range(40))


def test_a_limit_of_zero_never_loses() -> None:
    made = started(lost_below=0.0, lost_after=1)
    assert made.update(frame(None, 1.0)).box is not None


def test_the_sentence_is_encoded_and_the_template_run_once() -> None:
    network = WhiteFinder()
    made = tracker(network)
    made.init(frame(100, 0.0), "white square", np.array([100.0, 100, 130, 130]))
    for step in range(5):
        made.update(frame(100, 1.0 + step))
    assert (network.templates, network.searches) == (1, 5)
    assert network.sentence is not None and network.sentence.shape == (768,)


def test_an_empty_sentence_is_no_language() -> None:
    network = WhiteFinder()
    tracker(network).init(frame(100, 0.0), "  ", np.array([100.0, 100, 130, 130]))
    assert network.sentence is None


def test_two_targets_share_a_network_without_mixing() -> None:
    network = WhiteFinder()
    first, second = tracker(network), tracker(network)
    first.init(frame(100, 0.0, y=20), "", np.array([100.0, 20, 130, 50]))
    second.init(frame(400, 0.0, y=180), "", np.array([400.0, 180, 430, 210]))
    for step in range(1, 6):
        image = frame(100 + 5 * step, float(step), y=20).rgb | frame(400 - 5 * step, float(step), y=180).rgb
        boxes = [made.update(Frame(image, float(step))).box for made in (first, second)]
    assert boxes[0].xyxy[0] == pytest.approx(125, abs=2) and boxes[1].xyxy[0] == pytest.approx(375, abs=2)


@pytest.mark.parametrize(
    "box",
    [None, [5, 5, 6, 6], [700, 10, 740, 50], [10, 10, 5, 50], [np.nan, 0, 10, 10], [0, 0, np.inf, 10]],
    ids=["none", "one pixel", "outside", "inside out", "nan", "infinite"],
)
def test_a_bad_first_box_is_refused(box: list[float] | None) -> None:
    with pytest.raises(TargetError, match="box"):
        tracker(WhiteFinder()).init(frame(100, 0.0), "x", None if box is None else np.array(box, float))


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((40, 40), np.uint8),
        np.zeros((40, 40, 3), np.uint16),
        np.full((40, 40, 3), np.nan),
        np.zeros((40, 40, 4), np.uint8),
    ],
    ids=["grey", "16 bit", "nan", "four channels"],
)
def test_another_kind_of_image_is_refused(image: Any) -> None:
    made = started()
    with pytest.raises(ValueError, match=r"wanted uint8 \(H, W, 3\)"):
        made.update(Frame(image, 1.0))
    with pytest.raises(ValueError, match="wanted uint8"):
        made.init(Frame(image, 1.0), "", np.array([5.0, 5, 20, 20]))


def test_before_init_nothing_is_seen() -> None:
    assert tracker(WhiteFinder()).update(frame(100, 3.0)).box is None


@pytest.fixture(scope="module")
def small_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    file = tmp_path_factory.mktemp("weights") / "small.safetensors"
    checkpoint.save(zoo.build("vlt_scar", SMALL), SMALL_PATH, file)
    return file


@pytest.mark.parametrize("engine", ["eager", "folded"])
def test_a_narrow_network_tracks_a_ten_pixel_image_from_its_file(small_file: Path, engine: str) -> None:
    made = make_tracker("vlt_scar", {"checkpoint": str(small_file), "engine": engine, "lost_below": 0.0})
    rng = np.random.default_rng(0)
    made.init(Frame(rng.integers(0, 255, (10, 10, 3), np.uint8), 0.0), "", np.array([2.0, 2, 8, 8]))
    box = made.update(Frame(rng.integers(0, 255, (10, 10, 3), np.uint8), 1.0)).box
    assert box is not None and np.all(np.isfinite(box.xyxy))


def test_a_checkpoint_keeps_sizes_path_and_weights(small_file: Path) -> None:
    network, stored = checkpoint.load(small_file)
    torch.manual_seed(0)
    fresh = zoo.build("vlt_scar", SMALL).state_dict()
    assert stored.path == SMALL_PATH and network.config.width == 16
    assert all(torch.equal(tensor, fresh[name]) for name, tensor in network.state_dict().items())


@pytest.mark.parametrize("wrapper", [None, "state_dict"])
def test_the_authors_files_load_with_prefixes_and_their_bert(tmp_path: Path, wrapper: str | None) -> None:
    network = zoo.build("vlt_scar")
    state = {f"module.{name}": tensor for name, tensor in network.state_dict().items()}
    state["module.backbone.bert_model.embeddings.position_ids"] = torch.arange(512)[None]
    torch.save(state if wrapper is None else {wrapper: state, "epoch": 20}, tmp_path / "authors.model")
    made = checkpoint.convert(tmp_path / "authors.model", tmp_path / "ours.safetensors", tmp_path / "bert.safetensors")
    assert made.architecture == "vlt_scar" and list(made.language) == ["embeddings.position_ids"]
    again, stored = checkpoint.load(tmp_path / "ours.safetensors", "vlt_scar")
    assert stored.path == SCAR_PATH
    assert torch.equal(again.state_dict()["head.down.weight"], network.state_dict()["head.down.weight"])


class Payload:
    """Runs a function when unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (pytest.fail, ("code of a pickle was run",))


def test_a_pickle_with_code_is_refused_and_not_run(tmp_path: Path) -> None:
    (tmp_path / "evil.pth").write_bytes(pickle.dumps({"weights": Payload()}))
    torch.save({"weights": Payload()}, tmp_path / "evil.model")
    for name in ("evil.pth", "evil.model"):
        with pytest.raises(CheckpointError, match="truncated or holds more than tensors"):
            checkpoint.load(tmp_path / name)


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_a_truncated_file_is_refused(tmp_path: Path, small_file: Path, suffix: str) -> None:
    whole = tmp_path / f"whole.{suffix}"
    if suffix == "pth":
        torch.save(zoo.build("vlt_scar", SMALL).state_dict(), whole)
    else:
        whole.write_bytes(small_file.read_bytes())
    cut = tmp_path / f"cut.{suffix}"
    cut.write_bytes(whole.read_bytes()[:5000])
    with pytest.raises(CheckpointError, match=str(cut)):
        checkpoint.load(cut)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    for name in ("no.pth", "no.safetensors"):
        with pytest.raises(CheckpointError, match=name):
            checkpoint.load(tmp_path / name)


def test_the_other_trackers_checkpoint_is_refused_by_name(small_file: Path) -> None:
    with pytest.raises(ConfigError, match="is a vlt_scar checkpoint; wanted vlt_tt; type tracker:=vlt_scar"):
        make_tracker("vlt_tt", {"checkpoint": str(small_file)})


def test_a_missing_name_and_another_shape_are_named(tmp_path: Path) -> None:
    network = zoo.build("vlt_scar", SMALL)
    state = dict(network.state_dict())
    taken = state.pop("head.down.bias")
    with pytest.raises(CheckpointError, match=r"1 names missing \['head.down.bias'\]"):
        checkpoint.fill(network, state, "a file")
    with pytest.raises(CheckpointError, match=r"head.down.bias is \(3,\); wanted \(16,\)"):
        checkpoint.fill(network, state | {"head.down.bias": taken[:3]}, "a file")
    with pytest.raises(CheckpointError, match="head.down.bias holds numbers that are not finite"):
        checkpoint.fill(network, state | {"head.down.bias": taken * float("nan")}, "a file")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"path": "[[1]]"}, "four JSON lists"),
        ({"path": json.dumps(SCAR_PATH.to_lists())}, "20 blocks; wanted 8"),
        ({"language": "bert"}, "needs a file"),
        ({"language": "bert", "language_path": "/nowhere"}, "no folder"),
        ({"language": "vector", "language_path": "/nowhere.npy"}, "cannot read a sentence vector"),
        ({"language": "berd"}, "did you mean 'bert'"),
        ({"engine": "warp"}, "engine 'warp' unknown"),
    ],
)
def test_wrong_settings_say_what_to_type(small_file: Path, values: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        make_tracker("vlt_scar", {"checkpoint": str(small_file)} | values)


def test_without_a_checkpoint_the_small_weights_run_and_it_is_said(
    small_file: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ConfigError, match="vlt_tt has no weights"):
        make_tracker("vlt_tt")
    monkeypatch.setattr(
        NanoTrackerConfig,
        "__init__",
        lambda self: VltTrackerConfig.__init__(self, checkpoint=str(small_file), language="looks"),
    )
    with caplog.at_level(logging.WARNING):
        made = make_tracker("vlt_scar", {"engine": "eager"})
    assert "small weights of vlt_nano" in caplog.text
    assert made.init(frame(100, 0.0), "man in red", np.array([100.0, 100, 130, 130])).box is not None


def test_a_sentence_without_words_is_no_language_and_said(caplog: pytest.LogCaptureFixture) -> None:
    network = WhiteFinder()
    with caplog.at_level(logging.WARNING):
        tracker(network).init(frame(100, 0.0), "?!", np.array([100.0, 100, 130, 130]))
    assert network.sentence is None and "tracking without language" in caplog.text


@pytest.mark.parametrize(("kind", "pixels"), [
    ("grey", np.tile(np.arange(160, dtype=np.uint8), (120, 1))),
    ("16 bit", np.tile(np.arange(160, dtype=np.uint16)[:, None] * 256, (1, 120, 3)).reshape(120, 160, 3)),
    ("with alpha", np.full((120, 160, 4), 90, np.uint8)),
])  # fmt: skip
def test_files_of_other_kinds_are_read_as_eight_bit_colour(tmp_path: Path, kind: str, pixels: Any) -> None:
    del kind
    for index in range(2):
        cv2.imwrite(str(tmp_path / f"{index}.png"), pixels)
    sequence = BenchmarkSequence("a", np.array([[40.0, 40, 30, 30]] * 2), np.zeros(2, bool), images=tmp_path)
    boxes, _ = run_sequence(tracker(WhiteFinder(), lost_below=0.0), sequence)
    assert boxes.shape == (2, 4) and np.all(np.isfinite(boxes))


def test_both_trackers_are_registered_and_need_a_box() -> None:
    assert TRACKERS["vlt_scar"].needs_box and TRACKERS["vlt_tt"].needs_box


def test_language_changes_the_answer_and_zero_is_not_none() -> None:
    torch.manual_seed(0)
    network = eager(zoo.build("vlt_scar", SMALL), SMALL_PATH)
    rng = np.random.default_rng(0)
    crop = TemplateCrop(rng.integers(0, 255, (127, 127, 3), np.uint8), np.array([40.0, 40, 90, 90]))
    search = rng.integers(0, 255, (255, 255, 3), np.uint8)
    sentences = [
        None,
        np.zeros(768),
        make_encoder("words").encode("red shirt"),
        make_encoder("words").encode("blue hat"),
    ]
    maps = [network.search(search, network.template(crop, sentence)).cls for sentence in sentences]
    apart = [np.abs(maps[i] - maps[j]).max() for i in range(4) for j in range(i)]
    assert min(apart) > 1e-4

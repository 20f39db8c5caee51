"""Exported graphs answer as the model does, with any history and sentence, and bad folders are told by name."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from track_common.interfaces import Observation  # noqa: E402
from track_common.types import Camera, Frame, TargetStatus  # noqa: E402
from trackvla_ros.exported.graphs import DECIDE, NOTES, ExportedError, Graphs  # noqa: E402
from trackvla_ros.model.config import config_from_dict  # noqa: E402
from trackvla_ros.model.export import export  # noqa: E402
from trackvla_ros.model.prompting import WORDS_FILE, InstructionError  # noqa: E402
from trackvla_ros.model.sizes import SIZES  # noqa: E402
from trackvla_ros.model.weights import build_random, load_model, save_model  # noqa: E402
from trackvla_ros.registry import make_policy  # noqa: E402

SMALL = config_from_dict(
    {
        "vision": {"image_size": 64, "patch_size": 8, "width": 16, "depth": 3, "blocks": 1},
        "language": {"width": 32, "depth": 2, "heads": 4, "kv_heads": 2, "mlp_width": 48},
        "head": {"width": 16, "depth": 1, "anchors": 5},
    },
    SIZES["nano"],
)
WORDS = ["follow", "the", "man", "in", "red"]
CAMERA = Camera.from_hfov(80, 60, np.pi / 2)


@pytest.fixture(scope="module", name="folders")
def _folders(tmp_path_factory):
    """A checkpoint whose head says something, and its graphs."""
    torch.set_num_threads(1)
    place = tmp_path_factory.mktemp("nano")
    (place / WORDS_FILE).write_text(json.dumps(WORDS))
    from trackvla_ros.model.anchors import fan_anchors

    anchors = fan_anchors(5, 10, 0.1)
    model = build_random(SMALL, anchors, seed=3)
    with torch.no_grad():
        model.head.trajectory.weight.normal_(0.0, 0.3)
    save_model(model, anchors, place / "model", {}, place)
    export(place / "model", place / "graphs")
    return place / "model", place / "graphs"


def frames(count):
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (count, 60, 80, 3), dtype=np.uint8)
    return [Frame(picture, 10.0 + 0.1 * i, CAMERA) for i, picture in enumerate(pictures)]


@pytest.mark.parametrize("sentence", ["follow the man in red", "Follow the MAN in a fuchsia cape!"])
def test_graphs_answer_as_the_model_does(folders, sentence):
    eager, exported = (make_policy("trackvla", {"checkpoint": str(folder)}) for folder in folders)
    assert type(eager) is not type(exported)
    for policy in (eager, exported):
        policy.reset(sentence)
    for frame in frames(14):
        wanted, got = eager.infer(Observation(frame)), exported.infer(Observation(frame))
        assert np.allclose(got.poses_base, wanted.poses_base, atol=1e-3)
        assert np.allclose(got.candidates_base, wanted.candidates_base, atol=1e-3)
        assert np.allclose(got.scores, wanted.scores, atol=1e-3)
        assert got.status is wanted.status
        if wanted.target_base is not None:
            assert np.allclose(got.target_base, wanted.target_base, atol=1e-3)


def test_siblings_keep_their_own_past(folders):
    first = make_policy("trackvla", {"checkpoint": str(folders[1])})
    second = first.sibling()
    first.reset("follow the man")
    second.reset("follow the man")
    shots = frames(8)
    for frame in shots[:-1]:
        first.infer(Observation(frame))
    with_past, without = first.infer(Observation(shots[-1])), second.infer(Observation(shots[-1]))
    assert not np.allclose(with_past.candidates_base, without.candidates_base)


def test_an_empty_instruction_stands_still(folders):
    policy = make_policy("trackvla", {"checkpoint": str(folders[1])})
    policy.reset("  ")
    answer = policy.infer(Observation(frames(1)[0]))
    assert answer.status is TargetStatus.IDLE and not answer.poses_base.any()


def test_an_instruction_of_ten_thousand_letters_is_refused(folders):
    policy = make_policy("trackvla", {"checkpoint": str(folders[1])})
    with pytest.raises(InstructionError, match="wanted 1..64"):
        policy.reset("x" * 10_000)


def test_a_one_pixel_image_is_planned(folders):
    policy = make_policy("trackvla", {"checkpoint": str(folders[1])})
    policy.reset("follow the man")
    answer = policy.infer(Observation(Frame(np.zeros((1, 1, 3), np.uint8), 1.0)))
    assert np.isfinite(answer.poses_base).all()


def test_a_missing_graph_is_named(folders, tmp_path):
    for file in folders[1].iterdir():
        if file.name != DECIDE:
            (tmp_path / file.name).write_bytes(file.read_bytes())
    with pytest.raises(ExportedError, match=f"lacks {DECIDE}; write them with"):
        Graphs(tmp_path)


def test_a_damaged_graph_is_named(folders, tmp_path):
    for file in folders[1].iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / DECIDE).write_bytes(b"no graph")
    with pytest.raises(ExportedError, match=f"{DECIDE} cannot be run"):
        Graphs(tmp_path)


def test_another_format_is_refused(folders, tmp_path):
    for file in folders[1].iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / NOTES).write_text(json.dumps(json.loads((tmp_path / NOTES).read_text()) | {"format": 99}))
    with pytest.raises(ExportedError, match="format 99"):
        Graphs(tmp_path)


def test_graphs_run_without_torch(folders):
    code = (
        "import sys; from trackvla_ros.registry import make_policy; "
        f"make_policy('trackvla', {{'checkpoint': {str(folders[1])!r}}}).reset('follow the man'); "
        "sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_loading_again_is_the_same_checkpoint(folders):
    model, tokenizer = load_model(folders[0])
    assert model.target is not None and tokenizer.encode("red man")[0] > 263


def test_a_sentence_outside_the_training_stands_still_with_the_reason(folders, tmp_path):
    folder = shutil.copytree(folders[1], tmp_path / "narrow")
    stored = json.loads((folder / NOTES).read_text())
    (folder / NOTES).write_text(json.dumps(stored | {"notes": {"sentences": "garments"}}))
    policy = make_policy("trackvla", {"checkpoint": str(folder)})
    policy.reset("follow the man who is not in red")
    trajectory = policy.infer(Observation(frames(1)[0]))
    assert trajectory.status is TargetStatus.IDLE and "what must not be seen" in trajectory.reason
    assert not trajectory.poses_base.any()
    policy.reset("follow the man in red")
    assert policy.infer(Observation(frames(1)[0])).status is not TargetStatus.IDLE

"""The quick forms of the networks give the plain form's answers, for any path."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from vlt_ros.model import checkpoint, zoo  # noqa: E402
from vlt_ros.model.checkpoint import CheckpointError  # noqa: E402
from vlt_ros.model.engine import Source, load_engine, make_engine  # noqa: E402
from vlt_ros.model.folded import FoldedBackbone, route  # noqa: E402
from vlt_ros.model.network import eager  # noqa: E402
from vlt_ros.model.paths import NetworkPath  # noqa: E402
from vlt_ros.model.rounding import rounded  # noqa: E402
from vlt_ros.siamese.state import TemplateCrop  # noqa: E402

BACKBONE = {"stem": 4, "widths": [8, 16, 24, 32], "depths": [2, 3, 5, 4], "has_classifier": False}
SMALL = {
    "vlt_scar": {"backbone": BACKBONE, "width": 16, "groups": 4, "tower": 1},
    "vlt_tt": {"backbone": BACKBONE, "fusion": {"width": 16, "heads": 4, "hidden": 32, "layers": 2}},
}
SIDES = {"vlt_scar": (127, 255), "vlt_tt": (128, 256)}
FLOAT32 = 1e-3  # relative, what the issue allows the float32 engines


def trained(name: str) -> Any:
    """A narrow network whose normalisation has statistics of its own, as after training."""
    torch.manual_seed(0)
    network = zoo.build(name, SMALL[name])
    for key, value in network.state_dict().items():
        if key.endswith("running_mean"):
            value.normal_(0.0, 0.1)
        elif key.endswith("running_var"):
            value.uniform_(0.5, 1.5)
    return network


def answers(network: Any, name: str, sentence: Any = None) -> list[Any]:
    rng = np.random.default_rng(0)
    template, search = (rng.integers(0, 256, (side, side, 3), np.uint8) for side in SIDES[name])
    target = network.template(TemplateCrop(template, np.array([40.0, 40, 90, 80])), sentence)
    return list(vars(network.search(search, target)).values())


@pytest.mark.parametrize("name", SIDES)
@pytest.mark.parametrize("seed", range(4))
def test_a_folded_network_answers_as_the_plain_one_on_any_path(name: str, seed: int) -> None:
    network, path = trained(name), NetworkPath.random(np.random.default_rng(seed), BACKBONE["depths"])
    for sentence in (None, np.ones(768)):
        plain = answers(eager(network, path), name, sentence)
        quick = answers(make_engine("folded", network, path), name, sentence)
        for wanted, got in zip(plain, quick, strict=True):
            assert np.all(np.abs(got - wanted) <= FLOAT32 * (1 + np.abs(wanted)) * 0.1)


@pytest.mark.slow
@pytest.mark.parametrize("name", SIDES)
def test_openvino_answers_as_the_plain_network_also_from_its_cache(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("openvino")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    network, path = trained(name), NetworkPath.random(np.random.default_rng(7), BACKBONE["depths"])
    plain = answers(eager(network, path), name)
    for engine, limit in (("openvino", FLOAT32), ("openvino", FLOAT32), ("openvino-bf16", 0.3)):
        quick = answers(make_engine(engine, network, path), name)
        for wanted, got in zip(plain, quick, strict=True):
            assert np.all(np.abs(got - wanted) <= limit * (1 + np.abs(wanted))), engine


@pytest.mark.slow
def test_a_file_runs_without_torch_and_what_does_not_fit_is_refused_by_the_process_that_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("openvino")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    network, path = trained("vlt_scar"), NetworkPath.random(np.random.default_rng(7), BACKBONE["depths"])
    file = tmp_path / "small.safetensors"
    checkpoint.save(network, path, file)
    plain = answers(eager(network, path), "vlt_scar")
    quick = answers(load_engine("openvino", Source(file, "vlt_scar")), "vlt_scar")
    assert all(np.all(np.abs(a - b) <= FLOAT32 * (1 + np.abs(a))) for a, b in zip(plain, quick, strict=True))
    again = "import sys; from pathlib import Path; from vlt_ros.model.engine import Source, load_engine; "
    again += f"load_engine('openvino', Source(Path({str(file)!r}), 'vlt_scar')); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", again], check=False).returncode == 0
    torch.save({"weights": torch.zeros(3)}, tmp_path / "other.pth")
    with pytest.raises(CheckpointError, match="holds no VLT tracker"):
        load_engine("openvino", Source(tmp_path / "other.pth", "vlt_scar"))


def test_graphs_that_are_not_written_in_time_are_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openvino")
    from vlt_ros.model.exported import written_apart

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    network, path = trained("vlt_scar"), NetworkPath.random(np.random.default_rng(3), BACKBONE["depths"])
    file = tmp_path / "small.safetensors"
    checkpoint.save(network, path, file)
    with pytest.raises(CheckpointError, match=r"not written within 0\.1 s.*python -m vlt_ros.model.export"):
        written_apart(file, "vlt_scar", path, "f32", deadline=0.1)


def test_weights_rounded_together_keep_their_sums_where_single_ones_do_not() -> None:
    torch.manual_seed(0)
    inputs = torch.rand(500, 1) * torch.rand(1, 40) + 0.05 * torch.rand(500, 40)  # neighbours are much the same
    weights = torch.randn(1, 8, 40)
    made = rounded(weights, (inputs.T @ inputs)[None] / len(inputs))
    assert torch.equal(made, made.bfloat16().float())
    together, alone = ((inputs @ (w - weights)[0].T).square().mean().sqrt() for w in (made, weights.bfloat16().float()))
    assert together < 0.35 * alone


def test_folding_leaves_the_network_as_it_was() -> None:
    network, path = trained("vlt_scar"), NetworkPath.random(np.random.default_rng(1), BACKBONE["depths"])
    before = {name: value.clone() for name, value in network.state_dict().items()}
    make_engine("folded", network, path)
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


def test_stages_are_the_plain_ones_in_the_order_told() -> None:
    network, path = trained("vlt_scar"), NetworkPath.random(np.random.default_rng(2), BACKBONE["depths"])
    images = torch.rand(2, 3, 64, 64)
    folded = FoldedBackbone(network.backbone, path.search).eval()
    with torch.inference_mode():
        plain = network.backbone(images, path.search, network.backbone.language_tokens(torch.randn(2, 768)))
        quick = folded(images, folded.tokens(plain.tokens))
    for wanted, got, order in zip(plain.stages, quick, folded.orders, strict=True):
        assert torch.allclose(got, wanted[:, order], atol=1e-4)
        assert sorted(order.tolist()) == list(range(wanted.shape[1]))


@pytest.mark.parametrize(("widths", "blocks"), [((16, 48), 3), ((64, 96), 3), ((160, 160), 7), ((4, 4), 1)])
def test_every_channel_is_used_once(widths: tuple[int, int], blocks: int) -> None:
    routes = route(widths, blocks)
    for width, written in zip((*widths, *[sum(widths) // 2] * (blocks - 1)), routes.written, strict=True):
        assert sorted(written) == list(range(width))
    assert all(sorted(read) == list(range(sum(widths) // 2)) for read in [*routes.read, routes.passed])


def test_two_targets_of_one_engine_do_not_mix() -> None:
    network, path = trained("vlt_scar"), NetworkPath.random(np.random.default_rng(3), BACKBONE["depths"])
    engine = make_engine("folded", network, path)
    rng = np.random.default_rng(0)
    crops = [
        TemplateCrop(rng.integers(0, 256, (127, 127, 3), np.uint8), np.array([40.0, 40, 90, 80])) for _ in range(2)
    ]
    search = rng.integers(0, 256, (255, 255, 3), np.uint8)
    first = engine.template(crops[0], None)
    alone = engine.search(search, first).cls
    engine.search(search, engine.template(crops[1], None))
    assert np.array_equal(engine.search(search, first).cls, alone)

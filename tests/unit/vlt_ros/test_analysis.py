"""Activation maps find what the score rests on; gains by attribute are right and drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

torch = pytest.importorskip("torch")

from track_common.config import ConfigError  # noqa: E402
from trackvla_cli.commands.vlt import app  # noqa: E402
from vlt_ros.evaluation.attributes import compare, plot_grid  # noqa: E402
from vlt_ros.evaluation.metrics import Curves  # noqa: E402
from vlt_ros.evaluation.report import Report  # noqa: E402
from vlt_ros.language.words import WordSentence  # noqa: E402
from vlt_ros.model import checkpoint, zoo  # noqa: E402
from vlt_ros.model.activation import Activation, Scene, activations, cam, grid  # noqa: E402
from vlt_ros.model.paths import NetworkPath  # noqa: E402
from vlt_ros.training.drawn import draw_videos  # noqa: E402

BACKBONE = {"stem": 4, "widths": [8, 12, 16, 20], "depths": [2, 2, 2, 2], "has_classifier": False}
SMALL: dict[str, dict[str, Any]] = {
    "vlt_scar": {"backbone": BACKBONE, "width": 16, "groups": 4, "tower": 1},
    "vlt_tt": {"backbone": BACKBONE, "fusion": {"width": 16, "heads": 4, "hidden": 32, "layers": 1}},
}
PATH = NetworkPath.random(np.random.default_rng(0), (2, 2, 2, 2))
VIDEO = draw_videos(1, 4, seed=5)[0]


def network_of(name: str) -> zoo.Network:
    torch.manual_seed(0)
    return zoo.build(name, SMALL[name])


def scene() -> Scene:
    return Scene(VIDEO.image(0), VIDEO.boxes_xyxy[0], VIDEO.image(2), VIDEO.boxes_xyxy[0])


@pytest.mark.parametrize("name", SMALL)
def test_every_sentence_has_a_map_of_its_own(name: str) -> None:
    network = network_of(name)
    crop, found = activations(network, PATH, scene(), ["", "the red circle", "the blue person"], WordSentence())
    assert [one.values.shape for one in found] == [crop.shape[:2]] * 3
    assert all(one.values.min() >= 0.0 and one.values.max() <= 1.0 + 1e-5 for one in found)
    assert np.abs(found[1].values - found[2].values).max() > 1e-3 and found[0].sentence == ""
    assert all(parameter.grad is None for parameter in network.parameters())
    assert not zoo.backbone(network)._forward_hooks  # nothing is left in the network


def test_a_map_follows_the_gradient_of_the_score() -> None:
    """Where the score is a stage's first channel at one cell, the map is that channel."""
    network = network_of("vlt_scar")
    caught: list[Any] = []
    zoo.backbone(network).register_forward_hook(lambda m, i, o: caught.append(o.stages[3].detach()))

    def search(x: Any, path: Any, kept: Any) -> Any:
        stage = zoo.backbone(network)(x, path.search, kept.tokens).stages[3]
        empty = torch.zeros_like(stage[:, :1])
        from vlt_ros.model.scar import ScarMaps

        return ScarMaps(torch.cat([empty, stage[:, :1]], dim=1), empty, empty)

    object.__setattr__(network, "search", search)
    _, (one,) = activations(network, PATH, scene(), [""], None)
    wanted = caught[-1][0, 0].clamp(min=0).numpy()
    assert np.allclose(one.values, cv2.resize(wanted / wanted.max(), one.values.shape[::-1]), atol=1e-4)


def test_cells_are_weighted_by_their_own_gradient_where_wanted() -> None:
    features = torch.ones(1, 1, 2, 2)
    gradient = torch.tensor([[[[1.0, -3.0], [0.5, 0.0]]]])
    assert not cam(features, gradient, False).any()  # the mean is below 0
    assert cam(features, gradient, True).tolist() == [[1.0, 0.0], [0.5, 0.0]]


def test_a_stage_that_is_not_there_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"1\.\.4"):
        activations(network_of("vlt_scar"), PATH, scene(), [""], None, stage=5)
    with pytest.raises(ConfigError, match="need an encoder"):
        activations(network_of("vlt_scar"), PATH, scene(), ["a man"], None)


def test_a_grid_shows_heat_where_the_map_is_high() -> None:
    crop = np.full((60, 60, 3), 100, np.uint8)
    values = np.zeros((60, 60))
    values[:, 40:] = 1.0
    picture = grid(crop, [Activation("a man", values, 0.5)])
    left, right = picture[-20, 60 + 4 + 10], picture[-20, 60 + 4 + 50]
    assert right[0] > left[0] and left[2] > right[2]  # red where high, blue where low


def test_the_activation_command_writes_a_picture(tmp_path: Path) -> None:
    checkpoint.save(network_of("vlt_scar"), PATH, tmp_path / "w.safetensors")
    cv2.imwrite(str(tmp_path / "a.png"), VIDEO.image(0))
    words = ["activation", "--checkpoint", tmp_path / "w.safetensors", "--image", tmp_path / "a.png", "--box"]
    more = ["--sentence", "the red circle", "--sentence", "", "--out", tmp_path / "made" / "cam.png"]
    result = CliRunner().invoke(app, [str(word) for word in [*words, "40,50,60,80", *more]], catch_exceptions=False)
    assert result.exit_code == 0 and "2 maps" in result.stdout
    assert cv2.imread(str(tmp_path / "made" / "cam.png")).shape[1] == 3 * 255 + 2 * 4
    refused = CliRunner().invoke(app, [str(word) for word in [*words, "40,50,60"]])
    assert isinstance(refused.exception, ConfigError)


def report(tracker: str, **scores: float) -> Report:
    def flat(score: float) -> Curves:
        return Curves(np.full(21, score), np.full(51, score), np.full(51, score))

    attributes = {name: (3, flat(score)) for name, score in scores.items()}
    return Report(tracker, "lasot", flat(0.5), {}, attributes)


def test_gains_are_over_the_best_other_tracker_and_sorted(tmp_path: Path) -> None:
    reports = [report("a", IV=0.5, FM=0.6), report("ours", IV=0.4, FM=0.7), report("b", IV=0.2, FM=0.65)]
    rows = compare(reports, "ours")
    assert [row.name for row in rows] == ["FM", "IV"]
    assert [row.gain for row in rows] == pytest.approx([0.05, -0.1])
    assert rows[0].success == pytest.approx((0.7, 0.6, 0.65))
    plot_grid(reports, "ours", tmp_path / "grid.png")
    assert cv2.imread(str(tmp_path / "grid.png")).std() > 5


def test_a_comparison_needs_two_trackers_and_attributes() -> None:
    with pytest.raises(ConfigError, match="at least one other"):
        compare([report("ours", IV=0.4)], "ours")
    with pytest.raises(ConfigError, match="no attributes"):
        compare([report("ours"), report("a")], "ours")

"""The supernet: every path runs, an unused choice changes nothing; ROI-Align's rules; the losses' labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from vlt_ros.model import zoo  # noqa: E402
from vlt_ros.model.backbone import Backbone, BackboneConfig, copy_mixers  # noqa: E402
from vlt_ros.model.fusion import sine_positions  # noqa: E402
from vlt_ros.model.losses import ciou_loss, scar_distances, scar_loss, scar_positives, tt_loss, tt_positives  # noqa: E402
from vlt_ros.model.paths import SCAR_PATH, TT_PATH, BranchPath, NetworkPath, PathError  # noqa: E402
from vlt_ros.model.roi_align import roi_align  # noqa: E402

BACKBONE = {"stem": 4, "widths": [8, 16, 24, 32], "depths": [2, 2, 3, 2], "has_classifier": False}
SMALL = {
    "vlt_scar": {"backbone": BACKBONE, "width": 16, "groups": 4, "tower": 1},
    "vlt_tt": {"backbone": BACKBONE, "fusion": {"width": 16, "heads": 4, "hidden": 32, "layers": 1}},
}
DEPTHS = (2, 2, 3, 2)
SIDES = {"vlt_scar": (127, 255), "vlt_tt": (128, 256)}
BOXES = torch.tensor([[40.0, 40, 90, 80], [30.0, 50, 80, 70]])


def small(name: str) -> Any:
    torch.manual_seed(0)
    return zoo.build(name, SMALL[name])


def images(name: str, seed: int = 0) -> tuple[Any, Any]:
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.rand(2, 3, side, side, generator=generator) for side in SIDES[name])


@pytest.mark.parametrize("name", SIDES)
@pytest.mark.parametrize("seed", range(4))
def test_any_path_runs_and_learns(name: str, seed: int) -> None:
    network = small(name).train()
    path = NetworkPath.random(np.random.default_rng(seed), DEPTHS)
    maps = network(*images(name), path, torch.randn(2, 768))
    boxes = torch.tensor([[70.0, 80, 190, 170], [100.5, 60.25, 160.75, 210]])
    loss = (scar_loss if name == "vlt_scar" else tt_loss)(maps, boxes)
    loss.total.backward()
    learned = {n for n, p in network.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0}
    backbone = "backbone." if name == "vlt_scar" else "backbone.0.body."
    for index, choice in enumerate(path.search.blocks):
        assert any(n.startswith(f"{backbone}features.{index}.{choice}.") for n in learned)
    used = {f"{index}.{choice}" for p in (path.template, path.search) for index, choice in enumerate(p.blocks)}
    idle = {f"{index}.{choice}" for index in range(9) for choice in range(4)} - used
    assert not any(n.startswith(f"{backbone}features.{place}.") for n in learned for place in idle)


@pytest.mark.parametrize("name", SIDES)
def test_only_choices_on_the_path_matter(name: str) -> None:
    network, other = small(name), small(name)
    path = NetworkPath.random(np.random.default_rng(1), DEPTHS)
    body = zoo.backbone(other)
    for index in range(9):
        for choice in set(range(4)) - {path.template.blocks[index], path.search.blocks[index]}:
            for parameter in body.features[index][choice].parameters():
                parameter.data.normal_()
    with torch.inference_mode():
        first, second = (n(*images(name), path, torch.ones(2, 768)) for n in (network, other))
    assert all(torch.equal(a, b) for a, b in zip(vars(first).values(), vars(second).values(), strict=True))


@pytest.mark.parametrize("name", SIDES)
def test_samples_of_a_batch_do_not_mix(name: str) -> None:
    network = small(name)
    path = NetworkPath.random(np.random.default_rng(2), DEPTHS)
    templates, searches = images(name)
    with torch.inference_mode():
        both = network(templates, searches, path, None, BOXES)
        alone = network(templates[1:], searches[1:], path, None, BOXES[1:])
    for a, b in zip(vars(both).values(), vars(alone).values(), strict=True):
        assert torch.allclose(a[1:], b, atol=1e-5)


def test_published_paths_have_four_blocks_in_common() -> None:
    for path in (SCAR_PATH, TT_PATH):
        assert sum(a == b for a, b in zip(path.template.blocks, path.search.blocks, strict=True)) == 4
        assert NetworkPath.from_lists(path.to_lists()) == path


@pytest.mark.parametrize(
    ("blocks", "mixers", "said"),
    [((0,) * 8, (0,) * 4, "8 blocks; wanted 9"), ((0,) * 9, (0,) * 3, "3 mixers"), ((4,) * 9, (0,) * 4, "0..3")],
)
def test_a_path_that_does_not_fit_is_refused(blocks: tuple[int, ...], mixers: tuple[int, ...], said: str) -> None:
    with pytest.raises(PathError, match=said):
        BranchPath(blocks, mixers).check(DEPTHS)


def test_mixers_start_from_the_last_block_of_their_stage() -> None:
    backbone = Backbone(BackboneConfig(stem=4, widths=(8, 16, 24, 32), depths=DEPTHS, has_classifier=False))
    copy_mixers(backbone)
    for stage, last in enumerate((1, 3, 6, 8)):
        mixer, block = backbone.nlp_layers[stage].state_dict(), backbone.features[last].state_dict()
        assert all(torch.equal(mixer[name], block[name]) for name in block)


def test_the_exact_roi_of_stage_one_is_an_option_that_changes_stage_one_only_first() -> None:
    config = {"stem": 4, "widths": (8, 16, 24, 32), "depths": DEPTHS, "has_classifier": False}
    torch.manual_seed(0)
    plain = Backbone(BackboneConfig(**config)).eval()
    exact = Backbone(BackboneConfig(**config, is_roi_exact=True)).eval()
    exact.load_state_dict(plain.state_dict())
    path = NetworkPath.random(np.random.default_rng(0), DEPTHS).template
    with torch.inference_mode():
        first, second = (b(images("vlt_scar")[0], path, None, BOXES) for b in (plain, exact))
    assert not torch.allclose(first.tokens[0], second.tokens[0])


def test_a_backbone_without_tokens_and_boxes_is_refused() -> None:
    network = small("vlt_scar")
    with pytest.raises(ValueError, match="give language tokens or the target's boxes"):
        network.template(images("vlt_scar")[0], NetworkPath.random(np.random.default_rng(0), DEPTHS))


def test_roi_align_of_a_plane_is_the_plane_at_the_bins_middles() -> None:
    rows, columns = torch.meshgrid(torch.arange(16.0), torch.arange(20.0), indexing="ij")
    plane = (3 * rows - 2 * columns + 1)[None, None]
    pooled = roi_align(plane, torch.tensor([[4.0, 2.0, 13.0, 11.0]]), 1.0)
    y, x = torch.tensor([3.5, 6.5, 9.5]), torch.tensor([5.5, 8.5, 11.5])
    assert torch.allclose(pooled[0, 0], 3 * y[:, None] - 2 * x[None] + 1, atol=1e-4)


def test_roi_align_far_outside_is_zero_and_half_outside_is_less() -> None:
    ones = torch.ones(1, 1, 8, 8)
    assert not roi_align(ones, torch.tensor([[-60.0, -60, -30, -30]]), 1.0).any()
    half = roi_align(ones, torch.tensor([[-6.0, 0, 6, 6]]), 1.0)[0, 0, 1]
    assert half[0] < 0.6 and half[2] == pytest.approx(1.0)


def test_roi_align_scales_the_box() -> None:
    features = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    box = torch.tensor([[1.0, 2, 9, 12]])
    assert torch.allclose(roi_align(features, box, 1.0), roi_align(features, 8 * box, 1 / 8))


def test_positions_differ_everywhere_and_know_rows_from_columns() -> None:
    positions = sine_positions(6, 5, 16)
    assert positions.shape == (1, 30, 16)
    assert torch.cdist(positions[0], positions[0]).fill_diagonal_(9).min() > 1e-2
    assert torch.equal(positions[0, 0, :8], positions[0, 4, :8])  # same row


def test_positive_cells_lie_in_the_middle_of_the_box() -> None:
    distances = scar_distances(torch.tensor([[70.0, 80, 190, 170]]), 25)
    cells = scar_positives(distances)[0].nonzero()
    at = 32 + 8 * cells
    assert len(cells) and torch.all((at[:, 1] - 130).abs() < 0.2 * 120) and torch.all((at[:, 0] - 125).abs() < 0.2 * 90)


def test_a_tiny_box_still_has_one_positive_token() -> None:
    assert tt_positives(torch.tensor([[100.0, 100, 101, 101]]), 32, 256).sum() == 1


def test_scar_loss_without_a_positive_cell_is_finite() -> None:
    network = small("vlt_scar")
    path = NetworkPath.random(np.random.default_rng(0), DEPTHS)
    maps = network(*images("vlt_scar"), path, torch.zeros(2, 768))
    loss = scar_loss(maps, torch.tensor([[0.0, 0, 3, 3], [0.0, 0, 3, 3]]))
    assert torch.isfinite(loss.total) and loss.reg == 0 and loss.cen == 0


def test_ciou_is_zero_for_the_same_box_and_grows_with_distance() -> None:
    box = torch.tensor([[10.0, 10, 50, 40]])
    near, far = (ciou_loss(box + shift, box) for shift in (60.0, 120.0))
    assert ciou_loss(box, box) == pytest.approx(0.0, abs=1e-5)
    assert 1.0 < near < far < 2.0

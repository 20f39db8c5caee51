"""The tower: EVA against an independent implementation, its published key names, grid pooling, image preparation."""

import json
import logging
import math
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from track_common.types import Camera  # noqa: E402
from trackvla_ros.model.config import TrackVlaConfig, VisionConfig  # noqa: E402
from trackvla_ros.model.eva import EvaVit  # noqa: E402
from trackvla_ros.model.image import ImagePreparer, cut_and_resize, training_box, unseen_share  # noqa: E402
from trackvla_ros.model.image_config import ImageConfig  # noqa: E402
from trackvla_ros.model.importing import is_left_out  # noqa: E402
from trackvla_ros.model.sizes import SIZES  # noqa: E402
from trackvla_ros.model.vision import build_tower, pool_grid  # noqa: E402

TINY = SIZES["tiny"].vision
TIMM = Path(__file__).parents[2] / "parity" / "data" / "timm_eva_keys.json"
BLOCK_KEYS = {
    "norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias",
    "attn.qkv.weight", "attn.q_bias", "attn.v_bias", "attn.proj.weight", "attn.proj.bias",
    "mlp.fc1.weight", "mlp.fc1.bias", "mlp.fc2.weight", "mlp.fc2.bias",
}  # fmt: skip


def randomised(module, seed=0):
    generator = torch.Generator().manual_seed(seed)
    for parameter in module.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator) * 0.2
    return module.eval()


def test_eva_computes_what_transformers_blip2_tower_computes():
    from transformers import Blip2VisionConfig, Blip2VisionModel

    ours = randomised(EvaVit(TINY))
    theirs = Blip2VisionModel(
        Blip2VisionConfig(
            hidden_size=TINY.width, intermediate_size=TINY.mlp_width, num_hidden_layers=TINY.depth,
            num_attention_heads=TINY.heads, image_size=TINY.image_size, patch_size=TINY.patch_size,
            layer_norm_eps=1e-6, hidden_act="gelu",
        )
    ).eval()  # fmt: skip
    missing = theirs.load_state_dict({_blip2(k): v for k, v in _fused(ours).items()}, strict=False)
    assert not missing.unexpected_keys
    assert {k.split(".")[0] for k in missing.missing_keys} == {"post_layernorm"}  # EVA's users drop the final norm
    images = torch.randn(2, 3, TINY.image_size, TINY.image_size)
    wanted = theirs(images, output_hidden_states=True).hidden_states[-1][:, 1:]
    torch.testing.assert_close(ours(images), wanted, atol=1e-5, rtol=1e-5)


def _fused(eva):
    state = dict(eva.state_dict())
    for i in range(TINY.depth):
        q, v = state.pop(f"blocks.{i}.attn.q_bias"), state.pop(f"blocks.{i}.attn.v_bias")
        state[f"blocks.{i}.attn.qkv.bias"] = torch.cat([q, torch.zeros_like(q), v])
    return state


def _blip2(key):
    for ours, theirs in (
        ("blocks.", "encoder.layers."), ("norm1", "layer_norm1"), ("norm2", "layer_norm2"),
        ("attn.proj", "self_attn.projection"),
        ("attn.qkv", "self_attn.qkv"), ("cls_token", "embeddings.class_embedding"),
        ("pos_embed", "embeddings.position_embedding"),
        ("patch_embed.proj", "embeddings.patch_embedding"),
    ):  # fmt: skip
        key = key.replace(ours, theirs)
    return key


def test_full_size_eva_has_the_published_names_and_shapes():
    with torch.device("meta"):
        shapes = {k: tuple(v.shape) for k, v in EvaVit(VisionConfig()).state_dict().items()}
    wanted = {"cls_token", "pos_embed", "patch_embed.proj.weight", "patch_embed.proj.bias"}
    assert set(shapes) == wanted | {f"blocks.{i}.{key}" for i in range(39) for key in BLOCK_KEYS}
    assert shapes["pos_embed"] == (1, 257, 1408)
    assert shapes["patch_embed.proj.weight"] == (1408, 3, 14, 14)
    assert shapes["blocks.38.mlp.fc1.weight"] == (6144, 1408)


@pytest.mark.parametrize("name", ["eva_giant_patch14_224", "eva_giant_patch14_clip_224"])
def test_every_parameter_is_timms_and_what_timm_has_more_is_what_the_import_leaves_out(name):
    facts = json.loads(TIMM.read_text())
    theirs = {f"blocks.{i}.{k}": v for i in range(facts["blocks"]) for k, v in facts["block"].items()}
    theirs |= facts["models"][name]
    with torch.device("meta"):
        ours = {k: list(v.shape) for k, v in EvaVit(VisionConfig()).state_dict().items()}
    assert {k: theirs[k] for k in ours} == ours
    over = {f"vision.{k}" for k in theirs} - {f"vision.{k}" for k in ours}
    assert over
    assert all(is_left_out(key, TrackVlaConfig()) for key in over)


def test_a_frozen_tower_has_nothing_to_train():
    assert not any(p.requires_grad for p in build_tower(TINY).parameters())
    assert all(p.requires_grad for p in build_tower(SIZES["small"].vision).parameters())


def test_pooling_averages_blocks_of_the_grid_in_row_order():
    plane = torch.arange(16.0).reshape(1, 16, 1)  # 4 x 4, row-major
    assert pool_grid(plane, 2).flatten().tolist() == [2.5, 4.5, 10.5, 12.5]
    torch.testing.assert_close(pool_grid(plane, 4), plane)


# --- frame -> square input ---


def test_the_training_camera_itself_is_neither_cut_nor_padded():
    box = training_box(Camera.from_hfov(640, 480, math.pi / 2), ImageConfig())
    np.testing.assert_allclose(box, (0, 0, 640, 480), atol=0.05)


def test_a_wider_camera_is_cut_to_the_training_view():
    left, _, right, _ = training_box(Camera.from_hfov(1280, 720, math.radians(110)), ImageConfig())
    assert 0 < left < right < 1280


def test_the_crop_keeps_shapes_and_the_squash_keeps_the_view():
    frame = np.zeros((480, 640, 3), np.uint8)
    frame[:, :70] = 255  # left of the middle square's edge at 80 px
    squashed, cropped = (
        ImagePreparer(ImageConfig(image_fit=fit), 64)(frame, None) for fit in ("squash", "center_crop")
    )
    assert squashed[0, 32, 2] > squashed[0, 32, 60]
    assert float(cropped.std(dim=(1, 2)).max()) < 1e-6
    left, top, right, bottom = training_box(
        Camera.from_hfov(640, 480, math.pi / 2), ImageConfig(image_fit="center_crop")
    )
    np.testing.assert_allclose((right - left, bottom - top), (480, 480), atol=0.1)


def test_a_narrow_camera_is_padded_and_it_is_said_once(caplog):
    prepare = ImagePreparer(ImageConfig(), 64)
    camera = Camera.from_hfov(640, 480, math.radians(79.6))
    frame = np.full((480, 640, 3), 200, np.uint8)
    with caplog.at_level(logging.WARNING):
        image = prepare(frame, camera)
        prepare(frame, camera)
    assert len(caplog.records) == 1
    assert image[0, 32, 32] > image[0, 0, 0]  # a black edge, the picture in the middle
    assert unseen_share(training_box(camera, ImageConfig()), 640, 480) == pytest.approx(0.30, abs=0.02)


def test_a_point_lands_where_the_training_camera_would_have_seen_it():
    camera = Camera.from_hfov(800, 480, math.radians(105))
    frame = np.zeros((480, 800, 3), np.uint8)
    u = round(camera.cx + camera.fx * 0.5)  # tan of the angle is 0.5, half way to the training camera's edge
    frame[:, u - 3 : u + 4] = 255
    square = cut_and_resize(frame, training_box(camera, ImageConfig()), 224)
    assert abs(square[112, :, 0].argmax() - 0.75 * 224) <= 2


@pytest.mark.parametrize(
    "frame", [np.zeros((8, 8), np.uint8), np.zeros((8, 8, 3), np.float32), np.zeros((0, 8, 3), np.uint8)]
)
def test_a_frame_that_is_no_rgb_picture_is_refused(frame):
    with pytest.raises(ValueError, match="wanted uint8"):
        ImagePreparer(ImageConfig(), 64)(frame, None)

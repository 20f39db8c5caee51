"""policy:=trackvla and policy:=tvi behind the planner's interface: contract, resets, refusals before it goes active."""

import dataclasses
import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from safetensors.torch import load_file, save_file  # noqa: E402

from track_common.config import ConfigError  # noqa: E402
from track_common.interfaces import Observation  # noqa: E402
from track_common.types import Camera, Frame, Sighting, TargetStatus  # noqa: E402
from trackvla_ros.model.checkpoint import CheckpointError  # noqa: E402
from trackvla_ros.model.tokens import InstructionError  # noqa: E402
from trackvla_ros.open_vla.config import TviPolicyConfig  # noqa: E402
from trackvla_ros.open_vla.model.loading import load_tvi  # noqa: E402
from trackvla_ros.open_vla.model.parity import filled_model, filled_towers, tiny_architectures  # noqa: E402
from trackvla_ros.open_vla.model.tvi import to_stored_key  # noqa: E402
from trackvla_ros.open_vla.policy import TviPolicy  # noqa: E402
from trackvla_ros.policy import TrackVlaPolicy  # noqa: E402
from trackvla_ros.policy_config import TrackVlaPolicyConfig  # noqa: E402
from trackvla_ros.registry import POLICIES, make_policy  # noqa: E402

SOURCE = str(Path(__file__).parents[3] / "src")
TINY = TrackVlaPolicyConfig(random_weights=True, size="tiny")


def look(stamp=0.0, seed=0, shape=(48, 64, 3), **parts):
    rgb = np.random.default_rng(seed).integers(0, 255, shape, dtype=np.uint8)
    return Observation(Frame(rgb, stamp, parts.pop("camera", None)), **parts)


# --- trackvla ---


@pytest.fixture
def policy():
    policy = TrackVlaPolicy(TINY)
    policy.reset("follow her")
    return policy


def test_the_answer_is_the_best_candidate_at_the_image_stamp(policy):
    trajectory = policy.infer(look(12.5))
    assert trajectory.stamp == 12.5
    assert trajectory.candidates_base.shape == (8, 10, 3)
    np.testing.assert_array_equal(trajectory.poses_base, trajectory.candidates_base[trajectory.scores.argmax()])
    np.testing.assert_allclose(trajectory.times, 0.1 * np.arange(1, 11))
    assert trajectory.status is TargetStatus.TRACKED


def test_a_reset_forgets_history_and_noise(policy):
    def run():
        policy.reset("follow her")
        return [policy.infer(look(0.1 * i, seed=i)).scores for i in range(4)]

    np.testing.assert_array_equal(run(), run())


@pytest.mark.parametrize("change", ["clock", "size"])
def test_a_clock_or_size_that_jumps_drops_the_past_and_says_so(policy, change, caplog):
    for i in range(3):
        policy.infer(look(100.0 + 0.1 * i))
    with caplog.at_level(logging.WARNING):
        policy.infer(look(3.0) if change == "clock" else look(100.3, shape=(60, 80, 3)))
    assert "dropped" in caplog.text
    assert len(policy._episode.history.frames) == 1


def test_inference_before_an_instruction_is_refused():
    with pytest.raises(RuntimeError, match="call reset"):
        TrackVlaPolicy(TINY).infer(look())


def test_without_an_instruction_the_robot_stands_still(policy):
    policy.reset("  ")
    trajectory = policy.infer(look())
    assert (trajectory.status, trajectory.reason) == (TargetStatus.IDLE, "no instruction")
    assert trajectory.poses_base.shape == (10, 3)
    assert not trajectory.poses_base.any()


def test_a_very_long_instruction_is_refused(policy):
    with pytest.raises(InstructionError, match=r"wanted 1\.\.128"):
        policy.reset("go " * 100)


def test_a_folder_without_weights_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=str(tmp_path)):
        make_policy("trackvla", {"checkpoint": str(tmp_path)})


def test_weights_that_are_not_finite_stand_still_and_are_logged(caplog):
    policy = TrackVlaPolicy(TINY)
    weight = policy._model.projector[0].weight.data
    sound = weight.clone()
    weight.fill_(float("nan"))
    policy.reset("go")
    trajectory = policy.infer(look())
    weight.copy_(sound)  # policies of one configuration share the network
    assert (trajectory.status, trajectory.reason) == (TargetStatus.STOPPED, "the network's answer is not finite")
    assert not trajectory.poses_base.any()
    assert "is not finite" in caplog.text


def test_quantised_weights_answer_nearly_the_same():
    exact, quantised = (TrackVlaPolicy(dataclasses.replace(TINY, dtype=d)) for d in ("float32", "int8"))
    for policy in (exact, quantised):
        policy.reset("follow her")
    scores = [policy.infer(look(camera=Camera.from_hfov(64, 48, 1.57))).scores for policy in (exact, quantised)]
    assert 0.0 < np.abs(scores[0] - scores[1]).max() < 0.1


def test_both_policies_are_registered_and_their_settings_load_no_torch():
    for name, config in (("trackvla", TrackVlaPolicyConfig), ("tvi", TviPolicyConfig)):
        assert isinstance(POLICIES[name].default_config(), config)
    modules = [POLICIES[name].config.split(":")[0] for name in ("trackvla", "tvi")]
    code = f"import sys, {', '.join(modules)}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": SOURCE}).returncode == 0


# --- tvi: snapshots on disk ---

META = {
    "dino": {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
             "num_register_tokens": 4, "image_size": 224, "patch_size": 16, "key_bias": False},
    "siglip": {"hidden_size": 12, "intermediate_size": 24, "num_hidden_layers": 1, "num_attention_heads": 2,
               "image_size": 384, "patch_size": 14},
    "minicpm": {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
                "num_key_value_heads": 2, "vocab_size": 97, "max_position_embeddings": 512, "rms_norm_eps": 1e-6,
                "scale_depth": 1.4, "rope_theta": 10000.0, "history_frames": 3, "max_time_steps": 16,
                "vision_feature_dim": 28, "use_tanh_actions": True, "xy_scale": 2.0,
                "rope_scaling": {"type": "longrope", "short_factor": [1.0] * 4, "long_factor": [2.0] * 4}},
    "omtrackvla": {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
                   "num_key_value_heads": 2, "head_dim": 16, "vocab_size": 97, "max_position_embeddings": 512,
                   "rms_norm_eps": 1e-6, "rope_theta": 1e6, "history_frames": 3, "max_time": 16,
                   "vision_feature_dim": 28, "use_tanh_actions": False, "alpha_xy": 2.0},
}  # fmt: skip
BRANCHES = ("self_attn.o_proj.weight", "mlp.down_proj.weight")


def write_snapshot(folder, name):
    """A published snapshot in small: config.json and model.safetensors with the file's own key names."""
    folder.mkdir(exist_ok=True)
    meta, architecture = META[name], tiny_architectures(META)[name]
    model = filled_model(architecture, seed=1)
    state = {to_stored_key(architecture, k): v.clone() for k, v in model.state_dict().items()}
    config = {**meta, "model_type": architecture.variant.model_type}
    if name == "minicpm":
        scale = 1.4 / 2**0.5
        state = {k: v / scale if k.endswith(BRANCHES) else v for k, v in state.items()}
        config["backbone_config"] = meta
    else:
        config |= {"vision_feat_dim": 28, "llm_name": "/home/authors/Qwen3-0.6B"}
        for key, size in (("angle_proj", 2), ("bbox_proj", 4)):
            state |= {f"model.tvi.{key}.weight": torch.zeros(32, size), f"model.tvi.{key}.bias": torch.zeros(32)}
        (folder / "checkpoint_meta.json").write_text(json.dumps({"history": 3}))
        (folder / "qwen").mkdir(exist_ok=True)
        (folder / "qwen" / "config.json").write_text(json.dumps(meta))
    (folder / "config.json").write_text(json.dumps(config))
    save_file(state, str(folder / "model.safetensors"))
    return model


@pytest.fixture(params=["minicpm", "omtrackvla"])
def snapshot(request, tmp_path):
    write_snapshot(tmp_path, request.param)
    return tmp_path


def llm_path(folder):
    return folder / "qwen" if (folder / "qwen").exists() else None


def edit(folder, change):
    state = load_file(str(folder / "model.safetensors"))
    change(state)
    save_file(state, str(folder / "model.safetensors"))


def test_a_snapshot_is_loaded_as_it_was_made(tmp_path):
    for name in ("minicpm", "omtrackvla"):
        wanted = write_snapshot(tmp_path / name, name)
        model = load_tvi(tmp_path / name, llm_path(tmp_path / name))
        for key, value in wanted.state_dict().items():
            torch.testing.assert_close(model.state_dict()[key], value)


def first_key(state, end):
    return next(k for k in sorted(state) if k.endswith(end))


def drop(state):
    del state[first_key(state, "layers.1.mlp.up_proj.weight")]


def add(state):
    state["surprise"] = torch.zeros(1)


def reshape(state):
    state[first_key(state, "layers.0.input_layernorm.weight")] = torch.ones(31)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (drop, r"lacks .*layers\.1\.mlp\.up_proj\.weight"),
        (add, "unknown surprise"),
        (reshape, r"layers\.0\.input_layernorm\.weight \(31,\), wanted \(32,\)"),
    ],
)
def test_one_key_less_more_or_misshaped_is_named(snapshot, change, words):
    edit(snapshot, change)
    with pytest.raises(CheckpointError, match=words):
        load_tvi(snapshot, llm_path(snapshot))


def test_a_pickle_beside_the_weights_is_refused_unless_told(snapshot):
    (snapshot / "pytorch_model.bin").write_bytes(b"stale")
    with pytest.raises(CheckpointError, match=r"pytorch_model\.bin.*ignore_pickled"):
        load_tvi(snapshot, llm_path(snapshot))
    assert load_tvi(snapshot, llm_path(snapshot), ignore_pickled=True)


def test_a_pickle_alone_is_refused(snapshot):
    (snapshot / "model.safetensors").rename(snapshot / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match="can run code"):
        load_tvi(snapshot, llm_path(snapshot))


@pytest.mark.parametrize("name", ["minicpm", "omtrackvla"])
def test_legacy_names_are_called_legacy(tmp_path, name):
    write_snapshot(tmp_path, name)
    write_snapshot(tmp_path / "other", "omtrackvla")
    old = load_file(str(tmp_path / "other" / "model.safetensors"))
    save_file({k.removeprefix("model."): v for k, v in old.items()}, str(tmp_path / "model.safetensors"))
    with pytest.raises(CheckpointError, match="legacy or foreign names.*act_token"):
        load_tvi(tmp_path, llm_path(tmp_path))


@pytest.mark.parametrize("key", ["use_tanh_actions", "rms_norm_eps"])
def test_a_value_that_must_not_be_guessed_is_asked_for(tmp_path, key):
    write_snapshot(tmp_path, "minicpm")
    config = json.loads((tmp_path / "config.json").read_text())
    config.pop(key, None)
    config["backbone_config"].pop(key, None)
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match=key):
        load_tvi(tmp_path)


def test_the_authors_own_language_model_path_is_never_followed(tmp_path):
    write_snapshot(tmp_path, "omtrackvla")
    with pytest.raises(CheckpointError, match=r"/home/authors/Qwen3-0\.6B.*set llm_path"):
        load_tvi(tmp_path, None)


def test_absent_towers_are_named_before_anything_runs(snapshot, tmp_path):
    config = TviPolicyConfig(checkpoint=str(snapshot), dino_path=str(tmp_path / "no"), siglip_path=str(tmp_path / "no"))
    with pytest.raises(CheckpointError, match="dino_path.*licence"):
        TviPolicy(config)


def test_an_empty_path_is_named():
    with pytest.raises(ConfigError, match="dino_path is empty"):
        make_policy("tvi", {"checkpoint": "x"})


# --- tvi: the policy ---


def write_tokenizer(folder):
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = {word: i for i, word in enumerate(["[UNK]", "Follow", "the", "target", "person", "."])}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]").save_pretrained(str(folder))


@pytest.fixture
def make_tvi(tmp_path):
    write_snapshot(tmp_path, "minicpm")
    write_tokenizer(tmp_path)
    towers = filled_towers(META["dino"], META["siglip"], seed=1)
    for name in ("dino", "siglip"):
        getattr(towers, name).save_pretrained(str(tmp_path / name))

    def make(**settings):
        paths = {"checkpoint": tmp_path, "dino_path": tmp_path / "dino", "siglip_path": tmp_path / "siglip"}
        policy = make_policy("tvi", {**{k: str(v) for k, v in paths.items()}, **settings})
        policy.reset("Follow the person.")
        return policy

    return make


def test_tvi_answers_ten_metric_poses(make_tvi):
    trajectory = make_tvi().infer(look(4.0))
    assert trajectory.stamp == 4.0
    assert trajectory.poses_base.shape == (10, 3)
    np.testing.assert_allclose(trajectory.times, 0.1 * np.arange(1, 11))
    steps = np.diff(np.vstack([np.zeros(3), trajectory.poses_base])[:, :2], axis=0)
    assert np.linalg.norm(steps, axis=1).max() <= np.hypot(0.375, 0.25) + 1e-9


def test_tvi_forgets_at_reset(make_tvi):
    policy = make_tvi()

    def run():
        policy.reset("Follow the target person.")
        return [policy.infer(look(0.1 * i, seed=i)).poses_base for i in range(4)]

    np.testing.assert_array_equal(run(), run())


@pytest.mark.parametrize("moves", [False, True])
def test_tvi_without_an_instruction_moves_only_when_told(make_tvi, moves):
    policy = make_tvi(default_instruction=moves)
    policy.reset("")
    assert bool(policy.infer(look()).poses_base.any()) == moves


@pytest.mark.parametrize(
    ("settings", "sighting", "status"),
    [
        ({"require_sighting": True}, Sighting(0.0, None), TargetStatus.LOST),
        ({"wait_for_history": True}, None, TargetStatus.STOPPED),
    ],
)
def test_tvi_stands_still_when_told_to_wait(make_tvi, settings, sighting, status):
    trajectory = make_tvi(**settings).infer(look(sighting=sighting))
    assert trajectory.status is status and trajectory.reason
    assert not trajectory.poses_base.any()


def test_tvi_refuses_a_very_long_instruction(make_tvi):
    with pytest.raises(InstructionError, match="at most 128"):
        make_tvi().reset("person " * 200)

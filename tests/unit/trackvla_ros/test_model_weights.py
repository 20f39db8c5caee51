"""Checkpoint folders and imports: round trips, public key names on synthetic files, refusals that name the key."""

import dataclasses
import json

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from safetensors.torch import load_file, save_file  # noqa: E402

from track_common.config import ConfigError  # noqa: E402
from trackvla_ros.model import weights  # noqa: E402
from trackvla_ros.model.anchors import AnchorError, fan_anchors  # noqa: E402
from trackvla_ros.model.checkpoint import CheckpointError  # noqa: E402
from trackvla_ros.model.config import SPECIAL_TOKENS  # noqa: E402
from trackvla_ros.model.importing import import_weights, resize_words  # noqa: E402
from trackvla_ros.model.sizes import SIZES  # noqa: E402
from trackvla_ros.model.weights import build_random, load_model, save_model  # noqa: E402

TINY = SIZES["tiny"]
ANCHORS = fan_anchors(TINY.head.anchors, TINY.head.waypoints, 0.1)
ROWS = TINY.language.vocabulary
PLAIN = ROWS - len(SPECIAL_TOKENS)


@pytest.fixture
def folder(tmp_path):
    save_model(build_random(TINY, ANCHORS), ANCHORS, tmp_path / "saved", {"trained on": "nothing"})
    return tmp_path / "saved"


def edit(folder, change):
    state = load_file(str(folder / "model.safetensors"))
    change(state)
    save_file(state, str(folder / "model.safetensors"))


# --- our own folders ---


def test_a_model_survives_saving(folder):
    model, _ = load_model(folder)
    wanted = build_random(TINY, ANCHORS).state_dict()
    assert model.config == TINY
    assert all(torch.equal(value, wanted[key]) for key, value in model.state_dict().items())
    torch.testing.assert_close(model.head.denormalise(model.head.anchors), torch.tensor(ANCHORS.poses).float())


def test_a_loaded_model_answers_as_the_saved_one(folder):
    from trackvla_ros.model.tokens import ByteTokenizer, PromptBuilder, stack_prompts

    prompts = stack_prompts([PromptBuilder(TINY.sequence, ByteTokenizer()).track("go", 0)])
    image = torch.randn(1, 3, TINY.vision.image_size, TINY.vision.image_size)
    with torch.inference_mode():
        answers = [
            m.track(prompts, m.encode(image).fine[0], None).scores
            for m in (build_random(TINY, ANCHORS).eval(), load_model(folder)[0])
        ]
    torch.testing.assert_close(*answers, atol=1e-6, rtol=0)  # memory may be aligned otherwise


def test_shards_are_written_and_read(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "MAX_SHARD", "100KB")
    save_model(build_random(TINY, ANCHORS), ANCHORS, tmp_path, {})
    assert len(list(tmp_path.glob("model-*.safetensors"))) > 1
    model, _ = load_model(tmp_path)
    assert torch.equal(model.projector[0].weight, build_random(TINY, ANCHORS).projector[0].weight)


def test_a_missing_shard_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "MAX_SHARD", "100KB")
    save_model(build_random(TINY, ANCHORS), ANCHORS, tmp_path, {})
    lost = sorted(tmp_path.glob("model-*.safetensors"))[1]
    lost.unlink()
    with pytest.raises(CheckpointError, match=lost.name):
        load_model(tmp_path)


DAMAGE = {
    "model.safetensors": {
        "cut in half": lambda data: data[: len(data) // 2],
        "empty": lambda _: b"",
        "a header longer than the file": lambda data: (2**40).to_bytes(8, "little") + data[8:],
    },
    "anchors.safetensors": {"no safetensors": lambda _: b"x" * 50},
    "config.json": {
        "nested deeper than Python goes": lambda _: b"[" * 100_000,
        "a list": lambda _: b"[1, 2]",
        "without its parts": lambda _: b'{"format": %s}' % json.dumps(weights.FORMAT).encode(),
        "not text": lambda _: b"\xff\xfe\x00{",
    },
}


@pytest.mark.parametrize(("file", "how"), [(file, how) for file, kinds in DAMAGE.items() for how in kinds])
def test_a_damaged_file_is_refused_by_name(folder, file, how):
    path = folder / file
    path.write_bytes(DAMAGE[file][how](path.read_bytes()))
    with pytest.raises((CheckpointError, AnchorError), match=str(path)):
        load_model(folder)


@pytest.mark.parametrize(
    "name",
    ["vision.depth", "language.depth", "head.depth", "vision.width", "language.mlp_width", "language.vocabulary"],
)
def test_a_configuration_far_larger_than_its_weights_is_refused_before_it_is_built(folder, name):
    path = folder / "config.json"
    stored = json.loads(path.read_text())
    part, setting = name.split(".")
    stored["model"][part][setting] = 10**9
    path.write_text(json.dumps(stored))
    with pytest.raises((CheckpointError, ConfigError), match=f"{name} 1000000000, more than its weights hold"):
        load_model(folder)


def test_whole_numbers_in_the_place_of_weights_are_refused_by_name(folder):
    edit(folder, lambda state: state.update({"projector.0.weight": state["projector.0.weight"].to(torch.int32)}))
    with pytest.raises(CheckpointError, match=r"projector.0.weight hold torch.int32; wanted floating-point weights"):
        load_model(folder)


@pytest.mark.parametrize("name", ["poses", "low", "waypoint_period"])
def test_anchors_without_an_entry_are_refused(folder, name):
    path = folder / "anchors.safetensors"
    arrays = load_file(str(path))
    save_file({**arrays, name: arrays[name][:0]}, str(path))
    with pytest.raises(AnchorError):
        load_model(folder)


def test_the_head_stays_float32(folder):
    model, _ = load_model(folder, torch.bfloat16)
    assert {p.dtype for p in model.language.parameters()} == {torch.bfloat16}
    assert {p.dtype for p in model.head.parameters()} == {torch.float32}


def test_the_model_card_says_whose_weights_these_are(folder):
    card = (folder / "README.md").read_text()
    assert "not the authors' weights" in card
    assert "trained on: nothing" in card


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: s.pop("projector.2.bias"), r"lacks projector\.2\.bias"),
        (lambda s: s.update(extra=torch.zeros(1)), "unknown extra"),
        (
            lambda s: s.update({"projector.0.weight": torch.zeros(32, 31)}),
            r"projector\.0\.weight \(32, 31\), wanted \(32, 32\)",
        ),
        (lambda s: s.update({"language.lm_head.weight": torch.zeros(90, 32)}), r"lm_head\.weight \(90, 32\)"),
    ],
)
def test_keys_that_do_not_fit_are_named(folder, change, words):
    edit(folder, change)
    with pytest.raises(CheckpointError, match=words):
        load_model(folder)


def test_missing_anchors_are_refused(folder):
    (folder / "anchors.safetensors").unlink()
    with pytest.raises(AnchorError, match="missing"):
        load_model(folder)


def test_a_pickled_checkpoint_is_refused(folder):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match="can run code"):
        load_model(folder)


def test_a_folder_of_something_else_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match=r"config\.json is missing"):
        load_model(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llama"}))
    with pytest.raises(CheckpointError, match="format None"):
        load_model(tmp_path)


def test_a_setting_of_another_version_is_named(folder):
    stored = json.loads((folder / "config.json").read_text())
    stored["model"]["head"]["temperature"] = 1.0
    (folder / "config.json").write_text(json.dumps(stored))
    with pytest.raises(ConfigError, match="temperature"):
        load_model(folder)


# --- public layouts, on synthetic files ---


def uni_navid_state(rows=ROWS - 1, dtype=torch.float16, tower=False):
    """Uni-NaVid's key names (reference trackvla.md section 4) at the tiny size."""
    torch.manual_seed(1)
    c, v = TINY.language, TINY.vision
    state = {
        "model.embed_tokens.weight": (rows, c.width),
        "model.norm.weight": (c.width,),
        "lm_head.weight": (rows, c.width),
        "model.mm_projector.0.weight": (c.width, v.width),
        "model.mm_projector.0.bias": (c.width,),
        "model.mm_projector.2.weight": (c.width, c.width),
        "model.mm_projector.2.bias": (c.width,),
    }
    for i in range(c.depth):
        layer = f"model.layers.{i}"
        state |= {f"{layer}.self_attn.{n}_proj.weight": (c.width, c.width) for n in "qkvo"}
        state |= {f"{layer}.mlp.{n}_proj.weight": (c.mlp_width, c.width) for n in ("gate", "up")}
        state[f"{layer}.mlp.down_proj.weight"] = (c.width, c.mlp_width)
        state |= {f"{layer}.{n}_layernorm.weight": (c.width,) for n in ("input", "post_attention")}
        state[f"{layer}.self_attn.rotary_emb.inv_freq"] = (4,)
    filled = {key: torch.randn(shape, dtype=torch.float32).to(dtype) for key, shape in state.items()}
    if tower:
        filled |= {f"model.vision_tower.vision_tower.{k}": x for k, x in eva_state(dtype).items()}
    return filled


def eva_state(dtype=torch.float16, depth=TINY.vision.depth + 1):
    """eva_vit_g.pth's names: one block more than is used, with a norm and a head."""
    torch.manual_seed(2)
    vision = dataclasses.replace(TINY.vision, depth=depth)
    from trackvla_ros.model.eva import EvaVit

    state = {k: torch.randn(v.shape).to(dtype) for k, v in EvaVit(vision).state_dict().items()}
    return state | {"norm.weight": torch.ones(32), "norm.bias": torch.zeros(32), "head.weight": torch.zeros(4, 32)}


def write_shards(folder, state, suffix):
    folder.mkdir(exist_ok=True)
    keys = sorted(state)
    parts = [keys[::2], keys[1::2]]
    stem = "pytorch_model" if suffix == "bin" else "model"
    index = {}
    for i, part in enumerate(parts):
        name = f"{stem}-{i + 1:05d}-of-00002.{suffix}"
        (torch.save if suffix == "bin" else save_file)({k: state[k].contiguous() for k in part}, str(folder / name))
        index |= dict.fromkeys(part, name)
    full = f"{stem}.bin.index.json" if suffix == "bin" else f"{stem}.safetensors.index.json"
    (folder / full).write_text(json.dumps({"weight_map": index}))
    return folder


@pytest.mark.parametrize("suffix", ["bin", "safetensors"])
@pytest.mark.parametrize("tower", [True, False])
def test_a_uni_navid_checkpoint_is_taken_whole(tmp_path, suffix, tower):
    state = uni_navid_state(tower=tower)
    folder = write_shards(tmp_path / "uni", state, suffix)
    torch.save(eva_state(), tmp_path / "eva_vit_g.pth")
    model, report = import_weights(TINY, folder, None if tower else tmp_path / "eva_vit_g.pth", ANCHORS)
    assert report.unknown == []
    assert all(key.startswith("head.") for key in report.missing)
    assert {k.split(".")[1] for k in report.left_out} == {"blocks", "norm", "head", "model"}  # block 40, rotary buffers
    assert torch.equal(model.projector[2].weight, state["model.mm_projector.2.weight"])
    assert torch.equal(model.language.model.layers[1].mlp.up_proj.weight, state["model.layers.1.mlp.up_proj.weight"])
    assert torch.equal(model.vision.blocks[1].attn.q_bias, eva_state()["blocks.1.attn.q_bias"])
    assert not any(p.is_meta for p in model.parameters())


def test_track_starts_as_navigation(tmp_path):
    state = uni_navid_state(tower=True)
    folder = write_shards(tmp_path / "uni", state, "safetensors")
    model, _ = import_weights(TINY, folder, None, ANCHORS)
    words = model.language.model.embed_tokens.weight
    assert words.shape[0] == ROWS
    assert torch.equal(
        words[ROWS - 1], state["model.embed_tokens.weight"][PLAIN + SPECIAL_TOKENS.index("[Navigation]")]
    )


def test_a_plain_vicuna_lacks_the_projector_and_says_so(tmp_path):
    state = {k: v for k, v in uni_navid_state(rows=PLAIN).items() if "mm_projector" not in k}
    folder = write_shards(tmp_path / "vicuna", state, "bin")
    torch.save({"model": eva_state()}, tmp_path / "eva.pth")
    model, report = import_weights(TINY, folder, tmp_path / "eva.pth", ANCHORS)
    assert [k for k in report.missing if not k.startswith("head.")] == [
        "projector.0.weight", "projector.0.bias", "projector.2.weight", "projector.2.bias",
    ]  # fmt: skip
    assert not any(p.is_meta for p in model.parameters())


def test_an_imported_model_can_be_saved_and_loaded(tmp_path):
    folder = write_shards(tmp_path / "uni", uni_navid_state(tower=True), "bin")
    model, _ = import_weights(TINY, folder, None, ANCHORS)
    save_model(model, ANCHORS, tmp_path / "ours", {"language": "Uni-NaVid"})
    loaded, _ = load_model(tmp_path / "ours")
    assert torch.equal(loaded.projector[0].weight, model.projector[0].weight)


def test_unknown_keys_are_reported(tmp_path):
    state = uni_navid_state(tower=True) | {"model.unheard_of.weight": torch.zeros(2)}
    _, report = import_weights(TINY, write_shards(tmp_path / "uni", state, "bin"), None, ANCHORS)
    assert report.unknown == ["language.model.unheard_of.weight"]


def test_a_checkpoint_of_another_size_is_refused(tmp_path):
    state = uni_navid_state(tower=True) | {"model.mm_projector.0.weight": torch.zeros(16, 32)}
    with pytest.raises(CheckpointError, match=r"projector\.0\.weight is \(16, 32\); wanted \(32, 32\)"):
        import_weights(TINY, write_shards(tmp_path / "uni", state, "bin"), None, ANCHORS)


def test_an_import_without_a_tower_is_refused(tmp_path):
    folder = write_shards(tmp_path / "uni", uni_navid_state(), "bin")
    with pytest.raises(CheckpointError, match=r"eva_vit_g\.pth"):
        import_weights(TINY, folder, None, ANCHORS)


def test_another_vocabulary_is_refused():
    with pytest.raises(CheckpointError, match="40000 rows"):
        resize_words("lm_head", torch.zeros(40000, 2), 32007)


def test_a_pickle_with_code_in_it_is_not_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    folder = write_shards(tmp_path / "uni", uni_navid_state(), "bin")
    torch.save({"model": Evil()}, tmp_path / "eva.pth")
    with pytest.raises(CheckpointError, match="not loaded"):
        import_weights(TINY, folder, tmp_path / "eva.pth", ANCHORS)
    assert not (tmp_path / "ran").exists()

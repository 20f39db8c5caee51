"""Training: it learns, resumes to the same weights, says what it was; the authors' quirks are options."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")

from track_common.config import ConfigError  # noqa: E402
from track_common.training.resume import StateError  # noqa: E402
from trackvla_cli.commands.vlt import app  # noqa: E402
from vlt_ros.language.words import WordSentence  # noqa: E402
from vlt_ros.model import checkpoint, zoo  # noqa: E402
from vlt_ros.model.paths import NetworkPath  # noqa: E402
from vlt_ros.training.batches import Collator, TrainingNetwork  # noqa: E402
from vlt_ros.training.config import TrainingPlan, VltTrainConfig, merged, plan_from_dict, read_plan  # noqa: E402
from vlt_ros.training.schedule import learning_rate, make_optimiser, set_rate  # noqa: E402
from vlt_ros.training.start import load_spos, starting_network  # noqa: E402
from vlt_ros.training.train import _Run, load_set, pair_dataset, train, validation_videos  # noqa: E402
from vlt_ros.training.validation import mean_success  # noqa: E402

CONFIGS = Path(__file__).parents[3] / "config" / "train"
BACKBONE = {"stem": 4, "widths": [8, 12, 16, 20], "depths": [2, 2, 2, 2], "has_classifier": False}
SMALL: dict[str, dict[str, Any]] = {
    "vlt_scar": {"backbone": BACKBONE, "width": 16, "groups": 4, "tower": 1},
    "vlt_tt": {"backbone": BACKBONE, "fusion": {"width": 16, "heads": 4, "hidden": 32, "layers": 1}},
}
PATH = [[0, 1, 2, 3, 0, 1, 2, 3], [1] * 8, [0, 1, 2, 3], [3, 2, 1, 0]]


def plan(out: Path, name: str = "vlt_scar", **changes: Any) -> TrainingPlan:
    values = {
        "architecture": name,
        "out": str(out),
        "model": SMALL[name],
        "data": [{"name": "synthetic", "pairs": 12, "reach": 5, "videos": 4, "frames": 8}],
        "path": PATH,
        "batch": 4,
        "epochs": 2,
        "optimiser": "adamw",
        "lr": 2e-3,
        "warmup_epochs": 0,
        "backbone_lr": 1.0,
    }
    return plan_from_dict({**values, **changes})


@pytest.mark.parametrize("name", SMALL)
def test_repeated_steps_on_one_batch_bring_the_loss_down(tmp_path: Path, name: str) -> None:
    made = plan(tmp_path, name, lr=1e-2)
    torch.manual_seed(0)
    model = TrainingNetwork(starting_network(made), "zero").train()
    dataset = pair_dataset(made)
    batch = Collator(name, WordSentence())([dataset[i] for i in range(2)])
    optimiser = make_optimiser(made.config, model.network)
    losses = []
    for _ in range(5):
        loss = model(batch, NetworkPath.from_lists(PATH)).total
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.9 * losses[0]


def test_a_stopped_run_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    whole = train(plan(tmp_path / "whole", path="random"))
    part = train(plan(tmp_path / "parts", path="random", stop_at=2))
    rest = train(plan(tmp_path / "parts", path="random"))
    assert (whole.steps, part.steps, rest.steps) == (6, 2, 6)
    first, second = (checkpoint.read(result.file).weights for result in (whole, rest))
    assert all(torch.allclose(first[name], second[name], atol=1e-6) for name in first)


def test_a_state_of_before_the_shared_code_is_taken_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def save(run: Any) -> None:
        run._accelerator.save_state(str(run._state))
        (run._state / "step.json").write_text(json.dumps({"step": run.step}))

    with monkeypatch.context() as patched:
        patched.setattr(_Run, "_save", save)
        train(plan(tmp_path / "parts", stop_at=2))
    rest, whole = train(plan(tmp_path / "parts")), train(plan(tmp_path / "whole"))
    first, second = (checkpoint.read(result.file).weights for result in (whole, rest))
    assert rest.steps == 6 and all(torch.allclose(first[name], second[name], atol=1e-6) for name in first)


def test_a_damaged_state_is_refused_by_name(tmp_path: Path) -> None:
    train(plan(tmp_path, stop_at=1))
    (tmp_path / "state" / "model.safetensors").write_bytes(b"cut")
    with pytest.raises(StateError, match=r"state was not resumed: .*remove it"):
        train(plan(tmp_path))


def test_a_run_leaves_a_checkpoint_that_says_what_made_it(tmp_path: Path) -> None:
    result = train(plan(tmp_path, stop_at=1, validation_videos=1))
    network, stored = checkpoint.load(result.file, "vlt_scar")
    assert stored.path.to_lists() == PATH and zoo.config_values(network)["width"] == 16
    notes = json.loads((tmp_path / "run.json").read_text())
    assert plan_from_dict(notes["plan"]).to_dict() == notes["plan"]
    assert notes["steps"] == 1 and notes["source"] and 0.0 <= notes["success"] <= 1.0


def test_a_supernet_step_touches_only_one_path(tmp_path: Path) -> None:
    before = starting_network(plan(tmp_path)).state_dict()
    after = checkpoint.read(train(plan(tmp_path, path="random", stop_at=1, weight_decay=0.0)).file).weights
    rows = [name for name in before if name.endswith("weight") and ".features." in name]
    changed = [name for name in rows if not torch.equal(before[name], after[name])]
    assert 0 < len(changed) < 0.6 * len(rows)  # two branches: at most half of the choices


def test_a_loss_beyond_bounds_leaves_the_weights_alone(tmp_path: Path) -> None:
    made = plan(tmp_path, stop_at=1, largest_loss=0.0)
    before, after = starting_network(made).state_dict(), checkpoint.read(train(made).file).weights
    assert all(torch.equal(before[n], after[n]) for n in before if n.endswith("weight"))


def test_the_hardest_background_cells_may_count_alone(tmp_path: Path) -> None:
    dataset = pair_dataset(plan(tmp_path))
    batch = Collator("vlt_scar", None)([dataset[i] for i in range(4)])
    network, path = starting_network(plan(tmp_path)), NetworkPath.from_lists(PATH)
    with torch.inference_mode():
        losses = [float(TrainingNetwork(network, "zero", share).eval()(batch, path).cls) for share in (1.0, 0.1, 0.01)]
    assert losses[0] < losses[1] < losses[2]


def test_pairs_without_a_sentence_get_zeros_or_a_template_token(tmp_path: Path) -> None:
    dataset = pair_dataset(plan(tmp_path, language_drop=0.5))
    batch = Collator("vlt_scar", WordSentence())([dataset[i] for i in range(12)])
    assert 0 < int(batch.has_sentence.sum()) < 12
    assert not batch.sentences[~batch.has_sentence].any() and batch.sentences[batch.has_sentence].any(dim=1).all()
    network = starting_network(plan(tmp_path))
    path = NetworkPath.from_lists(PATH)
    with torch.inference_mode():
        zero, template = (TrainingNetwork(network, kind).eval().maps(batch, path).cls for kind in ("zero", "template"))
        alone = network.eval()(batch.templates, batch.searches, path, None, batch.template_boxes).cls
    told = batch.has_sentence
    assert torch.allclose(zero[told], template[told], atol=1e-5)
    assert torch.allclose(template[~told], alone[~told], atol=1e-5)
    assert not torch.allclose(zero[~told], template[~told], atol=1e-3)


def test_inputs_are_those_of_tracking_unless_the_authors_way_is_wanted(tmp_path: Path) -> None:
    pairs = [pair_dataset(plan(tmp_path, "vlt_tt"))[0]]
    ours, raw = (Collator("vlt_tt", None, is_raw)(pairs).searches for is_raw in (False, True))
    assert ours.abs().max() < 3.0 and raw.max() > 50.0
    assert torch.equal(raw[0, 0], torch.from_numpy(pairs[0].search[..., 2].astype(np.float32)))  # blue first


def test_rates_follow_the_released_schedules() -> None:
    scar = VltTrainConfig()
    rates = [learning_rate(scar, epoch) for epoch in range(20)]
    assert rates[0] == pytest.approx(1e-3) and rates[5] == pytest.approx(5e-3) and rates[19] == pytest.approx(5e-4)
    assert rates[:6] == sorted(rates[:6]) and rates[5:] == sorted(rates[5:], reverse=True)
    tt = VltTrainConfig(lr=5e-4, lr_step=20, lr_factor=0.1, warmup_epochs=0, epochs=100)
    assert [learning_rate(tt, e) for e in (0, 19, 20, 40)] == pytest.approx([5e-4, 5e-4, 5e-5, 5e-6])


def test_the_rate_may_follow_the_clock_between_epochs() -> None:
    config = VltTrainConfig(lr=1e-2, lr_end=1e-4, warmup_epochs=0, epochs=11)
    assert learning_rate(config, 5.0) == pytest.approx(1e-3)
    assert learning_rate(config, 5.5) < learning_rate(config, 5.0)
    assert learning_rate(config, 10.9) == pytest.approx(1e-4)  # the last epoch keeps the last rate


def test_a_run_by_the_clock_ends_with_it_and_remembers_its_minutes(tmp_path: Path) -> None:
    run = plan(tmp_path, schedule="minutes", max_minutes=1e-6)
    train(run)
    stored = json.loads((tmp_path / "state" / "step.json").read_text())
    assert stored["step"] == 1
    assert stored["minutes"] > 1e-6


def test_stem_and_blocks_learn_slower_than_the_rest(tmp_path: Path) -> None:
    made = plan(tmp_path, backbone_lr=0.1)
    network = starting_network(made)
    optimiser = make_optimiser(made.config, network)
    set_rate(optimiser, 1e-3)
    rates = {id(p): group["lr"] for group in optimiser.param_groups for p in group["params"]}
    assert len(rates) == len(list(network.parameters()))
    for name, parameter in network.named_parameters():
        is_slow = name.startswith(("backbone.first_conv.", "backbone.features."))
        assert rates[id(parameter)] == pytest.approx(1e-4 if is_slow else 1e-3)


def test_spos_weights_go_into_blocks_and_mixers(tmp_path: Path) -> None:
    source, target = (starting_network(plan(tmp_path, seed=seed)) for seed in (1, 2))
    stored = {f"module.{n}": t for n, t in zoo.backbone(source).state_dict().items() if n.startswith(("first", "feat"))}
    torch.save({"state_dict": stored}, tmp_path / "spos.pth")
    load_spos(target, tmp_path / "spos.pth")
    block = zoo.backbone(source).features[1].state_dict()
    mixer = zoo.backbone(target).nlp_layers[0].state_dict()
    assert all(torch.equal(block[name], mixer[name]) for name in block)
    torch.save({"module.first_conv.0.weight": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(checkpoint.CheckpointError, match="missing or of another shape"):
        load_spos(target, tmp_path / "other.pth")


def test_validation_videos_may_be_files(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        folder = tmp_path / "data" / name
        (folder / "img").mkdir(parents=True)
        (folder / "groundtruth.txt").write_text("1,2,30,40\n" * 2)
    where = {"validation_data": "folder", "validation_root": str(tmp_path / "data"), "validation_videos": 2}
    first, again = ([v.name for v in validation_videos(plan(tmp_path, **where))] for _ in range(2))
    assert len(first) == 2 and first == again and set(first) < {"a", "b", "c"}


def test_success_of_a_network_that_keeps_the_box_is_that_of_the_box(tmp_path: Path) -> None:
    videos = load_set(plan(tmp_path).data[0], 0).videos
    network = starting_network(plan(tmp_path))
    score = mean_success(network, NetworkPath.from_lists(PATH), videos, WordSentence(), 4)
    assert 0.0 < score < 1.0
    with pytest.raises(ConfigError, match="validation_videos"):
        mean_success(network, NetworkPath.from_lists(PATH), [], None)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"bacth": 4}, "bacth"),
        ({"path": "best"}, "neither random"),
        ({"data": [{"name": "lasto"}]}, "lasot"),
        ({"batch": 1}, "wanted 2"),
    ],
)
def test_a_wrong_plan_is_refused_by_name(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        plan(tmp_path, **changes)


def test_a_dotted_name_reaches_into_a_part() -> None:
    values = {"model": {"width": 16, "backbone": {"stem": 4}}, "batch": 4}
    made = merged(values, {"model.backbone.stem": 8, "batch": 2, "augmentation.flip": 0.5})
    assert made["model"] == {"width": 16, "backbone": {"stem": 8}} and made["batch"] == 2
    assert made["augmentation"] == {"flip": 0.5} and values["model"]["backbone"]["stem"] == 4


def test_the_command_trains_by_name_and_says_where_the_weights_are(tmp_path: Path) -> None:
    words = ["train", "--config", "vlt_debug", "--set", f"out={tmp_path}", "--set", "stop_at=1"]
    less = ["--set", "validation_videos=0", "--set", "batch=2", "--set", "model.width=16"]
    result = CliRunner().invoke(app, [*words, *less], catch_exceptions=False)
    assert result.exit_code == 0 and "1 steps" in result.stdout
    assert checkpoint.read(tmp_path / "model.safetensors").config["width"] == 16
    refused = CliRunner().invoke(app, ["train", "--config", "vlt_nan"])
    assert isinstance(refused.exception, ConfigError) and "vlt_nano" in str(refused.exception)


def test_a_model_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not fit vlt_scar"):
        starting_network(plan(tmp_path, model={"widht": 3}))


@pytest.mark.parametrize("file", sorted(CONFIGS.glob("vlt_*.yaml")), ids=lambda f: f.stem)
def test_the_configurations_of_this_project_are_plans(file: Path) -> None:
    if "search" not in file.stem:
        assert read_plan(file).config.architecture in zoo.ARCHITECTURES

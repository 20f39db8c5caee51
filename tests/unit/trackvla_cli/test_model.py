"""`trackvla model`: what it prints and how it ends."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from trackvla_cli.commands.model import app

pytest.importorskip("torch")
pytest.importorskip("transformers")

PARITY = Path(__file__).parents[2] / "parity" / "data" / "open_vla_parity.npz"


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "120"})


@pytest.fixture
def checkpoint(tmp_path):
    from trackvla_ros.model.anchors import fan_anchors
    from trackvla_ros.model.sizes import SIZES
    from trackvla_ros.model.weights import build_random, save_model

    anchors = fan_anchors(8, 10, 0.1)
    save_model(build_random(SIZES["tiny"], anchors), anchors, tmp_path / "tiny", {"trained on": "nothing"})
    return tmp_path / "tiny"


def test_info_counts_the_full_model_without_memory():
    result = run("info", "--size", "full")
    assert result.exit_code == 0
    for count in ("985,894,528", "6,738,472,960", "89,031,199", "7,835,951,263"):
        assert count in result.stdout


def test_info_says_where_weights_come_from(checkpoint):
    result = run("info", checkpoint)
    assert result.exit_code == 0
    assert "trained on: nothing" in result.stdout


def test_heads_stand_beside_table_9():
    result = run("heads")
    assert result.exit_code == 0
    assert "131,100,672" in result.stdout


def test_parity_passes_on_the_reference_file():
    result = run("parity", PARITY)
    assert result.exit_code == 0
    assert "25 of 25 arrays" in result.stdout


def test_parity_fails_on_a_changed_file(tmp_path):
    with np.load(PARITY) as stored:
        arrays = {name: stored[name] for name in stored.files}
    arrays["minicpm/direct_tau"] = arrays["minicpm/direct_tau"] + 1.0
    np.savez(tmp_path / "changed.npz", **arrays)
    result = run("parity", tmp_path / "changed.npz")
    assert result.exit_code == 1
    assert "DIFFERS" in result.stdout


def test_export_changes_the_number_format(checkpoint, tmp_path):
    result = run("export", checkpoint, tmp_path / "half", "--dtype", "bfloat16")
    assert result.exit_code == 0
    from trackvla_ros.model.weights import load_model

    assert str(load_model(tmp_path / "half")[0].dtype) == "torch.bfloat16"


def test_anchors_are_clustered_from_a_file(tmp_path):
    from trackvla_ros.model.anchors import fan_anchors, load_anchors

    np.save(tmp_path / "t.npy", fan_anchors(30, 10, 0.1).poses)
    result = run("anchors", tmp_path / "t.npy", tmp_path / "out", "--count", 6)
    assert result.exit_code == 0
    assert load_anchors(tmp_path / "out").poses.shape == (6, 10, 3)


def test_import_reports_what_was_missing(checkpoint, tmp_path):
    """A Llama of the tiny size under its public names, and a tower file: the projector and the head are missing."""
    from safetensors.torch import save_file

    from trackvla_ros.model.weights import load_model

    model, _ = load_model(checkpoint)
    (tmp_path / "llama").mkdir()
    state = {k: v.clone().contiguous() for k, v in model.language.state_dict().items()}
    save_file(state, str(tmp_path / "llama" / "model.safetensors"))
    save_file(dict(model.vision.state_dict()), str(tmp_path / "eva.safetensors"))
    result = run(
        "import",
        tmp_path / "out",
        "--language",
        tmp_path / "llama",
        "--vision",
        tmp_path / "eva.safetensors",
        "--size",
        "tiny",
    )
    assert result.exit_code == 0
    assert "unknown: 0" in result.stdout
    assert "projector.0.weight" in result.stdout
    assert dataclasses.asdict(load_model(tmp_path / "out")[0].config) == dataclasses.asdict(model.config)

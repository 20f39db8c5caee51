"""The open models against reference files made with their authors' own classes, on filled weights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from accelerate import init_empty_weights  # noqa: E402

from trackvla_ros.open_vla.metric import MetricConfig, metric_poses  # noqa: E402
from trackvla_ros.open_vla.model import parity  # noqa: E402
from trackvla_ros.open_vla.model.architecture import minicpm_architecture, omtrackvla_architecture  # noqa: E402
from trackvla_ros.open_vla.model.tvi import TviModel, checkpoint_shapes  # noqa: E402

DATA = Path(__file__).parent / "data"
FILE = DATA / "open_vla_parity.npz"
KEYS = json.loads((DATA / "open_vla_keys.json").read_text())


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def rows():
    return parity.compare(FILE)


def test_every_array_of_the_reference_file_is_met(rows):
    with np.load(FILE) as stored:
        assert {row.name for row in rows} == set(stored.files) - {"meta"}
    assert not [row for row in rows if not row.passes]


def test_a_changed_array_is_noticed(tmp_path):
    with np.load(FILE) as stored:
        arrays = {name: stored[name] for name in stored.files}
    arrays["omtrackvla/direct_tau"] = arrays["omtrackvla/direct_tau"] + 2e-4
    np.savez(tmp_path / "changed.npz", **arrays)
    failed = [row.name for row in parity.compare(tmp_path / "changed.npz") if not row.passes]
    assert failed == ["omtrackvla/direct_tau"]


def test_commands_recovered_in_another_way_are_noticed(monkeypatch):
    def failed():
        with np.load(FILE) as stored:
            arrays = {name: stored[name] for name in stored.files if name.startswith("metric/") or "direct_tau" in name}
        ours = dict(parity._metric_arrays(arrays))
        shared = [name for name in arrays if name in ours]
        return [name for name in shared if np.abs(ours[name] - arrays[name]).max() > parity.TOLERANCE]

    assert not failed()
    monkeypatch.setattr(parity, "recover_commands", lambda labels, times: np.diff(labels, axis=0, append=0.0) / 0.1)
    assert failed() == ["metric/cmd"]


@pytest.mark.parametrize("name", ["minicpm_robottrack", "omtrackvla"])
def test_every_key_and_shape_of_the_published_files_is_ours(name):
    listed = KEYS[name]
    with init_empty_weights(include_buffers=False):
        model = TviModel(full_architecture(name))
    wanted = {entry["key"]: tuple(entry["shape"]) for entry in listed["non_hf"]}
    for entry in listed["backbone"]["pattern"]:
        layers = range(listed["backbone"]["layers"]) if "layers.0." in entry["key"] else range(1)
        for layer in layers:
            wanted[entry["key"].replace("layers.0.", f"layers.{layer}.")] = tuple(entry["shape"])
    assert checkpoint_shapes(model) == wanted


def test_the_published_file_sizes_follow_from_the_shapes():
    with init_empty_weights(include_buffers=False):
        minicpm = checkpoint_shapes(TviModel(full_architecture("minicpm_robottrack")))
        omtrackvla = checkpoint_shapes(TviModel(full_architecture("omtrackvla")))
    size = sum(int(np.prod(s)) * (2 if k.startswith("backbone.") else 4) for k, s in minicpm.items())
    assert size == 931_400_300  # bytes, BF16 backbone and F32 rest
    assert (
        sum(int(np.prod(s)) for s in omtrackvla.values()) == 609_229_848 + 3
    )  # parameters and the output scale, a buffer
    assert len(omtrackvla) == 333


def full_architecture(name: str):
    expected = KEYS[name]["config_expected"]
    if name == "omtrackvla":
        return omtrackvla_architecture(expected, expected["llm"], history=31)
    factors = [1.0] * (expected["backbone_config"]["head_dim"] // 2)
    rope = {"type": "longrope", "short_factor": factors, "long_factor": factors}
    backbone = {**expected["backbone_config"], "rope_scaling": rope, "rms_norm_eps": 1e-6}
    return minicpm_architecture({**expected, "backbone_config": {**backbone, "max_position_embeddings": 32768}})


# --- what breaks parity, so that the file is known to see it ---


@pytest.mark.parametrize(
    "mutation", ["no_residual_scale", "kinds_swapped", "history_reversed", "bgr", "crop_for_squash"]
)
def test_a_known_mistake_is_noticed(mutation, monkeypatch):
    if mutation == "no_residual_scale":
        monkeypatch.setattr(parity, "residual_scale", lambda architecture: 1.0)
    elif mutation == "kinds_swapped":
        monkeypatch.setattr("trackvla_ros.open_vla.model.tvi.PAST", 1)
        monkeypatch.setattr("trackvla_ros.open_vla.model.tvi.CURRENT", 0)
    elif mutation == "history_reversed":
        window = parity.padded_window
        monkeypatch.setattr(parity, "padded_window", lambda items, length: window(items, length).flip(0))
    else:
        fit = parity.fit_square
        changed = {
            "bgr": lambda rgb, how: fit(rgb, how)[..., ::-1],
            "crop_for_squash": lambda rgb, how: fit(rgb, "center_crop"),
        }
        monkeypatch.setattr(parity, "fit_square", changed[mutation])
    assert max(row.difference for row in parity.compare(FILE)) > 10 * parity.TOLERANCE


# --- label units to metres ---


def test_full_speed_straight_is_the_simulators_step():
    waypoints = np.zeros((8, 3))
    waypoints[:, 0] = MetricConfig().times
    poses = metric_poses(waypoints, MetricConfig())
    np.testing.assert_allclose(poses[:, 0], 0.375 * np.arange(11), atol=1e-12)
    np.testing.assert_allclose(poses[:, 1:], 0.0, atol=1e-12)


def test_a_label_turn_is_scaled_apart_from_translation():
    waypoints = np.zeros((8, 3))
    waypoints[:, 2] = 0.5 * np.asarray(MetricConfig().times)  # half full turn rate
    poses = metric_poses(waypoints, MetricConfig())
    assert poses[1, 2] == pytest.approx(0.5 * 1.57 * 0.1)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_waypoints_that_are_not_finite_are_refused(value):
    with pytest.raises(ValueError, match="finite"):
        metric_poses(np.full((8, 3), value), MetricConfig())


@pytest.mark.parametrize("times", ["0.1 0.2", "0 0.2 0.2", "0", "0 soon"])
def test_waypoint_times_must_rise_from_zero(times):
    from track_common.config import ConfigError, validate

    with pytest.raises(ConfigError, match="waypoint_times"):
        validate(MetricConfig(waypoint_times=times))

"""Every array of the authors' outputs, one test an array; the files are described in docs/vlt.md."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from vlt_ros.model import zoo  # noqa: E402
from vlt_ros.model.parity import Deviation, check  # noqa: E402

DATA = Path(__file__).parent / "data"
FILES = {kind: DATA / f"vlt_{kind}_parity.npz" for kind in ("scar", "tt", "bert")}


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def deviations() -> dict[str, dict[str, Deviation]]:
    pytest.importorskip("transformers", reason="make setup-models installs it")
    return {kind: {d.name: d for d in check(file)} for kind, file in FILES.items()}


def array_names() -> list[tuple[str, str]]:
    names = []
    for kind, file in FILES.items():
        with np.load(file) as stored:
            names += [(kind, name) for name in stored.files]
    return names


@pytest.mark.parametrize(("kind", "name"), array_names())
def test_array_agrees_with_the_authors(deviations: dict[str, dict[str, Deviation]], kind: str, name: str) -> None:
    found = deviations[kind][name]
    assert found.is_ok, found


@pytest.mark.parametrize("kind", ["scar", "tt"])
def test_names_shapes_and_order_are_the_checkpoints(kind: str) -> None:
    listed = json.loads((DATA / f"vlt_{kind}_keys.json").read_text())
    wanted = [(name, tuple(shape), dtype) for name, (shape, dtype) in listed.items() if ".bert_model." not in name]
    state = zoo.build(f"vlt_{kind}").state_dict()
    assert [(n, tuple(t.shape), str(t.dtype).removeprefix("torch.")) for n, t in state.items()] == wanted


@pytest.mark.parametrize(("kind", "least"), [("scar", 110), ("tt", 105), ("bert", 4)])
def test_most_arrays_are_really_compared(deviations: dict[str, dict[str, Deviation]], kind: str, least: int) -> None:
    compared = [d for d in deviations[kind].values() if d.note not in ("input", "informational")]
    assert len(compared) >= least


def test_a_wrong_path_is_noticed(tmp_path: Path) -> None:
    with np.load(FILES["scar"]) as stored:
        arrays = {name: stored[name] for name in stored.files}
    meta = json.loads(str(arrays["meta_json"]))
    meta["cand"][1][10] = (meta["cand"][1][10] + 1) % 4
    arrays["meta_json"] = np.array(json.dumps(meta))
    np.savez(tmp_path / "changed.npz", **arrays)
    failed = {d.name for d in check(tmp_path / "changed.npz") if not d.is_ok}
    assert "lang0/out_cls" in failed and "lang0/x_stage3_ch" in failed
    assert "lang0/z_stage4_ch" not in failed and "pipe0/states" not in failed

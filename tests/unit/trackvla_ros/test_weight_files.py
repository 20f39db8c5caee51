"""Weight files from strangers: lies, paths to elsewhere and all but tensors are refused in one line; nothing runs."""

import json
import math
import os
import pickle
import struct

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from safetensors.torch import save_file  # noqa: E402

from trackvla_ros.model.checkpoint import CheckpointError, safetensors_files, stored_tensors  # noqa: E402
from trackvla_ros.model.importing import import_weights, pickled_tensors  # noqa: E402
from trackvla_ros.model.sizes import SIZES  # noqa: E402

HEADER = json.dumps({"a": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}}).encode()


class Code:
    """Makes a file when it is unpickled."""

    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return os.system, (f"touch {self.file}",)


def refusal(language=None, vision=None):
    with pytest.raises(CheckpointError) as error:
        import_weights(SIZES["tiny"], language, vision)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    "content", [struct.pack("<Q", 2**40) + b"{}", struct.pack("<Q", len(HEADER)) + HEADER, b"", b"\xff" * 100]
)
def test_a_lying_header_is_refused_by_name(tmp_path, content):
    (tmp_path / "model.safetensors").write_bytes(content)
    assert f"{tmp_path}/model.safetensors is damaged or cut short" in refusal(tmp_path)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_weights_that_are_not_finite_are_refused_by_name(tmp_path, number, dtype):
    weights = {"sound": torch.ones(3, dtype=dtype), "none": torch.zeros(0), "whole": torch.ones(2, dtype=torch.int64)}
    save_file(weights, tmp_path / "model.safetensors")
    assert len(list(stored_tensors([tmp_path / "model.safetensors"]))) == len(weights)
    weights["sound"][1] = number
    save_file(weights, tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match="sound holds numbers that are not finite"):
        list(stored_tensors([tmp_path / "model.safetensors"]))


@pytest.mark.parametrize("stem", ["model.safetensors", "pytorch_model.bin"])
@pytest.mark.parametrize("outside", ["../elsewhere/w", "/etc/w", "sub/w", "..\nw", ""])
def test_an_index_that_names_more_than_plain_files_is_refused_though_the_file_exists(tmp_path, stem, outside):
    folder = tmp_path / "weights"
    ending = stem[stem.index(".") :]
    for place in (folder / "sub", tmp_path / "elsewhere"):
        place.mkdir(parents=True)
        (place / f"w{ending}").touch()
    named = outside + ending if outside else ""
    (folder / f"{stem}.index.json").write_text(json.dumps({"weight_map": {"a": named}}))
    assert f"wanted plain names of {ending} files beside it" in refusal(folder)


@pytest.mark.parametrize("text", ["{}", "[]", '{"weight_map": []}', '{"weight_map": {"a": 5}}', "{", "[" * 20000])
def test_an_index_of_another_kind_is_refused(tmp_path, text):
    (tmp_path / "model.safetensors.index.json").write_text(text)
    with pytest.raises(CheckpointError, match="index.json"):
        safetensors_files(tmp_path)


@pytest.mark.parametrize(
    ("stored", "kind"),
    [(torch.zeros(3), "Tensor"), ([1, 2], "list"), ({"a": 1}, "dict"), ({"model": {"a": "b"}}, "dict"), ({}, "dict")],
)
def test_a_file_of_anything_but_named_tensors_is_refused(tmp_path, stored, kind):
    torch.save(stored, tmp_path / "w.pth")
    assert f"w.pth holds a {kind}; wanted a state dict" in refusal(vision=tmp_path / "w.pth")


@pytest.mark.parametrize("name", ["zipped.pth", "plain.pth", "nested.pth", "garbage.pth", "empty.pth"])
def test_code_in_a_file_is_refused_in_one_line_and_not_run(tmp_path, name):
    file, mark = tmp_path / name, tmp_path / "ran"
    if name == "plain.pth":
        file.write_bytes(pickle.dumps(Code(mark)))
    elif name in ("zipped.pth", "nested.pth"):
        torch.save({"model": Code(mark)} if name == "nested.pth" else Code(mark), file)
    else:
        file.write_bytes(os.urandom(3000) if name == "garbage.pth" else b"")
    assert "was not loaded: " in refusal(vision=file)
    assert not mark.exists()


def test_a_plain_state_dict_is_read_bare_or_inside_a_known_name(tmp_path):
    for stored in ({"a": torch.ones(2)}, {"state_dict": {"a": torch.ones(2)}, "epoch": 3}):
        torch.save(stored, tmp_path / "w.pth")
        assert pickled_tensors(tmp_path / "w.pth")["a"].tolist() == [1.0, 1.0]

"""Pickled weights are read without running code, and a refusal never recommends to run it."""

import os
import pickle
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
from track_common.training.pickled import PickledError, load_restricted  # noqa: E402


class Hostile:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str, int]]:
        return os.open, (str(self.mark), os.O_CREAT)


@pytest.mark.parametrize("protocol", [2, 4])
def test_code_is_named_and_not_run(tmp_path: Path, protocol: int, recwarn: pytest.WarningsRecorder) -> None:
    file = tmp_path / "w.pth"
    file.write_bytes(pickle.dumps(Hostile(tmp_path / "mark"), protocol=protocol))
    with pytest.raises(PickledError) as refused:
        load_restricted(file)
    assert not (tmp_path / "mark").exists()
    assert "weights_only" not in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not recwarn.list


def test_code_beside_tensors_in_torchs_format_is_named(tmp_path: Path) -> None:
    file = tmp_path / "w.pth"
    torch.save({"a": torch.zeros(2), "b": Hostile(tmp_path / "mark")}, file)
    with pytest.raises(PickledError, match="it holds posix.open, which is no tensor"):
        load_restricted(file, mmap=True)
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize("data", [b"", b"x" * 300, b"PK\x03\x04" + b"\0" * 200, b"\x80\x02}"])
def test_damage_is_said_in_one_line(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "w.bin"
    file.write_bytes(data)
    with pytest.raises(PickledError, match="cut short, damaged or no torch file"):
        load_restricted(file)

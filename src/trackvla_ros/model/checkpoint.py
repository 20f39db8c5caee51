"""Strict loading: every key and shape is checked by name before a weight is read; safetensors only, never pickle."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor

from track_common.config import ConfigError

Shape = tuple[int, ...]
SHOWN = 6  # names listed in an error before "and N more"


class CheckpointError(ValueError):
    """Weights that are absent, unsafe or do not fit; the message names file, key and what to do."""


def safetensors_files(folder: Path, stem: str = "model") -> list[Path]:
    """The file ``stem.safetensors`` or the shards its index names.

    Raises:
        CheckpointError: neither is there, or a shard is missing.
    """
    single, index = folder / f"{stem}.safetensors", folder / f"{stem}.safetensors.index.json"
    if single.is_file():
        return [single]
    if not index.is_file():
        raise CheckpointError(f"no {single.name} in {folder}{_pickle_hint(folder)}")
    return shards(index, ".safetensors")


def shards(index: Path, ending: str) -> list[Path]:
    """The files beside an index that it names; plain names that end so count only, never a path to somewhere else.

    Raises:
        CheckpointError: no index of Hugging Face's kind, a name that is no plain file name, or a shard is missing.
    """
    named = read_json(index).get("weight_map")
    if not isinstance(named, dict) or not named or not all(isinstance(name, str) for name in named.values()):
        raise CheckpointError(f"{index} has no weight_map from keys to file names; fetch it again")
    names = sorted(set(named.values()))
    odd = [name for name in names if not (name.endswith(ending) and name == Path(name).name and name.isprintable())]
    if odd:
        named_odd = listed([repr(name) for name in odd])  # they may hold line breaks
        raise CheckpointError(f"{index} names {named_odd}; wanted plain names of {ending} files beside it")
    missing = [name for name in names if not (index.parent / name).is_file()]
    if missing:
        raise CheckpointError(f"{index} names {listed(missing)}, not in the folder; fetch the missing shards")
    return [index.parent / name for name in names]


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Name the file in whatever its parser raises: a damaged file is refused, whatever is wrong with it.

    Raises:
        CheckpointError: with the parser's reason.
    """
    try:
        yield
    except (CheckpointError, ConfigError):
        raise
    except Exception as error:  # RecursionError, SafetensorError, UnicodeDecodeError, MemoryError, ...
        reason = f"{type(error).__name__}: {error}"
        raise CheckpointError(f"{path} is damaged or cut short ({reason}); copy it again") from error


def read_json(path: Path) -> dict[str, Any]:
    """The map in a JSON file.

    Raises:
        CheckpointError: it cannot be read, is no JSON, is nested too deep, or holds no map.
    """
    with reading(path):
        stored = json.loads(path.read_text())
    if not isinstance(stored, dict):
        raise CheckpointError(f"{path} holds a {type(stored).__name__}; wanted a map")
    return stored


def stored_shapes(files: list[Path]) -> dict[str, Shape]:
    """Key -> shape of everything in the files, read from their headers only."""
    shapes: dict[str, Shape] = {}
    for path in files:
        with reading(path), safe_open(str(path), framework="pt") as stored:
            shapes.update({key: tuple(stored.get_slice(key).get_shape()) for key in stored.keys()})  # noqa: SIM118
    return shapes


def stored_tensors(files: list[Path]) -> Iterator[tuple[str, Tensor]]:
    """Key and tensor, one at a time."""
    for path in files:
        with reading(path), safe_open(str(path), framework="pt") as stored:
            for key in stored.keys():  # noqa: SIM118 (a safetensors handle is no mapping)
                tensor = stored.get_tensor(key)
                if not is_finite(tensor):
                    raise CheckpointError(f"{path}: {key} holds numbers that are not finite; train or copy it again")
                yield key, tensor


def is_finite(tensor: Tensor) -> bool:
    """Whether every number is; in one pass and without a copy, since networks have gigabytes."""
    if not tensor.is_floating_point() or not tensor.numel() or tensor.element_size() < 2:  # noqa: PLR2004 - float8
        return True
    return all(bool(edge.isfinite()) for edge in tensor.aminmax())


def check_shapes(wanted: Mapping[str, Shape], found: Mapping[str, Shape], source: str) -> None:
    """Compare all keys and shapes.

    Raises:
        CheckpointError: naming missing keys, unknown keys and shapes that differ, all at once.
    """
    problems: list[str] = []
    missing, unknown = sorted(set(wanted) - set(found)), sorted(set(found) - set(wanted))
    wrong = [k for k in sorted(set(wanted) & set(found)) if wanted[k] != found[k]]
    if missing:
        problems.append(f"lacks {listed(missing)}")
    if unknown:
        problems.append(f"has unknown {listed(unknown)}")
    if wrong:
        problems.append("has other shapes: " + listed([f"{k} {found[k]}, wanted {wanted[k]}" for k in wrong]))
    if problems:
        raise CheckpointError(f"{source} {'; '.join(problems)}")


def assign_tensors(
    module: torch.nn.Module, tensors: Iterator[tuple[str, Tensor]], change: Callable[[str, Tensor], Tensor]
) -> None:
    """Put tensors, already checked, into a module by name; ``change`` may cast or scale each on its way."""
    state = {key: change(key, value) for key, value in tensors}
    own = module.state_dict()
    odd = sorted(k for k, v in state.items() if k in own and own[k].is_floating_point() and not v.is_floating_point())
    if odd:
        raise CheckpointError(f"{listed(odd)} hold {state[odd[0]].dtype}; wanted floating-point weights")
    module.load_state_dict(state, strict=True, assign=True)


def listed(names: list[str]) -> str:
    """The first few names and how many more there are."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _pickle_hint(folder: Path) -> str:
    pickled = sorted(p.name for p in folder.glob("*") if p.suffix in (".bin", ".pt", ".pth", ".pkl"))
    if not pickled:
        return "; wanted model.safetensors, or shards with model.safetensors.index.json"
    return f", only pickled {listed(pickled)}, which can run code; convert it with `trackvla model import`"

"""Weights from files: the authors' .model and .pth, our own safetensors; converted once, checked by name and shape."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from track_common.config import suggest
from track_common.training.pickled import PickledError, load_restricted
from vlt_ros.model import zoo
from vlt_ros.model.paths import NetworkPath
from vlt_ros.model.weight_file import CheckpointError, check_architecture

LANGUAGE = "bert_model."  # frozen sentence encoder inside the authors' files; not part of our network
WRAPPER = "module."  # left by data-parallel training
SHOWN = 5  # names listed in an error


@dataclass(frozen=True)
class Checkpoint:
    """Contents of a weight file.

    Attributes:
        weights: name -> tensor, without wrapper prefixes and without the sentence encoder.
        language: the sentence encoder's tensors, names starting after ``bert_model.``; often empty.
        architecture: "vlt_scar" or "vlt_tt".
        path: choices the weights were trained for; the published ones where the file does not say.
        config: sizes of the network; empty = the published ones.
    """

    weights: Mapping[str, Tensor]
    language: Mapping[str, Tensor]
    architecture: str
    path: NetworkPath
    config: Mapping[str, Any]


def read(file: Path, wanted: str | None = None) -> Checkpoint:
    """Read a weight file without running anything in it.

    Args:
        file: .safetensors, or a torch file (.model, .pth, .pt, .tar) of plain tensors.
        wanted: architecture the caller needs; None takes whichever it is.

    Raises:
        CheckpointError: missing, truncated or pickled file, or weights of another network.
    """
    tensors, notes = _read_safetensors(file) if file.suffix == ".safetensors" else (read_torch(file), {})
    named = {name.removeprefix(WRAPPER): tensor for name, tensor in tensors.items()}
    found = notes.get("architecture") or zoo.recognise(named)
    if found is None:
        raise CheckpointError(f"{file} holds no VLT tracker (first names: {sorted(named)[:SHOWN]})")
    check_architecture(file, found, wanted)
    kind = zoo.architecture(found)
    path = NetworkPath.from_lists(json.loads(notes["path"])) if "path" in notes else kind.path
    language = {n.split(LANGUAGE, 1)[1]: t for n, t in named.items() if LANGUAGE in n}
    weights = {n: t for n, t in named.items() if LANGUAGE not in n}
    return Checkpoint(weights, language, found, path, json.loads(notes.get("config", "{}")))


def load(file: Path, wanted: str | None = None) -> tuple[zoo.Network, Checkpoint]:
    """Network in evaluation mode with the file's weights in it, and what else the file said.

    Raises:
        CheckpointError: as ``read``; also a missing or surplus name or another shape.
    """
    checkpoint = read(file, wanted)
    network = zoo.build(checkpoint.architecture, checkpoint.config)
    fill(network, checkpoint.weights, str(file))
    return network, checkpoint


def fill(network: zoo.Network, weights: Mapping[str, Tensor], source: str) -> None:
    """Put weights into a network, all names and shapes equal; ``source`` is named in errors."""
    wanted = network.state_dict()
    missing, surplus = sorted(set(wanted) - set(weights)), sorted(set(weights) - set(wanted))
    if missing or surplus:
        raise CheckpointError(
            f"{source}: {len(missing)} names missing {missing[:SHOWN]}, {len(surplus)} unknown {surplus[:SHOWN]}"
            + (f"; {suggest(surplus[0], missing)}" if surplus and 0 < len(missing) <= SHOWN else "")
        )
    for name, tensor in weights.items():
        if tensor.shape != wanted[name].shape:
            raise CheckpointError(f"{source}: {name} is {tuple(tensor.shape)}; wanted {tuple(wanted[name].shape)}")
        if (
            tensor.is_floating_point()
            and tensor.numel()
            and not all(bool(edge.isfinite()) for edge in tensor.aminmax())
        ):
            raise CheckpointError(f"{source}: {name} holds numbers that are not finite; train or copy it again")
    network.load_state_dict(dict(weights), strict=True)


def save(network: zoo.Network, path: NetworkPath, file: Path) -> None:
    """Write a network with its sizes and its path as safetensors."""
    name = next(a.name for a in zoo.ARCHITECTURES.values() if isinstance(network, a.network))
    _write(file, network.state_dict(), name, path, zoo.config_values(network))


def convert(source: Path, target: Path, language: Path | None = None) -> Checkpoint:
    """Turn the authors' file into safetensors, checked by loading it; ``language`` also takes its sentence encoder.

    Raises:
        CheckpointError: as ``load``, or no sentence encoder in the file although one was asked for.
    """
    if target.suffix != ".safetensors":
        raise CheckpointError(f"target {target} must end in .safetensors")
    _, checkpoint = load(source)
    _write(target, checkpoint.weights, checkpoint.architecture, checkpoint.path, checkpoint.config)
    if language is not None:
        if not checkpoint.language:
            raise CheckpointError(f"{source} holds no sentence encoder; leave the language file out")
        save_file({n: t.contiguous() for n, t in checkpoint.language.items()}, language)
    return checkpoint


def _write(
    file: Path, weights: Mapping[str, Tensor], architecture: str, path: NetworkPath, config: Mapping[str, Any]
) -> None:
    notes = {"architecture": architecture, "path": json.dumps(path.to_lists())}
    if config:
        notes["config"] = json.dumps(config)
    save_file({name: tensor.contiguous() for name, tensor in weights.items()}, file, metadata=notes)


def _read_safetensors(file: Path) -> tuple[dict[str, Tensor], Mapping[str, str]]:
    try:
        with safe_open(file, framework="pt") as stored:
            return {name: stored.get_tensor(name) for name in stored.keys()}, stored.metadata() or {}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"cannot read {file}: {error}; is it complete and a safetensors file?") from error


def read_torch(file: Path) -> dict[str, Tensor]:
    """Names and tensors of a torch file, by its restricted unpickler, which runs no code.

    Raises:
        CheckpointError: missing, truncated, or anything else than names and tensors.
    """
    try:
        stored = load_restricted(file)
    except OSError as error:
        raise CheckpointError(f"cannot read {file}: {error}") from error
    except PickledError as error:
        raise CheckpointError(
            f"{file} is truncated or holds more than tensors: {error}; wanted a state dict saved by torch.save"
        ) from error
    for wrapper in ("state_dict", "model", "net"):
        if isinstance(stored, dict) and isinstance(stored.get(wrapper), dict):
            stored = stored[wrapper]
    if not isinstance(stored, dict) or not all(isinstance(t, Tensor) for t in stored.values()):
        raise CheckpointError(f"{file} is no state dict; wanted names and tensors, got {type(stored).__name__}")
    return stored

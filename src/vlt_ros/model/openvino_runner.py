"""Modules run by OpenVINO. The converted graph is kept on disk: converting takes seconds and 150 MB."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import openvino
import torch
from numpy.typing import NDArray
from torch import Tensor, nn


class OpenVinoRunner:
    """A module compiled for the CPU; called with tensors of the example's shapes. One caller at a time."""

    def __init__(self, module: nn.Module, examples: Sequence[Tensor], precision: str, threads: int) -> None:
        settings = {
            "INFERENCE_NUM_THREADS": threads,
            "INFERENCE_PRECISION_HINT": precision,
            "PERFORMANCE_HINT": "LATENCY",
        }
        core = openvino.Core()
        compiled = core.compile_model(_converted(core, module, examples), "CPU", settings)
        self._request, self._outputs = compiled.create_infer_request(), len(compiled.outputs)

    def __call__(self, inputs: Sequence[Tensor]) -> list[Tensor]:
        arrays: list[NDArray[Any]] = [np.ascontiguousarray(value.numpy()) for value in inputs]
        answers = self._request.infer(arrays, share_inputs=True)
        return [torch.from_numpy(answers[index]) for index in range(self._outputs)]


def cache_folder() -> Path:
    """Where converted graphs are kept: ``$XDG_CACHE_HOME/trackvla/openvino``, by default below ``~/.cache``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trackvla" / "openvino"


def _converted(core: Any, module: nn.Module, examples: Sequence[Tensor]) -> Any:
    file = cache_folder() / f"{_digest(module, examples)}.xml"
    if file.is_file():
        return core.read_model(file)
    shapes = [tuple(example.shape) for example in examples]
    model = openvino.convert_model(module, example_input=tuple(examples), input=shapes)
    try:
        _keep(model, file)
    except OSError:
        return model  # nowhere to write: convert again next time
    return core.read_model(file)


def _keep(model: Any, file: Path) -> None:
    """Write the graph beside its place first, its index last, so that nobody reads half of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        part = Path(folder) / file.name
        openvino.save_model(model, part, compress_to_fp16=False)
        for suffix in (".bin", ".xml"):
            part.with_suffix(suffix).replace(file.with_suffix(suffix))


def _digest(module: nn.Module, examples: Sequence[Tensor]) -> str:
    """Name of a graph: layers, weights, input shapes and OpenVINO's version."""
    text = f"{openvino.__version__} {module} {[tuple(example.shape) for example in examples]}"
    made = hashlib.sha256(text.encode())
    for name, value in module.state_dict().items():
        made.update(name.encode())
        made.update(np.ascontiguousarray(value.detach().numpy()).tobytes())
    routes: list[Any] = [getattr(part, "order", None) for part in module.modules()]
    made.update(b"".join(route.numpy().tobytes() for route in routes if route is not None))
    return made.hexdigest()[:32]

"""Run the open models on filled weights and compare with a reference file made by their authors' own classes.

``trackvla model parity FILE.npz`` prints what ``compare`` returns; any seed's file will do.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import DINOv3ViTConfig, SiglipVisionConfig

from track_common.types import Array
from trackvla_ros.history import FrameHistory
from trackvla_ros.model.image import normalise
from trackvla_ros.model.vision import PooledFrame
from trackvla_ros.open_vla.metric import TICK, MetricConfig, integrate, metric_poses, recover_commands
from trackvla_ros.open_vla.model.architecture import Architecture, minicpm_architecture, omtrackvla_architecture
from trackvla_ros.open_vla.model.fill import fill_features, fill_frame, fill_weight
from trackvla_ros.open_vla.model.towers import (
    DINO_MEAN,
    DINO_STD,
    SIGLIP_MEAN,
    SIGLIP_STD,
    DualTower,
    fit_square,
)
from trackvla_ros.open_vla.model.tvi import TviModel, fold_residual_scale, residual_scale, to_stored_key
from trackvla_ros.open_vla.model.window import padded_window

TOLERANCE = 1e-4  # largest difference that passes
PIXEL_START, PIXEL_STRIDE = 8, 16  # the file keeps every 16th pixel of frame 1, from the 8th
RESET_BEFORE = 5  # the stream forgets before this frame and takes instruction B


@dataclass(frozen=True)
class ParityRow:
    """One array of the file: its name and the largest difference to ours."""

    name: str
    difference: float

    @property
    def passes(self) -> bool:
        """Within ``TOLERANCE``."""
        return self.difference <= TOLERANCE


def compare(path: Path) -> list[ParityRow]:
    """Every array of a parity file against ours, in the file's order.

    Raises:
        ValueError: the file holds an array this comparison does not know.
    """
    with np.load(path, allow_pickle=False) as stored:
        meta = json.loads(str(stored["meta"]))
        wanted = {name: stored[name] for name in stored.files if name != "meta"}
    ours = dict(_all_arrays(meta, wanted))
    unknown = [name for name in wanted if name not in ours]
    if unknown:
        raise ValueError(f"{path} holds arrays unknown here: {', '.join(unknown)}")
    return [ParityRow(name, _difference(ours[name], value)) for name, value in wanted.items()]


def filled_model(architecture: Architecture, seed: int) -> TviModel:
    """The network with every weight filled by its checkpoint name."""
    model = TviModel(architecture)
    scale = residual_scale(architecture)
    state = {
        key: fold_residual_scale(
            key, _filled(to_stored_key(architecture, key), value, seed, architecture.xy_scale), scale
        )
        for key, value in model.state_dict().items()
    }
    model.load_state_dict(state)
    return model.eval()


def filled_towers(dino: Mapping[str, Any], siglip: Mapping[str, Any], seed: int) -> DualTower:
    """Both towers filled by the names their own checkpoints use, whatever this transformers calls them."""
    towers = DualTower.random(DINOv3ViTConfig(**dino), SiglipVisionConfig(**siglip))
    for module, rename in ((towers.dino, _stored_dino_key), (towers.siglip, _stored_siglip_key)):
        module.load_state_dict({k: _filled(rename(k), v, seed) for k, v in module.state_dict().items()})
    return towers


def tiny_architectures(meta: Mapping[str, Any]) -> dict[str, Architecture]:
    """The two small networks a parity file describes, keyed as its arrays are."""
    minicpm, om = meta["minicpm"], meta["omtrackvla"]
    om_config = {**om, "vision_feat_dim": om["vision_feature_dim"]}
    return {
        "minicpm": minicpm_architecture({**minicpm, "backbone_config": minicpm}),
        "omtrackvla": omtrackvla_architecture(om_config, om, int(om["history_frames"])),
    }


def _all_arrays(meta: Mapping[str, Any], wanted: Mapping[str, Array]) -> Iterator[tuple[str, Array]]:
    seed = int(meta["seed"])
    frames = [fill_frame(f"frame{i}", seed, int(h), int(w)) for i, (h, w) in enumerate(wanted["vision/sizes"])]
    towers = filled_towers(meta["dino"], meta["siglip"], seed)
    pooled = [towers(fit_square(frame, "squash")) for frame in frames]
    yield from _vision_arrays(frames, pooled)
    ids = {name: _ids(f"follow {name}", len(wanted[f"text/follow_{name}"]), meta) for name in ("A", "B")}
    for name, value in ids.items():
        yield f"text/follow_{name}", value.numpy()
    for name, architecture in tiny_architectures(meta).items():
        model = filled_model(architecture, seed)
        yield from _direct_arrays(name, model, ids["A"], seed)
        yield from _stream_arrays(name, model, ids, pooled)
    yield from _metric_arrays(wanted)


def _vision_arrays(frames: list[Any], pooled: list[PooledFrame]) -> Iterator[tuple[str, Array]]:
    yield "vision/sizes", np.array([frame.shape[:2] for frame in frames])
    yield "vision/frame_crc32", np.array([zlib.crc32(frame.tobytes()) for frame in frames])
    yield "vision/coarse", torch.stack([p.coarse for p in pooled]).numpy()
    yield "vision/fine", torch.stack([p.fine for p in pooled]).numpy()
    square = fit_square(frames[1], "squash")
    for name, mean, std in (("dino", DINO_MEAN, DINO_STD), ("siglip", SIGLIP_MEAN, SIGLIP_STD)):
        pixels = normalise(square, mean, std)[:, PIXEL_START::PIXEL_STRIDE, PIXEL_START::PIXEL_STRIDE]
        yield f"vision/{name}_pixels_frame1_every{PIXEL_STRIDE}", pixels.numpy()


@torch.inference_mode()
def _direct_arrays(name: str, model: TviModel, ids: Tensor, seed: int) -> Iterator[tuple[str, Array]]:
    channels = model.architecture.feature_dim
    past = range(model.architecture.history)
    coarse = torch.from_numpy(np.stack([fill_features(f"coarse{i}", seed, 4, channels) for i in past]))
    fine = torch.from_numpy(fill_features("fine", seed, 64, channels))
    sequence = model.sequence(ids, coarse, fine)
    hidden = model.last_hidden(sequence)
    other = {"minicpm": ("tau_no_tanh", False), "omtrackvla": ("tau_tanh", True)}[name]
    yield f"{name}/direct_sequence", sequence.numpy()
    yield f"{name}/direct_last_hidden", hidden.numpy()
    yield f"{name}/direct_tau", model.act(hidden).numpy()
    yield f"{name}/direct_{other[0]}", model.act(hidden, use_tanh=other[1]).numpy()


@torch.inference_mode()
def _stream_arrays(
    name: str, model: TviModel, ids: Mapping[str, Tensor], pooled: list[PooledFrame]
) -> Iterator[tuple[str, Array]]:
    history: FrameHistory[Tensor] = FrameHistory(model.architecture.history, 0.1)
    waypoints = []
    for index, frame in enumerate(pooled):
        if index == RESET_BEFORE:
            history.clear()
        history.push(0.1 * index, frame.coarse)
        words = ids["A" if index < RESET_BEFORE else "B"]
        window = padded_window([past.item for past in history.frames], model.architecture.history)
        waypoints.append(model(words, window, frame.fine).numpy())
    yield f"{name}/stream_tau", np.stack(waypoints)
    yield f"{name}/stream_action", np.stack([w[1].astype(float) / 0.1 for w in waypoints])


def _metric_arrays(wanted: Mapping[str, Array]) -> Iterator[tuple[str, Array]]:
    evt, unit = MetricConfig(), MetricConfig(axis_scale="unit")
    commands = wanted["metric/cmd"]
    yield "metric/waypoint_times_s", np.array(evt.times)
    yield "metric/scale_sim", evt.scale
    for name in ("minicpm", "omtrackvla"):
        yield f"metric/{name}_direct_sim", metric_poses(wanted[f"{name}/direct_tau"], evt)
        yield f"metric/{name}_direct_unit", metric_poses(wanted[f"{name}/direct_tau"], unit)
    yield "metric/cmd", _recovered(wanted["metric/cmd_label"], commands, evt)
    labels = integrate(commands)[np.rint(np.array(evt.times) / TICK).astype(int)]
    yield "metric/cmd_label", labels
    yield "metric/cmd_true_metric", integrate(commands * evt.scale)
    yield "metric/cmd_recovered_metric", metric_poses(labels, MetricConfig(horizon=8))


def _recovered(labels: Array, commands: Array, config: MetricConfig) -> Array:
    """Commands as read off the file's labels; a tick with no waypoint at one of its ends is known only with its
    neighbour, so the file's own stand there.
    """
    recovered = recover_commands(labels, config.times)
    ends = np.rint(np.array(config.times) / TICK).astype(int)
    ticks = np.arange(len(recovered))
    is_known = np.isin(ticks, ends) & np.isin(ticks + 1, ends)
    return np.where(is_known[:, None], recovered, commands)


def _ids(name: str, count: int, meta: Mapping[str, Any]) -> Tensor:
    rng = np.random.default_rng([zlib.crc32(f"ids:{name}".encode()), int(meta["seed"])])
    return torch.from_numpy(rng.integers(0, int(meta["vocab"]), size=count).astype(np.int64))


def _filled(key: str, value: Tensor, seed: int, xy_scale: float = 2.0) -> Tensor:
    return torch.from_numpy(fill_weight(key, tuple(value.shape), seed, xy_scale))


def _stored_dino_key(key: str) -> str:
    return "dino." + key.removeprefix("model.")


def _stored_siglip_key(key: str) -> str:
    return "siglip.vision_model." + key.removeprefix("vision_model.")


def _difference(ours: Array, wanted: Array) -> float:
    if ours.shape != wanted.shape:
        return float("inf")
    return float(np.max(np.abs(ours.astype(float) - wanted.astype(float)), initial=0.0))

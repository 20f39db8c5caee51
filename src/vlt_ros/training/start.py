"""Weights a run starts from: random ones, a checkpoint, or the ImageNet supernet of Single Path One-Shot."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import Tensor, nn

from track_common.config import ConfigError
from vlt_ros.model import checkpoint, zoo
from vlt_ros.model.backbone import copy_mixers
from vlt_ros.model.checkpoint import WRAPPER, CheckpointError, read_torch
from vlt_ros.model.scar import VltScar
from vlt_ros.training.config import TrainingPlan

START_SIDE = 32.0  # px: sides of VLT_SCAR's boxes before training; the authors start at 1 px


def starting_network(plan: TrainingPlan) -> zoo.Network:
    """The network of a plan, with the weights it names.

    Raises:
        ConfigError, CheckpointError: naming what is wrong with sizes or files.
    """
    config = plan.config
    torch.manual_seed(config.seed)
    if config.start:
        return checkpoint.load(Path(config.start), config.architecture)[0]
    try:
        network = zoo.build(config.architecture, plan.model)
    except (TypeError, KeyError) as error:
        raise ConfigError(f"model {dict(plan.model)} does not fit {config.architecture}: {error}") from error
    initialise(network)
    if config.spos:
        load_spos(network, Path(config.spos))
    return network


def initialise(network: zoo.Network) -> None:
    """Xavier-uniform in token maps and neck, and in VLT_SCAR's head; mixers start from their stage's last block."""
    parts: list[nn.Module] = [zoo.backbone(network).token_map, network.neck]
    if isinstance(network, VltScar):
        parts.append(network.head)
    for part in parts:
        for parameter in part.parameters():
            if parameter.dim() > 1:
                nn.init.xavier_uniform_(parameter)
    if isinstance(network, VltScar) and network.head.bbox_pred.bias is not None:
        nn.init.constant_(network.head.bbox_pred.bias, math.log(START_SIDE))
    copy_mixers(zoo.backbone(network))


def load_spos(network: zoo.Network, file: Path) -> None:
    """Stem and choice blocks from a trained SPOS supernet, then the mixers copied from them (supplement A.3).

    Raises:
        CheckpointError: unreadable, or a stem or block of it is missing or has another shape.
    """
    stored = read_torch(file)
    weights: dict[str, Tensor] = {str(name).removeprefix(WRAPPER): tensor for name, tensor in stored.items()}
    body = zoo.backbone(network)
    wanted = {n: t for n, t in body.state_dict().items() if n.startswith(("first_conv.", "features."))}
    wrong = [n for n, t in wanted.items() if n not in weights or weights[n].shape != t.shape]
    if wrong:
        raise CheckpointError(f"{file}: {len(wrong)} of {len(wanted)} tensors missing or of another shape: {wrong[:5]}")
    body.load_state_dict({n: weights[n] for n in wanted}, strict=False)
    copy_mixers(body)

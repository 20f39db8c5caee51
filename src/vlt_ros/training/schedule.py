"""Optimiser and learning rate by epoch, as the released configurations set them."""

from __future__ import annotations

import math

import torch
from torch import nn

from vlt_ros.model import zoo
from vlt_ros.training.config import VltTrainConfig

WARMUP_RISE = 5.0  # the rate rises by this factor over the warm-up
SLOW_PARTS = ("first_conv.", "features.")  # of the backbone
MOMENTUM = 0.9


def learning_rate(config: VltTrainConfig, epoch: float) -> float:
    """Rate of an epoch (from 0): geometric rise, then geometric fall to ``lr_end`` or drops every ``lr_step``."""
    if epoch < config.warmup_epochs:
        return config.lr * WARMUP_RISE ** (epoch / config.warmup_epochs - 1.0)
    done, total = epoch - config.warmup_epochs, config.epochs - config.warmup_epochs
    if config.lr_step:
        return config.lr * config.lr_factor ** math.floor(done / config.lr_step)
    share = min(done / (total - 1), 1.0) if total > 1 else 0.0
    return config.lr * (config.lr_end / config.lr) ** share if config.lr else 0.0


def make_optimiser(config: VltTrainConfig, network: zoo.Network) -> torch.optim.Optimizer:
    """Two groups: stem and choice blocks at ``backbone_lr``, the rest at 1; ``set_rate`` keeps their ratio."""
    slow = _parameters(zoo.backbone(network))
    ids = {id(p) for p in slow}
    groups = [
        {"params": slow, "factor": config.backbone_lr},
        {"params": [p for p in network.parameters() if id(p) not in ids], "factor": 1.0},
    ]
    if config.optimiser == "sgd":
        return torch.optim.SGD(groups, lr=config.lr, momentum=MOMENTUM, weight_decay=config.weight_decay)
    return torch.optim.AdamW(groups, lr=config.lr, weight_decay=config.weight_decay)


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Give every group its share of a rate."""
    for group in optimiser.param_groups:
        group["lr"] = rate * group["factor"]


def _parameters(body: nn.Module) -> list[nn.Parameter]:
    return [p for name, p in body.named_parameters() if name.startswith(SLOW_PARTS)]

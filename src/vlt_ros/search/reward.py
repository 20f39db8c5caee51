"""What a path is worth: normalisation statistics taken anew for it, then success AUC on videos kept apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from vlt_ros.language.sentence import SentenceEncoder
from vlt_ros.model import checkpoint, zoo
from vlt_ros.model.paths import NetworkPath
from vlt_ros.search.config import SearchPlan
from vlt_ros.search.evolution import Genes
from vlt_ros.siamese.tracker import make_encoder
from vlt_ros.training.batches import Batch, Collator, TrainingNetwork
from vlt_ros.training.train import pair_dataset, validation_videos
from vlt_ros.training.validation import mean_success
from vlt_ros.training.videos import Video


@dataclass(frozen=True, eq=False)
class Judge:
    """Rewards paths of one supernet on the same batches and videos, whichever process asks."""

    model: TrainingNetwork
    batches: Sequence[Batch]
    videos: Sequence[Video]
    encoder: SentenceEncoder | None
    frames: int

    def reward(self, genes: Genes) -> float:
        """Mean success AUC (0..1); the authors minimise 1.01 minus this."""
        path = NetworkPath.from_lists(genes)
        recalibrate(self.model, path, self.batches)
        return mean_success(self.model.network, path, self.videos, self.encoder, self.frames)


def make_judge(plan: SearchPlan) -> Judge:
    """Supernet, calibration batches and videos of a plan.

    Raises:
        CheckpointError: the supernet cannot be loaded.
    """
    torch.set_num_threads(1)
    training, config = plan.training, plan.config
    network, _ = checkpoint.load(plan.supernet, training.config.architecture)
    encoder = make_encoder(training.config.language, training.config.language_path)
    pairs = pair_dataset(training)
    pairs.epoch = training.config.epochs  # crops no step was taken on
    collator = Collator(training.config.architecture, encoder, training.config.is_tt_raw)
    size = training.config.batch
    starts = range(0, config.calibration_batches * size, size)
    batches = [collator([pairs[(start + i) % len(pairs)] for i in range(size)]) for start in starts]
    model = TrainingNetwork(network, training.config.without_language)
    return Judge(model, batches, validation_videos(plan.training), encoder, config.frames)


@torch.no_grad()
def recalibrate(model: TrainingNetwork, path: NetworkPath, batches: Sequence[Batch]) -> None:
    """Replace all running statistics by those of these batches on this path: a supernet's belong to no path.

    The mean over batches, not the authors' moving average (momentum 0.1), which forgets the first ones.
    """
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    model.eval()  # no dropout
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
        norm.train()
    for batch in batches:
        model.maps(batch, path)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    model.eval()


def search_macs(network: zoo.Network, path: NetworkPath) -> float:
    """Multiply-adds (G) of one search image on a path: what every frame costs, head and attention included."""
    from torch.utils.flop_counter import FlopCounterMode

    name = next(a.name for a in zoo.ARCHITECTURES.values() if isinstance(network, a.network))
    sides = (127, 255) if name == "vlt_scar" else (128, 256)
    empty = zoo.build(name, zoo.config_values(network)).to("meta")
    body = zoo.backbone(empty)
    z, x = (torch.empty(1, 3, side, side, device="meta") for side in sides)
    with torch.inference_mode():
        tokens = body.language_tokens(torch.empty(1, body.config.language, device="meta"))
        template = empty.template(z, path, tokens)
        with FlopCounterMode(display=False) as counter:
            empty.search(x, path, template)  # pyright: ignore[reportArgumentType]
    return counter.get_total_flops() / 2e9

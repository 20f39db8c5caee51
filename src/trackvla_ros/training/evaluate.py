"""How well a model follows held-out experts: displacement of the chosen trajectory, and the side it goes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from trackvla_ros.model.trackvla import TrackVla, interleave
from trackvla_ros.training.batches import Collator, to_device
from trackvla_ros.training.samples import TrackingSample, TrackingWindows

SIDEWAYS = 0.05  # m; an expert that ends closer to straight ahead than this names no side


@dataclass(frozen=True)
class Evaluation:
    """Over n samples: mean and final displacement (m), and the share that ends on the expert's side (appendix E.2)."""

    samples: int
    ade: float
    fde: float
    side_accuracy: float


@torch.inference_mode()
def evaluate(
    model: TrackVla, collator: Collator, samples: Sequence[TrackingSample] | TrackingWindows, seed: int = 0
) -> Evaluation:
    """Best-scored trajectory against the expert's, one sample at a time, seeded noise.

    Raises:
        ValueError: no sample.
    """
    if not len(samples):
        raise ValueError("no samples to evaluate; raise validation_share or add episodes")
    model.eval()
    generator = torch.Generator().manual_seed(seed)
    errors, sides = [], []
    for index in range(len(samples)):
        batch = to_device(collator([samples[index]]), model.device)
        visual = interleave(model.encode(batch.images), batch.track_frames)
        best = model.track(batch.track, visual, model.head.draw_noise(1, generator)).best()[0]
        errors.append((best - batch.targets[0])[:, :2].norm(dim=1))
        end = batch.targets[0, -1, 1]
        if abs(float(end)) > SIDEWAYS:
            sides.append(bool(best[-1, 1].sign() == end.sign()))
    distance = torch.stack(errors)
    return Evaluation(
        len(errors), float(distance.mean()), float(distance[:, -1].mean()), sum(sides) / len(sides) if sides else 0.0
    )

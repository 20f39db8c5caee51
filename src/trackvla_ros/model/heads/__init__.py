"""Action heads: one interface, the six models of Table 9."""

from __future__ import annotations

from trackvla_ros.model.anchors import AnchorSet
from trackvla_ros.model.config import TrackVlaConfig
from trackvla_ros.model.heads.anchor_diffusion import AnchorDiffusionHead
from trackvla_ros.model.heads.autoregressive import AutoregressiveHead
from trackvla_ros.model.heads.diffusion import DiffusionHead
from trackvla_ros.model.heads.interface import ActionHead, Candidates, Condition
from trackvla_ros.model.heads.mlp import MlpHead

__all__ = ["ActionHead", "Candidates", "Condition", "build_head"]


def build_head(config: TrackVlaConfig, anchors: AnchorSet) -> ActionHead:
    """The head named by ``config.head.kind``, with random weights."""
    head, condition = config.head, config.language.width
    if head.kind == "autoregressive":
        return AutoregressiveHead(head, anchors, condition, config.language.vocabulary)
    classes = {"anchor_diffusion": AnchorDiffusionHead, "diffusion": DiffusionHead, "mlp": MlpHead}
    return classes[head.kind](head, anchors, condition)

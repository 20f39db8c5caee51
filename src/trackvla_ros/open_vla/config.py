"""Settings of ``policy:=tvi``; apart from the policy, as nodes declare them without loading torch."""

from __future__ import annotations

from dataclasses import dataclass

from track_common.config import setting
from trackvla_ros.model.config import DTYPE_NAMES
from trackvla_ros.open_vla.metric import MetricConfig


@dataclass(frozen=True)
class TviPolicyConfig(MetricConfig):
    """Where the files are, how frames are fitted and when the answer counts."""

    checkpoint: str = setting("", "snapshot folder with config.json and model.safetensors")
    llm_path: str = setting("", "OmTrackVLA only: folder with config.json and tokenizer of Qwen3-0.6B")
    dino_path: str = setting("", "folder of DINOv3 ViT-S/16 (gated; accept its licence where you download it)")
    siglip_path: str = setting("", "folder of SigLIP so400m-patch14-384")
    image_fit: str = setting(
        "center_crop",
        "center_crop: what the authors run on a GO2; squash: whole view, shapes distorted",
        choices=("center_crop", "squash"),
    )
    device: str = setting("cpu", "torch device")
    dtype: str = setting("float32", "numbers of the language model", choices=DTYPE_NAMES)
    ignore_pickled: bool = setting(False, "accept a .bin beside the safetensors; it is never read")
    default_instruction: bool = setting(
        False, "an empty instruction becomes the model's own (follow the person) instead of standing still"
    )
    wait_for_history: bool = setting(False, "stand still until the window of past frames is full")
    require_sighting: bool = setting(
        False, "stand still where the tracker sees no target: these models may walk on with nobody in view"
    )

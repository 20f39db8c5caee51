"""What the two open models have in common and where they differ, read from their own config.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from track_common.config import lookup
from trackvla_ros.model.checkpoint import CheckpointError, Shape, read_json

COARSE_GRID, FINE_GRID = 2, 8  # pooled sides: 4 tokens a past frame, 64 the current one
ACTION_DIM = 3  # x, y, yaw


@dataclass(frozen=True)
class Variant:
    """One member of the family.

    Attributes:
        model_type: what its config.json says.
        keys: our module prefixes -> its names in the checkpoint file.
        default_instruction: what its own code says when no sentence is given.
    """

    name: str
    model_type: str
    keys: Mapping[str, str]
    default_instruction: str


VARIANTS: Mapping[str, Variant] = {
    "minicpm_robottrack": Variant(
        "minicpm_robottrack",
        "minicpm_robottrack",
        {
            name: name
            for name in (
                "backbone.",
                "vision_projector.",
                "temporal_markers.",
                "trajectory_head.",
                "control_query",
                "output_scale",
            )
        },
        "Follow the target person.",
    ),
    "omtrackvla": Variant(
        "omtrackvla",
        "navfom",
        {
            "backbone.": "model.llm.",
            "vision_projector.layers.": "model.proj.net.",
            "temporal_markers.time_embedding.": "model.tvi.time_emb.",
            "temporal_markers.camera_embedding.": "model.tvi.view_emb.",
            "temporal_markers.stream_embedding.": "model.tvi.kind_emb.",
            "trajectory_head.layers.": "model.planner.mlp.",
            "control_query": "model.act_token",
            "output_scale": "model.alpha_task",
        },
        "follow the person",
    ),
}


@dataclass(frozen=True)
class Architecture:
    """Sizes of one checkpoint; ``backbone`` holds the language model's own config keys."""

    variant: Variant
    backbone: Mapping[str, Any]
    feature_dim: int
    history: int
    time_steps: int
    waypoints: int
    xy_scale: float
    use_tanh: bool
    max_text_tokens: int = 128

    @property
    def width(self) -> int:
        """Hidden size of the language model."""
        return int(self.backbone["hidden_size"])


def read_architecture(folder: Path, llm_path: Path | None) -> Architecture:
    """From a snapshot folder; ``llm_path`` is the Qwen3 folder OmTrackVLA needs for its language model's config.

    Raises:
        CheckpointError: config.json absent, unknown model_type, a value missing that must not be guessed.
    """
    config = read_config(folder)
    by_type = {variant.model_type: variant for variant in VARIANTS.values()}
    variant = lookup("model_type", str(config.get("model_type")), by_type)
    if variant.name == "minicpm_robottrack":
        return minicpm_architecture(config)
    history = read_config(folder, "checkpoint_meta.json").get("history", 31)
    return omtrackvla_architecture(config, _qwen_config(config, llm_path), int(history))


def minicpm_architecture(config: Mapping[str, Any]) -> Architecture:
    """MiniCPM-RobotTrack's config.json; rms_norm_eps and the LongRoPE factors are read, never assumed."""
    backbone = _need(config, "backbone_config")
    for key in ("hidden_size", "num_hidden_layers", "rms_norm_eps", "scale_depth", "rope_scaling", "vocab_size"):
        _need(backbone, key, "backbone_config.")
    return Architecture(
        VARIANTS["minicpm_robottrack"],
        backbone,
        feature_dim=int(_need(config, "vision_feature_dim")),
        history=int(_need(config, "history_frames")),
        time_steps=int(_need(config, "max_time_steps")),
        waypoints=int(config.get("num_waypoints", 8)),
        xy_scale=float(_need(config, "xy_scale")),
        use_tanh=bool(_need(config, "use_tanh_actions")),
        max_text_tokens=int(config.get("max_text_tokens", 128)),
    )


def omtrackvla_architecture(config: Mapping[str, Any], backbone: Mapping[str, Any], history: int) -> Architecture:
    """OmTrackVLA's config.json with a Qwen3 config and the history of checkpoint_meta.json."""
    return Architecture(
        VARIANTS["omtrackvla"],
        backbone,
        feature_dim=int(_need(config, "vision_feat_dim")),
        history=history,
        time_steps=int(_need(config, "max_time")),
        waypoints=int(config.get("n_waypoints", 8)),
        xy_scale=float(_need(config, "alpha_xy")),
        use_tanh=bool(_need(config, "use_tanh_actions")),
    )


def read_config(folder: Path, name: str = "config.json") -> dict[str, Any]:
    """A JSON file of the snapshot; the optional checkpoint_meta.json is empty where absent."""
    path = folder / name
    if not path.is_file():
        if name != "config.json":
            return {}
        raise CheckpointError(f"{path} is missing; give the folder of a downloaded snapshot")
    return read_json(path)


def unused_shapes(architecture: Architecture) -> dict[str, Shape]:
    """Keys a checkpoint holds that its forward never reads; they must be there, and are left in the file."""
    if architecture.variant.name != "omtrackvla":
        return {}
    width = architecture.width
    return {
        "model.tvi.angle_proj.weight": (width, 2),
        "model.tvi.angle_proj.bias": (width,),
        "model.tvi.bbox_proj.weight": (width, 4),
        "model.tvi.bbox_proj.bias": (width,),
    }


def _qwen_config(config: Mapping[str, Any], llm_path: Path | None) -> dict[str, Any]:
    if llm_path is None or not (llm_path / "config.json").is_file():
        raise CheckpointError(
            f"llm_name '{config.get('llm_name')}' is its authors' own path; set llm_path to a folder with config.json "
            "and tokenizer of Qwen/Qwen3-0.6B (its weights are not needed)"
        )
    return read_config(llm_path)


def _need(config: Mapping[str, Any], key: str, prefix: str = "") -> Any:
    if key not in config:
        raise CheckpointError(f"config.json has no '{prefix}{key}'; it is read from the checkpoint, never guessed")
    return config[key]

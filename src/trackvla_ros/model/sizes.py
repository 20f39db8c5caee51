"""Named configurations: Table 9's action models, and whole models from the paper's size down to a test's."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from trackvla_ros.model.config import HeadConfig, LanguageConfig, SequenceConfig, TrackVlaConfig, VisionConfig

HEADS: Mapping[str, HeadConfig] = {  # Table 9's rows; its parameter counts are held by a test
    "base": HeadConfig(),
    "small": HeadConfig(width=384, depth=6, heads=4),
    "dp_base": HeadConfig(kind="diffusion", denoise_steps=10),
    "mlp3": HeadConfig(kind="mlp", width=1024, depth=3),
    "mlp6": HeadConfig(kind="mlp", width=4096, depth=6),
    "autoregressive": HeadConfig(kind="autoregressive"),
}
PUBLISHED_HEAD_MILLIONS = {
    "base": 89,
    "small": 13,
    "dp_base": 89,
    "mlp3": 7,
    "mlp6": 89,
    "autoregressive": 131,
}  # Table 9

_BYTES = LanguageConfig(
    width=128, depth=4, heads=4, kv_heads=4, mlp_width=352, vocabulary=544, max_positions=2048, tokenizer="bytes"
)
_SHORT = SequenceConfig(system="", task="{instruction}:", question="{instruction}:", navigation="{instruction}:")
SIZES: Mapping[str, TrackVlaConfig] = {
    "full": TrackVlaConfig(),
    "small": TrackVlaConfig(  # trains and runs on one CPU core; same code path but for the tower
        vision=VisionConfig(
            kind="cnn", image_size=128, patch_size=8, width=96, depth=3, heads=1, mlp_width=96, frozen=False
        ),
        language=_BYTES,
        sequence=_SHORT,
        head=HeadConfig(width=128, depth=4, heads=4),
    ),
    "nano": TrackVlaConfig(  # the shipped one: rooms and people of the simulator, a few milliseconds on a CPU core
        vision=VisionConfig(
            kind="residual", image_size=128, patch_size=16, width=128, depth=4, heads=1, mlp_width=128, blocks=3
        ),
        language=dataclasses.replace(_BYTES, depth=4, mlp_width=256, vocabulary=640, tokenizer="words"),
        sequence=dataclasses.replace(
            _SHORT, history=2, coarse_grid=4, frame_period=0.5, separators=False, max_instruction=64
        ),
        head=HeadConfig(
            width=64, depth=2, heads=4, positive="xyyaw", random_noise=False, score_weight=2.0, start_step=10
        ),
        answers_target=True,
    ),
    "tiny": TrackVlaConfig(  # the full-size code path (EVA, separate projector, Llama) in a few hundred kB, for tests
        vision=VisionConfig(image_size=56, patch_size=7, width=32, depth=2, heads=4, mlp_width=64),
        language=dataclasses.replace(_BYTES, width=32, depth=2, heads=4, kv_heads=4, mlp_width=64),
        sequence=dataclasses.replace(_SHORT, history=4),
        head=HeadConfig(width=32, depth=2, heads=4, anchors=8),
    ),
}

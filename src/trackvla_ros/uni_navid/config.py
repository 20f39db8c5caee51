"""Settings of ``policy:=uni_navid``; apart from the policy, as nodes declare them without loading torch."""

from __future__ import annotations

import math
from dataclasses import dataclass

from track_common.config import setting
from trackvla_ros.model.config import DTYPE_NAMES
from trackvla_ros.model.image_config import ImageConfig


@dataclass(frozen=True)
class UniNavidPolicyConfig(ImageConfig):
    """Weights, and what its four words mean in metres, radians and seconds."""

    checkpoint: str = setting("", "folder written by `trackvla model import` from Uni-NaVid's public files")
    device: str = setting("cpu", "torch device")
    dtype: str = setting("bfloat16", "numbers of tower and language model", choices=DTYPE_NAMES)
    forward_step: float = setting(0.5, "what 'forward' means in its offline script", unit="m", low=0.01)
    turn_step: float = setting(math.radians(30.0), "what 'left' and 'right' mean there", unit="rad", low=0.01)
    speed: float = setting(0.5, "how fast 'forward' is driven", unit="m/s", low=0.01)
    turn_rate: float = setting(1.0, "how fast a turn is driven", unit="rad/s", low=0.01)

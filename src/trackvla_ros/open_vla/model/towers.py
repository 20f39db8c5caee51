"""The two frozen towers of the family: DINOv3-S/16 and SigLIP-so400m, pooled to 4 + 64 tokens of 1536 a frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import DINOv3ViTConfig, DINOv3ViTModel, SiglipVisionConfig, SiglipVisionModel

from trackvla_ros.model.checkpoint import CheckpointError
from trackvla_ros.model.image import cut_and_resize, normalise, whole_box
from trackvla_ros.model.vision import PooledFrame, pool_grid
from trackvla_ros.open_vla.model.architecture import COARSE_GRID, FINE_GRID

SIDE = 384  # px; both towers see this square, without a further resize
DINO_GRID = 24  # 384 / 16
DINO_MEAN, DINO_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SIGLIP_MEAN, SIGLIP_STD = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)


class DualTower(nn.Module):
    """Both towers; never part of a checkpoint of the family."""

    def __init__(self, dino: DINOv3ViTModel, siglip: SiglipVisionModel) -> None:
        super().__init__()
        self.dino, self.siglip = dino.eval().requires_grad_(False), siglip.eval().requires_grad_(False)

    @classmethod
    def from_folders(cls, dino_path: Path, siglip_path: Path) -> DualTower:
        """Towers from local snapshots; nothing is downloaded.

        Raises:
            CheckpointError: a folder has no config.json or no safetensors.
        """
        for name, folder, source in (
            (
                "dino_path",
                dino_path,
                "facebook/dinov3-vits16-pretrain-lvd1689m (gated: its licence must be accepted there)",
            ),
            ("siglip_path", siglip_path, "google/siglip-so400m-patch14-384"),
        ):
            if not (folder / "config.json").is_file() or not any(folder.glob("*.safetensors")):
                raise CheckpointError(f"{name} '{folder}' holds no config.json with safetensors; get {source}")
        dino = DINOv3ViTModel.from_pretrained(str(dino_path), local_files_only=True)
        siglip = SiglipVisionModel.from_pretrained(str(siglip_path), local_files_only=True)
        return cls(dino, siglip)

    @classmethod
    def random(cls, dino: DINOv3ViTConfig, siglip: SiglipVisionConfig) -> DualTower:
        """Towers of given sizes with random weights, for tests."""
        return cls(DINOv3ViTModel(dino), SiglipVisionModel(siglip))

    @torch.inference_mode()
    def forward(self, square: NDArray[np.uint8]) -> PooledFrame:
        """RGB uint8 (384, 384, 3) to coarse (4, C) and fine (64, C), DINO's channels first."""
        device, dtype = self.dino.device, self.dino.dtype
        dino_pixels = normalise(square, DINO_MEAN, DINO_STD).to(device, dtype)[None]
        siglip_pixels = normalise(square, SIGLIP_MEAN, SIGLIP_STD).to(device, dtype)[None]
        registers = 1 + self.dino.config.num_register_tokens
        dino = self.dino(dino_pixels).last_hidden_state[:, registers:].float()
        siglip = to_grid(self.siglip(siglip_pixels).last_hidden_state.float(), DINO_GRID)
        features = torch.cat([dino, siglip], dim=-1)
        return PooledFrame(pool_grid(features, COARSE_GRID)[0], pool_grid(features, FINE_GRID)[0])


def fit_square(rgb: NDArray[np.uint8], image_fit: str) -> NDArray[np.uint8]:
    """RGB uint8 (H, W, 3) to (384, 384, 3): squash keeps the field of view, center_crop the shapes."""
    height, width = rgb.shape[:2]
    return cut_and_resize(rgb, whole_box(width, height, image_fit), SIDE)


def to_grid(features: Tensor, side: int) -> Tensor:
    """Row-major square map (B, N, C) of any side, adaptively averaged to (B, side**2, C)."""
    batch, count, channels = features.shape
    grid = int(round(count**0.5))
    plane = features.transpose(1, 2).reshape(batch, channels, grid, grid)
    return F.adaptive_avg_pool2d(plane, side).flatten(2).transpose(1, 2)

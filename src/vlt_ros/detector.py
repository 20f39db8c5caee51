"""People in one image: NanoDet on onnxruntime. First step of the grounded tracker (image -> candidates -> box).

The network and its border conventions are described in ``weights/NOTICE``: letterboxed BGR in, class scores (already
sigmoid) and box-side distributions out, at strides 8, 16 and 32. Its time goes with the area of the input, so the input
is no larger than the searched part of the image needs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from track_common.boxes import area, clip_to_image, from_xyxy
from track_common.config import setting
from track_common.instruction.parsed import PERSON
from track_common.types import Array

WEIGHTS = Path(__file__).parent / "weights" / "nanodet.onnx"
SIDE = 416  # px, the longer side of the network's input for a whole image; the network was trained at it
STRIDES = (8, 16, 32)  # px per cell of the three output levels
BINS = 11  # values of each box-side distribution, in strides (generalised focal loss, Li et al. 2020)
MEAN_BGR = np.array([103.53, 116.28, 123.675], np.float32)
STD_BGR = np.array([57.375, 57.12, 58.395], np.float32)
CLASSES = (
    "person bicycle car motorcycle airplane bus train truck boat traffic_light fire_hydrant stop_sign parking_meter "
    "bench bird cat dog horse sheep cow elephant bear zebra giraffe backpack umbrella handbag tie suitcase frisbee "
    "skis snowboard sports_ball kite baseball_bat baseball_glove skateboard surfboard tennis_racket bottle wine_glass "
    "cup fork knife spoon bowl banana apple sandwich orange broccoli carrot hot_dog pizza donut cake chair couch "
    "potted_plant bed dining_table toilet tv laptop mouse remote keyboard cell_phone microwave oven toaster sink "
    "refrigerator book clock vase scissors teddy_bear hair_drier toothbrush"
)  # COCO's 80 in the order of the network's outputs
CLASS_INDEX = {name.replace("_", " "): index for index, name in enumerate(CLASSES.split())}
PADDING_BGR = (104, 116, 124)  # the mean: zero after normalisation
PART_SHARE = 0.8  # of a part lies inside the whole
PART_OFFSET = 0.25  # of the whole's width is the most its column may be off
PART_SCORE = 1.3  # times the whole's score; a half is often surer than the whole
PART_AREA = 0.8  # of the whole's at most
PART_WIDTH = 0.5  # of the whole's width at least
CUT_MARGIN = 2.0  # px; a box this near the border of a searched region may be cut by it
MIN_SIDE = 3.0  # px; a smaller box carries no appearance


@dataclass(frozen=True)
class DetectorConfig:
    """What counts as a detection and how much of the machine it may use."""

    score_threshold: float = setting(0.2, "weakest detection kept; weak ones only continue tracks", low=0.01, high=1.0)
    overlap_threshold: float = setting(0.6, "IoU above which the weaker of two boxes is dropped", low=0.0, high=1.0)
    threads: int = setting(1, "onnxruntime threads", low=1, high=64, runtime=False)


@dataclass(frozen=True, eq=False)
class Detections:
    """boxes_xyxy (N, 4) in pixels of the whole image, scores (N,) in 0..1, best first; ``others``: further classes."""

    boxes_xyxy: Array
    scores: Array
    others: Mapping[str, Detections] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.scores)


class PersonDetector:
    """NanoDet-g: people, or another of COCO's classes. One object may be used from one thread at a time."""

    def __init__(self, config: DetectorConfig | None = None, weights: Path = WEIGHTS) -> None:
        self._config = config or DetectorConfig()
        if not weights.is_file():
            raise FileNotFoundError(f"no detector weights at {weights}; install the package again (`make setup`)")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._config.threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # leave the core to other nodes
        self._session = onnxruntime.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name

    def detect(
        self,
        rgb: NDArray[np.uint8],
        region_xyxy: Array | None = None,
        categories: Sequence[str] = (PERSON,),
        side: int = SIDE,
    ) -> Detections:
        """People in the image (H, W, 3) uint8, or in one region (4,) of it seen at the network's full resolution.

        Args:
            rgb: (H, W, 3) uint8.
            region_xyxy: (4,) pixels, None = the whole image.
            categories: COCO classes; the first one's boxes are the answer, the further ones' are its ``others``.
            side: px, the longer side of the network's input, a multiple of 32.
        """
        height, width = rgb.shape[:2]
        x0, y0, x1, y1 = _whole_pixels(region_xyxy, width, height)
        patch = rgb[y0:y1, x0:x1]
        if patch.size == 0:
            return _NOTHING
        tensor, scale, pad = _letterbox(patch, side)
        cells = _cell_centres(tensor.shape[2], tensor.shape[3])
        outputs = [np.asarray(o) for o in self._session.run(None, {self._input: tensor})]
        found = []
        for category in dict.fromkeys(categories):
            boxes, scores = self._decode(outputs, cells, CLASS_INDEX[category])
            boxes = (boxes - np.tile(pad, 2)) / scale + np.array([x0, y0, x0, y0])
            found.append(self._select(clip_to_image(boxes, width, height), scores))
        return replace(found[0], others=dict(zip(dict.fromkeys(categories), found, strict=True)) if found[1:] else {})

    def _decode(self, outputs: list[NDArray[np.float32]], cells: Sequence[Array], index: int) -> tuple[Array, Array]:
        """(N, 4) corners in network pixels and (N,) scores of every cell above the threshold, of one class."""
        boxes, scores = [], []
        for level, stride in enumerate(STRIDES):
            score = outputs[level][0, :, index]
            kept = np.flatnonzero(score > self._config.score_threshold)
            sides = _expected_sides(outputs[level + 3][0, kept]) * stride
            centres = cells[level][kept]
            boxes.append(np.concatenate([centres - sides[:, :2], centres + sides[:, 2:]], axis=1))
            scores.append(score[kept])
        return np.concatenate(boxes).astype(float), np.concatenate(scores).astype(float)

    def _select(self, boxes: Array, scores: Array) -> Detections:
        """Non-maximum suppression."""
        sizes = boxes[:, 2:] - boxes[:, :2]
        large = np.flatnonzero((sizes >= MIN_SIDE).all(axis=1))
        if len(large) == 0:
            return _NOTHING
        boxes, scores = boxes[large], scores[large]
        kept = _suppress(boxes, scores, self._config.overlap_threshold)
        return Detections(boxes[kept], scores[kept])


def uncut(detections: Detections, region_xyxy: Array) -> Detections:
    """Detections less those that the border of the searched region (4,) may have cut."""
    low, high = region_xyxy[:2] + CUT_MARGIN, region_xyxy[2:] - CUT_MARGIN
    boxes = detections.boxes_xyxy
    is_uncut = (boxes[:, :2] > low).all(axis=1) & (boxes[:, 2:] < high).all(axis=1)
    return replace(detections, boxes_xyxy=boxes[is_uncut], scores=detections.scores[is_uncut])


_NOTHING = Detections(np.zeros((0, 4)), np.zeros(0))


def _suppress(boxes_xyxy: Array, scores: Array, overlap_threshold: float) -> NDArray[np.int64]:
    """Indices of the boxes that no better one overlaps, best first."""
    kept = cv2.dnn.NMSBoxes(from_xyxy(boxes_xyxy, "xywh").tolist(), scores.tolist(), 0.0, overlap_threshold)
    kept = np.asarray(kept, np.int64).reshape(-1)
    return kept[~_is_part(boxes_xyxy[kept], scores[kept])]


def _is_part(boxes_xyxy: Array, scores: Array) -> NDArray[np.bool_]:
    """(N,) True for upper or lower halves of a person who was found whole, unless the half is much surer.

    A part lies inside the whole, is about as wide and in the same column; a second person rarely is all three.
    """
    low = np.maximum(boxes_xyxy[:, None, :2], boxes_xyxy[None, :, :2])
    high = np.minimum(boxes_xyxy[:, None, 2:], boxes_xyxy[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0.0, None), axis=-1) / np.maximum(area(boxes_xyxy), 1.0)[:, None]
    centre_x, width = (boxes_xyxy[:, 0] + boxes_xyxy[:, 2]) / 2.0, boxes_xyxy[:, 2] - boxes_xyxy[:, 0]
    in_column = np.abs(centre_x[:, None] - centre_x[None]) < PART_OFFSET * width[None]
    is_wide = width[:, None] > PART_WIDTH * width[None]
    is_weaker = scores[:, None] < PART_SCORE * scores[None]
    is_smaller = area(boxes_xyxy)[:, None] < PART_AREA * area(boxes_xyxy)[None]
    return ((shared > PART_SHARE) & in_column & is_wide & is_weaker & is_smaller).any(axis=1)


def _whole_pixels(region_xyxy: Array | None, width: int, height: int) -> tuple[int, int, int, int]:
    if region_xyxy is None:
        return 0, 0, width, height
    x0, y0, x1, y1 = clip_to_image(np.round(region_xyxy), width, height).astype(int)
    return int(x0), int(y0), int(x1), int(y1)


def _letterbox(rgb: NDArray[np.uint8], side: int) -> tuple[NDArray[np.float32], float, Array]:
    """Network input (1, 3, H, W), its scale (network px per image px) and padding (2,) x, y in network pixels.

    H and W are the least multiples of 32 that hold the image with its longer side at ``side``. Stretching instead would
    lose people in wide images.
    """
    height, width = rgb.shape[:2]
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    rows, columns = (-(-n // STRIDES[-1]) * STRIDES[-1] for n in (size[1], size[0]))
    pad = np.array([(columns - size[0]) // 2, (rows - size[1]) // 2])
    canvas = np.empty((rows, columns, 3), np.uint8)
    canvas[:] = PADDING_BGR
    resized = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if scale < 1.0 else cv2.INTER_LINEAR)
    canvas[pad[1] : pad[1] + size[1], pad[0] : pad[0] + size[0]] = resized[:, :, ::-1]
    tensor = np.empty((1, 3, rows, columns), np.float32)
    for channel in range(3):
        tensor[0, channel] = _normalised(channel)[canvas[:, :, channel]]
    return tensor, scale, pad.astype(float)


@lru_cache(maxsize=3)
def _normalised(channel: int) -> NDArray[np.float32]:
    """(256,) what the network gets for each value of a channel of BGR."""
    return (np.arange(256, dtype=np.float32) - MEAN_BGR[channel]) / STD_BGR[channel]


@lru_cache(maxsize=32)
def _cell_centres(height: int, width: int) -> tuple[Array, ...]:
    """(N, 2) centre of every cell of each level, network pixels, row by row."""
    levels = []
    for stride in STRIDES:
        x, y = np.meshgrid(*((np.arange(n // stride) + 0.5) * stride for n in (width, height)))
        levels.append(np.stack([x.ravel(), y.ravel()], axis=1))
    return tuple(levels)


def _expected_sides(logits: NDArray[np.float32]) -> Array:
    """(N, 4) distances left, top, right, bottom in strides: mean of each softmax over (N, 4 * 11) logits."""
    logits = logits.reshape(-1, 4, BINS)
    weights = np.exp(logits - logits.max(axis=2, keepdims=True))
    return (weights @ np.arange(BINS)) / weights.sum(axis=2)

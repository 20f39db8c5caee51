"""Videos to learn from, read from the official folder layouts; images are opened only when a pair needs them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from track_common.boxes import to_xyxy
from track_common.config import lookup
from track_common.types import Array
from vlt_ros.evaluation.annotations import read_annotation
from vlt_ros.evaluation.datasets import BenchmarkSequence, DatasetError, lasot_folder, read_dataset
from vlt_ros.siamese.state import Image
from vlt_ros.video import is_picture

MIN_SIDE = 3.0  # px; smaller targets teach nothing


class Video(Protocol):
    """What pair sampling needs of a video."""

    @property
    def name(self) -> str: ...

    @property
    def boxes_xyxy(self) -> Array:
        """(N, 4) pixels, NaN where the target is not in view."""
        ...

    @property
    def sentence(self) -> str:
        """What the target is; "" where nobody wrote it down."""
        ...

    def image(self, index: int) -> Image:
        """(H, W, 3) RGB of one frame."""
        ...


@dataclass(frozen=True, eq=False)
class FileVideo:
    """A video whose frames are image files: those of a folder in order, or named ones."""

    name: str
    boxes_xyxy: Array
    sentence: str
    folder: Path
    files: tuple[str, ...] = ()

    def image(self, index: int) -> Image:
        """(H, W, 3) RGB of one frame.

        Raises:
            DatasetError: no such image.
        """
        names = self.files or _listed(self.folder)
        if index >= len(names):
            raise DatasetError(f"{self.folder} holds {len(names)} images; frame {index} was wanted")
        image = cv2.imread(str(self.folder / names[index]), cv2.IMREAD_COLOR)
        if image is None:
            raise DatasetError(f"cannot read the image {self.folder / names[index]}")
        return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)  # pyright: ignore[reportReturnType]


def read_videos(dataset: str, root: Path) -> list[Video]:
    """The training videos of a dataset, those without a usable box left out.

    Args:
        dataset: a name of ``READERS``.
        root: its official folder.

    Raises:
        DatasetError: the folder is missing or holds no video of that layout.
    """
    reader = lookup("dataset", dataset, READERS)
    if not root.is_dir():
        raise DatasetError(f"dataset folder {root} does not exist; wanted the folder of {dataset}")
    videos = [video for video in reader(root) if usable_frames(video).size]
    if not videos:
        raise DatasetError(f"no {dataset} video under {root}; wanted its official layout (docs/vlt.md)")
    return videos


def usable_frames(video: Video) -> NDArray[np.intp]:
    """Indices of the frames whose box is finite and not tiny."""
    boxes = video.boxes_xyxy
    sides = np.where(np.isfinite(boxes[:, 2:]), boxes[:, 2:] - boxes[:, :2], 0.0)
    return np.flatnonzero(np.all(sides >= MIN_SIDE, axis=1) & np.all(np.isfinite(boxes), axis=1))


def _lasot(root: Path) -> list[Video]:
    """All of LaSOT but the videos that testing_set.txt names."""
    listed = root / "testing_set.txt"
    kept_apart = set(listed.read_text().split()) if listed.is_file() else set()
    folders = sorted(file.parent for file in root.glob("*/*/groundtruth.txt"))
    return [_from_benchmark(lasot_folder(folder)) for folder in folders if folder.name not in kept_apart]


def _benchmark(name: str) -> Callable[[Path], list[Video]]:
    return lambda root: [_from_benchmark(sequence) for sequence in read_dataset(name, root)]


def _from_benchmark(sequence: BenchmarkSequence) -> Video:
    boxes = to_xyxy(sequence.truth_xywh, "xywh")
    boxes[sequence.is_absent] = np.nan
    if sequence.images is None:
        raise DatasetError(f"video {sequence.name} has annotations only; its images are needed to learn from it")
    return FileVideo(sequence.name, boxes, sequence.sentence, sequence.images)


def _trackingnet(root: Path) -> list[Video]:
    """``TRAIN_*/anno/NAME.txt`` and ``TRAIN_*/frames/NAME/0.jpg``, or one such part itself; no sentences."""
    made: list[Video] = []
    for file in sorted([*root.glob("anno/*.txt"), *root.glob("*/anno/*.txt")]):
        boxes = to_xyxy(read_annotation(file), "xywh")
        made.append(FileVideo(file.stem, boxes, "", file.parent.parent / "frames" / file.stem))
    return made


def _otb_lang(root: Path) -> list[Video]:
    """``OTB_query_train/NAME.txt`` and ``OTB_videos/NAME/{img,groundtruth_rect.txt}`` (Li et al. 2017)."""
    made: list[Video] = []
    for query in sorted(root.glob("OTB_query_train/*.txt")):
        folder = root / "OTB_videos" / query.stem
        boxes = to_xyxy(read_annotation(folder / "groundtruth_rect.txt"), "xywh")
        made.append(FileVideo(query.stem, boxes, query.read_text(encoding="utf-8").strip(), folder / "img"))
    return made


def _coco(root: Path) -> list[Video]:
    """``annotations/instances_train2017.json`` and ``train2017/``: every object is a video of one frame."""
    index = root / "annotations" / "instances_train2017.json"
    if not index.is_file():
        return []
    stored: dict[str, Any] = json.loads(index.read_text())
    names = {picture["id"]: picture["file_name"] for picture in stored["images"]}
    made: list[Video] = []
    for one in stored["annotations"]:
        if not one.get("iscrowd", 0):
            box = to_xyxy(np.array([one["bbox"]], float), "xywh")
            made.append(FileVideo(f"coco-{one['id']}", box, "", root / "train2017", (names[one["image_id"]],)))
    return made


def _listed(folder: Path) -> Sequence[str]:
    """Image names in the order of their numbers: 2.jpg before 10.jpg."""
    if not folder.is_dir():
        raise DatasetError(f"no folder of images {folder}")
    found = [file for file in folder.iterdir() if is_picture(file)]
    return [
        file.name for file in sorted(found, key=lambda f: (len(f.stem), f.stem) if f.stem.isdigit() else (0, f.stem))
    ]


READERS: dict[str, Callable[[Path], list[Video]]] = {
    "lasot": _lasot,
    "tnl2k": _benchmark("tnl2k"),
    "got10k": _benchmark("got10k"),
    "trackingnet": _trackingnet,
    "otb_lang": _otb_lang,
    "coco": _coco,
    "folder": _benchmark("folder"),
}

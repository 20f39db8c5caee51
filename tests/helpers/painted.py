"""Painted people for the tests: boxes of cloth colours on a grey street, and a detector that knows where they stand."""

from dataclasses import replace

import numpy as np

from track_common.boxes import clip_to_image
from track_common.types import Frame
from vlt_ros.detector import Detections

SIZE = (480, 640)
RED, BLUE, GREEN, BLACK, WHITE = (190, 30, 35), (35, 70, 180), (30, 130, 60), (25, 25, 27), (235, 235, 232)
SKIN = (210, 165, 135)


def box(x, height=200.0, ground=400.0):
    """(4,) a walker with the middle at column x, standing at row ground."""
    return np.array([x - 0.19 * height, ground - height, x + 0.19 * height, ground])


def paint(people):
    """Image with (box, top colour, trouser colour) each; later ones stand in front."""
    rng = np.random.default_rng(1)
    rgb = np.clip(150 + rng.normal(0, 6, (*SIZE, 3)), 0, 255).astype(np.uint8)
    for (x0, y0, x1, y1), top, bottom in people:
        for low, high, colour in ((0.0, 0.14, SKIN), (0.14, 0.5, top), (0.5, 0.95, bottom), (0.95, 1.0, BLACK)):
            rows = slice(max(0, int(y0 + low * (y1 - y0))), max(0, int(y0 + high * (y1 - y0))))
            columns = slice(max(0, int(x0 + 0.15 * (x1 - x0))), max(0, int(x1 - 0.15 * (x1 - x0))))
            patch = rgb[rows, columns]
            patch[:] = np.clip(np.array(colour) + rng.normal(0, 5, patch.shape), 0, 255).astype(np.uint8)
    return rgb


class KnownDetector:
    """Finds the boxes it is told, in a region those that lie inside; ``things``: boxes of other classes than people."""

    def __init__(self):
        self.boxes, self.things = [], {}

    def detect(self, rgb, region_xyxy=None, categories=("person",), side=416):
        known = {**self.things, "person": self.boxes}
        found = {category: self._found(known.get(category, []), rgb, region_xyxy) for category in categories}
        return replace(found[categories[0]], others=found if len(found) > 1 else {})

    def _found(self, boxes, rgb, region_xyxy):
        boxes = clip_to_image(np.array(boxes, float).reshape(-1, 4), rgb.shape[1], rgb.shape[0])
        if region_xyxy is not None:
            boxes = boxes[(boxes[:, :2] > region_xyxy[:2]).all(1) & (boxes[:, 2:] < region_xyxy[2:]).all(1)]
        return Detections(boxes, np.full(len(boxes), 0.8))


def frame(people, stamp, detector, hidden=()):
    """Frame of painted people; the detector sees all but those with an index in ``hidden``."""
    detector.boxes = [p[0] for i, p in enumerate(people) if i not in hidden]
    return Frame(paint(people), stamp)

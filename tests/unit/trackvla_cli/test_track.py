"""`trackvla track` from the command line: boxes, film and figures of a small film with a known box."""

import json
import subprocess
import sys

import cv2
import numpy as np
from typer.testing import CliRunner

from trackvla_cli.main import app

SIDE = 32


def test_track_writes_boxes_film_and_figures_and_prints_scores(tmp_path):
    noise = np.random.default_rng(0)
    back, patch = (noise.integers(0, 255, (*shape, 3), np.uint8) for shape in ((120, 160), (SIDE, SIDE)))
    truth = []
    (tmp_path / "film").mkdir()
    for number in range(12):
        image, x, y = back.copy(), 40 + 2 * number, 30 + number
        image[y : y + SIDE, x : x + SIDE] = patch
        cv2.imwrite(str(tmp_path / f"film/{number:03d}.png"), image)
        truth.append(f"{x},{y},{SIDE},{SIDE}")
    (tmp_path / "truth.txt").write_text("\n".join(truth))
    words = [
        "track",
        "film",
        "--tracker",
        "csrt",
        "--box",
        truth[0],
        "--ground-truth",
        "truth.txt",
        "--json",
        "figures.json",
        "--param",
        "template_size=100",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "trackvla_cli.main", *words], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "success AUC" in done.stdout
    assert json.loads((tmp_path / "figures.json").read_text())["success_auc"] > 0.7
    assert len((tmp_path / "runs/film/boxes.txt").read_text().splitlines()) == 12
    assert (tmp_path / "runs/film/film.mp4").stat().st_size > 1000


def test_a_setting_that_is_none_is_told_before_anything_is_opened(tmp_path):
    words = ["track", "no.mp4", "--tracker", "csrt", "--box", "1,2,3,4", "--param"]
    for param, said in (("template_size", "wanted NAME=VALUE"), ("template_sise=3", "did you mean 'template_size'")):
        done = CliRunner().invoke(app, [*words, param], standalone_mode=False)
        assert said in str(done.exception)

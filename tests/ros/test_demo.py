"""`trackvla demo` as `make demo` runs it: every node, a bag, a score, a picture and a film."""

import json
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.ros, pytest.mark.slow, pytest.mark.timeout(400)]


def test_demo_leaves_bag_score_picture_and_film(ros_environment, tmp_path):
    command = [sys.executable, "-m", "trackvla_cli.main", "demo", "--name", "shown"]
    done = subprocess.run(command, cwd=tmp_path, env=ros_environment, capture_output=True, text=True, timeout=380)
    assert done.returncode == 0, done.stdout + done.stderr
    folder = tmp_path / "runs/shown"
    score = json.loads((folder / "score.json").read_text())
    assert score["episode"]["steps"] > 30
    assert score["latency"]["camera_to_command"]["n"] > 30
    assert "camera → command" in done.stdout
    assert (folder / "bag/metadata.yaml").is_file()
    for name in ("top.png", "film.mp4"):
        assert (folder / name).stat().st_size > 10_000

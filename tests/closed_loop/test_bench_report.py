"""`trackvla bench follow --report`: table, plot, and a film of each failed episode with its reason."""

import av
import pytest

from evt_bench.agents import AgentSpec
from evt_bench.episodes import EpisodeConfig
from evt_bench.protocol import Judge
from evt_bench.report.write import write_report
from evt_bench.run import BenchConfig, read_records, run_bench
from evt_bench.world.config import CameraConfig
from evt_bench.world.world import WorldConfig

CONFIG = BenchConfig(
    world=WorldConfig(camera=CameraConfig(width=96, height=72)), episodes=EpisodeConfig(style="hall", density=0.2)
)
STEPS = 6


@pytest.fixture(name="short")
def _short(monkeypatch):
    monkeypatch.setattr("evt_bench.run.Judge", lambda rules: Judge(rules, max_steps=STEPS))
    monkeypatch.setattr("evt_bench.protocol.MIN_PIXELS", 10**6)  # nothing is big enough: every episode fails


def test_a_failed_episode_is_filmed_step_by_step_with_its_reason(short, tmp_path):
    agent, path = AgentSpec("box_servo", "truth"), tmp_path / "bench.json"
    rows = run_bench(["STT"], [agent, AgentSpec("stand_still")], [3], path, config=CONFIG)
    films = []
    text = write_report(
        tmp_path / "report", rows, read_records(path), agent, CONFIG, lambda done, total: films.append((done, total))
    ).read_text()
    assert films == [(1, 1)] and "1 of 1 episodes failed" in text
    assert "| STT | 3 | normal | ended" in text and "the following broke at 0.1 s" in text
    assert "| STT | box_servo/truth | 1 |" in text and "| STT | stand_still | 1 |" in text
    assert "camera 96x72" in text
    assert (tmp_path / "report" / "outcomes.png").read_bytes().startswith(b"\x89PNG")
    with av.open(str(tmp_path / "report" / "STT_3.mp4")) as film:
        assert sum(1 for _ in film.decode(video=0)) == STEPS

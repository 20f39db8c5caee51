"""Number formats within their stated bounds of float32, compiled equal to eager, refusals that name the setting."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from track_common.config import ConfigError  # noqa: E402
from track_common.interfaces import Observation  # noqa: E402
from track_common.types import Frame  # noqa: E402
from trackvla_ros.model.execution import check_execution  # noqa: E402
from trackvla_ros.policy import TrackVlaPolicy  # noqa: E402
from trackvla_ros.policy_config import TrackVlaPolicyConfig  # noqa: E402

BOUNDS_M = {"bfloat16": 0.05, "float16": 0.01, "int8": 0.05}  # largest waypoint difference; stated in docs/trackvla.md


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    torch.set_num_threads(1)


def run(frames, **settings):
    """Candidates (frames, K, H, 3) of a model whose head says something: its last layer starts at zero."""
    policy = TrackVlaPolicy(TrackVlaPolicyConfig(random_weights=True, **settings))
    generator = torch.Generator().manual_seed(0)
    weight = policy._model.head.trajectory.weight
    weight.data = 0.2 * torch.randn(weight.shape, generator=generator) * weight.shape[1] ** -0.5  # of the range
    policy.reset("follow the man in the blue shirt")
    rng = np.random.default_rng(0)
    looks = [Observation(Frame(rng.integers(0, 255, (48, 64, 3), dtype=np.uint8), 0.1 * i)) for i in range(frames)]
    return np.stack([policy.infer(look).candidates_base for look in looks])


@pytest.fixture(scope="module")
def exact():
    return {size: run(6, size=size) for size in ("tiny", "small")}


@pytest.mark.parametrize("size", ["tiny", "small"])
@pytest.mark.parametrize("dtype", BOUNDS_M)
def test_every_number_format_stays_within_its_bound(exact, size, dtype):
    difference = np.abs(run(6, size=size, dtype=dtype) - exact[size])[..., :2].max()
    assert 0.0 < difference < BOUNDS_M[dtype]


def test_the_model_of_the_bounds_says_something(exact):
    for candidates in exact.values():
        assert np.ptp(candidates[..., 0]) > 0.5  # metres: a bound on nothing would hold
        assert np.abs(candidates[-1] - candidates[0]).max() > 0.05


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_compiled_equals_eager(exact):
    np.testing.assert_allclose(run(6, size="tiny", compile="default"), exact["tiny"], atol=1e-4)


@pytest.mark.parametrize(
    ("device", "compile_mode", "words"),
    [
        ("gpu", "off", "device 'gpu' is no torch device"),
        ("cuda:63", "off", "device 'cuda:63'.*CUDA devices here; use cpu"),
        ("cpu", "cuda_graphs", "needs a CUDA device; device is 'cpu'"),
        ("cpu", "graphs", "compile 'graphs' unknown"),
    ],
)
def test_what_cannot_run_here_is_named(device, compile_mode, words):
    with pytest.raises(ConfigError, match=words):
        check_execution(device, compile_mode)


def test_a_trial_step_that_fails_is_told_before_anything_counts(monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("out of memory")

    monkeypatch.setattr("trackvla_ros.model.trackvla.TrackVla.encode", fail)
    with pytest.raises(ConfigError, match="trial step with device cpu, dtype int8, compile off failed: out of memory"):
        TrackVlaPolicy(TrackVlaPolicyConfig(random_weights=True, size="tiny", dtype="int8"))

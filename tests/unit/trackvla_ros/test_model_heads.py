"""The action models: published sizes, the DDIM arithmetic, losses, any number of anchors and waypoints, anchors."""

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")

from track_common.config import ConfigError  # noqa: E402
from trackvla_ros.model.anchors import AnchorError, cluster_anchors, fan_anchors, load_anchors, save_anchors  # noqa: E402
from trackvla_ros.model.config import HeadConfig  # noqa: E402
from trackvla_ros.model.heads import Condition, build_head  # noqa: E402
from trackvla_ros.model.heads.anchor_loss import nearest_anchor, trajectory_error  # noqa: E402
from trackvla_ros.model.sizes import HEADS, PUBLISHED_HEAD_MILLIONS, SIZES  # noqa: E402

TINY = SIZES["tiny"]


def tiny_head(kind="anchor_diffusion", seed=0, **settings):
    config = dataclasses.replace(TINY, head=dataclasses.replace(TINY.head, kind=kind, **settings))
    head = build_head(config, fan_anchors(config.head.anchors, config.head.waypoints, 0.1))
    generator = torch.Generator().manual_seed(seed)
    for parameter in head.parameters():  # the last layers start at zero; shake them
        parameter.data = torch.randn(parameter.shape, generator=generator) * 0.1
    return head.eval()


def condition(batch=2, seed=1):
    hidden = torch.randn(batch, TINY.language.width, generator=torch.Generator().manual_seed(seed))

    def extend(ids):
        return torch.nn.functional.one_hot(ids % TINY.language.width, TINY.language.width).float()

    return Condition(hidden, extend)


@pytest.mark.parametrize("name", HEADS)
def test_parameter_counts_are_table_9_within_8_percent(name):
    with torch.device("meta"):
        head = build_head(dataclasses.replace(SIZES["full"], head=HEADS[name]), fan_anchors(40, 10, 0.1))
    millions = sum(p.numel() for p in head.parameters()) / 1e6
    assert millions == pytest.approx(PUBLISHED_HEAD_MILLIONS[name], rel=0.08)


def test_two_ddim_steps_are_the_textbooks():
    head = tiny_head()
    noise, state = torch.randn(head.noise_shape(2), generator=torch.Generator().manual_seed(3)), condition()
    betas = torch.linspace(1e-4**0.5, 0.02**0.5, 1000, dtype=torch.float64) ** 2
    alpha_bar = torch.cumprod(1 - betas, 0)

    def noisy_from(clean, eps, t):  # Song et al. 2020, eq. 4
        return alpha_bar[t].sqrt() * clean + (1 - alpha_bar[t]).sqrt() * eps

    x = noisy_from(head.anchors.double(), noise.double(), 10).float().clamp(-1, 1)
    with torch.inference_mode():
        clean, _ = head.denoise(x, torch.full((2,), 10), state.hidden)
        clean = clean.double().clamp(-1, 1)
        x = noisy_from(clean, (x.double() - alpha_bar[10].sqrt() * clean) / (1 - alpha_bar[10]).sqrt(), 0)
        final, logits = head.denoise(x.float(), torch.zeros(2, dtype=torch.long), state.hidden)
        ours = head.sample(state, noise)
    torch.testing.assert_close(ours.trajectories, head.denormalise(final.clamp(-1, 1)), atol=1e-6, rtol=0)
    torch.testing.assert_close(ours.scores, logits.sigmoid(), atol=1e-6, rtol=0)


@pytest.mark.parametrize("kind", ["anchor_diffusion", "diffusion", "mlp", "autoregressive"])
@pytest.mark.parametrize(("anchors", "waypoints"), [(8, 10), (1, 1), (5, 20)])
def test_every_head_gives_finite_trajectories_and_trains(kind, anchors, waypoints):
    head = tiny_head(kind, anchors=anchors, waypoints=waypoints)
    candidates = head.sample(condition(), head.draw_noise(2, torch.Generator().manual_seed(0)))
    count = anchors if kind in ("anchor_diffusion", "mlp") else 1
    assert candidates.trajectories.shape == (2, count, waypoints, 3)
    assert candidates.best().shape == (2, waypoints, 3)
    assert torch.isfinite(candidates.trajectories).all()
    assert ((candidates.scores >= 0) & (candidates.scores <= 1)).all()
    target = torch.from_numpy(fan_anchors(2, waypoints, 0.1).poses).float()
    loss = head.loss(condition(), target, torch.Generator().manual_seed(0))["track"]
    loss.backward()
    grads = [p.grad for p in head.parameters() if p.grad is not None]
    assert torch.isfinite(loss)
    assert sum(float(g.abs().sum()) for g in grads) > 0


@pytest.mark.parametrize("layout", ["anchors", "waypoints", "independent"])
def test_every_token_layout_uses_condition_and_noise(layout):
    head = tiny_head(layout=layout)
    noise = head.draw_noise(2, torch.Generator().manual_seed(0))
    base = head.sample(condition(), noise)
    assert not torch.equal(base.trajectories, head.sample(condition(seed=9), noise).trajectories)
    assert not torch.equal(base.trajectories, head.sample(condition(), 2 * noise).trajectories)
    assert torch.equal(base.scores, head.sample(condition(), noise).scores)


def test_independent_layout_keeps_anchors_apart():
    head = tiny_head(layout="independent")
    noise = head.draw_noise(1, torch.Generator().manual_seed(0))
    changed = noise.clone()
    changed[:, 0] = 0.0
    first, second = (head.sample(condition(1), n).trajectories for n in (noise, changed))
    assert not torch.equal(first[:, 0], second[:, 0])
    torch.testing.assert_close(first[:, 1:], second[:, 1:])


def test_an_untrained_head_without_noise_answers_with_its_anchors():
    config = dataclasses.replace(TINY, head=dataclasses.replace(TINY.head, random_noise=False))
    head = build_head(config, fan_anchors(8, 10, 0.1))
    assert head.draw_noise(2) is None
    answer = head.sample(condition(), None).trajectories
    torch.testing.assert_close(answer[0], head.denormalise(head.anchors), atol=1e-3, rtol=0)


def test_training_brings_the_loss_down():
    torch.manual_seed(0)
    head = build_head(TINY, fan_anchors(8, 10, 0.1))
    hidden = torch.randn(8, TINY.language.width)
    target = torch.from_numpy(fan_anchors(8, 10, 0.1, max_speed=1.2).poses).float()
    optimiser = torch.optim.AdamW(head.parameters(), lr=3e-3)
    generator = torch.Generator().manual_seed(0)
    losses = []
    for _ in range(120):
        loss = head.loss(Condition(hidden), target, generator)["track"]
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert np.mean(losses[-10:]) < 0.3 * np.mean(losses[:10])


def test_the_autoregressive_head_spells_what_it_read():
    head = tiny_head("autoregressive")
    target = torch.from_numpy(fan_anchors(4, 10, 0.1).poses).float()
    words = head.to_words(target)
    error = (head.denormalise(head.from_words(words)) - target).abs() / (head.high - head.low)
    assert words.shape == (4, 30)
    assert float(error.max()) <= 0.5 / head.config.bins + 1e-6


def test_autoregression_without_a_decoder_is_refused():
    with pytest.raises(ValueError, match="extend=None"):
        tiny_head("autoregressive").sample(Condition(torch.zeros(1, TINY.language.width)))


def test_bce_sum_is_the_mean_times_the_anchors():
    target = torch.from_numpy(fan_anchors(2, 10, 0.1).poses).float()
    mean = tiny_head(bce_reduction="mean").loss(condition(), target, torch.Generator().manual_seed(0))["bce"]
    total = tiny_head(bce_reduction="sum").loss(condition(), target, torch.Generator().manual_seed(0))["bce"]
    assert float(total) == pytest.approx(8 * float(mean), rel=1e-5)


def test_yaw_error_goes_the_short_way_round():
    head = tiny_head()
    target = torch.zeros(1, 10, 3)
    target[..., 2] = np.pi - 0.01
    predicted = target.clone()
    predicted[..., 2] = -np.pi + 0.01
    error = trajectory_error(head, head.normalise(predicted), target)[..., 2]
    assert float(error.abs().max()) == pytest.approx(2 * 0.02 / (2 * np.pi), rel=1e-3)


def test_the_positive_anchor_is_the_nearest_one():
    head = tiny_head()
    target = head.denormalise(head.anchors)[[5, 2]] + 0.01
    assert nearest_anchor(head, target).tolist() == [5, 2]


@pytest.mark.parametrize(
    ("start", "steps", "wanted"), [(10, 2, [10, 0]), (10, 3, [10, 5, 0]), (10, 1, [10]), (40, 5, [40, 30, 20, 10, 0])]
)
def test_truncated_steps_are_even_and_end_at_zero(start, steps, wanted):
    from trackvla_ros.model.heads.schedule import make_scheduler, truncated_timesteps

    config = HeadConfig(start_step=start, denoise_steps=steps)
    assert truncated_timesteps(make_scheduler(config), config) == wanted


def test_a_spacing_ddim_cannot_take_is_refused():
    from trackvla_ros.model.heads.schedule import make_scheduler, truncated_timesteps

    config = HeadConfig(start_step=42, denoise_steps=2, truncated_steps=50)
    with pytest.raises(ConfigError, match="spacing 42"):
        truncated_timesteps(make_scheduler(config), config)


# --- anchors ---


def trajectories(count=200):
    rng = np.random.default_rng(0)
    return fan_anchors(12, 10, 0.1).poses[rng.integers(0, 12, count)] + 0.01 * rng.standard_normal((count, 10, 3))


def test_clustering_finds_the_kinds_of_motion_and_repeats_itself():
    first, second = (cluster_anchors(trajectories(), 12, 0.1, seed=4) for _ in range(2))
    np.testing.assert_array_equal(first.poses, second.poses)
    distance = np.abs(trajectories()[:, None, :, :2] - first.poses[None, :, :, :2]).mean(axis=(2, 3)).min(axis=1)
    assert np.median(distance) < 0.02


def test_the_scale_covers_the_data_with_a_margin():
    anchors = cluster_anchors(trajectories(), 8, 0.1)
    assert np.all(anchors.low < trajectories().min(axis=(0, 1)))
    assert np.all(anchors.high > trajectories().max(axis=(0, 1)))


@pytest.mark.parametrize("margin", [0.0, 0.25])
def test_the_margin_is_a_share_of_the_range(margin):
    anchors, plain = (cluster_anchors(trajectories(), 8, 0.1, margin=m) for m in (margin, 0.0))
    span = np.ptp(trajectories(), axis=(0, 1))
    np.testing.assert_allclose(plain.low - anchors.low, margin * span, atol=1e-12)
    np.testing.assert_allclose(anchors.high - plain.high, margin * span, atol=1e-12)


def test_anchors_survive_saving(tmp_path):
    anchors = cluster_anchors(trajectories(), 8, 0.2)
    save_anchors(anchors, tmp_path)
    loaded = load_anchors(tmp_path)
    np.testing.assert_array_equal(loaded.poses, anchors.poses)
    assert loaded.waypoint_period == 0.2


def test_missing_anchors_are_named(tmp_path):
    with pytest.raises(AnchorError, match=r"anchors\.safetensors is missing"):
        load_anchors(tmp_path)


def test_too_few_trajectories_are_refused():
    with pytest.raises(AnchorError, match="3 trajectories for 8 anchors"):
        cluster_anchors(trajectories(3), 8, 0.1)


def test_anchors_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"wanted \(8, 10, 3\)"):
        build_head(TINY, fan_anchors(7, 10, 0.1))

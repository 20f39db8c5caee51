"""Streaming inference equals recomputing everything, encodes each frame once and runs no unchanged prefix again."""

import dataclasses

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from trackvla_ros.model.sizes import SIZES  # noqa: E402
from trackvla_ros.model.stream import Episode, TrackStream  # noqa: E402
from trackvla_ros.model.tokens import ByteTokenizer, PromptBuilder, stack_prompts  # noqa: E402
from trackvla_ros.model.weights import build_random  # noqa: E402

TOKENIZER = ByteTokenizer()
WITH_SYSTEM = dataclasses.replace(
    SIZES["tiny"], sequence=dataclasses.replace(SIZES["tiny"].sequence, system="A robot and a user. USER: ")
)


@pytest.fixture(scope="module")
def model():
    model = build_random(WITH_SYSTEM).eval()
    generator = torch.Generator().manual_seed(0)
    for parameter in model.head.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator) * 0.1
    return model


def frames(count, seed=0):
    side = WITH_SYSTEM.vision.image_size
    return torch.randn(count, 3, side, side, generator=torch.Generator().manual_seed(seed))


@torch.inference_mode()
def from_scratch(model, past, current, text, noise):
    """Every frame through the tower, the whole prompt through the language model."""
    prompts = stack_prompts([PromptBuilder(model.config.sequence, TOKENIZER).track(text, len(past))])
    coarse = model.encode(past).coarse.flatten(0, 1) if len(past) else torch.zeros(0, model.config.language.width)
    return model.track(prompts, torch.cat([coarse, model.encode(current[None]).fine[0]]), noise)


def test_a_hundred_frames_with_resets_equal_recomputation(model):
    stream, pictures, history = TrackStream(model), frames(100), model.config.sequence.history
    episode, noises, start = Episode(model, TOKENIZER, "follow her", seed=7), torch.Generator().manual_seed(7), 0
    for i, picture in enumerate(pictures):
        if i in (40, 43):
            episode = Episode(model, TOKENIZER, f"follow him {i}", seed=i)
            noises, start = torch.Generator().manual_seed(i), i
        text = "follow her" if i < 40 else f"follow him {start}"
        ours = stream.step([episode], picture[None], [0.1 * i])
        past = pictures[max(start, i - history) : i]
        wanted = from_scratch(model, past, picture, text, model.head.draw_noise(1, noises))
        torch.testing.assert_close(ours.trajectories, wanted.trajectories, atol=1e-5, rtol=0)
        torch.testing.assert_close(ours.scores, wanted.scores, atol=1e-5, rtol=0)


def test_each_frame_goes_through_the_tower_once(model):
    seen = []
    handle = model.vision.register_forward_hook(lambda module, inputs, output: seen.append(len(output)))
    stream, episode = TrackStream(model), Episode(model, TOKENIZER, "go")
    for i, picture in enumerate(frames(12)):
        stream.step([episode], picture[None], [0.1 * i])
    handle.remove()
    assert sum(seen) == 12


def test_an_unchanged_beginning_is_not_run_again(model):
    lengths = []
    handle = model.language.model.register_forward_pre_hook(
        lambda module, args, kwargs: lengths.append(kwargs["inputs_embeds"].shape[1]), with_kwargs=True
    )
    for reuse in (True, False):
        stream, episode = TrackStream(model, reuse_prefix=reuse), Episode(model, TOKENIZER, "go")
        for i, picture in enumerate(frames(8)):
            stream.step([episode], picture[None], [0.1 * i])
    handle.remove()
    cached, whole = lengths[:8], lengths[8:]
    opening = len(WITH_SYSTEM.sequence.system) + 1  # and <video_special>
    assert cached[0] == whole[0]
    assert [w - c for c, w in zip(cached, whole, strict=True)][2:5] == [opening + 5 * n for n in (1, 2, 3)]
    assert whole[7] - cached[7] >= opening  # the window slides: only the opening is shared
    assert whole[7] - cached[7] <= opening + 1  # (and the separator after it)


def test_a_step_that_failed_leaves_no_trace(model, monkeypatch):
    stream, pictures = TrackStream(model), frames(4)
    episodes = [Episode(model, TOKENIZER, "go", seed=1) for _ in range(2)]
    for i in range(2):
        steps = [stream.step([episode], pictures[i : i + 1], [0.1 * i]) for episode in episodes]

    def fail(*_, **__):
        raise RuntimeError("out of memory")

    with monkeypatch.context() as patch:
        patch.setattr(model.head, "sample", fail)
        with pytest.raises(RuntimeError, match="memory"):
            stream.step([episodes[0]], pictures[3:4], [0.19])
    episodes[0].generator.set_state(episodes[1].generator.get_state())
    steps = [stream.step([episode], pictures[2:3], [0.2]).trajectories for episode in episodes]
    torch.testing.assert_close(*steps, atol=1e-5, rtol=0)


def test_several_robots_at_once_equal_one_at_a_time(model):
    pictures = frames(24).view(8, 3, 3, *frames(1).shape[2:])
    together, apart = TrackStream(model), TrackStream(model)
    texts = ["go", "follow the man", "a longer instruction than the others"]
    group = [Episode(model, TOKENIZER, text, seed=i) for i, text in enumerate(texts)]
    single = [Episode(model, TOKENIZER, text, seed=i) for i, text in enumerate(texts)]
    for i, batch in enumerate(pictures):
        if i == 4:
            group[1] = Episode(model, TOKENIZER, "someone else", seed=9)
            single[1] = Episode(model, TOKENIZER, "someone else", seed=9)
        ours = together.step(group, batch, [0.1 * i] * 3)
        for k in range(3):
            one = apart.step([single[k]], batch[k : k + 1], [0.1 * i])
            torch.testing.assert_close(ours.trajectories[k : k + 1], one.trajectories, atol=1e-5, rtol=0)


def test_an_episode_repeats_itself(model):
    answers = []
    for _ in range(2):
        stream, episode = TrackStream(model), Episode(model, TOKENIZER, "go", seed=3)
        steps = [stream.step([episode], p[None], [0.1 * i]).trajectories for i, p in enumerate(frames(5))]
        answers.append(torch.cat(steps))
    assert torch.equal(*answers)


@pytest.mark.parametrize("history", [0, 32, 64])
def test_every_published_history_length_runs(history):
    sequence = dataclasses.replace(WITH_SYSTEM.sequence, history=history)
    model = build_random(dataclasses.replace(WITH_SYSTEM, sequence=sequence)).eval()
    stream, episode = TrackStream(model), Episode(model, TOKENIZER, "go")
    for i, picture in enumerate(frames(70)):
        candidates = stream.step([episode], picture[None], [0.1 * i])
    assert len(episode.history.frames) == min(history, 70)
    assert torch.isfinite(candidates.trajectories).all()

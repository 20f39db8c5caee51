"""Training of language model and head: packed prompts, histories, samples, and a run that is killed and goes on."""

import dataclasses
import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from trackvla_ros.history import FrameHistory  # noqa: E402
from trackvla_ros.model.config import config_from_dict  # noqa: E402
from trackvla_ros.model.prompting import PromptBuilder, WordTokenizer  # noqa: E402
from trackvla_ros.model.sizes import SIZES  # noqa: E402
from trackvla_ros.model.weights import build_random, load_model  # noqa: E402
from trackvla_ros.training.nano import train  # noqa: E402
from trackvla_ros.training.nano.batches import (  # noqa: E402
    AttributeAnswers,
    SpellingTokenizer,
    choose_words,
    collate,
    losses_of,
    states_of,
)
from trackvla_ros.training.nano.features import features_of  # noqa: E402
from trackvla_ros.training.nano.samples import EpisodeSamples, Query, Sample, StillSamples, absent_query  # noqa: E402
from trackvla_ros.training.shards import encode_images, encode_texts, shard_path, write_shard  # noqa: E402
from trackvla_ros.training.states import save_whole  # noqa: E402

SMALL = config_from_dict(
    {
        "vision": {"image_size": 64, "patch_size": 8, "width": 16, "depth": 3, "blocks": 1},
        "language": {"width": 32, "depth": 2, "heads": 4, "kv_heads": 4, "mlp_width": 48, "vocabulary": 300},
        "head": {"width": 16, "depth": 1, "anchors": 5},
    },
    SIZES["nano"],
)
WORDS = WordTokenizer(["follow", "the", "man", "in", "red", "blue"])
FRAMES, PEOPLE = 16, 2


def sample(rng, past, sentences=("follow the man in red",)):
    queries = tuple(
        Query(s, rng.normal(size=(10, 3)) * 0.1, True, np.array([2.0, 0.5]), np.eye(64)[i], np.ones(5, int))
        for i, s in enumerate(sentences)
    )
    features = rng.normal(size=(past + 1, 64, 16)).astype(np.float16)
    return Sample(features[:past], features[past], np.ones((64, 5), int), queries)


def build():
    model = build_random(SMALL)
    model.language.set_attn_implementation("eager")
    return model


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@torch.no_grad()
def test_sentences_packed_behind_one_frame_answer_as_if_each_stood_alone():
    model = build().eval()
    rng = np.random.default_rng(0)
    samples = [sample(rng, 2, ("follow the man in red", "a cape", "the blue man")), sample(rng, 0, ("red",))]
    packed = states_of(model, collate(samples, SMALL.sequence, WORDS)).hidden
    alone = []
    for one in samples:
        for query in one.queries:
            single = Sample(one.past, one.now, one.worn, (query,))
            alone.append(states_of(model, collate([single], SMALL.sequence, WORDS)).hidden[0])
    assert torch.allclose(packed, torch.stack(alone), atol=1e-5)


@torch.no_grad()
def test_the_packed_state_is_the_one_that_inference_reads():
    model = build().eval()
    one = sample(np.random.default_rng(0), 2)
    batch = collate([one], SMALL.sequence, WORDS)
    from trackvla_ros.model.tokens import stack_prompts
    from trackvla_ros.model.vision import PooledFrame, pool_grid

    features = torch.from_numpy(np.concatenate([one.past, one.now[None]]).astype(np.float32))
    pooled = model.project(PooledFrame(pool_grid(features, 4), features))
    visual = torch.cat([pooled.coarse[:2].flatten(0, 1), pooled.fine[2]])
    ids = PromptBuilder(SMALL.sequence, WORDS).track(one.queries[0].sentence, 2)
    wanted = model.condition(stack_prompts([ids]), visual).hidden
    assert torch.allclose(states_of(model, batch).hidden, wanted, atol=1e-5)


def test_a_sentence_without_a_label_trains_only_the_target():
    model = build()
    one = sample(np.random.default_rng(0), 0)
    lost = dataclasses.replace(one, queries=(absent_query("the blue man", np.ones(5, int)),))
    losses = losses_of(model, AttributeAnswers(32), collate([lost], SMALL.sequence, WORDS))
    assert "track" not in losses and float(losses["place"]) == 0.0 and float(losses["in_view"]) > 0.0
    losses["loss"].backward()


def test_training_brings_the_loss_down():
    model = build()
    rng = np.random.default_rng(0)
    batch = collate([sample(rng, 1, ("red", "the blue man")) for _ in range(4)], SMALL.sequence, WORDS)
    answers = AttributeAnswers(32)
    optimiser = torch.optim.AdamW([*model.parameters(), *answers.parameters()], lr=5e-3)
    values = []
    for _ in range(25):
        losses = losses_of(model, answers, batch, torch.Generator().manual_seed(0))
        optimiser.zero_grad()
        losses["loss"].backward()
        optimiser.step()
        values.append(float(losses["loss"].detach()))
    assert values[-1] < 0.5 * values[0]


def test_frequent_words_get_an_id_and_some_are_spelt():
    words = choose_words(["red man"] * 25 + ["cape"] * 3, 10)
    assert sorted(words) == ["man", "red"]
    tokenizer = SpellingTokenizer(words, np.random.default_rng(0))
    lengths = {len(tokenizer.encode("red man")) for _ in range(300)}
    assert {2, 5} <= lengths and tokenizer.decode(tokenizer.encode("red man")) == "red man"


def write_stills(folder, count=2):
    rng = np.random.default_rng(1)
    for number in range(count):
        people = np.full((FRAMES, PEOPLE, 6), np.nan, np.float32)
        people[:, 0] = (2.0, 0.3, 0.1, 1.7, 0.1, 1.0)
        covered = np.zeros((FRAMES, 32, 32), np.uint8)
        covered[:, 8:24, 8:12] = 1
        attributes = rng.integers(0, 2, (FRAMES, PEOPLE, 7)).astype(np.int8)
        sentences = [f"follow the {'red' if i % 2 else 'blue'} man" for i in range(FRAMES * PEOPLE * 2)]
        images = [rng.integers(0, 255, (64, 64, 3), dtype=np.uint8) for _ in range(FRAMES)]
        arrays = {"people": people, "covered": covered, "attributes": attributes}
        write_shard(
            shard_path(folder, number), {**encode_images(images), **encode_texts("sentences", sentences), **arrays}
        )


def write_episodes(folder):
    rng = np.random.default_rng(2)
    count = 2 * FRAMES
    people = np.zeros((count, PEOPLE, 3), np.float32)
    people[:, 0, 0], people[:, 1] = 2.0, np.nan
    trajectories = rng.normal(size=(count, PEOPLE, 10, 3)).astype(np.float32) * 0.2
    trajectories[:, 1] = np.nan
    attributes = np.zeros((2, PEOPLE, 7), np.float32)
    attributes[:, 1] = np.nan
    images = [rng.integers(0, 255, (64, 64, 3), dtype=np.uint8) for _ in range(count)]
    arrays = {
        "ends": np.array([FRAMES, count]),
        "covered": np.ones((count, 32, 32), np.uint8),
        "robot": np.zeros((count, 3), np.float32),
        "people": people,
        "pixels": np.full((count, PEOPLE), 5000.0, np.float32),
        "trajectories": trajectories,
        "attributes": attributes,
    }
    sentences = [json.dumps([f"the man of episode {e}"]) for e in range(2)]
    write_shard(shard_path(folder, 0), {**encode_images(images), **encode_texts("sentences", sentences), **arrays})


@pytest.fixture(name="data")
def _data(tmp_path):
    write_stills(tmp_path / "stills")
    write_episodes(tmp_path / "episodes" / "round0")
    save_whole(tmp_path / "tower", 1, {"tower": build_random(SMALL).vision.state_dict()})
    return tmp_path


@pytest.fixture(name="samples")
def _samples(data):
    tower = build_random(SMALL).vision.eval()
    features_of(data / "stills", data / "f" / "stills", tower)
    features_of(data / "episodes" / "round0", data / "f" / "round0", tower)
    stills = StillSamples(data / "stills", data / "f" / "stills", slice(None))
    rounds = [(data / "episodes" / "round0", data / "f" / "round0")]
    return stills, EpisodeSamples(rounds, SMALL.sequence.history, SMALL.sequence.frame_period, stills)


def test_a_still_asks_for_whom_it_shows_and_for_somebody_it_does_not(samples):
    drawn = samples[0].draw(np.random.default_rng(0))
    seen, absent = drawn.queries
    assert seen.in_view and seen.cells.argmax() % 8 == 2 and np.isfinite(seen.trajectory).all()
    assert not absent.in_view and np.isnan(absent.trajectory).all() and len(drawn.past) == 0


def test_the_past_of_a_frame_is_what_the_history_would_hold(samples):
    stills, episodes = samples
    round_ = episodes._rounds[0]
    history = FrameHistory(SMALL.sequence.history, SMALL.sequence.frame_period)
    for step in range(FRAMES):
        history.check(0.1 * step)
        past = episodes._past(round_, FRAMES + step, step)
        wanted = [round_.features[FRAMES + f.item] for f in history.frames]
        assert len(past) == len(wanted) and all(np.array_equal(a, b) for a, b in zip(past, wanted, strict=True))
        history.push(0.1 * step, step)


def test_an_episode_takes_its_own_sentence(samples):
    rng = np.random.default_rng(0)
    for _ in range(10):
        drawn = samples[1].draw(rng)
        assert drawn.queries[0].sentence.startswith("the man of episode")
        assert drawn.queries[0].position.tolist() == [2.0, 0.0]


def test_a_killed_run_goes_on_and_writes_a_checkpoint(data, monkeypatch):
    monkeypatch.setitem(train.SIZES, "nano", SMALL)  # pyright: ignore[reportArgumentType]
    monkeypatch.setattr(train, "HELD_OUT_STILLS", 1)
    config = train.NanoConfig(steps=2, batch=4, warmup=2)
    first = train.NanoRun(data, data / "out", config)
    first.fit()
    again = train.NanoRun(data, data / "out", dataclasses.replace(config, steps=3))
    assert again.step == 2
    again.fit()
    model, tokenizer = load_model(data / "out" / "model")
    assert model.target is not None and isinstance(tokenizer, WordTokenizer)
    assert set(again.evaluate(4)) >= {"in_view_right", "bearing_median_deg"}


def test_a_run_without_a_tower_says_what_to_run(tmp_path):
    with pytest.raises(FileNotFoundError, match="training.dense first"):
        train.NanoRun(tmp_path, tmp_path / "out", train.NanoConfig())

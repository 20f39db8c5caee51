"""Training on drawn samples: batches, stages, resuming, what is saved, and that it learns."""

import dataclasses
import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")

from pathlib import Path  # noqa: E402

from track_common.config import ConfigError  # noqa: E402
from track_common.training.resume import StateError  # noqa: E402
from trackvla_ros.model.sizes import SIZES  # noqa: E402
from trackvla_ros.model.tokens import ByteTokenizer  # noqa: E402
from trackvla_ros.model.trackvla import IGNORED, TrackVla  # noqa: E402
from trackvla_ros.model.weights import build_random, load_model, read_config  # noqa: E402
from trackvla_ros.training.batches import Collator  # noqa: E402
from trackvla_ros.training.config import TrainConfig, read_train_config  # noqa: E402
from trackvla_ros.training.samples import (  # noqa: E402
    MixedSamples,
    Question,
    SampleError,
    TrackingSample,
    TrackingWindows,
    load_samples,
    save_episode,
)
from trackvla_ros.training.synthetic import draw_episodes, draw_questions, expert  # noqa: E402
from trackvla_ros.training.train import freeze, train  # noqa: E402

TINY = SIZES["tiny"]
CONFIGS = Path(__file__).parents[3] / "config" / "train"


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    torch.set_num_threads(1)


def config(out, **settings):
    base = TrainConfig(size="tiny", data="synthetic", out=str(out), batch=4, precision="no", max_steps=4, lr=1e-3)
    return dataclasses.replace(base, **{"gradient_checkpointing": False, "synthetic_episodes": 30, **settings})


def weights(folder):
    return load_model(folder)[0].state_dict()


# --- samples ---


def test_windows_start_short_and_never_pad():
    episodes = draw_episodes(2, 5, 16, 10, seed=0)
    windows = TrackingWindows(episodes, history=2)
    assert [len(windows[i].images) for i in range(len(windows))] == [1, 2, 3, 3, 3] * 2
    np.testing.assert_array_equal(windows[4].images, episodes[0].images[2:5])
    np.testing.assert_array_equal(windows[4].trajectory, episodes[0].trajectories[4])


def test_both_kinds_take_turns_and_the_shorter_repeats():
    mixed = MixedSamples(TrackingWindows(draw_episodes(1, 5, 16, 10, 0), 2), draw_questions(2, 16, 0))
    kinds = [type(mixed[i]) for i in range(len(mixed))]
    assert len(mixed) == 10
    assert kinds == [TrackingSample, Question] * 5


def test_the_expert_stops_behind_the_person_and_faces_it():
    poses = expert(np.array([1.8, 0.6]), 30)
    assert np.linalg.norm(poses[-1, :2] - [1.8, 0.6]) == pytest.approx(1.5)
    assert poses[-1, 2] == pytest.approx(np.arctan2(0.6, 1.8))


def test_a_drawn_person_stands_where_it_should():
    episode = draw_episodes(8, 1, 64, 10, seed=1, alone_share=1.0)
    for e in episode:
        grey = (e.images[0].max(axis=2) - e.images[0].min(axis=2)) < 20
        columns = np.where(~grey.all(axis=0))[0]
        assert (columns.mean() < 32) == (e.trajectories[0, -1, 2] > 0)  # left in the picture is left turn


def test_episodes_survive_the_disk(tmp_path):
    episode, question = draw_episodes(1, 3, 16, 10, 0)[0], draw_questions(1, 16, 0)[0]
    save_episode(tmp_path / "a.npz", episode)
    save_episode(tmp_path / "b.npz", question)
    episodes, questions = load_samples(tmp_path)
    np.testing.assert_array_equal(episodes[0].images, episode.images)
    assert (episodes[0].instruction, questions[0].answer) == (episode.instruction, question.answer)


def test_broken_episodes_are_named(tmp_path):
    with pytest.raises(SampleError, match="no .npz"):
        load_samples(tmp_path)
    np.savez(
        tmp_path / "a.npz", images=np.zeros((2, 4, 4, 3), np.uint8), instruction="x", trajectories=np.zeros((3, 10, 3))
    )
    with pytest.raises(SampleError, match=r"a\.npz: trajectories \(3, 10, 3\); wanted \(2, H, 3\)"):
        load_samples(tmp_path)


def test_labels_ask_for_the_answer_and_nothing_else():
    collator = Collator(TINY, ByteTokenizer())
    batch = collator([Question(np.zeros((1, 56, 56, 3), np.uint8), "who?", "ann"), draw_windows()[0]])
    labels, ids = batch.labels[0], batch.questions.ids[0]
    wanted = [int(i) for i in labels if i != IGNORED]
    assert ByteTokenizer().decode(wanted) == "ann"
    places = torch.where(labels != IGNORED)[0]
    assert ids[places[:-1] + 1].tolist() == wanted[:-1]
    assert batch.track_frames == [1]
    assert batch.question_frames == [1]


def draw_windows():
    return TrackingWindows(draw_episodes(2, 3, TINY.vision.image_size, 10, 0), TINY.sequence.history)


# --- runs ---


@pytest.mark.parametrize(("stage", "trained"), [(1, {"projector"}), (2, {"projector", "language", "head"})])
def test_each_stage_trains_its_parts(stage, trained):
    model = build_random(TINY)
    freeze(model, stage)
    parts = {name.split(".")[0] for name, p in model.named_parameters() if p.requires_grad}
    assert parts == trained


def test_stage_1_moves_the_projector_alone(tmp_path):
    result = train(config(tmp_path, stage=1), TINY)
    start = build_random(TINY, seed=0).state_dict()
    moved = {k.split(".")[0] for k, v in weights(result.folder).items() if not torch.equal(v, start[k])}
    assert moved == {"projector"}
    assert set(result.losses) == {"text", "loss"}


def test_a_stopped_run_goes_on_as_if_it_had_not_stopped(tmp_path):
    whole = train(config(tmp_path / "whole"), TINY)
    train(config(tmp_path / "parts", stop_at=2), TINY)
    parts = train(config(tmp_path / "parts"), TINY)
    assert (whole.steps, parts.steps) == (4, 4)
    for (key, one), two in zip(weights(whole.folder).items(), weights(parts.folder).values(), strict=True):
        torch.testing.assert_close(one, two, msg=key)


@pytest.mark.parametrize("file", ["optimizer.bin", "custom_checkpoint_0.pkl", "random_states_0.pkl"])
def test_a_pickle_with_code_in_it_is_not_run_by_resuming(tmp_path, file):
    train(config(tmp_path, stop_at=1, max_steps=2), TINY)

    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    torch.save({"step": Evil()}, tmp_path / "state" / file)
    try:
        train(config(tmp_path, max_steps=2), TINY)
    except StateError as error:
        assert "was not resumed" in str(error)
    else:
        assert file.startswith("random")  # what accelerate cannot read of these it goes on without
    assert not (tmp_path / "ran").exists()


def test_a_state_of_another_model_is_refused(tmp_path):
    train(config(tmp_path, stop_at=1, max_steps=2), TINY)
    wider = dataclasses.replace(TINY, head=dataclasses.replace(TINY.head, width=64))
    with pytest.raises(StateError, match=r"state was not resumed: .*remove it"):
        train(config(tmp_path, max_steps=2), wider)


def test_accumulation_splits_the_batch_into_passes(tmp_path, monkeypatch):
    rows, forward = [], TrackVla.forward

    def counted(self, batch, generator=None):
        rows.append(len(batch.track_frames) + len(batch.question_frames))
        return forward(self, batch, generator)

    monkeypatch.setattr(TrackVla, "forward", counted)
    result = train(config(tmp_path, accumulation=2, max_steps=3), TINY)
    assert result.steps == 3
    assert rows == [2] * 6


def test_the_checkpoint_says_how_it_was_made(tmp_path):
    result = train(config(tmp_path, max_steps=1), TINY)
    _, notes = read_config(result.folder)
    assert notes["steps"] == 1
    assert notes["training"]["lr"] == 1e-3
    assert len(notes["source"]) >= 7
    assert json.loads((tmp_path / "evaluation.json").read_text())["samples"] == result.evaluation.samples


def test_training_from_a_checkpoint_starts_with_its_weights(tmp_path):
    first = train(config(tmp_path / "a", stage=1, max_steps=1), TINY)
    second = train(config(tmp_path / "b", start=str(first.folder), max_steps=1, lr=0.0), TINY)
    one, two = weights(first.folder), weights(second.folder)
    assert all(torch.equal(one[k], two[k]) for k in one)


def test_losses_fall_on_drawn_samples(tmp_path):
    easy = config(tmp_path, batch=8, max_steps=40, question_share=False)
    before = train(dataclasses.replace(easy, max_steps=1, lr=0.0, out=str(tmp_path / "before")), TINY)
    after = train(easy, TINY)
    assert after.losses["mse"] < before.losses["mse"]
    assert after.evaluation.ade < 0.6


# --- configuration ---


@pytest.mark.parametrize("name", ["debug", "stage1", "stage2"])
def test_the_files_in_config_are_valid(name):
    train_config, model = read_train_config(CONFIGS / f"{name}.yaml", {"data": "synthetic"})
    assert model.head.waypoints == 10
    assert train_config.stage in (1, 2)


def test_stage_2_has_table_5s_values():
    train_config, _ = read_train_config(CONFIGS / "stage2.yaml", {"data": "x"})
    assert (TrainConfig().lr, TrainConfig().batch, TrainConfig().epochs) == (2e-5, 196, 1)
    assert (train_config.lr, train_config.epochs, train_config.stage) == (2e-5, 1, 2)


@pytest.mark.parametrize(
    ("values", "words"), [({}, "data is empty"), ({"data": "x", "learning_rate": 1}, "learning_rate")]
)
def test_a_bad_training_setting_is_named(tmp_path, values, words):
    import yaml

    (tmp_path / "t.yaml").write_text(yaml.safe_dump(values))
    with pytest.raises(ConfigError, match=words):
        read_train_config(tmp_path / "t.yaml")

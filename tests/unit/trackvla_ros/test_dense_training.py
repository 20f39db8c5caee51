"""Dense pretraining: labels by cell, mirrored batches, a run that is killed and goes on, a loss that falls."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from track_common.config import override  # noqa: E402
from trackvla_ros.model.config import VisionConfig  # noqa: E402
from trackvla_ros.training.dense import DenseConfig, DenseRun, place_targets  # noqa: E402
from trackvla_ros.training.pixels import to_input  # noqa: E402
from trackvla_ros.training.shards import encode_images, encode_texts, shard_path, write_shard  # noqa: E402
from trackvla_ros.training.states import load_newest, save_whole  # noqa: E402
from trackvla_ros.training.stills import StillBatch, cell_owners, mirrored  # noqa: E402

VISION = override(
    VisionConfig(), {"kind": "residual", "image_size": 32, "patch_size": 8, "width": 16, "depth": 3, "blocks": 1}
)
FRAMES = 24


def batch(rng, count=FRAMES):
    """People as coloured columns: person 1 on the left half, nobody on the right."""
    covered = np.zeros((count, 32, 32), np.uint8)
    covered[:, :, :16] = 1
    images = np.full((count, 32, 32, 3), 90, np.uint8)
    colours = rng.integers(2, size=count)
    images[:, :, :16] = np.array([[200, 30, 30], [30, 30, 200]], np.uint8)[colours][:, None, None]
    people = np.full((count, 2, 6), np.nan, np.float32)
    people[:, 0] = (2.0, 1.0, 0.3, 1.7, 0.5, 1.0)
    attributes = np.zeros((count, 2, 7), np.int8)
    attributes[:, 0, 2] = colours
    return StillBatch(images, covered, people, attributes, ["follow somebody"] * (count * 2))


def write(folder, number, rng):
    data = batch(rng)
    arrays = {"covered": data.covered, "people": data.people, "attributes": data.attributes}
    write_shard(
        shard_path(folder, number),
        {**encode_images(list(data.images)), **encode_texts("sentences", data.sentences), **arrays},
    )


@pytest.fixture(name="stills")
def _stills(tmp_path):
    rng = np.random.default_rng(0)
    for number in range(2):
        write(tmp_path / "stills", number, rng)
    return tmp_path / "stills"


def run(stills, out, steps):
    config = DenseConfig(images=8 * steps, batch=8, validation=1, refresh_every=5, lr=5e-3)
    return DenseRun(stills, out, config, VISION)


def test_a_cell_answers_for_whom_it_shows_most():
    covered = np.zeros((1, 32, 32), np.uint8)
    covered[0, :8, :8] = 2
    covered[0, :8, :2] = 1
    covered[0, 8:16, 0] = 1  # an eighth of its cell, and of the next a sixty-fourth
    covered[0, 8, 8] = 1
    assert cell_owners(covered, 2, 4)[0, [0, 4, 5, 1]].tolist() == [1, 0, -2, -1]


def test_a_mirrored_batch_twice_is_the_batch():
    data = batch(np.random.default_rng(1))
    there = mirrored(data)
    assert (there.covered[:, :, 16:] == 1).all() and there.people[0, 0, 1] == -1.0
    back = mirrored(there)
    assert np.array_equal(back.images, data.images) and np.array_equal(back.people, data.people, equal_nan=True)


def test_changed_images_stay_in_range_and_near_themselves():
    images = batch(np.random.default_rng(1)).images
    plain, changed = to_input(images), to_input(images, np.random.default_rng(2))
    assert changed.shape == plain.shape == (FRAMES, 3, 32, 32)
    assert changed.max() < 3.0 and changed.min() > -2.5 and 0.02 < (changed - plain).abs().mean() < 1.0


def test_places_of_people_become_bearing_distance_and_heading():
    wanted = place_targets(torch.tensor([[0.0, 2.0, np.pi / 2, 1.7, 0.1, 1.0]]))
    assert np.allclose(wanted, [[np.pi / 2, np.log(2.0), 0.0, 0.5]], atol=1e-6)


def test_the_tower_learns_what_cells_show(stills, tmp_path):
    learner = run(stills, tmp_path / "out", 25)
    before = learner.evaluate()
    learner.fit()
    after = learner.evaluate()
    assert after["present"] > 0.95 > before["present"] and after["top_colour"] > 0.9


def test_a_killed_run_goes_on_as_if_it_had_not_been(stills, tmp_path):
    whole = run(stills, tmp_path / "whole", 6)
    whole.fit()
    first = run(stills, tmp_path / "parts", 6)
    for _ in range(3):
        first._optimise()
        first.step += 1
    first._save()
    second = run(stills, tmp_path / "parts", 6)
    assert second.step == 3
    second.fit()
    wanted = whole.tower.state_dict()
    assert all(torch.allclose(value, wanted[name], atol=1e-5) for name, value in second.tower.state_dict().items())


def test_the_last_whole_state_is_used_where_the_newest_is_cut(tmp_path):
    for step in (1, 2, 3):
        path = save_whole(tmp_path, step, {"value": torch.tensor(float(step))})
    assert sorted(p.name for p in tmp_path.iterdir()) == ["state-000000002.pt", "state-000000003.pt"]
    path.write_bytes(path.read_bytes()[:100])
    state = load_newest(tmp_path)
    assert state is not None and state["step"] == 2


def test_no_state_is_nothing_to_go_on_from(tmp_path):
    assert load_newest(tmp_path) is None

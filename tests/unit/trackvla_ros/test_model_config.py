"""The configuration of the model: published values, round trip, refusals that name the setting."""

import pytest

from track_common.config import ConfigError, validate
from trackvla_ros.model.config import TrackVlaConfig, config_from_dict, config_to_dict
from trackvla_ros.model.sizes import HEADS, SIZES


@pytest.mark.parametrize("size", SIZES)
def test_every_size_is_valid_and_survives_json(size):
    validate(SIZES[size])
    assert config_from_dict(config_to_dict(SIZES[size])) == SIZES[size]


def test_defaults_are_table_5():
    config = TrackVlaConfig()
    head, vision = config.head, config.vision
    assert (head.train_steps, head.truncated_steps, head.start_step, head.denoise_steps) == (1000, 50, 10, 2)
    assert (vision.image_size, vision.grid**2, vision.width) == (224, 256, 1408)
    assert (config.text_weight, head.score_weight, head.anchors, head.waypoints) == (1.0, 100.0, 40, 10)


def test_defaults_are_table_10_and_appendix_f1():
    assert TrackVlaConfig().sequence.history == 32
    assert [(h.depth, h.width) for h in HEADS.values()][:2] == [(12, 768), (6, 384)]
    assert (HEADS["mlp3"].width, HEADS["mlp6"].width) == (1024, 4096)
    assert (HEADS["base"].heads, HEADS["small"].heads) == (12, 4)


def test_published_token_counts():
    sequence = TrackVlaConfig().sequence
    assert (sequence.coarse_grid**2, sequence.fine_grid**2) == (4, 64)


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"heads": {}}, "head"),
        ({"head": {"anchor": 20}}, "anchors"),
        ({"vision": {"patch_size": 15}}, "patch_size"),
        ({"sequence": {"fine_grid": 5}}, "fine_grid"),
        ({"sequence": {"task": "go"}}, "task"),
        ({"head": {"denoise_steps": 4}}, "denoise_steps"),
        ({"head": {"start_step": 60}}, "start_step"),
        ({"language": {"kv_heads": 5}}, "kv_heads"),
        ({"language": {"tokenizer": "bytes", "vocabulary": 256}}, "vocabulary"),
    ],
)
def test_a_bad_value_is_refused_by_name(values, name):
    with pytest.raises(ConfigError, match=name):
        config_from_dict(values)

"""Uni-NaVid's words as motion, and its policy over the shrunken full code path."""

import math

import numpy as np
import pytest

from trackvla_ros.uni_navid.config import UniNavidPolicyConfig
from trackvla_ros.uni_navid.words import follow_words

CONFIG = UniNavidPolicyConfig()


def test_forward_goes_half_a_metre_at_the_set_speed():
    poses, times = follow_words(["forward", "forward"], CONFIG)
    np.testing.assert_allclose(poses, [[0.5, 0, 0], [1.0, 0, 0]])
    np.testing.assert_allclose(times, [1.0, 2.0])


def test_left_is_counter_clockwise_and_right_undoes_it():
    poses, times = follow_words(["left", "forward", "right"], CONFIG)
    assert poses[0, 2] == pytest.approx(math.radians(30))
    assert poses[1, 1] > 0
    assert poses[2, 2] == pytest.approx(0)
    assert np.all(np.diff(times) > 0)


def test_nothing_is_done_after_stop():
    assert len(follow_words(["forward", "stop", "left"], CONFIG)[0]) == 1
    assert len(follow_words(["stop"], CONFIG)[0]) == 0


def test_the_policy_follows_the_words_it_hears(tmp_path, monkeypatch):
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    from track_common.interfaces import Observation
    from track_common.types import Frame, TargetStatus
    from trackvla_ros.model.anchors import fan_anchors
    from trackvla_ros.model.sizes import SIZES
    from trackvla_ros.model.tokens import ByteTokenizer
    from trackvla_ros.model.weights import build_random, save_model
    from trackvla_ros.registry import make_policy

    anchors = fan_anchors(8, 10, 0.1)
    save_model(build_random(SIZES["tiny"], anchors), anchors, tmp_path, {})
    policy = make_policy("uni_navid", {"checkpoint": str(tmp_path), "dtype": "float32"})
    policy.reset("")
    look = Observation(Frame(np.zeros((48, 64, 3), np.uint8), 0.0))
    assert not policy.infer(look).poses_base.any()
    policy.reset("follow her")
    assert policy.infer(look).status is TargetStatus.STOPPED  # random weights babble
    monkeypatch.setattr(policy._model, "answer", lambda *_: ByteTokenizer().encode("Forward left."))
    trajectory = policy.infer(look)
    np.testing.assert_allclose(trajectory.poses_base, [[0.5, 0, 0], [0.5, 0, math.radians(30)]])

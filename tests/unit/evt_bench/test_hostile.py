"""The hostile bench in short: both ends live, answer afterwards, keep memory and threads; no time is asserted."""

from itertools import islice

import pytest

from evt_bench.hostile.mutations import Mutator, sound_to_client, sound_to_server
from evt_bench.hostile.run import attack_client, attack_server
from trackvla_ros.remote.fields import ProtocolError
from trackvla_ros.remote.messages import unpack

MESSAGES = 1000
GROWTH = 20.0  # MB


@pytest.mark.parametrize("sound", [sound_to_server(), sound_to_client()])
def test_mutations_repeat_for_a_seed_and_are_refused_or_sound(sound):
    first, again = (list(islice(Mutator(7, sound), 400)) for _ in range(2))
    assert first == again and len(set(first)) > 200
    refused = 0
    for message in first:
        try:
            unpack(message)
        except ProtocolError as error:
            refused += 1
            assert 0 < len(str(error)) < 500
    assert 200 < refused < 400


def test_the_server_survives_mutated_messages_beside_a_sound_robot():
    side = attack_server(MESSAGES, 3, alone=1.0, on_progress=lambda _sent: None)
    assert side.is_sound_after and side.failures == ()
    assert side.threads_lost <= 0 and side.growth_mb < GROWTH
    assert side.replies["Refusal"] > MESSAGES // 2 and not side.replies["robot unanswered"]


def test_the_robots_client_survives_a_server_that_lies():
    side = attack_client(MESSAGES, 3, on_progress=lambda _sent: None)
    assert side.is_sound_after and side.failures == ()
    assert side.threads_lost <= 0 and side.growth_mb < GROWTH

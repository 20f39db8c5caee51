"""policy:=remote and its server over real sockets and processes: what they do together, and when one of them fails."""

import gc
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.helpers.remote_server import ShowingPolicy, running, serving
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.sync.server import serve

from track_common.config import ConfigError
from track_common.interfaces import NoAnswerError, Observation, Timed
from track_common.types import Box, Camera, Frame, Odometry, Sighting, TargetStatus, Trajectory
from trackvla_cli.main import main
from trackvla_ros.registry import make_policy
from trackvla_ros.remote.images import decode_jpeg, encode_jpeg
from trackvla_ros.remote.link import RefusedError
from trackvla_ros.remote.messages import (
    MAX_LOOK,
    Answer,
    Begin,
    Hello,
    Look,
    Refusal,
    Seconds,
    Welcome,
    pack,
    unpack,
)
from trackvla_ros.remote.policy import narrowed
from trackvla_ros.remote.tokens import read_token

ROOT = Path(__file__).parents[3]
DEADLINE = 0.5  # s
SLACK = 0.25  # s more on a loaded machine
PATIENT = {"deadline": 20.0, "reconnect": 0.05}


def look(seed=0, stamp=12.5, shape=(48, 64, 3)):
    rgb = np.random.default_rng(seed).integers(0, 255, shape, dtype=np.uint8)
    camera, box = Camera.from_hfov(shape[1], shape[0], 1.5), Box(np.array([1.0, 2.0, 30.0, 40.0]), 0.5)
    return Observation(Frame(rgb, stamp, camera), Sighting(stamp, box, (box,)), None, Odometry(stamp, 1.0, 2.0, 0.1))


def as_sent(observation, quality=80):
    rgb = decode_jpeg(encode_jpeg(observation.frame.rgb, quality))
    return replace(observation, frame=replace(observation.frame, rgb=rgb))


def remote(url, instruction="follow her", **settings):
    policy = make_policy("remote", {"url": url, **PATIENT, **settings})
    policy.reset(instruction)
    return policy


def assert_same(ours, theirs):
    assert (ours.stamp, ours.status) == (theirs.stamp, theirs.status)
    for name in ("poses_base", "times", "target_base", "candidates_base", "scores"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))


@pytest.fixture(scope="module")
def url():
    """A server of two sessions, which whatever the tests do to it must survive."""
    with serving(sessions=2) as (process, url):
        yield url
        assert process.poll() is None


def closed(policy):
    policy._link.close()


@contextmanager
def greeted(url, client="raw"):
    """A bare connection with a session."""
    with connect(url, compression=None) as socket:
        socket.send(pack(Hello(1, client)))
        assert unpack(socket.recv(5.0)) == Welcome(1, "showing")
        yield socket


# --- what they do together ---


def test_a_remote_policy_answers_exactly_what_a_local_one_does_on_the_same_frames(url):
    policy, local = remote(url), ShowingPolicy()
    local.reset("follow her")
    for seed in range(5):
        seen = look(seed, 1763791234.123456789 + 0.1 * seed)
        answer = policy.infer(seen)
        assert_same(answer, local.infer(as_sent(seen)))
        assert answer.stamp == seen.frame.stamp
    assert isinstance(policy, Timed)
    assert set(policy.timings()) == {"encode", "link", "server_wait", "server_decode", "server_infer"}
    assert all(seconds >= 0.0 for seconds in policy.timings().values())
    closed(policy)


def test_a_narrower_image_leaves_every_ray_where_it_was():
    """The ray through a corner of the box, from the camera's own numbers, before and after."""
    seen = look(shape=(90, 160, 3))
    small = narrowed(seen, 64)
    assert small.frame.rgb.shape == (36, 64, 3)
    assert small.frame.stamp == seen.frame.stamp and small.odometry is seen.odometry
    for part in (lambda o: o.sighting.box, lambda o: o.sighting.others[0]):
        np.testing.assert_allclose(rays(small.frame.camera, part(small)), rays(seen.frame.camera, part(seen)))
    for width in (0, 160, 500):
        assert narrowed(seen, width) is seen


def rays(camera, box):
    x, y = box.xyxy[::2], box.xyxy[1::2]
    return np.concatenate([(x - camera.cx) / camera.fx, (y - camera.cy) / camera.fy])


def test_a_narrower_image_is_what_the_server_sees(url):
    policy, local = remote(url, max_width=32), ShowingPolicy()
    local.reset("follow her")
    assert_same(policy.infer(look()), local.infer(as_sent(narrowed(look(), 32))))
    closed(policy)


def test_a_reset_begins_anew_with_the_new_sentence(url):
    policy, local = remote(url, "one"), ShowingPolicy()
    policy.infer(look(1))
    policy.reset("another")
    local.reset("another")
    assert_same(policy.infer(look(2)), local.infer(as_sent(look(2))))
    closed(policy)


def test_two_robots_do_not_mix_and_a_third_is_told_that_there_is_no_room(url):
    policies, locals_ = [remote(url, words) for words in ("a", "bcd")], [ShowingPolicy(), ShowingPolicy()]
    for local, words in zip(locals_, ("a", "bcd"), strict=True):
        local.reset(words)
    for seed in range(4):
        for number, (policy, local) in enumerate(zip(policies, locals_, strict=True)):
            seen = look(10 * number + seed)
            assert_same(policy.infer(seen), local.infer(as_sent(seen)))
    with connect(url) as socket:
        socket.send(pack(Hello(1, "third")))
        assert "more --sessions" in unpack(socket.recv(5.0)).reason
    for policy in policies:
        closed(policy)


def test_a_robot_that_comes_back_takes_its_session_over(url):
    with greeted(url, "r2") as first, greeted(url, "other"), greeted(url, "r2"), pytest.raises(ConnectionClosed):
        first.recv(5.0)


def test_a_slow_policy_works_on_the_newest_frame_and_counts_the_others():
    with serving(delay=0.3) as (_, url), greeted(url) as socket:
        socket.send(pack(Begin(1, "go")))
        socket.send(pack(Look(1, 1, encode_jpeg(look().frame.rgb, 80), look())))
        time.sleep(0.15)  # it has begun with the first
        for number in range(2, 7):
            socket.send(pack(Look(number, 1, encode_jpeg(look(number).frame.rgb, 80), look(number))))
        answers = [unpack(socket.recv(5.0)) for _ in range(2)]
        assert [a.number for a in answers] == [1, 6] and answers[1].dropped == 4
        assert answers[1].seconds.wait > 0.05 and answers[1].seconds.infer >= 0.3


def test_the_client_loads_no_torch():
    code = "import sys, trackvla_ros.remote.policy; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT / "src", timeout=30).returncode == 0


def test_a_policy_nobody_holds_any_more_closes_its_connection(url):
    policy = remote(url)
    policy.infer(look())
    thread = policy._link._thread
    del policy
    gc.collect()
    assert thread.join(15.0)


# --- what is refused ---


def test_bad_messages_are_answered_with_what_was_wrong_and_the_session_goes_on(url):
    good = pack(Look(7, 1, encode_jpeg(look().frame.rgb, 80), look()))
    bad = {
        b"garbage": "wanted one message",
        good[:-30]: "no msgpack",
        b"\x80\x04K\x01.": "no msgpack",  # a pickle
        "text": "text message of 4 characters",
        pack(Welcome(1, "x")): "got a Welcome; wanted a Begin or a Look",
        pack(Look(7, 9, b"", look())): "episode 9 does not run",
        pack(Look(7, 1, encode_jpeg(look().frame.rgb, 80)[:-9], look())): "cut short",
        pack(Look(7, 1, encode_jpeg(np.zeros((4096, 4096, 3), np.uint8), 10), look())): "wanted at most",
    }
    with greeted(url) as socket:
        socket.send(pack(Begin(1, "go")))
        for data, said in bad.items():
            socket.send(data)
            refusal = unpack(socket.recv(5.0))
            assert isinstance(refusal, Refusal) and said in refusal.reason
        socket.send(good)
        assert unpack(socket.recv(5.0)).number == 7


def test_a_message_beyond_the_limit_ends_that_session_only(url):
    with greeted(url) as socket, greeted(url, "other") as other:
        socket.send(b"\0" * (MAX_LOOK + 1))
        with pytest.raises(ConnectionClosed) as error:
            socket.recv(5.0)
        assert error.value.rcvd.code == 1009
        other.send(b"?")
        assert isinstance(unpack(other.recv(5.0)), Refusal)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        (pack(Hello(2, "new")), "got protocol version 2; this server speaks 1"),
        (pack(Begin(1, "go")), "got a Begin; wanted a Hello"),
        (b"\x80\x04K\x01.", "no msgpack"),
    ],
)
def test_who_does_not_greet_as_this_version_does_is_told_and_let_go(url, word, said):
    with connect(url) as socket:
        socket.send(word)
        assert said in unpack(socket.recv(5.0)).reason
        with pytest.raises(ConnectionClosed):
            socket.recv(5.0)


def test_what_the_policy_refuses_reaches_the_robot_and_the_next_sentence_works(url):
    policy = remote(url, "refuse")
    with pytest.raises(RefusedError, match="ValueError: no such person"):
        policy.infer(look())
    policy.reset("nan")
    with pytest.raises(RefusedError, match="begins anew"):
        policy.infer(look())
    assert np.isfinite(policy.infer(look()).poses_base).all()
    closed(policy)


def test_only_who_knows_the_token_comes_in(tmp_path):
    files = {name: tmp_path / name for name in ("right", "wrong")}
    for name, file in files.items():
        file.write_text(f"{name}-token-of-the-robot\n")
    with serving(token_file=files["right"]) as (_, url):
        with pytest.raises(InvalidStatus), connect(url):
            pass
        policy = remote(url, token_file=str(files["right"]))
        assert policy.infer(look()).status is TargetStatus.COASTING
        with pytest.raises(NoAnswerError, match="asks for another token"):
            remote(url, token_file=str(files["wrong"]), deadline=1.0).infer(look())
        with pytest.raises(InvalidStatus), connect(url, origin="http://a.page"):
            pass
        closed(policy)


def test_a_token_that_can_be_guessed_is_none(tmp_path):
    file = tmp_path / "token"
    file.write_text("1234\n")
    with pytest.raises(ConfigError, match="at least 16 characters; type `openssl"):
        read_token(str(file))


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificate with openssl")
def test_tls_with_a_certificate_of_ones_own(tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=server"
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(["openssl", *words.split(), *names], check=True, capture_output=True)
    with serving(certificate=certificate, key=key) as (_, url):
        assert url.startswith("wss://")
        policy = remote(url, ca_file=str(certificate))
        assert len(policy.infer(look()).poses_base) == 10
        with pytest.raises(NoAnswerError, match="CERTIFICATE_VERIFY_FAILED"):
            remote(url, deadline=1.0).infer(look())
        closed(policy)


UNSOUND = {
    "not finite": Trajectory(0.0, np.full((10, 3), np.nan), np.arange(10.0)),
    "beyond": Trajectory(0.0, np.full((10, 3), 1e9), np.arange(10.0)),
    "poses is list": Trajectory(0.0, np.zeros((300, 3)), np.arange(300.0)),
    "times is list": Trajectory(0.0, np.zeros((10, 3)), np.arange(9.0)),
}


@pytest.mark.parametrize("said", UNSOUND)
def test_an_unsound_answer_is_refused(said):
    def answer(socket):
        socket.recv()
        socket.send(pack(Welcome(1, "liar")))
        for data in socket:
            if isinstance(unpack(data), Look):
                socket.send(pack(Answer(unpack(data).number, UNSOUND[said], Seconds(0.0, 0.0, 0.0), 0)))

    with serve(answer, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        policy = remote(f"ws://127.0.0.1:{server.socket.getsockname()[1]}")
        with pytest.raises(RefusedError, match=f"unsound answer.*{said}"):
            policy.infer(look())
        closed(policy)
        server.shutdown()


# --- when one of them fails ---


def timed_refusal(policy):
    start = time.monotonic()
    with pytest.raises(NoAnswerError) as error:
        policy.infer(look())
    return time.monotonic() - start, str(error.value)


def test_a_killed_server_is_noticed_within_the_deadline_and_its_successor_found():
    with serving() as (process, url):
        policy = remote(url, reconnect=0.05)
        policy.infer(look())
        policy._config = replace(policy._config, deadline=DEADLINE)
        process.send_signal(signal.SIGKILL)
        for _ in range(2):
            seconds, said = timed_refusal(policy)
            assert seconds < DEADLINE + SLACK
            assert url in said
    with serving(port=url.rpartition(":")[2]) as (_, same):
        assert same == url
        policy._config = replace(policy._config, deadline=20.0)
        local = ShowingPolicy()
        local.reset("follow her")
        assert_same(policy.infer(look(1)), local.infer(as_sent(look(1))))  # the sentence was told anew
    closed(policy)


@pytest.mark.slow  # four seconds of waiting; tests/ros/test_remote_policy.py freezes one too
def test_a_frozen_server_is_noticed_within_the_deadline_and_found_again_when_it_goes_on():
    with serving() as (process, url):
        policy = remote(url)
        policy.infer(look())
        policy._config = replace(policy._config, deadline=DEADLINE)
        os.kill(process.pid, signal.SIGSTOP)
        end = time.monotonic() + 3.3  # beyond the pings' patience: it is given up, and called again in vain
        while time.monotonic() < end:
            seconds, _ = timed_refusal(policy)
            assert seconds < DEADLINE + SLACK
        os.kill(process.pid, signal.SIGCONT)
        policy._config = replace(policy._config, deadline=20.0)
        assert len(policy.infer(look()).poses_base) == 10
        closed(policy)


def test_a_short_freeze_costs_an_answer_but_not_the_session():
    with serving() as (process, url):
        policy, local = remote(url), ShowingPolicy()
        local.reset("follow her")
        assert_same(policy.infer(look(1)), local.infer(as_sent(look(1))))
        policy._config = replace(policy._config, deadline=0.2)
        os.kill(process.pid, signal.SIGSTOP)
        timed_refusal(policy)
        os.kill(process.pid, signal.SIGCONT)
        policy._config = replace(policy._config, deadline=20.0)
        local.infer(as_sent(look()))  # the late frame was looked at; only its answer came too late
        assert_same(policy.infer(look(2)), local.infer(as_sent(look(2))))
        closed(policy)


def test_no_server_at_all_is_said_with_the_reason():
    policy = remote("ws://127.0.0.1:9", deadline=0.5)
    seconds, said = timed_refusal(policy)
    assert seconds < 0.5 + SLACK and "ws://127.0.0.1:9 in 0.50 s; [Errno 111] Connect call failed" in said
    closed(policy)


def test_sigterm_ends_the_server_cleanly_with_robots_connected():
    with serving() as (process, url), greeted(url) as socket:
        process.terminate()
        with pytest.raises(ConnectionClosed) as error:
            socket.recv(5.0)
        assert error.value.rcvd.code == 1001
        assert process.wait(5.0) == 0


# --- the command ---


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("box_servo", {"standoff": 2.5}),
        pytest.param("trackvla", {"random_weights": True, "size": "tiny"}, marks=pytest.mark.slow),
    ],
)
def test_the_command_serves_a_policy_of_the_registry(name, settings):
    if name == "trackvla":
        pytest.importorskip("transformers")
    words = ["serve", "--policy", name, "--port", "0", *(f"--set={k}={v}" for k, v in settings.items())]
    with running([sys.executable, "-m", "trackvla_cli.main", *words]) as process:
        ready = process.stdout.readline()
        assert ready.startswith(f"{name} answers on ws://127.0.0.1:")
        policy, local = remote(ready.split()[3].rstrip(";")), make_policy(name, settings)
        local.reset("follow her")
        for seed in range(3):
            seen = look(seed, stamp=0.1 * seed)
            assert_same(policy.infer(seen), local.infer(as_sent(seen)))
        closed(policy)
        process.terminate()
        assert process.wait(5.0) == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--policy", "box_serve"], "did you mean 'box_servo'?"),
        (["--policy", "box_servo", "--certificate", "c.pem"], "give both or neither"),
        (["--policy", "box_servo", "--set", "standoff"], "wanted NAME=VALUE"),
    ],
)
def test_mistakes_of_the_command_are_told_in_a_line(words, said, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["trackvla", "serve", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert said in " ".join(capsys.readouterr().err.replace("│", " ").split())

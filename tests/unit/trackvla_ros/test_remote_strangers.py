"""Strangers at the policy server: what they may send, hold and take, and what the sound robot beside them notices."""

import asyncio
import logging
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgpack
import numpy as np
import pytest
from tests.helpers.jpegs import scans_bomb
from tests.helpers.remote_server import serving
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.sync.server import serve

from track_common.config import ConfigError
from track_common.interfaces import NoAnswerError, Observation
from track_common.types import Camera, Frame
from trackvla_ros.registry import make_policy
from trackvla_ros.remote import link, seats, session
from trackvla_ros.remote.admission import Admission
from trackvla_ros.remote.fields import ProtocolError
from trackvla_ros.remote.images import encode_jpeg
from trackvla_ros.remote.link import RefusedError
from trackvla_ros.remote.messages import (
    MAX_HELLO,
    Answer,
    Begin,
    Hello,
    Look,
    Refusal,
    Welcome,
    pack,
    unpack,
)
from trackvla_ros.remote.throttle import HandshakeFilter, ThrottledLog
from trackvla_ros.remote.tokens import owner_of, read_token, read_tokens

RGB = np.full((48, 64, 3), 128, np.uint8)
OBSERVATION = Observation(Frame(RGB, 1.0, Camera.from_hfov(64, 48, 1.5)))
LOOK = pack(Look(1, 1, encode_jpeg(RGB, 80), OBSERVATION))
TOKENS = {"go2-a": "a" * 32, "go2-b": "b" * 32}


@contextmanager
def greeted(url, client="stranger", **options):
    """A bare connection that has said Hello, and the server's answer to it."""
    with connect(url, compression=None, **options) as connection:
        connection.send(pack(Hello(1, client)))
        yield connection, unpack(connection.recv(15.0))


@contextmanager
def robot(url, **settings):
    policy = make_policy("remote", {"url": url, "deadline": 20.0, "reconnect": 0.05, **settings})
    policy.reset("follow her")
    yield policy
    policy._link.close()


def ended(connection, seconds=15.0):
    """Why the server ended the connection."""
    with pytest.raises(ConnectionClosed) as error:
        while True:
            connection.recv(seconds)
    return error.value.rcvd


def wait_until(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    assert condition()


# --- messages ---


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\xdd" + struct.pack(">I", 4_000_000) + b"\x80" * 4_000_000, "max_array_len"),
        (msgpack.packb({"kind": "begin", **{f"{i:x}": None for i in range(400_000)}}), "max_map_len"),
        (b"\xdc\x00\x40" + (b"\xdc\x00\x40" + b"\x80" * 64) * 64, "more than 300 maps and lists"),
        (msgpack.packb({"kind": "begin", "episode": 1, "instruction": "x", "b": 1, "c": 2}), r"unknown fields \['b'\]"),
        (msgpack.packb({"kind": "\n\x1b[31m"}), r"'\\n\\x1b\[31m'"),
    ],
)
def test_what_would_cost_the_other_robots_time_ends_early(data, said):
    start = time.process_time()
    with pytest.raises(ProtocolError, match=said):
        unpack(data)
    assert time.process_time() - start < 0.25  # half a second and more before there were limits


@pytest.mark.parametrize("depth", [10, 400, 1020, 1023, 5000])
@pytest.mark.parametrize("opening", [b"\x91", b"\x81\xa1a", b"\x81\xa4kind"])
def test_nesting_is_refused_with_a_reason(opening, depth):
    with pytest.raises(ProtocolError) as error:
        unpack(opening * depth + b"\x90")
    assert 0 < len(str(error.value)) < 200


def test_a_nested_message_leaves_the_robots_link_alive():
    """What ended the robot's thread for good: repr of lists nested deeper than Python recurses."""

    def lie(connection):
        connection.recv()
        connection.send(pack(Welcome(1, "liar")))
        for data in connection:
            if isinstance(unpack(data), Look):
                connection.send(b"\x91" * 1020 + b"\x90")

    with serve(lie, "127.0.0.1", 0) as server, ExitStack() as stack:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        stack.callback(server.shutdown)
        policy = stack.enter_context(robot(f"ws://127.0.0.1:{server.socket.getsockname()[1]}"))
        for _ in range(2):
            with pytest.raises(RefusedError, match="unsound answer"):
                policy.infer(OBSERVATION)
        assert policy._link._thread.is_alive() and not policy._link._thread.failures


def test_a_progressive_jpeg_of_thousands_of_scans_is_refused_at_once_and_the_session_goes_on():
    with serving() as (process, url), greeted(url) as (connection, _):
        connection.send(pack(Begin(1, "go")))
        connection.send(pack(Look(5, 1, scans_bomb(4096, 2160, 5000), OBSERVATION)))
        refusal = unpack(connection.recv(15.0))
        assert refusal.number == 5 and "more than 10 scans" in refusal.reason
        connection.send(LOOK)
        assert isinstance(unpack(connection.recv(15.0)), Answer)
        process.terminate()
        assert process.wait(5.0) == 0


# --- before Hello ---


def test_before_hello_only_a_small_message_is_taken():
    with serving() as (_, url):
        with connect(url, compression=None) as connection:
            connection.send(b"\0" * (MAX_HELLO + 1))
            assert ended(connection).code == 1009
        with greeted(url) as (connection, welcome):
            assert isinstance(welcome, Welcome)
            connection.send(pack(Begin(1, "go")))
            connection.send(LOOK)
            assert isinstance(unpack(connection.recv(15.0)), Answer)


def memory_mb(process):
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024


def test_strangers_who_send_megabytes_take_no_memory():
    with serving(strangers_per_address=30) as (process, url):
        before = memory_mb(process)
        with ExitStack() as stack:
            connections = [stack.enter_context(connect(url, compression=None)) for _ in range(20)]
            for connection in connections:
                try:
                    connection.send(b"\0" * (4 << 20))
                except ConnectionClosed:
                    continue
            assert memory_mb(process) - before < 20.0


def test_connections_without_a_session_are_limited_by_address_and_the_robot_hears_why():
    with serving(sessions=2, strangers_per_address=3) as (_, url), robot(url) as sound, ExitStack() as stack:
        sound.infer(OBSERVATION)  # has a session: is no stranger
        for _ in range(3):
            stack.enter_context(connect(url, compression=None))
        with pytest.raises(InvalidStatus) as error:
            stack.enter_context(connect(url, compression=None))
        assert error.value.response.status_code == 503 and b"have no session yet" in error.value.response.body
        late = stack.enter_context(robot(url, deadline=1.0))
        with pytest.raises(NoAnswerError, match="the server is full: 3 connections of 127.0.0.1"):
            late.infer(OBSERVATION)
        assert len(sound.infer(OBSERVATION).poses_base) == 10


def test_half_open_connections_are_cut_off_and_the_robot_is_served():
    with serving(strangers_per_address=4) as (_, url), robot(url) as sound:
        sound.infer(OBSERVATION)
        address = ("127.0.0.1", int(url.rpartition(":")[2]))
        half_open = [socket.create_connection(address) for _ in range(40)]
        for one in half_open:
            one.settimeout(15.0)
        cut = [one for one in half_open[20:] if is_cut_off(one)]
        assert len(cut) == 20
        assert len(sound.infer(OBSERVATION).poses_base) == 10
        for one in half_open:
            one.close()


def is_cut_off(one):
    try:
        return one.recv(100) == b""
    except ConnectionResetError:
        return True


def test_strangers_are_limited_in_all_and_by_address_and_leave_no_trace():
    admission = Admission(limit=4, per_address=2)
    assert [admission.enter("a") for _ in range(2)] == ["", ""]
    assert admission.enter("a").startswith("2 connections of a have no session yet")
    assert not admission.is_flooded("a")
    assert admission.enter("b") == ""
    assert "4 connections have no session yet" in admission.enter("c")
    for address in "aaabc":
        admission.leave(address)
    assert not admission._by_address and admission.enter("a") == ""


# --- seats ---


def test_a_full_server_refuses_at_once_and_the_robot_repeats_its_words():
    with serving() as (_, url), greeted(url) as (first, _), robot(url, deadline=1.0) as late:
        first.send(pack(Begin(1, "go")))
        start = time.monotonic()
        with greeted(url, "second") as (_, refusal):
            assert isinstance(refusal, Refusal) and "all 1 policies are in use" in refusal.reason
        assert time.monotonic() - start < 1.5  # two seconds before
        with pytest.raises(NoAnswerError, match="all 1 policies are in use; start the server with more --sessions"):
            late.infer(OBSERVATION)


def test_a_seat_whose_robot_is_silent_goes_to_one_who_waits():
    with serving(idle=0.5) as (_, url), greeted(url) as (silent, _), robot(url) as waiting:
        assert len(waiting.infer(OBSERVATION).poses_base) == 10
        assert "another robot waited" in ended(silent).reason


def test_a_robot_at_work_keeps_its_seat():
    with serving(idle=1.0) as (_, url), robot(url) as working:
        working.infer(OBSERVATION)  # is seated before the other one calls
        with robot(url, deadline=2.0) as late, ThreadPoolExecutor(1) as thread:
            asked = thread.submit(late.infer, OBSERVATION)
            while not asked.done():
                working.infer(OBSERVATION)
                time.sleep(0.2)
            with pytest.raises(NoAnswerError, match="in use"):
                asked.result()


def test_a_policy_that_is_still_at_work_is_not_lent_and_does_not_hold_up_the_end():
    """A session asks a slow policy and leaves: its seat is free once the policy's thread is."""
    with serving(delay=6.0) as (process, url):
        with greeted(url) as (connection, _):
            connection.send(pack(Begin(1, "go")))
            connection.send(LOOK)
            time.sleep(0.5)  # the policy has begun
        with greeted(url, "next") as (_, refusal):
            assert isinstance(refusal, Refusal) and "1 still at work for a session that has ended" in refusal.reason
        process.terminate()
        assert process.wait(5.0) == 0


class Line:
    """A connection of which only the messages matter."""

    remote_address = ("192.0.2.7", 40000)

    def __init__(self, *messages):
        self._messages, self.sent = list(messages), []

    async def __aiter__(self):
        for message in self._messages:
            yield message
        await asyncio.Event().wait()

    async def send(self, data):
        self.sent.append(unpack(data))


def test_an_image_that_takes_too_long_ends_its_session_and_its_seat_is_not_lent_until_it_is_done(monkeypatch):
    may_end = threading.Event()
    monkeypatch.setattr(session, "DECODE_TIMEOUT", 0.05)
    monkeypatch.setattr(seats, "decode_jpeg", lambda _jpeg: may_end.wait(30.0) and RGB)

    async def scene():
        lender = seats.Seats([make_policy("box_servo")], idle=5.0)
        lease = lender.lend("first", lambda _reason: None)
        with pytest.raises(ProtocolError, match="takes more than 0 s to decode"):
            await session.Session(Line(pack(Begin(1, "go")), LOOK), lease).run()
        lender.give_back(lease)
        with pytest.raises(ProtocolError, match="1 still at work for a session that has ended"):
            lender.lend("second", lambda _reason: None)
        may_end.set()
        await asyncio.wait_for(lease.seat.wait_until_free(), 15.0)
        assert lender.lend("second", lambda _reason: None).seat is lease.seat

    asyncio.run(scene())


# --- tokens ---


def token_file(tmp_path, lines):
    file = tmp_path / "tokens"
    file.write_text(lines)
    return file


def test_each_robot_has_a_token_and_is_known_by_it(tmp_path):
    file = token_file(tmp_path, "# robots\n" + "".join(f"{name}: {token}\n" for name, token in TOKENS.items()))
    assert read_tokens(str(file)) == TOKENS
    assert owner_of(TOKENS, f"Bearer {TOKENS['go2-b']}") == "go2-b"
    assert owner_of(TOKENS, "Bearer " + "c" * 32) is None
    with serving(sessions=2, token_file=file) as (_, url), ExitStack() as stack:

        def enter(robot, client):
            header = {"Authorization": f"Bearer {TOKENS[robot]}"}
            return stack.enter_context(greeted(url, client, additional_headers=header))

        (first, _), (other, _) = enter("go2-a", "one"), enter("go2-b", "one")  # the same name takes nobody's session
        other.send(b"?")
        assert isinstance(unpack(other.recv(15.0)), Refusal)
        _, welcome = enter("go2-a", "restarted")  # another name, the same token: its own session, anew
        assert isinstance(welcome, Welcome)
        assert "took its session over" in ended(first).reason


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("go2: 1234\n", "at least 16 characters"),
        ("", "holds no token"),
        (f"{'a' * 32}\n{'b' * 32}\n", "wanted lines name: token"),
        (f"go2: {'a' * 32}\ngo2: {'b' * 32}\n", "twice"),
        (f"go2-a: {'a' * 32}\ngo2-b: {'a' * 32}\n", "twice"),
        ("go2: two words of sixteen\n", "holds no token"),
    ],
)
def test_token_files_that_are_none_are_refused(tmp_path, lines, said):
    with pytest.raises(ConfigError, match=said):
        read_tokens(str(token_file(tmp_path, lines)))


def test_a_robot_has_one_token_its_name_may_stand_before_it(tmp_path):
    assert read_token(str(token_file(tmp_path, f"go2-a: {'a' * 32}\n"))) == "a" * 32
    with pytest.raises(ConfigError, match="wanted this robot's own line alone"):
        read_token(str(token_file(tmp_path, f"a: {'a' * 32}\nb: {'b' * 32}\n")))


# --- what is logged ---


def test_broken_handshakes_are_one_line_with_their_number(caplog):
    log = ThrottledLog(logging.getLogger("test"), period=0.2)
    websockets = logging.getLogger("test.websockets")
    websockets.addFilter(HandshakeFilter(log))
    with caplog.at_level(logging.WARNING):
        for _ in range(300):
            try:
                raise EOFError("connection closed")
            except EOFError:
                websockets.error("opening handshake failed", exc_info=True)
        time.sleep(0.25)
        log.warning("handshake", "a handshake failed: the last")
    assert [r.getMessage() for r in caplog.records] == [
        "a handshake failed: connection closed",
        "a handshake failed: the last (and 299 more since the last such line)",
    ]
    assert not any(r.exc_info for r in caplog.records)


def test_the_command_logs_no_traceback_for_broken_handshakes():
    words = [sys.executable, "-m", "trackvla_cli.main", "serve", "--policy", "box_servo", "--port", "0"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        url = process.stdout.readline().split()[3].rstrip(";")
        address = ("127.0.0.1", int(url.rpartition(":")[2]))
        for junk in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02", os.urandom(500), b""):
            with socket.create_connection(address) as one:
                one.sendall(junk)
        with greeted(url) as (_, welcome):
            assert isinstance(welcome, Welcome)
        process.terminate()
        said = process.communicate(timeout=15.0)[1]
    assert "Traceback" not in said and said.count("a handshake failed") == 1


# --- after a restart ---


def test_a_robot_calls_again_within_a_second_however_long_the_server_was_away():
    with robot("ws://127.0.0.1:9", reconnect=0.5, deadline=0.1) as lonely:
        attempts = []
        talk = lonely._link._talk

        async def counted():
            attempts.append(time.monotonic())
            await talk()

        lonely._link._talk = counted
        wait_until(lambda: len(attempts) >= 4)
    assert link.MAX_PAUSE == 1.0 and max(np.diff(attempts)) < 1.0 + 0.5  # a loaded machine adds to it

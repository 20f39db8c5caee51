"""A worker outlives whatever its work raises, says each failure, and ends when its work returns."""

import logging
import threading

from track_common.worker import Worker


def wait(event):
    assert event.wait(15.0)


def test_a_work_that_raises_is_reported_and_called_again(caplog):
    calls, done, told = [], threading.Event(), []

    def work():
        calls.append(None)
        if len(calls) < 3:
            raise RecursionError("too deep")
        done.set()

    with caplog.at_level(logging.ERROR):
        worker = Worker("policy", work, told.append)
        wait(done)
        assert worker.join(15.0)
    assert worker.failures == 2 and [str(error) for error in told] == ["too deep"] * 2
    assert [r.levelno for r in caplog.records] == [logging.ERROR] * 2
    assert "thread 'policy' failed and starts again: RecursionError: too deep" in caplog.text


def test_a_report_that_fails_does_not_end_the_thread_either(caplog):
    calls, done = [], threading.Event()

    def work():
        calls.append(None)
        if len(calls) < 2:
            raise ValueError("bad")
        done.set()

    def report(_error):
        raise KeyError("nobody listens")

    Worker("policy", work, report)
    wait(done)
    assert "could not report its failure: KeyError" in caplog.text


def test_a_work_that_always_fails_ends_when_it_is_joined():
    failed = threading.Event()

    def work():
        failed.set()
        raise ValueError("always")

    worker = Worker("policy", work)
    wait(failed)
    assert worker.is_alive()
    assert worker.join(15.0) and not worker.is_alive()

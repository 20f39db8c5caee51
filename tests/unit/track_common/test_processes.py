"""Worker processes end with the block that uses them, whatever ends it."""

import time
from multiprocessing import active_children

import pytest

from track_common.processes import worker_pool


def test_what_was_submitted_is_run():
    with worker_pool(2) as pool:
        assert list(pool.map(abs, [-1, -2, -3])) == [1, 2, 3]


def test_ctrl_c_ends_the_workers_and_what_waits_is_never_run():
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt), worker_pool(2) as pool:
        waiting = [pool.submit(time.sleep, 30.0) for _ in range(6)]
        while not waiting[0].running():
            time.sleep(0.01)
        workers = active_children()
        raise KeyboardInterrupt
    assert time.monotonic() - began < 15.0
    assert len(workers) == 2 and not any(worker.is_alive() for worker in workers)

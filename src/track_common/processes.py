"""Work shared out among processes, none of which outlives the block that uses them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import active_children, get_context


@contextmanager
def worker_pool(processes: int) -> Iterator[ProcessPoolExecutor]:
    """So many worker processes, started anew: no half-copied threads or ROS contexts.

    Where an exception leaves the block, Ctrl-C too, the workers are ended at once: by itself the executor would first
    run all that was submitted.
    """
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        try:
            yield pool
        except BaseException:
            for worker in active_children():
                worker.terminate()
            raise

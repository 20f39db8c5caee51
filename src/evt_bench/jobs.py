"""Runs many episodes and keeps what each left in a JSON-lines file: a run cut short goes on where it stopped."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Hashable, Iterable, Sequence
from concurrent.futures import as_completed
from dataclasses import asdict
from pathlib import Path
from typing import Any, Generic, TypeVar

from track_common.processes import worker_pool

Job = TypeVar("Job")
Record = TypeVar("Record")


class RecordFile(Generic[Record]):
    """First line: the settings of the run; every further line: one record, a dataclass of plain values."""

    def __init__(self, path: Path, header: dict[str, Any], kind: type[Record]) -> None:
        self._path, self._header, self._kind = path, header, kind

    def read(self) -> list[Record]:
        """Records of an earlier run; starts the file where there is none.

        Raises:
            ValueError: its records were made with other settings.
        """
        path = self._path
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(self._header) + "\n")
            return []
        first, *lines = path.read_text().splitlines()
        if json.loads(first) != json.loads(json.dumps(self._header)):
            raise ValueError(f"{path} holds records made with other settings; name another file or delete it")
        whole = [line for line in lines if line.endswith("}")]
        path.write_text("\n".join([first, *whole]) + "\n")  # a run that was killed leaves half a line
        return [self._kind(**json.loads(line)) for line in whole]

    def append(self, record: Record) -> None:
        """Add one, on disk at once."""
        with self._path.open("a") as file:
            file.write(json.dumps(asdict(record)) + "\n")  # pyright: ignore[reportArgumentType]


def run_missing(
    jobs: Sequence[Job],
    run: Callable[[Sequence[Job]], Sequence[Record]],
    keys: tuple[Callable[[Job], Hashable], Callable[[Record], Hashable]],
    file: RecordFile[Record],
    processes: int = 1,
    on_record: Callable[[Record, int, int], None] | None = None,
    together: int = 1,
) -> list[Record]:
    """Records of all jobs in their order; only those not found in the file are run.

    Args:
        run: runs up to ``together`` jobs at once; at module level, since worker processes call it.
        keys: of a job and of its record; equal where they belong together.
        processes: worker processes; 1 runs here.
        on_record: called with each new record, how many there are now and how many there will be.
        together: jobs that one process runs in lock-step.
    """
    key_of_job, key_of_record = keys
    records = {key_of_record(record): record for record in file.read()}
    missing = [job for job in jobs if key_of_job(job) not in records]
    done = len(jobs) - len(missing)
    for record in _run_all(_grouped(missing, together), run, processes):
        records[key_of_record(record)] = record
        file.append(record)
        done += 1
        if on_record is not None:
            on_record(record, done, len(jobs))
    return [records[key_of_job(job)] for job in jobs]


def _grouped(jobs: Sequence[Job], size: int) -> list[Sequence[Job]]:
    return [jobs[first : first + size] for first in range(0, len(jobs), size)]


def _run_all(
    groups: Sequence[Sequence[Job]], run: Callable[[Sequence[Job]], Sequence[Record]], processes: int
) -> Iterable[Record]:
    if processes <= 1:
        for group in groups:
            yield from run(group)
        return
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # inherited by the workers: one thread each
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with worker_pool(processes) as pool:
        for future in as_completed([pool.submit(run, group) for group in groups]):
            yield from future.result()

"""Judging many paths at once: in this process, in others, or over a Ray cluster, by the same pool interface."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from track_common.config import ConfigError
from vlt_ros.search.config import SearchPlan, search_plan_from_dict
from vlt_ros.search.evolution import Genes
from vlt_ros.search.reward import Judge, make_judge

_judges: list[Judge] = []  # one a worker process, made by ``_start``


class Workers:
    """Rewards of paths, in the order they were asked for."""

    def __init__(self, pool: Any, judge: Judge | None) -> None:
        self._pool, self._judge = pool, judge

    def rewards(self, paths: Sequence[Genes]) -> Iterator[float]:
        """One reward a path, each as soon as it and those before it are known."""
        if self._judge is not None:
            return (self._judge.reward(genes) for genes in paths)
        return self._pool.imap(_reward, list(paths))


@contextmanager
def open_workers(plan: SearchPlan) -> Iterator[Workers]:
    """Workers of a plan, closed at the end.

    Raises:
        ConfigError: a Ray cluster is wanted and the package ray is not installed.
    """
    if plan.config.processes == 1 and not plan.config.cluster:
        yield Workers(None, make_judge(plan))
        return
    with _pool_class(plan)(plan.config.processes, initializer=_start, initargs=(plan.to_dict(),)) as pool:
        yield Workers(pool, None)


def _pool_class(plan: SearchPlan) -> Any:
    """Ray's pool has the interface of Python's; folders of the plan must be readable on every machine."""
    if plan.config.cluster != "ray":
        return multiprocessing.get_context("spawn").Pool
    try:
        from ray.util.multiprocessing import Pool  # pyright: ignore[reportMissingImports]
    except ModuleNotFoundError as error:
        raise ConfigError("cluster 'ray' needs the package ray; pip install ray, or leave cluster empty") from error
    return Pool


def _start(values: dict[str, Any]) -> None:
    _judges[:] = [make_judge(search_plan_from_dict(values))]


def _reward(genes: Genes) -> float:
    return _judges[0].reward(genes)

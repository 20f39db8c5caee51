"""Evolution of paths, pure functions: 48 genes in four lists, each 0..3; a better reward survives (no torch here).

Operators in two forms. "genes" (default): crossover takes every gene from either parent, mutation reaches every gene.
"lists": the released code's, whose crossover swaps whole lists and whose mutation never reaches the search branch's
mixers. On a toy problem with the same budget the first comes nearer to the optimum (docs/vlt.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from track_common.config import setting
from vlt_ros.model.paths import CHOICES, DEPTHS, NetworkPath

FORMS = ("genes", "lists")
FROZEN_LIST = 3  # mixers of the search branch: the released mutation leaves them alone
TRIES = 200  # to make a path that is new and allowed

Genes = tuple[tuple[int, ...], ...]  # the four lists of ``NetworkPath.to_lists``
Allowed = Callable[[Genes], bool]


@dataclass(frozen=True)
class EvolutionConfig:
    """Budget and operators; the defaults are the authors', but for ``form``."""

    generations: int = setting(20, "generations", low=1)
    population: int = setting(50, "paths a generation", low=2)
    parents: int = setting(10, "best paths that have children", low=1)
    mutants: int = setting(25, "children by mutation; the rest of a generation is drawn at random", low=0)
    crossovers: int = setting(25, "children by crossover", low=0)
    gene_probability: float = setting(0.1, "of a gene to be redrawn in a mutation", low=0.0, high=1.0)
    form: str = setting("genes", "operators: genes (each gene by itself) or lists (as released)", choices=FORMS)
    seed: int = setting(0, "of everything drawn", low=0, high=999)


def next_generation(
    config: EvolutionConfig,
    number: int,
    rewards: Mapping[Genes, float],
    depths: Sequence[int] = DEPTHS,
    is_allowed: Allowed = lambda genes: True,
) -> list[Genes]:
    """Paths of generation ``number`` (from 0), none of which was rewarded before.

    Args:
        config: budget and operators.
        number: of the generation; with the seed it fixes what is drawn, so that a resumed search goes the same way.
        rewards: of all paths so far, greater is better.
        depths: choice blocks of each stage.
        is_allowed: False for paths over a limit.

    Raises:
        ValueError: hardly any path is allowed.
    """
    rng = np.random.default_rng([config.seed, number])
    parents = best(rewards, config.parents)
    made: list[Genes] = []

    def add(count: int, draw: Callable[[], Genes]) -> None:
        for _ in range(count * TRIES):
            if count <= 0 or len(made) >= config.population:
                return
            genes = draw()
            if genes not in rewards and genes not in made and is_allowed(genes):
                made.append(genes)
                count -= 1

    if parents:
        add(config.mutants, lambda: mutate(parents[int(rng.integers(len(parents)))], config, rng))
    if len(parents) > 1:
        add(config.crossovers, lambda: cross(*_two(parents, rng), config.form, rng))
    add(config.population - len(made), lambda: random_genes(rng, depths))
    if not made:
        raise ValueError(f"no new path in {config.population * TRIES} draws is within the limit; raise max_macs")
    return made


def best(rewards: Mapping[Genes, float], count: int) -> list[Genes]:
    """The ``count`` best paths, best first; ties in the order of their genes, so that runs agree."""
    return sorted(rewards, key=lambda genes: (-rewards[genes], genes))[:count]


def random_genes(rng: np.random.Generator, depths: Sequence[int] = DEPTHS) -> Genes:
    """Every gene drawn uniformly."""
    return genes_of(NetworkPath.random(rng, depths))


def mutate(genes: Genes, config: EvolutionConfig, rng: np.random.Generator) -> Genes:
    """Each gene redrawn with ``gene_probability``; in the form "lists" but for the search branch's mixers."""
    lists = []
    for index, one in enumerate(genes):
        is_frozen = config.form == "lists" and index == FROZEN_LIST
        is_redrawn = (rng.random(len(one)) < config.gene_probability) & (not is_frozen)
        drawn = rng.integers(0, CHOICES, len(one))
        lists.append(tuple(np.where(is_redrawn, drawn, one).tolist()))
    return tuple(lists)


def cross(first: Genes, second: Genes, form: str, rng: np.random.Generator) -> Genes:
    """A child of two parents: every gene, or in the form "lists" every list, from either."""
    if form == "lists":
        return tuple((a, b)[int(rng.integers(2))] for a, b in zip(first, second, strict=True))
    return tuple(
        tuple(np.where(rng.random(len(a)) < 0.5, a, b).tolist()) for a, b in zip(first, second, strict=True)
    )  # fmt: skip


def genes_of(path: NetworkPath) -> Genes:
    """A path as something that can be a key."""
    return tuple(tuple(part) for part in path.to_lists())


def _two(parents: Sequence[Genes], rng: np.random.Generator) -> tuple[Genes, Genes]:
    first, second = rng.choice(len(parents), 2, replace=False)
    return parents[int(first)], parents[int(second)]

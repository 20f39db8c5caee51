"""Which of the four choices runs in each block of the supernet: the 48 genes that ASS searches (no torch here).

Supplement A.3 and Table 9 name the search; the published paths are `MODEL.CAND` of the released configurations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from track_common.config import ConfigError

CHOICES = 4  # 0, 1, 2: Shuffle block with a 3, 5, 7 depthwise kernel; 3: Shuffle-Xception block
DEPTHS = (4, 4, 8, 4)  # choice blocks of each stage


class PathError(ConfigError):
    """A path that does not fit the network; the message says which list and what was wanted."""


@dataclass(frozen=True)
class BranchPath:
    """Choices of one branch: one per block, and one per stage for its ModaMixer."""

    blocks: tuple[int, ...]
    mixers: tuple[int, ...]

    def check(self, depths: Sequence[int]) -> None:
        """Raise PathError unless the path fits stages of these depths."""
        for name, genes, wanted in (("blocks", self.blocks, sum(depths)), ("mixers", self.mixers, len(depths))):
            if len(genes) != wanted:
                raise PathError(f"path has {len(genes)} {name}; wanted {wanted} for stages of {tuple(depths)} blocks")
            if not all(0 <= gene < CHOICES for gene in genes):
                raise PathError(f"path {name} are {list(genes)}; every gene is 0..{CHOICES - 1}")


@dataclass(frozen=True)
class NetworkPath:
    """The asymmetric path: phi_t on the template, phi_s on the search image, phi_m (mixers) for each."""

    template: BranchPath
    search: BranchPath

    @classmethod
    def from_lists(cls, lists: Sequence[Sequence[int]]) -> NetworkPath:
        """From ``[phi_t, phi_s, mixers on the template, mixers on the search]``, the authors' order (`MODEL.CAND`)."""
        if len(lists) != 4:
            raise PathError(f"path has {len(lists)} lists; wanted 4: template, search, template mixers, search mixers")
        template, search, template_mixers, search_mixers = (tuple(int(gene) for gene in genes) for genes in lists)
        return cls(BranchPath(template, template_mixers), BranchPath(search, search_mixers))

    @classmethod
    def random(cls, rng: np.random.Generator, depths: Sequence[int] = DEPTHS) -> NetworkPath:
        """Every gene drawn uniformly: the sampling function Gamma of Algorithm 1."""
        sizes = (sum(depths), sum(depths), len(depths), len(depths))
        return cls.from_lists([rng.integers(0, CHOICES, size).tolist() for size in sizes])

    def to_lists(self) -> list[list[int]]:
        """The four lists ``from_lists`` takes."""
        parts = (self.template.blocks, self.search.blocks, self.template.mixers, self.search.mixers)
        return [list(part) for part in parts]


SCAR_PATH = NetworkPath.from_lists(
    [
        [2, 2, 2, 0, 3, 1, 3, 3, 3, 0, 2, 3, 0, 2, 2, 2, 2, 3, 2, 1],
        [1, 3, 0, 2, 1, 2, 2, 3, 1, 2, 3, 0, 3, 1, 2, 3, 3, 3, 2, 0],
        [3, 0, 3, 0],
        [3, 0, 3, 0],
    ]
)
TT_PATH = NetworkPath.from_lists(
    [
        [3, 3, 2, 2, 3, 3, 0, 0, 2, 3, 3, 2, 2, 2, 0, 3, 2, 1, 1, 3],
        [2, 1, 0, 3, 3, 1, 2, 0, 0, 0, 1, 1, 3, 3, 3, 0, 2, 1, 3, 2],
        [3, 0, 3, 0],
        [3, 0, 3, 0],
    ]
)

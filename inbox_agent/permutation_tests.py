"""Could a difference between two periods be chance? Deal the same values out again and see.

If nothing changed, every way of dealing the observed values to the two periods was as likely as
the one that came about. The p-value is the share of them that differ at least as much (Fisher
1935; Pitman 1937). It needs no shape of distribution and holds for few values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import chain, combinations
from math import comb, erfc, fsum, sqrt
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Subsets = NDArray[Any]

#: With so many values in both periods the sums are as good as normal, and nothing is dealt.
FEWEST_LARGE = 20
#: So many ways of dealing are all tried.
MOST_ARRANGEMENTS = 10_000
#: More than that: so many drawn by lot, and more while fewer than so many differ as much.
DRAWS = (999, 9_999, 99_999)
_ENOUGH_HITS = 50
_SEED = 1937
_SLACK = 1e-9


def score_p(before: Sequence[float], after: Sequence[float]) -> float:
    """How easily chance alone makes two periods differ as much as they do, 0 to 1.

    All values are dealt out anew to the two periods, again and again: p is how often chance makes
    as large a difference as there is, in either direction. 0.03 means 3 times in 100. All ways of
    dealing are tried where there are at most 10,000, else 999 to 99,999 are drawn with a fixed
    seed, so that it is always the same; where both periods have at least 20 values, the normal
    distribution with the variance of the dealings stands in for them.
    """
    pooled = tuple(sorted((*before, *after)))
    mean = fsum(pooled) / len(pooled)
    smaller = min(before, after, key=len)
    observed = abs(fsum(smaller) - mean * len(smaller))
    if len(smaller) >= FEWEST_LARGE:
        return _normal_p(pooled, mean, len(smaller), observed)
    return _dealt_p(tuple(score - mean for score in pooled), len(smaller), observed)


def _normal_p(pooled: Sequence[float], mean: float, size: int, observed: float) -> float:
    total = len(pooled)
    squares = fsum((score - mean) ** 2 for score in pooled)
    variance = squares * size * (total - size) / (total * (total - 1))
    return erfc(observed / sqrt(2 * variance)) if variance > 0 else 1.0


@lru_cache(maxsize=2048)
def _dealt_p(centred: tuple[float, ...], size: int, observed: float) -> float:
    import numpy as np  # noqa: PLC0415 - most commands need none

    scores = np.array(centred)
    limit = observed - _SLACK * max(1.0, observed)

    def count_extreme(subsets: Subsets) -> int:
        return int((np.abs(scores[subsets].sum(axis=1)) >= limit).sum())

    return staged_p(count_extreme, len(centred), size)


def staged_p(
    count_extreme: Callable[[Subsets], int],
    total: int,
    size: int,
    draws: Sequence[int] = DRAWS,
) -> float:
    """The share of subsets of `size` among `total` that are at least as extreme as the observed.

    `count_extreme` tells how many of some subsets are; a subset is a row of indices. Of subsets
    drawn by lot the observed one is counted in (Phipson and Smyth 2010), so it is never 0.
    """
    if comb(total, size) <= MOST_ARRANGEMENTS:
        return count_extreme(_all_subsets(total, size)) / comb(total, size)
    hits = count = 0
    for count in draws:
        draw = _few_subsets if count == draws[0] else _drawn_subsets
        hits = count_extreme(draw(total, size, count))
        if hits >= _ENOUGH_HITS:
            break
    return (hits + 1) / (count + 1)


@lru_cache(maxsize=64)
def _all_subsets(total: int, size: int) -> Subsets:
    import numpy as np  # noqa: PLC0415

    flat = chain.from_iterable(combinations(range(total), size))
    return np.fromiter(flat, dtype=np.int16).reshape(-1, size)


def _drawn_subsets(total: int, size: int, count: int) -> Subsets:
    """So many subsets by lot, always the same ones, after Floyd (Bentley and Floyd 1987)."""
    import numpy as np  # noqa: PLC0415

    lots = np.random.default_rng((_SEED, total, size, count))
    subsets = np.empty((count, size), dtype=np.int32)
    for place, last in enumerate(range(total - size, total)):
        drawn = lots.integers(0, last + 1, count)
        is_taken = (subsets[:, :place] == drawn[:, None]).any(axis=1)
        subsets[:, place] = np.where(is_taken, last, drawn)
    return subsets


_few_subsets = lru_cache(maxsize=256)(_drawn_subsets)

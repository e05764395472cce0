"""Two tests whose p-values are counted out: of shares, and of a rise over a few months.

A library has them, too, within a package that takes 60 MB and half a second wherever it is loaded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations
from math import comb, factorial, sqrt

#: Ways that differ by rounding alone count as equally likely, as they do in the library.
_MORE = 10**14


def fisher_p(hits: int, count: int, hits_after: int, count_after: int) -> float:
    """How easily chance alone makes two shares differ as these do, or more: 0.03 is 3 in 100.

    Fisher's exact test, two-sided (Journal of the Royal Statistical Society 98, 1935): all ways to
    divide so many hits are counted that are no likelier than the one seen. Whole numbers are
    counted, so the share is exact.
    """
    drawn = hits + hits_after
    fewest, most = max(0, drawn - count_after), min(drawn, count)
    ways = [comb(count, fewest) * comb(count_after, drawn - fewest)]
    for there in range(fewest, most):
        likelier = (count - there) * (drawn - there)
        ways.append(ways[-1] * likelier // ((there + 1) * (count_after - drawn + there + 1)))
    seen = ways[hits - fewest]
    return sum(each for each in ways if each <= seen + seen // _MORE) / sum(ways)


def kendall_p(heights: Sequence[float]) -> float:
    """How easily chance alone makes values rise or fall so steadily, one after the other.

    Of Kendall's tau-b between place and value (Biometrika 30, 1938), two-sided: counted out where
    no two values are equal, else by the normal distribution with its variance for ties. The values
    must not be all equal.
    """
    count = len(heights)
    pairs = count * (count - 1) // 2
    falls = sum(before > after for before, after in combinations(heights, 2))
    ties = _ties(heights)
    if ties:
        return _normal_p(pairs - sum(n * (n - 1) // 2 for n in ties) - 2 * falls, count, ties)
    fewer = min(falls, pairs - falls)
    return min(1.0, 2 * sum(_orders(count)[: fewer + 1]) / factorial(count))


def _ties(heights: Iterable[float]) -> list[int]:
    """How many are equal, of each value that there is more than once."""
    found: dict[float, int] = {}
    for height in heights:
        found[height] = found.get(height, 0) + 1
    return [n for n in found.values() if n > 1]


def _normal_p(score: int, count: int, ties: Sequence[int]) -> float:
    from scipy.special import ndtr  # noqa: PLC0415 - few trends need it

    all_pairs = count * (count - 1) * (2 * count + 5)
    variance = (all_pairs - sum(n * (n - 1) * (2 * n + 5) for n in ties)) / 18
    return float(2 * ndtr(-abs(score / sqrt(variance))))


def _orders(count: int) -> list[int]:
    """How many orders of so many have no pair the wrong way round, one, two, …"""
    found = [1]
    for size in range(2, count + 1):
        longest = len(found) + size - 1
        found = [sum(found[max(0, n - size + 1) : n + 1]) for n in range(longest)]
    return found

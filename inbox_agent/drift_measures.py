"""The measures of drift: each sets the values of two periods side by side and asks about chance.

Letters of one stretch of conversation have their recipients and their length from each other.
Where a measure is made of letters, whole stretches are dealt to the periods, never single letters.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import comb, fsum
from typing import TYPE_CHECKING, Any, Literal

from inbox_agent.addresses import Side
from inbox_agent.comparisons import Basis, Wait, compare_waits
from inbox_agent.exact_tests import fisher_p
from inbox_agent.permutation_tests import score_p, staged_p

if TYPE_CHECKING:
    from numpy.typing import NDArray

Direction = Literal["slower", "faster", "up", "down"]

_FEWEST = 5
_FEWEST_FOR_SHARES = 8
#: The least change that is worth an arrow, however sure it is.
LEAST_TIMES_AS_LONG = 1.25
LEAST_SHARE = 0.1
LEAST_TIMES_AS_LARGE = 1.5
LEAST_TURNS = 0.5
LEAST_PEOPLE = 1
_SLACK = 1e-9
_PEOPLE_DRAWS = (999, 9_999)


@dataclass(frozen=True, slots=True)
class Finding:
    """Two figures side by side, and whether their difference is large enough to be shown.

    `p` is not yet adjusted for the number of partners. `letters_…`: how many letters, asks,
    conversations or stretches each figure is made of. `basis` is of response times alone.
    """

    before: float | None
    after: float | None
    direction: Direction | None
    p: float
    is_large: bool
    letters_before: int
    letters_after: int
    basis: Basis | None = None


def response_time(
    before: Sequence[Wait], after: Sequence[Wait], give_up_seconds: int
) -> Finding | None:
    """The working time within which half of one side's asks were answered, before and after.

    It is counted in the working hours of the side that answers, as nights and weekends would hide a
    change; absences are taken out. An open ask has waited for the working time since it was put,
    one that was given up for that of its give-up time. How chance is reckoned: see how they are
    compared; at least 5 asks in each. The direction is empty where the test, which looks at all
    waits, points the other way. For an arrow the time must be at least 1.25 times as long or as
    short, one minute added to both. A figure is empty where fewer than half were answered, and then
    counts as the give-up time, in working time (that of the days up to the month's beginning, or
    the longest wait there was, if longer); where that is so in both periods the figures are those
    of the answered asks.
    """
    found = compare_waits(before, after, give_up_seconds)
    if found is None:
        return None
    times = found.times if found.direction == "slower" else 1 / found.times
    agrees = found.direction is not None and times >= 1
    return Finding(
        before=found.before_seconds,
        after=found.after_seconds,
        direction=found.direction if agrees else None,
        p=found.p,
        is_large=agrees and times >= LEAST_TIMES_AS_LONG - _SLACK,
        letters_before=found.before_asks,
        letters_after=found.after_asks,
        basis=found.basis,
    )


def letter_share(
    before: Sequence[Sequence[bool]], after: Sequence[Sequence[bool]]
) -> Finding | None:
    """Of their letters the share that has one of our addresses or lists in To, before and after.

    Less of it means that we are copied in where we used to be written to. Chance is reckoned by
    dealing whole stretches of conversation anew to the periods (a permutation test); at least 8
    letters and 5 stretches in each. For an arrow the share must have changed by at least 0.1.
    """
    counts = [sum(map(len, part)) for part in (before, after)]
    if min(counts) < _FEWEST_FOR_SHARES or min(len(before), len(after)) < _FEWEST:
        return None
    hits = [sum(map(sum, part)) for part in (before, after)]
    share = sum(hits) / sum(counts)
    scores = [[sum(each) - share * len(each) for each in part] for part in (before, after)]
    first, then = hits[0] / counts[0], hits[1] / counts[1]
    return _finding((first, then), counts, score_p(*scores), then - first, LEAST_SHARE)


def opener_share(before: Sequence[Side], after: Sequence[Side]) -> Finding | None:
    """Of the conversations that began, the share that they opened, before and after.

    By Fisher's exact test; at least 8 conversations in each period. For an arrow the share must
    have changed by at least 0.1.
    """
    counts = [len(before), len(after)]
    if min(counts) < _FEWEST_FOR_SHARES:
        return None
    hits = [part.count("them") for part in (before, after)]
    first, then = hits[0] / counts[0], hits[1] / counts[1]
    p = _fisher_p(hits[0], counts[0], hits[1], counts[1])
    return _finding((first, then), counts, p, then - first, LEAST_SHARE)


_fisher_p = lru_cache(maxsize=4096)(fisher_p)


def letter_size(before: Sequence[Sequence[int]], after: Sequence[Sequence[int]]) -> Finding | None:
    """The median size of their letters in octets, quotes and attachments included, in each period.

    Shorter and shorter letters may be a loss of interest. Chance is reckoned by the ranks of the
    sizes, as a permutation test that deals whole stretches of conversation to the periods, since
    quotes make the letters of one grow together; at least 5 stretches in each. For an arrow the
    median must be at least 1.5 times as large or as small.
    """
    if min(len(before), len(after)) < _FEWEST:
        return None
    sizes = [[size for stretch in part for size in stretch] for part in (before, after)]
    rank = _centred_ranks((*sizes[0], *sizes[1]))
    scores = [
        [fsum(rank[size] for size in stretch) for stretch in part] for part in (before, after)
    ]
    first, then = (sorted(part)[(len(part) - 1) // 2] for part in sizes)
    rise = fsum(scores[1])
    times = max(first, then) / min(first, then)
    found = _finding((first, then), list(map(len, sizes)), score_p(*scores), rise, 0.0)
    return replace(found, is_large=found.is_large and times >= LEAST_TIMES_AS_LARGE - _SLACK)


def turns(before: Sequence[int], after: Sequence[int]) -> Finding | None:
    """How often the turn was taken in the first 14 days of a stretch of conversation, on average.

    They ask, we answer, they ask back: three turns. Only stretches that could be followed for 14
    days within the period are counted. Chance is reckoned by the ranks, as a permutation test where
    a period has fewer than 20 stretches; at least 5 in each. For an arrow the average must have
    changed by at least half a turn.
    """
    counts = [len(before), len(after)]
    if min(counts) < _FEWEST:
        return None
    rank = _centred_ranks((*before, *after))
    scores = [[rank[number] for number in part] for part in (before, after)]
    first, then = sum(before) / counts[0], sum(after) / counts[1]
    rise = fsum(scores[1])
    return _finding((first, then), counts, score_p(*scores), rise, LEAST_TURNS)


def _finding(
    figures: tuple[float, float], counts: Sequence[int], p: float, rise: float, least: float
) -> Finding:
    """`rise` is what the test goes by; for an arrow the figures must have changed alike."""
    change = figures[1] - figures[0]
    direction: Direction | None = None if abs(change) < _SLACK else "up" if change > 0 else "down"
    is_large = direction is not None and change * rise > 0 and abs(change) >= least - _SLACK
    return Finding(*figures, direction, p, is_large, counts[0], counts[1])


def _centred_ranks(values: Sequence[int]) -> dict[int, float]:
    """The rank of each value, that of ties in the middle; the mean of all is 0."""
    ascending = sorted(values)
    ranks: dict[int, float] = {}
    place = 0
    while place < len(ascending):
        value = ascending[place]
        ties = 1
        while place + ties < len(ascending) and ascending[place + ties] == value:
            ties += 1
        ranks[value] = place + (ties - len(ascending)) / 2
        place += ties
    return ranks


# -- people ---------------------------------------------------------------------------------


def people(before: Iterable[frozenset[str]], after: Iterable[frozenset[str]]) -> Finding | None:
    """How many people of theirs wrote to us in the period, before and after.

    More letters come from more people, so chance is reckoned by dealing the weeks in which they
    wrote, each with those who wrote in it, to the periods (a permutation test); at least 5 such
    weeks in each. For an arrow it must be at least one person more or less.
    """
    weeks = [sorted(map(_names, part)) for part in (before, after)]
    if min(map(len, weeks)) < _FEWEST:
        return None
    counts = [len({name for week in part for name in week}) for part in weeks]
    pooled = tuple(sorted((*weeks[0], *weeks[1])))
    expected = [_expected_people(pooled, len(part)) for part in weeks]
    rise = (counts[1] - counts[0]) - (expected[1] - expected[0])
    smaller = min(map(len, weeks))
    p = _people_p(pooled, smaller, round(abs(rise), 9))
    sizes = list(map(len, weeks))
    return _finding((counts[0], counts[1]), sizes, p, rise, LEAST_PEOPLE)


def _names(people: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(people))


def _appearances(weeks: Iterable[tuple[str, ...]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for week in weeks:
        for name in week:
            found[name] = found.get(name, 0) + 1
    return found


def _expected_people(pooled: Sequence[tuple[str, ...]], size: int) -> float:
    """How many people so many of the weeks, drawn by lot, show on average."""
    total = len(pooled)
    return fsum(
        1 - comb(total - weeks, size) / comb(total, size) for weeks in _appearances(pooled).values()
    )


@lru_cache(maxsize=2048)
def _people_p(pooled: tuple[tuple[str, ...], ...], size: int, observed: float) -> float:
    import numpy as np  # noqa: PLC0415 - most commands need none

    wrote = {name: np.array([name in week for week in pooled]) for name in _appearances(pooled)}
    usual = _expected_people(pooled, size) - _expected_people(pooled, len(pooled) - size)

    def count_extreme(subsets: NDArray[Any]) -> int:
        more = np.full(len(subsets), -usual)
        for was_there in wrote.values():
            here = was_there[subsets].sum(axis=1)
            more += (here > 0).astype(float) - (here < was_there.sum())
        return int((np.abs(more) >= observed - _SLACK).sum())

    return staged_p(count_extreme, len(pooled), size, _PEOPLE_DRAWS)

"""How response times go from month to month: the slope, and how easily chance alone makes it so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import combinations
from math import log
from statistics import median

from inbox_agent.addresses import Side
from inbox_agent.business_clock import BusinessClock, Terms
from inbox_agent.comparisons import Wait, reached, split, waits_at
from inbox_agent.exact_tests import kendall_p
from inbox_agent.response_times import Ask
from inbox_agent.standards import Cuts
from inbox_agent.survival import FEWEST_ASKS, curve_of, time_to_share

_YEARS = 1
_FEWEST_MONTHS = 6
_SIDES: tuple[Side, Side] = ("us", "them")


@dataclass(frozen=True, slots=True)
class Trend:
    """A slope over months: natural logarithm of the ratio from one month to the next."""

    slope: float
    p: float
    months: int


def trend(values: Mapping[int, float]) -> Trend | None:
    """Whether monthly values rise or fall, and how easily chance alone makes it so.

    The slope is the median of those between any two months (Theil 1950, Sen 1968), which a few odd
    months do not move. Its p-value is that of Kendall's tau-b between month and value: 0.03 is 3
    times in 100. It is published adjusted for the number of partners (see p_adjusted). A month that
    is left out leaves a gap. Empty with fewer than 6 months.
    """
    if len(values) < _FEWEST_MONTHS:
        return None
    if len(set(values.values())) == 1:
        return Trend(slope=0.0, p=1.0, months=len(values))
    months = tuple(sorted(values))
    return _trend(months, tuple(values[month] for month in months))


@lru_cache(maxsize=4096)
def _trend(months: tuple[int, ...], heights: tuple[float, ...]) -> Trend:
    places = list(zip(months, heights, strict=True))
    slopes = [(then - now) / (later - at) for (at, now), (later, then) in combinations(places, 2)]
    return Trend(median(slopes), kendall_p(heights), len(months))


@dataclass(frozen=True, slots=True)
class Trends:
    """The trend of each side's response time; None where there are too few months."""

    ours: Trend | None
    theirs: Trend | None


def trends_of(asks: Sequence[Ask], terms: Terms, as_of: datetime) -> Trends:
    """The trend of each side; `asks` answered by us are `ours`."""
    return Trends(*(response_trend(asks, side, terms, as_of) for side in _SIDES))


def response_trend(
    asks: Iterable[Ask], responder: Side, terms: Terms, as_of: datetime
) -> Trend | None:
    """How the typical response time of one side goes over the last 12 complete months.

    Good for a slow change that no single month shows: 0.1 means about 10 % longer from each month
    to the next, -0.1 about 10 % shorter. A month stands for the asks put in it, as known when the
    present month began in our zone: the logarithm of their p50_seconds plus one minute; where fewer
    than half were answered p50 is taken as the give-up time. Months with fewer than 5 asks are left
    out; empty with fewer than 6 others.
    """
    clock, until = terms.clocks.us, terms.clocks.us.month_start(as_of)
    last = clock.local_date(until)
    since = clock.midnight(last.replace(year=last.year - _YEARS))
    by_month: dict[int, list[Ask]] = defaultdict(list)
    for ask in asks:
        if ask.responder == responder and since <= ask.asked_at < until:
            by_month[month_number(clock, ask.asked_at)].append(ask)
    waits = {month: waits_at(found, until, terms.cuts) for month, found in by_month.items()}
    enough = {month: found for month, found in waits.items() if len(found) >= FEWEST_ASKS}
    if len(enough) < _FEWEST_MONTHS:
        return None
    return trend({month: _height(found, terms.cuts) for month, found in enough.items()})


def month_number(clock: BusinessClock, at: datetime) -> int:
    """The months from year 0 to that of an instant in a clock's zone."""
    day = clock.local_date(at)
    return 12 * day.year + day.month


def _height(waits: Sequence[Wait], cuts: Cuts) -> float:
    p50 = time_to_share(curve_of(*split(waits)), 0.5)
    return log(reached(p50, cuts.give_up_after_seconds))

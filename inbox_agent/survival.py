"""How fast answers come: survival estimates over asks, answered or not.

Every other tool averages the mail that was answered, so that ignoring somebody makes the
figure better. Here an ask without an answer is a censored observation: it is known to have
waited at least so long (Kaplan and Meier 1958).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from inbox_agent.response_times import Ask
from inbox_agent.silence_gaps import nearest_rank_median
from inbox_agent.standards import Cuts

#: With fewer asks than this, percentiles and rates say more about chance than about anybody.
FEWEST_ASKS = 5
_SLACK = 1e-9


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one set of asks; None where not reached, or of fewer than 5 asks."""

    asks: int = 0
    answered: int = 0
    open: int = 0
    lapsed: int = 0
    response_rate: float | None = None
    rate_so_far: float | None = None
    followed_seconds: int | None = None
    p50_seconds: int | None = None
    p50_reached: bool | None = None
    p90_seconds: int | None = None
    p50_business_seconds: int | None = None
    p90_business_seconds: int | None = None
    answered_p50_seconds: int | None = None
    naive_p50_seconds: int | None = None
    naive_mean_seconds: int | None = None
    met_standard_share: float | None = None


@dataclass(frozen=True, slots=True)
class Curve:
    """F(t) = 1 - Kaplan-Meier: the share answered within t, at each observed t."""

    steps: tuple[tuple[float, float], ...]

    def share(self, seconds: float) -> float:
        """F(t): a step function, 0 before the first answer."""
        reached = [share for t, share in self.steps if t <= seconds + _SLACK]
        return reached[-1] if reached else 0.0

    def smallest(self, share: float) -> int | None:
        """The smallest t with F(t) at least `share`; None where F never gets there."""
        if share <= 0:
            return None
        return next((int(t) for t, reached in self.steps if reached >= share - _SLACK), None)


def curve_of(events: Sequence[float], censored: Sequence[float]) -> Curve:
    """The estimate from the times at which something happened, and those it had not by."""
    if not events:
        return Curve(())
    happened, seen = Counter(events), Counter(censored)
    seen.update(happened)
    left, share_left, done = seen.total(), 1.0, 0
    steps = []
    for at in sorted(seen):
        here = happened.get(at, 0)
        share_left *= (left - here) / left
        left, done = left - seen[at], done + here
        # nobody out of sight: the share is a quotient of counts, without the product's rounding
        share = 1 - share_left if censored else done / len(events)
        steps.append((float(at), share))
    return Curve(tuple(steps))


def figures(asks: Iterable[Ask], cuts: Cuts) -> Figures:
    """How many asks there are, how many were answered, still wait, or were given up.

    Left out are asks that need no reply, that never arrived (void), and those answered before they
    were put, by clocks that clash. With fewer than 5 asks only these counts are given and how long
    they were followed: every time and share stays empty, since it would say more about chance than
    about anybody.
    """
    counted = [ask for ask in asks if ask.is_in_figures]
    if not counted:
        return Figures()
    followed = followed_seconds(counted, cuts)
    outcomes = [ask.outcome for ask in counted]
    few = Figures(
        asks=len(counted),
        answered=outcomes.count("answered"),
        open=outcomes.count("open"),
        lapsed=outcomes.count("lapsed"),
        followed_seconds=followed,
    )
    if len(counted) < FEWEST_ASKS:
        return few
    calendar, business = calendar_curve(counted, cuts), business_curve(counted)
    p50 = time_to_share(calendar, 0.5)
    return replace(
        few,
        response_rate=response_rate(calendar, followed, cuts),
        rate_so_far=rate_so_far(calendar, followed),
        p50_seconds=p50,
        p50_reached=half_was_answered(p50),
        p90_seconds=time_to_share(calendar, 0.9),
        p50_business_seconds=time_to_share(business, 0.5),
        p90_business_seconds=time_to_share(business, 0.9),
        answered_p50_seconds=answered_p50(calendar, followed),
        naive_p50_seconds=naive_p50(counted),
        naive_mean_seconds=naive_mean(counted),
        met_standard_share=met_standard_share(counted),
    )


def without_times(found: Figures) -> Figures:
    """The counts alone: what is left to say where answers may be missing."""
    return Figures(found.asks, found.answered, found.open, found.lapsed)


def calendar_curve(asks: Sequence[Ask], cuts: Cuts) -> Curve:
    """The share of asks that got their answer within a given time, unanswered ones included.

    An answered ask enters with the time it took. One that is still open is known to have waited as
    long as it is old, one that was given up as long as the give-up time; neither is ever left out,
    which is what the estimate of Kaplan and Meier is made for. Good for setting a promise: if 0.8
    are answered within two days, one in five is not. In formulas F(t) = 1 - S(t).
    """
    events = [ask.response_seconds for ask in asks if ask.response_seconds is not None]
    censored = [ask.age_seconds for ask in asks if ask.outcome == "open"]
    lapsed = [cuts.give_up_after_seconds for ask in asks if ask.outcome == "lapsed"]
    return curve_of(events, [*censored, *lapsed])


def business_curve(asks: Sequence[Ask]) -> Curve:
    """As p50_seconds and p90_seconds, in the working time of the side that answers.

    Good for comparing with a promise in business hours, since nights, weekends and holidays are
    left out. An open ask is known to have waited for the working time since it was put; one that
    was given up outlasts every answer that came. An ask outside hours that is answered outside
    hours takes 0.
    """
    events = [ask.business_seconds for ask in asks if ask.business_seconds is not None]
    censored = [ask.business_age_seconds for ask in asks if ask.outcome == "open"]
    beyond = max([*events, *censored], default=0) + 1
    lapsed = [beyond for ask in asks if ask.outcome == "lapsed"]
    return curve_of(events, [*censored, *lapsed])


def followed_seconds(asks: Sequence[Ask], cuts: Cuts) -> int:
    """The longest time that an ask of the set has been followed, at most the give-up time.

    It tells how far rate_so_far reaches: 10 days while the oldest ask is 10 days old. Empty without
    asks.
    """
    return min(max([ask.age_seconds for ask in asks]), cuts.give_up_after_seconds)


def response_rate(curve: Curve, followed: int, cuts: Cuts) -> float | None:
    """The share of asks answered within the give-up time, by the calendar.

    Good for the first question of all, whether they answer: 0.7 means that 7 in 10 asks get an
    answer in that time and 3 don't. Open asks are reckoned with for as long as they have been
    followed, so that a question of this morning pulls nothing down. Empty while no ask has been
    followed for the whole give-up time (see rate_so_far), and with fewer than 5 asks; 0 where none
    was answered.
    """
    give_up = cuts.give_up_after_seconds
    return curve.share(give_up) if followed >= give_up else None


def rate_so_far(curve: Curve, followed: int) -> float:
    """The share of asks answered within the longest time that one of them was followed.

    Good for young sets, like the present week, for which response_rate is still empty; it says how
    many were answered within followed_seconds. Empty with fewer than 5 asks.
    """
    return curve.share(followed)


def time_to_share(curve: Curve, share: float) -> int | None:
    """The time within which half (p50) or nine of ten (p90) of all asks were answered.

    Good for "how fast do they answer?", as it can't be improved by not answering: of 10 asks, 6
    answered within a day and 4 never, p50 is at most a day and p90 is empty. It is always a time
    that some answer took, never one between two. Empty where fewer than half, or nine of ten, were
    answered, which means "fewer than half", not "unknown"; and with fewer than 5 asks.
    """
    return curve.smallest(share)


def half_was_answered(p50: int | None) -> bool:
    """Whether at least half of the asks were answered: 1 yes, 0 no.

    It tells why p50_seconds is empty: at 0 fewer than half were answered, as far as they have been
    followed. Empty with fewer than 5 asks, of which nothing is said.
    """
    return p50 is not None


def answered_p50(curve: Curve, followed: int) -> int | None:
    """How fast an answer typically is, when one comes: half of the answers came within this time.

    Good for telling slow from silent, beside response_rate: of who answers one ask in three, but
    then within an hour, p50 is empty and this an hour at most. It is the smallest time at which the
    share answered reaches half of its last value, by the same estimate as p50, open asks included.
    Empty where nothing was answered, and with fewer than 5 asks.
    """
    return curve.smallest(0.5 * curve.share(followed))


def naive_p50(asks: Iterable[Ask]) -> int | None:
    """The median over answered asks alone, which is what other tools would have said.

    Shown beside p50_seconds to compare with them. It gets better the more is left unanswered: of 10
    asks, one answered within an hour and 9 never, it says one hour. Empty where nothing was
    answered, and with fewer than 5 asks.
    """
    return nearest_rank_median(_answered(asks))


def naive_mean(asks: Iterable[Ask]) -> int | None:
    """The mean over answered asks alone, which is what other tools would have said.

    Shown to compare with them. Besides what is wrong with the median over answered asks, a few long
    waits move it far. Empty where nothing was answered, and with fewer than 5 asks.
    """
    answered = _answered(asks)
    return round(Fraction(sum(answered), len(answered))) if answered else None


def met_standard_share(asks: Iterable[Ask]) -> float | None:
    """Of the asks for which it is known, the share that was answered by its due time.

    Those not yet due are left out, those overdue without an answer count as missed. Empty without a
    standard, while nothing has been decided, and with fewer than 5 asks.
    """
    known = [ask.met_standard for ask in asks if ask.met_standard is not None]
    return sum(known) / len(known) if known else None


def _answered(asks: Iterable[Ask]) -> list[int]:
    return sorted(ask.response_seconds for ask in asks if ask.response_seconds is not None)

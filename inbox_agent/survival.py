"""How fast answers come: survival estimates over asks, answered or not.

Every other tool averages the mail that was answered, so that ignoring somebody makes the
figure better. Here an ask without an answer is a censored observation: it is known to have
waited at least so long (Kaplan and Meier 1958).
"""

from __future__ import annotations

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


def _curve(events: Sequence[float], censored: Sequence[float]) -> Curve:
    if not events:
        return Curve(())
    from scipy import stats  # noqa: PLC0415 - half a second that most commands need not pay

    sample = stats.CensoredData(uncensored=list(events), right=list(censored))
    cdf = stats.ecdf(sample).cdf
    return Curve(tuple(zip(map(float, cdf.quantiles), map(float, cdf.probabilities), strict=True)))


def figures(asks: Iterable[Ask], cuts: Cuts) -> Figures:
    """The figures of a set of asks; those void, not needing a reply, or with clashing clocks
    are left out first."""
    counted = [ask for ask in asks if ask.is_in_figures]
    if not counted:
        return Figures()
    followed = followed_seconds(counted, cuts)
    few = Figures(
        asks=len(counted),
        answered=sum(ask.outcome == "answered" for ask in counted),
        open=sum(ask.outcome == "open" for ask in counted),
        lapsed=sum(ask.outcome == "lapsed" for ask in counted),
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
        p50_reached=p50 is not None,
        p90_seconds=time_to_share(calendar, 0.9),
        p50_business_seconds=time_to_share(business, 0.5),
        p90_business_seconds=time_to_share(business, 0.9),
        answered_p50_seconds=answered_p50(calendar, followed),
        naive_p50_seconds=naive_p50(counted),
        naive_mean_seconds=naive_mean(counted),
        met_standard_share=met_standard_share(counted),
    )


def calendar_curve(asks: Sequence[Ask], cuts: Cuts) -> Curve:
    """F(t), the share of asks answered within t: one minus the Kaplan-Meier estimate.

    An answered ask is an event at its duration. An open one is known to have waited as long as
    its age, a lapsed one as long as the give-up time; they are never left out.
    """
    events = [ask.response_seconds for ask in asks if ask.response_seconds is not None]
    censored = [ask.age_seconds for ask in asks if ask.outcome == "open"]
    lapsed = [cuts.give_up_after_seconds for ask in asks if ask.outcome == "lapsed"]
    return _curve(events, [*censored, *lapsed])


def business_curve(asks: Sequence[Ask]) -> Curve:
    """As F(t) by the calendar, in the working time of the side that answers.

    Open asks are known to have waited for their working age; lapsed ones outlast every
    observed answer. An ask outside hours that is answered outside hours takes 0 working seconds.
    """
    events = [ask.business_seconds for ask in asks if ask.business_seconds is not None]
    censored = [ask.business_age_seconds for ask in asks if ask.outcome == "open"]
    beyond = max([*events, *censored], default=0) + 1
    lapsed = [beyond for ask in asks if ask.outcome == "lapsed"]
    return _curve(events, [*censored, *lapsed])


def followed_seconds(asks: Sequence[Ask], cuts: Cuts) -> int:
    """The longest time that an ask of the set has been followed, at most the give-up time."""
    return max(min(ask.age_seconds, cuts.give_up_after_seconds) for ask in asks)


def response_rate(curve: Curve, followed: int, cuts: Cuts) -> float | None:
    """The share of asks answered within the give-up time, F(give-up time), by the calendar.

    NULL while no ask of the set has been followed that long; 0 where none was answered.
    """
    give_up = cuts.give_up_after_seconds
    return curve.share(give_up) if followed >= give_up else None


def rate_so_far(curve: Curve, followed: int) -> float:
    """The share of asks answered within the longest time that one of them was followed."""
    return curve.share(followed)


def time_to_share(curve: Curve, share: float) -> int | None:
    """The time within which half (p50) or nine of ten (p90) of all asks were answered.

    The smallest t with F(t) at least 0.5 or 0.9, never interpolated. NULL where F never gets
    there: "fewer than half". Taking an answer away never makes it better.
    """
    return curve.smallest(share)


def answered_p50(curve: Curve, followed: int) -> int | None:
    """How fast when they do answer: the smallest t with F(t) at least half of its last value."""
    return curve.smallest(0.5 * curve.share(followed))


def naive_p50(asks: Iterable[Ask]) -> int | None:
    """The median over answered asks alone: what other tools would have said."""
    return nearest_rank_median(_answered(asks))


def naive_mean(asks: Iterable[Ask]) -> int | None:
    """The mean over answered asks alone: what other tools would have said."""
    answered = _answered(asks)
    return round(Fraction(sum(answered), len(answered))) if answered else None


def met_standard_share(asks: Iterable[Ask]) -> float | None:
    """Of the asks for which it is known, the share that was answered by its due time."""
    known = [ask.met_standard for ask in asks if ask.met_standard is not None]
    return sum(known) / len(known) if known else None


def _answered(asks: Iterable[Ask]) -> list[int]:
    return sorted(ask.response_seconds for ask in asks if ask.response_seconds is not None)

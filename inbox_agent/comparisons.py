"""A period beside the one before it: what changed, and how easily chance alone makes it so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import fsum
from typing import Literal

from inbox_agent.absences import ClockAround
from inbox_agent.business_clock import Terms
from inbox_agent.permutation_tests import score_p
from inbox_agent.response_times import Ask
from inbox_agent.standards import Cuts
from inbox_agent.survival import FEWEST_ASKS, answered_p50, curve_of, time_to_share

Speed = Literal["slower", "faster"]
Basis = Literal["all", "answered"]

#: Added to response times before ratios are taken: seconds are no difference.
A_MINUTE = 60
_SLACK = 1e-9


# -- as it was known ------------------------------------------------------------------------


def known_at(asks: Iterable[Ask], at: datetime, terms: Terms) -> tuple[Ask, ...]:
    """The asks put up to an earlier moment as they were known then, without hindsight.

    Answers that came later are not yet there, so an ask is open or lapsed by its age then; its
    ages, its outcome and whether it met its standard are those of then. What was judged of a letter
    stays as it is judged now: whether it needs a reply, whether it bounced (`void`), nudges, due
    time, and when somebody was absent.
    """
    return tuple(_known(ask, at, terms) for ask in asks if ask.asked_at <= at)


def _known(ask: Ask, at: datetime, terms: Terms) -> Ask:
    clock = _clock_of(ask, terms)
    give_up_after = timedelta(seconds=terms.cuts.give_up_after_seconds)
    answered_at, elsewhere_at = (
        known if known is not None and known <= at else None
        for known in (ask.answered_at, ask.answered_elsewhere_at)
    )
    ask = replace(
        ask,
        age_seconds=int((at - ask.asked_at).total_seconds()),
        business_age_seconds=clock.working_seconds(ask.asked_at, at),
        absent_seconds=clock.seconds_away(
            ask.asked_at,
            answered_at or min(terms.clocks.us.day_start(at), ask.asked_at + give_up_after),
        ),
        answered_elsewhere_at=elsewhere_at,
    )
    return ask if answered_at or ask.outcome == "void" else _unanswered(ask, at, terms.cuts)


def _unanswered(ask: Ask, at: datetime, cuts: Cuts) -> Ask:
    is_open = at - ask.asked_at < timedelta(seconds=cuts.give_up_after_seconds)
    return replace(
        ask,
        reply=None,
        inferred_at=None,
        outcome="open" if is_open else "lapsed",
        response_seconds=None,
        business_seconds=None,
        met_standard=False if ask.due_at and at > ask.due_at else None,
        is_clock_conflict=False,
    )


# -- two periods ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Comparison:
    """The response times of two periods side by side, by the calendar or in working time.

    `before_seconds` and `after_seconds` are the times within which half of all asks were
    answered; None where fewer than half were. Where that is so in both, they are those of
    `answered_p50_seconds` (`basis` is `answered`). `times` is how many times as long the typical
    answer took afterwards, both plus one minute, not reached as the give-up time (or the longest
    wait there was, if longer, as working time may have it).
    """

    direction: Speed | None
    p: float
    before_seconds: int | None
    after_seconds: int | None
    basis: Basis
    times: float
    before_asks: int
    after_asks: int


def compare(before: Iterable[Ask], after: Iterable[Ask], cuts: Cuts) -> Comparison | None:
    """As `compare_waits`, of two sets of asks; those left out of figures are left out first."""
    first, then = (
        [observation(ask, cuts) for ask in asks if ask.is_in_figures] for asks in (before, after)
    )
    return compare_waits(first, then, cuts.give_up_after_seconds)


def compare_waits(
    before: Sequence[Wait], after: Sequence[Wait], give_up_seconds: int
) -> Comparison | None:
    """Whether answers came slower or faster in one period than in the one before, or by chance.

    An answer counts at the time it took; an ask that is still open is known to have waited for its
    age, one that was given up for the give-up time. All of them are put in order, early answers
    high and late or missing ones low (a generalised Wilcoxon test, the scores of Peto and Peto
    1972), so that most weight is on what happens while most asks still wait: a few that are never
    answered can't hide that all others take longer. Chance is reckoned by dealing the scores anew
    to the two periods (a permutation test, see there). Slower is said where the answers afterwards
    score less than those before. Where all waits are alike, chance is 1. Nothing is said with fewer
    than 5 asks in either, or where nothing was answered in both.
    """
    waits = (*before, *after)
    is_few = min(len(before), len(after)) < FEWEST_ASKS
    if is_few or not any(wait.is_answer for wait in waits):
        return None
    scores = peto_scores(waits)
    excess = fsum(scores[len(before) :])
    (first, then), basis = _typical(before, after)
    beyond = max(give_up_seconds, *(wait.seconds for wait in waits))
    return Comparison(
        direction=None if abs(excess) < _SLACK else "slower" if excess < 0 else "faster",
        p=score_p(scores[: len(before)], scores[len(before) :]),
        before_seconds=first,
        after_seconds=then,
        basis=basis,
        times=reached(then, beyond) / reached(first, beyond),
        before_asks=len(before),
        after_asks=len(after),
    )


@dataclass(frozen=True, slots=True)
class Wait:
    """How long an ask was seen to wait, and whether an answer ended it."""

    seconds: int
    is_answer: bool


def observation(ask: Ask, cuts: Cuts) -> Wait:
    """An ask as an observation by the calendar; unanswered ones wait at least so long."""
    if ask.response_seconds is not None:
        return Wait(ask.response_seconds, is_answer=True)
    return Wait(min(ask.age_seconds, cuts.give_up_after_seconds), is_answer=False)


def waits_at(asks: Iterable[Ask], at: datetime, cuts: Cuts) -> list[Wait]:
    """The observations of `known_at(asks, at)`, made without the asks: those of the figures."""
    found = []
    for ask in asks:
        if ask.is_in_figures and ask.asked_at <= at:
            if _is_answered(ask, at) and ask.response_seconds is not None:
                found.append(Wait(ask.response_seconds, is_answer=True))
            else:
                age = int((at - ask.asked_at).total_seconds())
                found.append(Wait(min(age, cuts.give_up_after_seconds), is_answer=False))
    return found


def working_waits_at(asks: Iterable[Ask], at: datetime, terms: Terms) -> list[Wait]:
    """As `waits_at`, in the working time of the side that answers.

    An open ask has waited for the working time since it was put, a lapsed one for that of its own
    give-up time; absences are taken out of both. Only these cost a reading of the clock.
    """
    give_up_after = timedelta(seconds=terms.cuts.give_up_after_seconds)
    found = []
    for ask in asks:
        if ask.is_in_figures and ask.asked_at <= at:
            if _is_answered(ask, at) and ask.business_seconds is not None:
                found.append(Wait(ask.business_seconds, is_answer=True))
            else:
                until = min(at, ask.asked_at + give_up_after)
                waited = _clock_of(ask, terms).working_seconds(ask.asked_at, until)
                found.append(Wait(waited, is_answer=False))
    return found


def _is_answered(ask: Ask, at: datetime) -> bool:
    return ask.answered_at is not None and ask.answered_at <= at


def _clock_of(ask: Ask, terms: Terms) -> ClockAround:
    side = terms.clocks.us if ask.responder == "us" else terms.clocks.them
    return ClockAround(side, ask.away)


def peto_scores(waits: Sequence[Wait]) -> list[float]:
    """Where each observation stands among all, from nearly 1 (answered first) to -1.

    With S(t) the share of all asks that still wait after t (Kaplan and Meier 1958), an answer at t
    scores S just before t plus S(t) minus 1, one that is known to have waited for t scores S(t)
    minus 1; all of them together 0. A period's sum is its answers less those to be expected, each
    weighted by the share that waited until then (Peto and Peto 1972; `survdiff` of R, rho = 1).
    """
    answers = Counter(wait.seconds for wait in waits if wait.is_answer)
    ends = Counter(wait.seconds for wait in waits)
    followed, share = len(waits), 1.0
    before, after = dict[int, float](), dict[int, float]()
    for seconds in sorted(ends):
        before[seconds] = share
        share *= (followed - answers[seconds]) / followed
        after[seconds] = share
        followed -= ends[seconds]
    return [after[wait.seconds] - 1 + before[wait.seconds] * wait.is_answer for wait in waits]


def split(waits: Iterable[Wait]) -> tuple[list[int], list[int]]:
    """The durations of those answered, and of those not."""
    known = list(waits)
    return (
        [wait.seconds for wait in known if wait.is_answer],
        [wait.seconds for wait in known if not wait.is_answer],
    )


def _typical(
    before: Sequence[Wait], after: Sequence[Wait]
) -> tuple[tuple[int | None, int | None], Basis]:
    curves = [curve_of(*split(waits)) for waits in (before, after)]
    first, then = (time_to_share(curve, 0.5) for curve in curves)
    if first is not None or then is not None:
        return (first, then), "all"
    followed = max(wait.seconds for wait in (*before, *after))
    first, then = (answered_p50(curve, followed) for curve in curves)
    return (first, then), "answered"


def reached(seconds: int | None, give_up_seconds: int) -> int:
    """A typical time with one minute added; one that is not reached as the give-up time."""
    return A_MINUTE + (give_up_seconds if seconds is None else seconds)

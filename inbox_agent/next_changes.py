"""When figures change by themselves, without new mail."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from inbox_agent.absences import ClockAround
from inbox_agent.business_clock import BusinessClock, Terms
from inbox_agent.causes_in_waits import SOON, late_after
from inbox_agent.response_times import Ask
from inbox_agent.silence_gaps import RHYTHM_REACH, Rhythm
from inbox_agent.standards import Span
from inbox_agent.standing import SIDES, asks_by_period, in_window, window
from inbox_agent.survival import Figures

#: Longer than any quarter, and the week that begins before it.
QUARTER = timedelta(days=100)
_MOMENT = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Changes:
    """When figures change by themselves: any of them `at`, at `asks_at` what hangs on asks alone.

    Those are the asks of the last time within which one is given up: none is older than
    `followed_since`.
    """

    at: datetime
    asks_at: datetime | None

    @property
    def first(self) -> datetime:
        """Until then nothing changes."""
        return self.at if self.asks_at is None else min(self.at, self.asks_at)


def next_change(
    asks: Sequence[Ask], rhythm: Rhythm, ours: Figures, terms: Terms, as_of: datetime
) -> Changes:
    """The first moment at which a figure changes by itself, without new mail.

    An ask falls due, lapses, leaves the waiting list, has been followed long enough, or has waited
    as long as another one in the same figure took; a silence passes watch_at or act_at; a standard
    breaks; a silence leaves the 12 months of the rhythm; the next local midnight at the latest.
    Until then everything stays as it is shown, but followed_seconds, which grows with the moment
    the figures are for.
    """
    clock = terms.clocks.us
    instants = [clock.midnight(clock.local_date(as_of) + timedelta(days=1))]
    instants += [at for at in (rhythm.watch_at, rhythm.act_at) if at]
    year_ago, since = as_of - RHYTHM_REACH, followed_since(terms, as_of)
    ended = (gap.ended_at for gap in rhythm.gaps if gap.ended_at)
    instants += [at + RHYTHM_REACH for at in ended if at > year_ago]
    instants += _waiting((ask for ask in asks if ask.asked_at < since), ours)
    return Changes(min(at for at in instants if at > as_of), asks_change(asks, ours, terms, as_of))


def followed_since(terms: Terms, as_of: datetime) -> datetime:
    """What was asked before this was given up, or answered, before the day of `as_of` began."""
    give_up_after = timedelta(seconds=terms.cuts.give_up_after_seconds)
    return terms.clocks.us.day_start(as_of) - give_up_after


def asks_change(
    asks: Sequence[Ask], ours: Figures, terms: Terms, as_of: datetime
) -> datetime | None:
    """When something changes that hangs on asks alone; None where that is not before midnight.

    Those asked before `followed_since` play no part, but for the times that their answers took.
    """
    since = followed_since(terms, as_of)
    young = [ask for ask in asks if ask.asked_at >= since]
    give_up_after = timedelta(seconds=terms.cuts.give_up_after_seconds)
    instants = [ask.asked_at + give_up_after for ask in young]
    instants += _waiting(young, ours)
    moves_at = estimates_change(asks, terms, as_of)
    instants += [moves_at] if moves_at else []
    return min((at for at in instants if at > as_of), default=None)


def _waiting(asks: Iterable[Ask], ours: Figures) -> Iterator[datetime]:
    """When asks without a reply leave the waiting list, fall due or soon will, or become late."""
    late = late_after(ours)
    for ask in asks:
        if not ask.has_reply:
            yield ask.waits_until
            if ask.due_at:
                yield ask.due_at + _MOMENT
                yield ask.due_at - SOON + _MOMENT
            elif late is not None:
                yield ask.asked_at + late + _MOMENT


def estimates_change(asks: Sequence[Ask], terms: Terms, as_of: datetime) -> datetime | None:
    """When an open ask will have waited as long as the next slower answer took: F(t) moves.

    Only answers to what was asked in the same week, month, quarter or window are in a figure
    together with it. None where nothing that is open can outlast an answer.
    """
    # most asks are neither open nor recent: that is told sooner than whether they are in figures
    waiting = (ask for ask in asks if ask.outcome == "open" and ask.is_in_figures)
    first = min((ask.asked_at for ask in waiting), default=None)
    if first is None:
        return None
    ends = window(terms.cuts, terms.clocks.us, as_of)
    since = min(first - QUARTER, ends[0])
    recent = [ask for ask in asks if ask.asked_at >= since and ask.is_in_figures]
    together = [*asks_by_period(recent, terms.clocks.us).values()]
    together += [in_window(recent, side, ends) for side in SIDES]
    crossings = (at for here in together for at in _crossings(here, terms))
    return min((at for at in crossings if at > as_of), default=None)


def _crossings(here: Sequence[Ask], terms: Terms) -> Iterator[datetime]:
    waiting = [ask for ask in here if ask.outcome == "open"]
    if waiting:
        clock = terms.clocks.us if waiting[0].responder == "us" else terms.clocks.them
        yield from _crossings_in(here, waiting, clock)


def _crossings_in(
    here: Sequence[Ask], waiting: Iterable[Ask], clock: BusinessClock
) -> Iterator[datetime]:
    took = sorted(a.response_seconds for a in here if a.response_seconds is not None)
    worked = sorted(a.business_seconds for a in here if a.business_seconds is not None)
    for ask in waiting:
        for seconds in took[bisect_right(took, ask.age_seconds) :][:1]:
            yield ask.asked_at + timedelta(seconds=seconds)
        for seconds in worked[bisect_right(worked, ask.business_age_seconds) :][:1]:
            worked_long = Span(seconds, "working_seconds")
            yield ClockAround(clock, ask.away).deadline(ask.asked_at, worked_long)

"""How a partnership stands: its figures over the window and by period, its state, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Literal, NamedTuple

from inbox_agent.addresses import Side
from inbox_agent.business_clock import BusinessClock
from inbox_agent.causes import LAST_RANK, Cause, Dates, rank
from inbox_agent.causes_in_waits import last_contact
from inbox_agent.response_times import Ask
from inbox_agent.sent_coverage import Coverage
from inbox_agent.silence_gaps import Rhythm
from inbox_agent.standards import Cuts
from inbox_agent.survival import Figures, figures, without_times
from inbox_agent.words import percent

State = Literal["ok", "watch", "act", "unknown"]
PeriodKind = Literal["week", "month", "quarter"]


def window(cuts: Cuts, clock: BusinessClock, as_of: datetime) -> tuple[datetime, datetime]:
    """The days that figures of "now" are made of: the last 90, or what you set, up to midnight.

    From local midnight to local midnight of the team's zone, the later one the last before the
    moment the figures are for. So they change once a day and not with each minute, and what was
    asked today is in them from tomorrow on. An ask belongs to the window in which it was put,
    whenever it is answered.
    """
    today = clock.local_date(as_of)
    return clock.midnight(today - timedelta(days=cuts.window_days)), clock.midnight(today)


def in_window(
    asks: Iterable[Ask], responder: Side, ends: tuple[datetime, datetime]
) -> tuple[Ask, ...]:
    """The asks of one direction that were asked within the window."""
    return tuple(
        ask for ask in asks if ask.responder == responder and ends[0] <= ask.asked_at < ends[1]
    )


SIDES: tuple[Side, Side] = ("us", "them")


class Period(NamedTuple):
    """A week (``2026-W47``), month (``2026-11``) or quarter (``2026-Q4``) of the team's zone."""

    name: str
    kind: PeriodKind


def periods_of(at: datetime, clock: BusinessClock) -> tuple[Period, Period, Period]:
    """The three periods an instant lies in; weeks as in ISO 8601."""
    return _periods_of_day(clock.local_date(at))


@lru_cache(maxsize=16_384)
def _periods_of_day(day: date) -> tuple[Period, Period, Period]:
    iso = day.isocalendar()
    return (
        Period(f"{iso.year}-W{iso.week:02d}", "week"),
        Period(f"{day.year}-{day.month:02d}", "month"),
        Period(f"{day.year}-Q{(day.month + 2) // 3}", "quarter"),
    )


def asks_by_period(
    asks: Iterable[Ask], clock: BusinessClock, among: Collection[Period] | None = None
) -> Mapping[tuple[Side, Period], Sequence[Ask]]:
    """Asks by the direction and the period they were asked in; only sets with figures.

    All periods, or those `among` some.
    """
    by_day: dict[tuple[Side, date], list[Ask]] = defaultdict(list)
    for ask in asks:
        if ask.is_in_figures:
            by_day[ask.responder, clock.local_date(ask.asked_at)].append(ask)
    found: dict[tuple[Side, Period], list[Ask]] = defaultdict(list)
    for (side, day), asked in by_day.items():
        for period in _periods_of_day(day):
            if among is None or period in among:
                found[side, period] += asked
    return found


# -- state ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Standing:
    """How a partnership stands: its figures over the window, its state, and why.

    In `because` ``{0}``, ``{1}`` stand for the addresses in `people`. `cause` is the most urgent
    one, None where nothing is to look at.
    """

    state: State
    because: str
    people: tuple[str, ...]
    cause: Cause | None
    ours: Figures
    theirs: Figures


def standing_of(
    causes: Sequence[Cause], verdict: Verdict, window_figures: WindowFigures
) -> Standing:
    """The standing of one partner over the window."""
    return Standing(
        state=verdict.state,
        because=verdict.because,
        people=verdict.people,
        cause=next(iter(causes), None),
        ours=window_figures.ours,
        theirs=window_figures.theirs,
    )


@dataclass(frozen=True, slots=True)
class WindowFigures:
    """The figures of both sides over the window; ours without times where they are unknown."""

    ours: Figures
    theirs: Figures


def window_figures(
    asks: Iterable[Ask], cuts: Cuts, ends: tuple[datetime, datetime], *, is_blind: bool
) -> WindowFigures:
    """Our figures are unknown, not bad, where too little of what we sent is in the mailbox.

    Then the counts stay, and every time and share of ours is empty: answers that went out another
    way must not look like silence of ours. Figures of the partner's side are shown all the same.
    """
    known = tuple(asks)
    ours, theirs = (
        known_figures(in_window(known, side, ends), cuts, is_blind=is_blind) for side in SIDES
    )
    return WindowFigures(ours, theirs)


def known_figures(asks: Sequence[Ask], cuts: Cuts, *, is_blind: bool) -> Figures:
    """The figures of asks of one side; of ours the counts alone where too little is held."""
    found = figures(asks, cuts)
    is_unknown = is_blind and any(ask.responder == "us" for ask in asks)
    return without_times(found) if is_unknown else found


@dataclass(frozen=True, slots=True)
class Verdict:
    """A state with its reason."""

    state: State
    because: str
    people: tuple[str, ...] = ()


def state_of(causes: Sequence[Cause], rhythm: Rhythm, coverage: Coverage, dates: Dates) -> Verdict:
    """How a partnership stands: act, watch, ok or unknown; the most urgent cause decides.

    `act`: our answer is overdue, or the silence has passed act_at. `watch`: our answer falls due
    within a day, or, where we promised nothing, takes longer than nine of ten took; their answer is
    overdue; the silence has passed watch_at; a standard is broken or at risk (for answers: of 10
    asks or more); who wrote a fifth of their mail can't be reached or is quiet. `unknown`: too
    little mail to know a rhythm and no contact_every, or too little of what we sent is in the
    mailbox. `because` says which: "They wrote 9 days ago (5 May 2026) and wait for our answer, due
    on 7 May 2026".
    """
    if causes:
        return led_by(causes)
    if coverage.is_too_low and coverage.share is not None:
        return Verdict(
            "unknown",
            f"Of our letters that they answered only {percent(coverage.share)} are in the mailbox:"
            " how fast we answer can't be told.",
        )
    last = last_contact(rhythm, dates)
    too_long_at = rhythm.watch_at or rhythm.act_at
    if too_long_at is None:
        return Verdict("unknown", f"{last}; too little mail yet to know the usual rhythm.")
    return Verdict("ok", f"{last}; silent for too long from {dates.day(too_long_at)} on.")


def led_by(causes: Sequence[Cause]) -> Verdict:
    """The verdict where there are causes, the most urgent first: of the rest it says how many."""
    first = causes[0]
    alike = sum(cause.kind == first.kind for cause in causes) - 1
    return Verdict(first.level, first.because + _more(first, alike), first.people)


def urgency(standing: Standing) -> int:
    """By what partners are put in order: 0 is the most urgent.

    First those to act on, by the kind of their most urgent cause, then those to watch, then those
    that are in order, at last those of whom too little is known. `cause_since_at` orders equals.
    """
    if standing.cause is not None:
        return rank(standing.cause)
    return LAST_RANK + (standing.state == "unknown")


def _more(cause: Cause, count: int) -> str:
    whose = {"their_answer_overdue": "ours"}.get(cause.kind, "theirs")
    if count == 0 or "answer" not in cause.kind:
        return ""
    return f" {count} more of {whose} wait{'s' if count == 1 else ''}, too."

"""How a partnership stands: its figures over the window and by period, its state, and why."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from inbox_agent.addresses import Side
from inbox_agent.business_clock import BusinessClock, Terms
from inbox_agent.conversations import Conversation
from inbox_agent.response_times import Ask
from inbox_agent.silence_gaps import RHYTHM_REACH, Rhythm
from inbox_agent.standards import Cuts, Span
from inbox_agent.survival import Figures, figures

State = Literal["ok", "watch", "act", "unknown"]
PeriodKind = Literal["week", "month", "quarter"]

_SOON = timedelta(days=1)


def window(cuts: Cuts, clock: BusinessClock, as_of: datetime) -> tuple[datetime, datetime]:
    """The window's ends: local midnights of the team, the later one the last before `as_of`."""
    today = clock.local_date(as_of)
    return clock.midnight(today - timedelta(days=cuts.window_days)), clock.midnight(today)


def in_window(
    asks: Iterable[Ask], responder: Side, ends: tuple[datetime, datetime]
) -> tuple[Ask, ...]:
    """The asks of one direction that were asked within the window."""
    return tuple(
        ask for ask in asks if ask.responder == responder and ends[0] <= ask.asked_at < ends[1]
    )


@dataclass(frozen=True, slots=True)
class Period:
    """A week (``2026-W47``), month (``2026-11``) or quarter (``2026-Q4``) of the team's zone."""

    name: str
    kind: PeriodKind


def periods_of(at: datetime, clock: BusinessClock) -> tuple[Period, Period, Period]:
    """The three periods an instant lies in; weeks as in ISO 8601."""
    day = clock.local_date(at)
    iso = day.isocalendar()
    return (
        Period(f"{iso.year}-W{iso.week:02d}", "week"),
        Period(f"{day.year}-{day.month:02d}", "month"),
        Period(f"{day.year}-Q{(day.month + 2) // 3}", "quarter"),
    )


def asks_by_period(
    asks: Iterable[Ask], clock: BusinessClock
) -> Mapping[tuple[Side, Period], Sequence[Ask]]:
    """Asks by the direction and the period they were asked in; only sets with figures."""
    found: dict[tuple[Side, Period], list[Ask]] = defaultdict(list)
    for ask in asks:
        if ask.is_in_figures:
            for period in periods_of(ask.asked_at, clock):
                found[ask.responder, period].append(ask)
    return found


# -- state ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Standing:
    """How a partnership stands: its figures over the window, its state, and why."""

    state: State
    because: str
    ours: Figures
    theirs: Figures
    opened_by_us: float | None
    opened_by_them: float | None
    nudges_by_us: int
    nudges_by_them: int


def standing_of(
    asks: Sequence[Ask],
    conversations: Sequence[Conversation],
    rhythm: Rhythm,
    terms: Terms,
    as_of: datetime,
) -> Standing:
    """The standing of one partner at `as_of`; `asks` answered by us are `ours`."""
    clock, cuts = terms.clocks.us, terms.cuts
    ends = window(cuts, clock, as_of)
    ours, theirs = in_window(asks, "us", ends), in_window(asks, "them", ends)
    state, because = state_of(asks, rhythm, clock, as_of)
    openers = [
        c.counting[0].side
        for c in conversations
        if c.counting and ends[0] <= c.counting[0].instant < ends[1]
    ]
    share_of_us = openers.count("us") / len(openers) if openers else None
    return Standing(
        state=state,
        because=because,
        ours=figures(ours, cuts),
        theirs=figures(theirs, cuts),
        opened_by_us=share_of_us,
        opened_by_them=None if share_of_us is None else 1 - share_of_us,
        nudges_by_us=sum(ask.nudges for ask in theirs),
        nudges_by_them=sum(ask.nudges for ask in ours),
    )


def state_of(
    asks: Sequence[Ask], rhythm: Rhythm, clock: BusinessClock, as_of: datetime
) -> tuple[State, str]:
    """How a partnership stands: act, watch, ok or unknown; the most urgent reason decides.

    `act`: our answer is overdue, or the silence has passed `act_at`. `watch`: our answer falls
    due within a day, the silence has passed `watch_at`, or their answer is overdue. `unknown`:
    too little mail to know a rhythm, and no standard for contact. `because` says which, with
    dates in place of ages, so that it stays true.
    """
    return next(_reasons(asks, rhythm, _Dates(clock), as_of))


@dataclass(frozen=True, slots=True)
class _Dates:
    clock: BusinessClock

    def __call__(self, at: datetime) -> str:
        return f"{self.clock.local_date(at):%-d %b %Y}"


def _reasons(
    asks: Sequence[Ask], rhythm: Rhythm, day: _Dates, as_of: datetime
) -> Iterator[tuple[State, str]]:
    """Everything that is to be said, the most urgent first."""
    dues = [(ask, ask.due_at) for ask in asks if ask.due_at and ask.is_waiting(as_of)]
    ours_late = [(x, due) for x, due in dues if x.responder == "us" and as_of > due]
    ours_soon = [(x, due) for x, due in dues if x.responder == "us" and as_of > due - _SOON]
    theirs_late = [(x, due) for x, due in dues if x.responder == "them" and as_of > due]
    last = _last_contact(rhythm, day)
    if ours_late:
        ask, due = ours_late[0]
        yield "act", _owed(len(ours_late), day(ask.asked_at), day(due))
    if rhythm.act_at and as_of >= rhythm.act_at:
        yield "act", f"{last}: far longer silent than usual since {day(rhythm.act_at)}."
    if ours_soon:
        ask, due = ours_soon[0]
        yield "watch", f"They asked on {day(ask.asked_at)}; our answer is due on {day(due)}."
    if rhythm.watch_at and as_of >= rhythm.watch_at:
        yield "watch", f"{last}: longer silent than usual since {day(rhythm.watch_at)}."
    if theirs_late:
        yield "watch", f"We asked on {day(theirs_late[0][0].asked_at)}; their answer is overdue."
    if rhythm.watch_at is None:
        yield "unknown", f"{last}; too little mail yet to know the usual rhythm."
    else:
        yield "ok", f"{last}; silent for too long from {day(rhythm.watch_at)} on."


def _last_contact(rhythm: Rhythm, day: _Dates) -> str:
    if rhythm.last_contact_at is None:
        return "No contact yet"
    who = "us" if rhythm.last_from == "us" else "them"
    return f"Last contact {day(rhythm.last_contact_at)} from {who}"


def _owed(count: int, asked: str, due: str) -> str:
    if count == 1:
        return f"They asked on {asked} and wait for our answer, due on {due}."
    return f"{count} of their letters wait for our answer, the oldest of {asked}, due on {due}."


def next_change(asks: Sequence[Ask], rhythm: Rhythm, terms: Terms, as_of: datetime) -> datetime:
    """The first instant after `as_of` at which a figure changes without new mail.

    An ask falls due, lapses, leaves the waiting list, has been followed long enough, or has
    waited as long as another one took; a silence turns amber or red; a gap leaves the rhythm's
    12 months; the next local midnight at the latest. `followed_seconds` grows with `as_of`
    itself until the give-up time.
    """
    clock, give_up_after = terms.clocks.us, timedelta(seconds=terms.cuts.give_up_after_seconds)
    instants = [clock.midnight(clock.local_date(as_of) + timedelta(days=1))]
    instants += [at for at in (rhythm.watch_at, rhythm.act_at) if at]
    instants += [gap.ended_at + RHYTHM_REACH for gap in rhythm.gaps if gap.ended_at]
    instants += [ask.asked_at + give_up_after for ask in asks]
    instants += _crossings(asks, terms)
    for ask in asks:
        if ask.reply is None:
            instants.append(ask.waits_until)
            if ask.due_at:
                moment = timedelta(seconds=1)
                instants += [ask.due_at + moment, ask.due_at - _SOON + moment]
    return min(at for at in instants if at > as_of)


def _crossings(asks: Sequence[Ask], terms: Terms) -> Iterator[datetime]:
    """When an open ask will have waited as long as the next slower answer took: F(t) moves."""
    for side, clock in (("us", terms.clocks.us), ("them", terms.clocks.them)):
        here = [ask for ask in asks if ask.responder == side]
        took = sorted(a.response_seconds for a in here if a.response_seconds is not None)
        worked = sorted(a.business_seconds for a in here if a.business_seconds is not None)
        for ask in here:
            if ask.outcome == "open":
                for seconds in took[bisect_right(took, ask.age_seconds) :][:1]:
                    yield ask.asked_at + timedelta(seconds=seconds)
                for seconds in worked[bisect_right(worked, ask.business_age_seconds) :][:1]:
                    yield clock.deadline(ask.asked_at, Span(seconds, "working_seconds"))

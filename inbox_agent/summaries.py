"""What of one partner's record other partners' figures hang on, and what is counted over all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from inbox_agent.absences import Spans
from inbox_agent.addresses import Partner
from inbox_agent.business_clock import DAY_NAMES, BusinessClock
from inbox_agent.causes import OF_ASKS, Cause
from inbox_agent.drift import Drift
from inbox_agent.introductions import NO_INTRODUCTIONS, Introduction, Introductions
from inbox_agent.measure import PartnerRecord
from inbox_agent.newcomers import IntroductionHint
from inbox_agent.trends import Trends

if TYPE_CHECKING:
    from pydantic import TypeAdapter


@dataclass(frozen=True, slots=True)
class Hours:
    """A clock as it is written down."""

    timezone: str
    days: tuple[str, ...]
    hours: tuple[tuple[time, time], ...]
    holidays: str | None
    closed: tuple[date, ...]

    @classmethod
    def of(cls, clock: BusinessClock) -> Hours:
        """What a clock is made of."""
        days = tuple(DAY_NAMES[day] for day in sorted(clock.weekdays))
        return cls(clock.zone.key, days, clock.hours, clock.holidays, tuple(sorted(clock.closed)))

    def clock(self) -> BusinessClock:
        """The clock; the same object for the same hours, so its sums are shared."""
        return _clock(self)


@cache
def _clock(hours: Hours) -> BusinessClock:
    return BusinessClock.make(hours.timezone, hours.days, hours.hours, hours.holidays, hours.closed)


@dataclass(frozen=True, slots=True)
class TheirTime:
    """In what time of a partner an ask of ours waits that is open and in the figures.

    `open_away`: when all who were asked were absent, of each such ask where they were.
    """

    hours: Hours
    open_away: Mapping[str, Spans]


@dataclass(frozen=True, slots=True)
class Pair:
    """A likely introduction: its hint, the newcomers who are people, and what it came to."""

    hint: IntroductionHint
    people: tuple[str, ...]
    made: Introduction | None


@dataclass(frozen=True, slots=True)
class Summary:
    """One partner as the others need it.

    `open_away`: of each ask that is open and in the figures, when all who were asked were absent.
    `changes_at`: the first instant at which more changes without new mail than what hangs on asks.
    `causes` are those that lie in no ask; `nudged` are the asks that wait and were reminded of, and
    so do for longer than until they are given up.
    """

    partner: Partner
    as_of: datetime
    drift: tuple[Drift, ...]
    trends: Trends
    hints: tuple[IntroductionHint, ...]
    first_gap_at: datetime | None
    left_out: Mapping[str, int]
    verdicts: Mapping[str, int]
    conflicts: int
    is_blind: bool
    hours: Hours
    open_away: Mapping[str, Spans]
    changes_at: datetime
    causes: tuple[Cause, ...]
    nudged: tuple[str, ...]
    pairs: tuple[Pair, ...] = ()
    introductions: Introductions = NO_INTRODUCTIONS

    @property
    def their_time(self) -> TheirTime:
        """What waiting for them is reckoned by."""
        return TheirTime(self.hours, {ask: away for ask, away in self.open_away.items() if away})

    def with_introductions(self, pairs: tuple[Pair, ...], introductions: Introductions) -> Summary:
        """The same with who introduced whom."""
        return replace(self, pairs=pairs, introductions=introductions)


def summary_of(record: PartnerRecord) -> Summary:
    """What is kept of a record."""
    left_out = Counter(letter.why_not for letter in record.letters if letter.why_not)
    return Summary(
        partner=record.partner,
        as_of=record.as_of,
        drift=record.drift,
        trends=record.trends,
        hints=record.hints,
        first_gap_at=min((gap.began_at for gap in record.rhythm.gaps), default=None),
        left_out=dict(left_out),
        verdicts=dict(Counter(ask.needs_reply for ask in record.asks)),
        conflicts=sum(ask.is_clock_conflict for ask in record.asks),
        is_blind=record.coverage.year.is_too_low,
        hours=Hours.of(record.calendar.clock),
        open_away={
            ask.key: ask.away for ask in record.asks if ask.outcome == "open" and ask.is_in_figures
        },
        changes_at=record.changes.at,
        causes=tuple(cause for cause in record.causes if cause.kind not in OF_ASKS),
        nudged=tuple(
            ask.key
            for ask in record.asks
            if ask.last_nudge_at is not None and ask.is_waiting(record.as_of)
        ),
        introductions=record.introductions,
    )


def written(found: Summary | TheirTime) -> str:
    """A summary, or part of one, as text."""
    kind: type = type(found)
    return _adapter(kind).dump_json(found).decode()


def read(text: str) -> Summary:
    """A summary from its text."""
    found: Summary = _adapter(Summary).validate_json(text)
    return found


@lru_cache(maxsize=1024)
def read_time(text: str) -> TheirTime:
    """What waiting for somebody is reckoned by, from its text; most partners have the same."""
    found: TheirTime = _adapter(TheirTime).validate_json(text)
    return found


@cache
def _adapter(kind: type) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter  # noqa: PLC0415

    return TypeAdapter(kind)

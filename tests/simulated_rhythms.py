"""Partners that stay as they are, drawn by the thousand: how often is an alarm of silence raised?

Instants of contact lie on working time, by a calendar with weekends and the holidays of Germany.
The letters go through the product's own rhythm and record of alarms; nothing is reckoned anew.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import compress

import numpy as np
from accuracy.markdown import table
from accuracy.section import Section
from mailboxes import PARTNER, ROSTER, message

from inbox_agent.alarm_record import PastAlarm, alarm_record
from inbox_agent.business_clock import BusinessClock, Clocks, Terms
from inbox_agent.letters import Letter, letters_of
from inbox_agent.silence_gaps import Rhythm, first_day_too_many, rhythm_of
from inbox_agent.standards import Cuts, Standards

SEED = 20_261_122
PARTNERS = 1000
#: Contacts a working day: from two a week to one in three weeks.
MOST, FEWEST = 2 / 5, 1 / 15
#: Working days that go by before the history begins, so that it begins as it goes on.
_BEFORE = 200

CLOCK = BusinessClock.make(
    "Europe/Berlin", ("mon", "tue", "wed", "thu", "fri"), [(time(9), time(17))], "DE", ()
)
TERMS = Terms(Standards(), Clocks(CLOCK, CLOCK), Cuts())
_FIRST = date(2021, 1, 4)
_WORKING = [day for n in range(1500) if CLOCK.is_working_day(day := _FIRST + n * timedelta(days=1))]
_TEMPLATE = letters_of(
    ROSTER.partner(PARTNER),
    [message("one@mail.example", datetime(2021, 1, 4, 10, tzinfo=UTC), to=("ana@acme.com",))],
    ROSTER,
    datetime(2026, 1, 1, tzinfo=UTC),
)[0]

Draw = Callable[[np.random.Generator, float, int], np.ndarray]


# -- how contacts come ----------------------------------------------------------------------


def memoryless(rng: np.random.Generator, rate: float, days: int) -> np.ndarray:
    """Poisson: when they wrote last says nothing of when they write next."""
    return rng.uniform(0, days, rng.poisson(rate * days))


def regular(rng: np.random.Generator, rate: float, days: int) -> np.ndarray:
    """Every so often, a fifth of that early or late, and now and then not at all."""
    every = 1 / rate
    planned = (np.arange(days * rate + 1) + rng.uniform()) * every
    kept = planned[rng.uniform(size=planned.size) > 0.05]
    return kept + rng.normal(0, every / 5, kept.size)


def clustered(rng: np.random.Generator, rate: float, days: int) -> np.ndarray:
    """Matters come by chance; each takes three letters on average, a working day apart."""
    found = [
        start + np.cumsum([0, *rng.exponential(1, rng.negative_binomial(1, 1 / 3))])
        for start in rng.uniform(0, days, rng.poisson(rate / 3 * days))
    ]
    return np.concatenate([np.empty(0), *found])


def _lognormal(sigma: float) -> Draw:
    def draw(rng: np.random.Generator, rate: float, days: int) -> np.ndarray:
        scale = -np.log(rate) - sigma**2 / 2
        return np.cumsum(rng.lognormal(scale, sigma, int(days * rate * 4) + 60)) - 1 / rate

    return draw


def _season(day: date) -> float:
    """Hardly anything in August and December, twice as much in a quarter's last three weeks."""
    if day.month in (8, 12):
        return 0.25
    return 2.0 if day.month % 3 == 0 and day.day > 9 else 1.0


@dataclass(frozen=True)
class Regime:
    """A way in which a steady partner writes; `is_held` to the rates, or reported beside them."""

    name: str
    draw: Draw
    is_held: bool = True
    has_seasons: bool = False


REGIMES = (
    Regime("memoryless", memoryless),
    Regime("weekly (regular)", regular),
    Regime("bursty, in clusters", clustered),
    Regime("bursty, heavy tail", _lognormal(1.0)),
    Regime("seasonal", memoryless, is_held=False, has_seasons=True),
    Regime("very heavy tail", _lognormal(1.3), is_held=False),
)


# -- what the product says of it ------------------------------------------------------------


@dataclass(frozen=True)
class Watched:
    """A partner over its quarter: how many gaps it was known by, and which alarms were raised."""

    gaps: int
    is_watch: bool
    is_act: bool
    is_half_more: bool


@dataclass(frozen=True)
class Stopped:
    """A partner that falls silent for good when the quarter begins; None: never at act."""

    longest: int
    act_working_days: int | None
    act_days: int | None


@dataclass(frozen=True)
class Outcome:
    """What became of the partners of one regime."""

    watched: Sequence[Watched]
    stopped: Sequence[Stopped]

    def share(self, name: str) -> float:
        """Of those that were known by a rhythm, the share of which it holds."""
        return float(np.mean([getattr(each, name) for each in self.watched]))

    @property
    def worst_times_longest(self) -> float:
        """Working days of silence until act, as a multiple of the longest gap; the worst."""
        return max((x.act_working_days or 10**6) / x.longest for x in self.stopped)


@cache
def outcome(place: int) -> Outcome:
    """The partners of the regime at a place of REGIMES; the seed is the place's own."""
    rng = np.random.default_rng([SEED, place])
    found = [_partner(rng, REGIMES[place]) for _ in range(PARTNERS)]
    known = [pair for pair in found if pair is not None]
    return Outcome([watched for watched, _ in known], [stopped for _, stopped in known])


def _partner(rng: np.random.Generator, regime: Regime) -> tuple[Watched, Stopped] | None:
    rate = float(np.exp(rng.uniform(np.log(FEWEST), np.log(MOST))))
    watch = Quarter.beginning(date(2022, 4 + int(rng.integers(0, 9)), 1))
    busiest = 2 if regime.has_seasons else 1
    drawn = regime.draw(rng, rate * busiest, _BEFORE + watch.working_days) - _BEFORE
    contacts = watch.letters(drawn)
    if regime.has_seasons:
        chance = rng.uniform(size=len(contacts)) * busiest
        days = (CLOCK.local_date(letter.instant) for letter in contacts)
        kept = [_season(day) > drawn for day, drawn in zip(days, chance, strict=True)]
        contacts = list(compress(contacts, kept))
    return seen(contacts, watch)


@dataclass(frozen=True)
class Quarter:
    """Three months of watching, from one midnight to another, and 15 months before them."""

    first: int
    last: int
    start: datetime
    end: datetime

    @classmethod
    def beginning(cls, day: date) -> Quarter:
        """The one that begins with a day; `first` and `last` are places among working days."""
        last = day + timedelta(days=92)
        places = [bisect_left(_WORKING, each) for each in (day - timedelta(days=457), last)]
        return cls(*places, CLOCK.midnight(day), CLOCK.midnight(last))

    @property
    def working_days(self) -> int:
        """Those of the history and of the watch together."""
        return self.last - self.first

    def letters(self, working_days: np.ndarray) -> list[Letter]:
        """Letters at places on the axis of working time; what lies outside is left out."""
        within = np.sort(working_days[(working_days >= 0) & (working_days < self.working_days)])
        return [letter_at(place, self.first + float(t)) for place, t in enumerate(within)]


def letter_at(number: int, working_days: float) -> Letter:
    """A letter of theirs, so many working days from the beginning of our axis."""
    midnight = CLOCK.midnight(_WORKING[int(working_days)])
    at = midnight + timedelta(hours=9 + 8 * (working_days % 1))
    return replace(_TEMPLATE, key=f"{number:04d}", at=at)


def seen(contacts: Sequence[Letter], watch: Quarter) -> tuple[Watched, Stopped] | None:
    """What is said of a partner in its quarter; None without a rhythm when that begins."""
    before = [letter for letter in contacts if letter.instant < watch.start]
    silent = rhythm_of(PARTNER, before, TERMS, watch.start)
    if silent.longest_before_working_days is None:
        return None
    rhythm = rhythm_of(PARTNER, contacts, TERMS, watch.end)
    alarms = alarm_record(rhythm, TERMS, watch.end)
    raised = [alarm for alarm in alarms if watch.start <= alarm.raised_at < watch.end]
    watched = Watched(
        gaps=len(silent.lengths),
        is_watch=any(alarm.level == "watch" for alarm in raised),
        is_act=any(alarm.level == "act" for alarm in raised),
        is_half_more=any(_half_more(x, watch) for x in alarms if x.level == "watch"),
    )
    return watched, _stopped(silent, watch.start)


def _half_more(alarm: PastAlarm, watch: Quarter) -> bool:
    """Whether the silence of a `watch` passed one and a half times the longest gap there."""
    began, raised = map(CLOCK.local_date, (alarm.began_at, alarm.raised_at))
    longest = CLOCK.working_days(began, raised) - 1
    passed_at = first_day_too_many(alarm.began_at, longest * 3 // 2, CLOCK)
    return watch.start <= passed_at < min(alarm.ended_at or watch.end, watch.end)


def _stopped(silent: Rhythm, start: datetime) -> Stopped:
    acts = [
        alarm
        for alarm in alarm_record(silent, TERMS, start + timedelta(days=1200))
        if alarm.level == "act" and alarm.gap == silent.gaps[-1].key
    ]
    longest = silent.longest_before_working_days or 0
    if not acts:
        return Stopped(longest, None, None)
    began, raised = map(CLOCK.local_date, (acts[0].began_at, acts[0].raised_at))
    return Stopped(longest, CLOCK.working_days(began, raised), (raised - began).days)


# -- the page -------------------------------------------------------------------------------

_TEXT = """\
A silence is held against the longest of the twelve months before it: longer than that is `watch`,
longer than twice that (and than a working week) is `act`. Here {partners} partners of each kind go
on as they always have, with two contacts a week down to one in three weeks, 15 months of history,
and a quarter in which they are watched; every alarm is a false one. What steady partners may cost
is an `act` for at most 5 % of them in a quarter, and a `watch` for at most 25 %. Then all of them
stop for good when the quarter begins, and have to be at `act` within 2.5 times their longest gap.

{by_regime}

Left out are those with fewer than 8 gaps when the quarter begins, of whom no rhythm is known. The
fourth column says what it would be at one and a half times the longest gap: more than 5 % where
letters come in bursts. *Seasonal* partners (little in August and December, much at the end of a
quarter) are no exception, as last year's August is among the gaps. What is not held is a *very
heavy tail* (a log-normal gap with a sigma of 1.3): whose longest silence grows with every year
can't be told from somebody who leaves.

The number of gaps a partner is known by makes little difference, as a new gap is the longest of
n + 1 by chance once in n + 1 times, and there are n / 4 of them in a quarter:

{by_gaps}
"""


def section() -> Section:
    """The rates of false alarms, and how long real ones take."""
    outcomes = [outcome(place) for place in range(len(REGIMES))]
    figures = {
        f"{regime.name}, {level}": found.share(f"is_{level}")
        for regime, found in zip(REGIMES, outcomes, strict=True)
        for level in ("watch", "act")
    }
    text = _TEXT.format(
        partners=f"{PARTNERS:,}", by_regime=_by_regime(outcomes), by_gaps=_by_gaps(outcomes)
    )
    return Section("Alarms of silence", text, figures)


def _by_regime(outcomes: Sequence[Outcome]) -> str:
    head = (
        *("partners who are", "known", "`watch`", "`act`", "`act` at 1.5 times"),
        *("stopped: days to `act`", "the slowest, times its longest gap"),
    )
    rows = (
        (
            regime.name if regime.is_held else f"*{regime.name}*",
            len(found.watched),
            *(f"{found.share(f'is_{level}'):.1%}" for level in ("watch", "act", "half_more")),
            f"{np.median([each.act_days for each in found.stopped]):.0f}",
            f"{found.worst_times_longest:.2f}",
        )
        for regime, found in zip(REGIMES, outcomes, strict=True)
    )
    return table(head, rows)


def _by_gaps(outcomes: Sequence[Outcome]) -> str:
    held = [
        each
        for regime, found in zip(REGIMES, outcomes, strict=True)
        if regime.is_held
        for each in found.watched
    ]
    rows = []
    for first, last in ((8, 12), (13, 20), (21, 40), (41, 80), (81, 365)):
        here = Outcome([each for each in held if first <= each.gaps <= last], ())
        shares = (f"{here.share(f'is_{level}'):.1%}" for level in ("watch", "act", "half_more"))
        rows.append((f"{first} to {last}", len(here.watched), *shares))
    return table(("gaps in 12 months", "partners", "`watch`", "`act`", "`act` at 1.5 times"), rows)

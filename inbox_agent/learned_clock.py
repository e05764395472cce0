"""Their working time, learned from their letters where nobody has said it.

The zone comes from the offsets that their programs write into Date, the working days and hours
from when they write. Both are learned once a month from the year before it, so that no figure
moves within a month because a calendar did.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import accumulate, islice
from typing import Literal
from zoneinfo import ZoneInfo

from inbox_agent.business_clock import BusinessClock, Clocks
from inbox_agent.letters import Letter
from inbox_agent.world_zones import COUNTRIES, GREENWICH, ZONES, offset_minutes

YEAR = timedelta(days=365)
FEWEST_WITH_ZONE, FEWEST_DAYS_WITH_ZONE = 10, 5
FEWEST_LETTERS, FEWEST_DAYS = 50, 20
SHORTEST_HOURS, LONGEST_HOURS = 6, 12

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SUMMER_AT_GREENWICH = 60
_SAID = "partners.toml says it."
_OFF = "Nobody has said it, and learning is switched off."

CalendarSource = Literal["configured", "learned", "ours"]
Hours = tuple[tuple[time, time], ...]


@dataclass(frozen=True, slots=True)
class TheirCalendar:
    """A partner's working time, where its zone and its hours are from, and the evidence."""

    clock: BusinessClock
    zone_from: CalendarSource
    zone_evidence: str
    hours_from: CalendarSource
    hours_evidence: str


def their_calendar(letters: Sequence[Letter], clocks: Clocks, as_of: datetime) -> TheirCalendar:
    """By whose clock their answers are reckoned: as partners.toml says, else learned, else ours.

    Learned anew when a month begins, from the letters that people of theirs wrote in the year
    before it; the evidence stands beside it. Who lives by another clock lives in another country,
    where most of our holidays are working days: so a zone unlike ours takes our public holidays and
    closed days away, unless partners.toml gives some. Theirs are not known, and an answer over one
    looks slower than it was; say them in partners.toml.
    """
    until = clocks.us.month_start(as_of)
    year = [
        letter
        for letter in letters
        if letter.side == "them" and letter.counts and until - YEAR <= letter.instant < until
    ]
    zone, zone_evidence = learned_zone(year, clocks.us) if clocks.learns_zone else (None, "")
    clock = _in_zone(zone, clocks, until) if zone else clocks.them
    hours, hours_evidence = learned_hours(year, clock.zone) if clocks.learns_hours else (None, "")
    if hours:
        clock = _clock(clock.zone.key, *hours, clock.holidays, clock.closed)
    zone_is_said = "timezone" in clocks.said or clocks.them.zone != clocks.us.zone
    hours_are_said = not clocks.said.isdisjoint(("days", "hours"))
    return TheirCalendar(
        clock=next((known for known in (clocks.us, clocks.them) if known == clock), clock),
        zone_from=_source(zone is not None, is_said=zone_is_said),
        zone_evidence=zone_evidence or (_SAID if zone_is_said else _OFF),
        hours_from=_source(hours is not None, is_said=hours_are_said),
        hours_evidence=hours_evidence or (_SAID if hours_are_said else _OFF),
    )


def _source(is_learned: bool, *, is_said: bool) -> CalendarSource:
    if is_learned:
        return "learned"
    return "configured" if is_said else "ours"


# -- the zone -------------------------------------------------------------------------------


def learned_zone(letters: Iterable[Letter], ours: BusinessClock) -> tuple[str | None, str]:
    """The time zone whose clock agrees with most of the offsets in their Date fields.

    It needs 10 letters on 5 days that tell a zone, 8 in 10 of them must agree, and where several
    people wrote them, at least two people, each with half of their letters: nobody decides alone
    for a partner of several. Else ours is used. ``+0000`` tells nothing by itself, as webmail and
    Exchange Online write it for everybody: it counts for who writes ``+0100`` in the summer of
    Greenwich, and in domains of countries that are at UTC on that day. Of zones that agree equally
    well, as London and Lisbon, or Berlin and Lagos in winter, one of the country of their domain
    is taken, else ours, else the one with more business.
    """
    dated = [
        (letter.author.key, letter.author.domain, letter.instant, letter.date_offset_minutes)
        for letter in letters
        if letter.author and letter.date_offset_minutes is not None
    ]
    telling = _telling([_Dated(*each) for each in dated])
    silent = _silent(len(dated) - len(telling))
    days = len({ours.local_date(letter.at) for letter in telling})
    if len(telling) < FEWEST_WITH_ZONE or days < FEWEST_DAYS_WITH_ZONE:
        return None, (
            f"Too few letters of the year tell a zone: {len(telling)} on {days} days; "
            f"{FEWEST_WITH_ZONE} on {FEWEST_DAYS_WITH_ZONE} days are needed{silent}."
        )
    zone = _best_zone(telling, ours.zone.key)
    agree = [letter for letter in telling if letter.agrees(zone)]
    people, agreeing = _people(telling, zone)
    found = (
        f"{len(agree)} of {len(telling)} letters of the year have the offset of {zone}"
        f", {_by(agreeing, people)}{silent}."
    )
    if 5 * len(agree) < 4 * len(telling) or (people > 1 and agreeing < 2):
        return None, f"Their letters do not agree on a zone: {found}"
    return zone, found


@dataclass(frozen=True, slots=True)
class _Dated:
    """A letter with an offset: its author, their domain, its instant, the offset in minutes."""

    author: str
    domain: str
    at: datetime
    offset: int

    @property
    def country(self) -> str:
        """The last label of the author's domain, which may be a country's."""
        return self.domain.rpartition(".")[2]

    def agrees(self, zone: str) -> bool:
        """Whether the zone's clocks showed that offset then."""
        return offset_minutes(zone, self.at) == self.offset


def _telling(letters: Sequence[_Dated]) -> list[_Dated]:
    """Those whose offset says where they were written."""
    at_greenwich = {
        letter.author
        for letter in letters
        if letter.offset == _SUMMER_AT_GREENWICH and letter.agrees(GREENWICH)
    }

    def is_telling(letter: _Dated) -> bool:
        if letter.offset or letter.author in at_greenwich:
            return True
        return any(map(letter.agrees, COUNTRIES.get(letter.country, ())))

    return [letter for letter in letters if is_telling(letter)]


def _best_zone(letters: Sequence[_Dated], ours: str) -> str:
    """The zone that agrees with most letters, the first of several."""
    countries = Counter(x.country for x in letters if x.country in COUNTRIES)
    hint = min(countries, key=lambda country: (-countries[country], country), default="")
    best, fewest = ours, len(letters) + 1
    for zone in dict.fromkeys((*COUNTRIES.get(hint, ()), ours, *ZONES)):
        misses = _misses(letters, zone, fewest)
        if misses < fewest:
            best, fewest = zone, misses
    return best


def _misses(letters: Sequence[_Dated], zone: str, enough: int) -> int:
    """How many letters a zone does not agree with; it is not counted beyond `enough`."""
    misses = (1 for letter in letters if not letter.agrees(zone))
    return sum(islice(misses, enough))


def _people(letters: Sequence[_Dated], zone: str) -> tuple[int, int]:
    """How many people wrote the letters, and with how many the zone agrees: half of theirs."""
    agreed: dict[str, list[bool]] = defaultdict(list)
    for letter in letters:
        agreed[letter.author].append(letter.agrees(zone))
    return len(agreed), sum(2 * sum(each) >= len(each) for each in agreed.values())


def _by(agreeing: int, people: int) -> str:
    if people == 1:
        return "all by one person"
    return f"and the letters of {agreeing} of {people} people agree with it"


def _silent(count: int) -> str:
    """What is said of the letters that tell no zone."""
    if not count:
        return ""
    verb = "says" if count == 1 else "say"
    return f"; {count} more {verb} +0000, as many programs do for everybody"


# -- days and hours -------------------------------------------------------------------------


def learned_hours(
    letters: Sequence[Letter], zone: ZoneInfo
) -> tuple[tuple[frozenset[int], Hours] | None, str]:
    """When they work, from when they write: the weekdays, and one span of hours, in their zone.

    It needs 50 letters on 20 days. A weekday with at least 5 % of them is a working day: of 50,
    three letters make one. The hours are the shortest span of whole hours, 6 to 12, that holds at
    least 8 in 10 of the letters of these days; of several the one that holds most, then the one
    whose middle is nearest to the median. Where no day has such a span, days and hours are ours.
    """
    local = [letter.instant.astimezone(zone) for letter in letters]
    days = len({at.date() for at in local})
    if len(local) < FEWEST_LETTERS or days < FEWEST_DAYS:
        return None, (
            f"Too few letters of the year tell the hours: {len(local)} on {days} days; "
            f"{FEWEST_LETTERS} on {FEWEST_DAYS} days are needed."
        )
    on_day = Counter(at.weekday() for at in local)
    weekdays = frozenset(day for day, count in on_day.items() if 20 * count >= len(local))
    by_hour = Counter(at.hour for at in local if at.weekday() in weekdays)
    span = _shortest_span(by_hour)
    names = ", ".join(_DAYS[day] for day in sorted(weekdays))
    if span is None:
        return None, f"No 12 hours of a day hold 8 in 10 of the year's letters on {names}."
    first, last = span
    inside = sum(by_hour[hour] for hour in range(first, last))
    return (weekdays, ((time(first), time(last % 24)),)), (
        f"{inside} of {by_hour.total()} letters of the year on {names} "
        f"were written from {first}:00 to {last}:00."
    )


def _shortest_span(by_hour: Mapping[int, int]) -> tuple[int, int] | None:
    """First and last hour of the span; None where no span of 12 hours holds enough."""
    total = sum(by_hour.values())
    up_to = accumulate(by_hour.get(hour, 0) for hour in range(24))
    median = next(hour for hour, count in enumerate(up_to) if 2 * count >= total)
    for length in range(SHORTEST_HOURS, LONGEST_HOURS + 1):
        ranked = [
            (-held, abs(2 * first + length - (2 * median + 1)), first)
            for first in range(24 - length + 1)
            for held in [sum(by_hour.get(hour, 0) for hour in range(first, first + length))]
            if 5 * held >= 4 * total
        ]
        if ranked:
            first = min(ranked)[2]
            return first, first + length
    return None


# -- the clock ------------------------------------------------------------------------------


def _in_zone(zone: str, clocks: Clocks, until: datetime) -> BusinessClock:
    """Their clock in a learned zone, without our holidays where it is not like ours."""
    them = clocks.them
    keeps = not clocks.said.isdisjoint(("holidays", "closed")) or _is_like_ours(
        zone, clocks.us, until
    )
    holidays, closed = (them.holidays, them.closed) if keeps else (None, frozenset[date]())
    return _clock(zone, them.weekdays, them.hours, holidays, closed)


def _is_like_ours(zone: str, ours: BusinessClock, until: datetime) -> bool:
    """Whether its clocks showed what ours did when each month of the year began."""
    starts, day = [], ours.local_date(until)
    for _ in range(12):
        day = (day - timedelta(days=1)).replace(day=1)
        starts.append(ours.midnight(day))
    return all(offset_minutes(zone, at) == offset_minutes(ours.zone.key, at) for at in starts)


@lru_cache(maxsize=4096)
def _clock(
    zone: str,
    weekdays: frozenset[int],
    hours: Hours,
    holidays: str | None,
    closed: frozenset[date],
) -> BusinessClock:
    """One clock for all partners with the same working time: its sums are many."""
    return BusinessClock(ZoneInfo(zone), weekdays, hours, holidays, closed)

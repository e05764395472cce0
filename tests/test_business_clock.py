"""Working time: cases worked by hand, and what holds for every clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mailboxes import BERLIN, NEW_YORK, TOKYO, WEEK, ClockArgs
from oracle import OracleClock
from round_trip import clock_of

from inbox_agent.business_clock import DAY_NAMES, BusinessClock
from inbox_agent.standards import Span

HOUR = 3600
NINE_TO_FIVE = ((time(9), time(17)),)


def clock(
    hours: tuple[tuple[time, time], ...] = NINE_TO_FIVE,
    days: tuple[str, ...] = WEEK,
    timezone: str = "Europe/Berlin",
    holidays: str | None = None,
    closed: tuple[date, ...] = (),
) -> BusinessClock:
    return BusinessClock.make(timezone, days, hours, holidays, closed)


def local(text: str, timezone: str = "Europe/Berlin", fold: int = 0) -> datetime:
    """``2025-03-03 09:00`` on the wall of a zone; 3 March 2025 is a Monday."""
    wall = datetime.fromisoformat(text)
    return wall.replace(tzinfo=ZoneInfo(timezone), fold=fold).astimezone(UTC)


PLAIN = clock()
NINE_TO_SIX = clock(((time(9), time(18)),))
LUNCH = clock(((time(9), time(12, 30)), (time(13, 30), time(17, 30))))
BAVARIA = clock(holidays="DE-BY", closed=(date(2025, 12, 24), date(2025, 12, 31)))
LATE = clock(((time(18), time(0)),))
ALL_DAY = clock(((time(0), time(0)),), days=DAY_NAMES)
NIGHT = clock(((time(1), time(5)),), days=DAY_NAMES)
NEW_YORKERS = clock(timezone="America/New_York")


@pytest.mark.parametrize(
    ("meter", "asked", "answered", "hours"),
    [
        # hours 9 to 18: an hour and a half on Monday, an hour and a half on Tuesday
        pytest.param(NINE_TO_SIX, "2025-03-03 16:30", "2025-03-04 10:30", 3, id="over a night"),
        # hours 9 to 17, as Email Meter reckons it: 30 minutes and an hour and a half
        pytest.param(PLAIN, "2025-03-03 16:30", "2025-03-04 10:30", 2, id="Email Meter, 2 h"),
        pytest.param(PLAIN, "2025-03-03 20:00", "2025-03-04 09:15", 0.25, id="Email Meter, 15 min"),
        pytest.param(PLAIN, "2025-03-04 08:30", "2025-03-04 09:15", 0.25, id="timetoreply, 15 min"),
        pytest.param(PLAIN, "2025-03-07 16:00", "2025-03-10 10:00", 2, id="Longstreet, weekend"),
        pytest.param(LUNCH, "2025-03-03 12:00", "2025-03-03 14:00", 1, id="over lunch"),
        pytest.param(LUNCH, "2025-03-03 12:30", "2025-03-03 13:30", 0, id="lunch itself"),
        pytest.param(LUNCH, "2025-03-03 12:45", "2025-03-03 13:45", 0.25, id="asked at lunch"),
        pytest.param(LUNCH, "2025-03-03 00:00", "2025-03-04 00:00", 7.5, id="a day with lunch"),
        pytest.param(PLAIN, "2025-03-08 11:00", "2025-03-09 11:00", 0, id="all in a weekend"),
        pytest.param(PLAIN, "2025-03-03 22:00", "2025-03-04 06:00", 0, id="all in a night"),
        pytest.param(PLAIN, "2025-03-03 17:00", "2025-03-04 09:00", 0, id="closing to opening"),
        pytest.param(PLAIN, "2025-03-03 09:00", "2025-03-03 17:00", 8, id="opening to closing"),
        pytest.param(PLAIN, "2025-03-04 10:00", "2025-03-03 10:00", 0, id="answered before"),
        # Thursday 1 May 2025 is a holiday in all of Germany
        pytest.param(BAVARIA, "2025-04-30 16:00", "2025-05-02 10:00", 2, id="over a holiday"),
        # Thursday 19 June 2025, Corpus Christi, is one in Bavaria
        pytest.param(BAVARIA, "2025-06-18 16:00", "2025-06-20 10:00", 2, id="Bavaria's holiday"),
        # 24 December closed, 25 and 26 holidays, 27 and 28 a weekend
        pytest.param(BAVARIA, "2025-12-23 16:00", "2025-12-29 10:00", 2, id="Christmas"),
        pytest.param(LATE, "2025-03-03 23:00", "2025-03-04 19:00", 2, id="hours that end at 24:00"),
        # Friday 18:00 to 24:00 is the last of the week: Saturday's first minute is outside
        pytest.param(LATE, "2025-03-07 23:30", "2025-03-08 00:30", 0.5, id="Friday's midnight"),
        # clocks go from 2:00 to 3:00 on 30 March, and back from 3:00 to 2:00 on 26 October
        pytest.param(PLAIN, "2025-03-28 16:00", "2025-03-31 10:00", 2, id="summer time, by day"),
        pytest.param(PLAIN, "2025-10-24 16:00", "2025-10-27 10:00", 2, id="winter time, by day"),
        pytest.param(ALL_DAY, "2025-03-30 00:00", "2025-03-31 00:00", 23, id="a day of 23 h"),
        pytest.param(ALL_DAY, "2025-10-26 00:00", "2025-10-27 00:00", 25, id="a day of 25 h"),
        pytest.param(NIGHT, "2025-03-30 00:00", "2025-03-30 12:00", 3, id="spring, open 1 to 5"),
        pytest.param(NIGHT, "2025-10-26 00:00", "2025-10-26 12:00", 5, id="autumn, open 1 to 5"),
    ],
)
def test_working_time_between_two_instants(
    meter: BusinessClock, asked: str, answered: str, hours: float
) -> None:
    assert meter.working_seconds(local(asked), local(answered)) == hours * HOUR


def test_an_hour_that_comes_twice_is_counted_twice() -> None:
    # 2:30 summer time to 2:30 winter time is a whole hour
    first, again = local("2025-10-26 02:30"), local("2025-10-26 02:30", fold=1)
    assert NIGHT.working_seconds(first, again) == HOUR


def test_another_zones_hours_are_its_own() -> None:
    # 9:00 in New York is 15:00 in Berlin, but 14:00 between 9 and 30 March, when only one of
    # the two has gone to summer time
    assert NEW_YORKERS.working_seconds(local("2025-03-03 00:00"), local("2025-03-03 16:00")) == HOUR
    later = NEW_YORKERS.working_seconds(local("2025-03-10 00:00"), local("2025-03-10 16:00"))
    assert later == 2 * HOUR


def test_fractions_of_a_second_are_cut_off() -> None:
    start = local("2025-03-03 10:00")
    assert PLAIN.working_seconds(start, start + timedelta(seconds=1.9)) == 1


@pytest.mark.parametrize(
    ("meter", "asked", "within", "due"),
    [
        pytest.param(PLAIN, "2025-03-03 10:00", "4 business hours", "2025-03-03 14:00", id="hours"),
        pytest.param(
            PLAIN, "2025-03-03 15:00", "4 business hours", "2025-03-04 11:00", id="over a night"
        ),
        pytest.param(
            PLAIN, "2025-03-03 13:00", "4 business hours", "2025-03-03 17:00", id="to the closing"
        ),
        pytest.param(
            PLAIN, "2025-03-07 17:00", "1 business hour", "2025-03-10 10:00", id="closing is out"
        ),
        pytest.param(
            LUNCH, "2025-03-03 12:00", "2 business hours", "2025-03-03 15:00", id="over lunch"
        ),
        pytest.param(
            PLAIN, "2025-03-03 10:00", "1 business day", "2025-03-04 10:00", id="the same time"
        ),
        pytest.param(
            PLAIN, "2025-03-07 10:00", "1 business day", "2025-03-10 10:00", id="Friday to Monday"
        ),
        pytest.param(
            PLAIN, "2025-03-07 16:59", "2 business days", "2025-03-11 16:59", id="two of them"
        ),
        # outside hours it counts from the next opening
        pytest.param(
            PLAIN, "2025-03-03 06:00", "1 business day", "2025-03-04 09:00", id="before opening"
        ),
        pytest.param(
            PLAIN, "2025-03-03 20:00", "1 business day", "2025-03-05 09:00", id="after closing"
        ),
        pytest.param(
            PLAIN, "2025-03-03 17:00", "1 business day", "2025-03-05 09:00", id="at closing"
        ),
        pytest.param(
            PLAIN, "2025-03-03 09:00", "1 business day", "2025-03-04 09:00", id="at opening"
        ),
        pytest.param(
            PLAIN, "2025-03-08 12:00", "1 business day", "2025-03-11 09:00", id="at a weekend"
        ),
        pytest.param(
            LUNCH, "2025-03-03 13:00", "1 business day", "2025-03-04 13:30", id="at lunch"
        ),
        pytest.param(
            BAVARIA, "2025-12-23 11:00", "1 business day", "2025-12-29 11:00", id="Christmas"
        ),
        pytest.param(
            LATE, "2025-03-03 23:30", "1 business day", "2025-03-04 23:30", id="till midnight"
        ),
        # by the calendar: 24 hours, which on the wall is an hour more or less at a DST change
        pytest.param(PLAIN, "2025-03-07 10:00", "3 days", "2025-03-10 10:00", id="days"),
        pytest.param(PLAIN, "2025-03-29 10:00", "1 day", "2025-03-30 11:00", id="into summer"),
        pytest.param(PLAIN, "2025-10-25 10:00", "1 day", "2025-10-26 09:00", id="into winter"),
        pytest.param(PLAIN, "2025-03-28 10:00", "1 business day", "2025-03-31 10:00", id="wall"),
    ],
)
def test_a_deadline(meter: BusinessClock, asked: str, within: str, due: str) -> None:
    assert meter.deadline(local(asked), Span.parse(within)) == local(due)


@pytest.mark.parametrize(
    ("after", "upto", "days"),
    [
        ("2025-03-07", "2025-03-10", 1),  # Friday to Monday
        ("2025-03-07", "2025-03-09", 0),
        ("2025-03-03", "2025-03-07", 4),
        ("2025-03-03", "2025-03-03", 0),
        ("2025-03-10", "2025-03-03", 0),
        ("2025-12-23", "2025-12-30", 2),  # the 29th and the 30th
        ("2025-12-31", "2026-01-02", 1),  # New Year's Day is none
    ],
)
def test_working_days_between_two_days(after: str, upto: str, days: int) -> None:
    assert BAVARIA.working_days(date.fromisoformat(after), date.fromisoformat(upto)) == days


def test_a_day_belongs_to_the_zone() -> None:
    late = datetime(2025, 3, 3, 23, 30, tzinfo=UTC)
    assert PLAIN.local_date(late) == date(2025, 3, 4)
    assert NEW_YORKERS.local_date(late) == date(2025, 3, 3)
    assert PLAIN.midnight(date(2025, 3, 4)) == datetime(2025, 3, 3, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "around"),
    [
        # at 0:01 of 7 November 2010 it was 23:01 of the day before again
        ("America/St_Johns", datetime(2010, 11, 7, 2, 31, tzinfo=UTC)),
        # 30 December 2011 was left out
        ("Pacific/Apia", datetime(2011, 12, 30, 10, tzinfo=UTC)),
        ("America/Havana", datetime(2025, 11, 2, 5, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2025, 3, 30, 1, tzinfo=UTC)),
        ("Asia/Kathmandu", datetime(2025, 3, 30, 1, tzinfo=UTC)),
        ("UTC", datetime(2025, 3, 30, tzinfo=UTC)),
    ],
)
def test_a_day_is_that_of_the_wall_also_where_clocks_are_changed(
    zone: str, around: datetime
) -> None:
    meter = clock(timezone=zone)
    hours = [around + timedelta(minutes=30 * n - 1) for n in range(-150, 150)]
    instants = hours + [at + timedelta(minutes=more) for at in hours for more in (1, 2)]
    assert [meter.local_date(at) for at in instants] == [
        at.astimezone(ZoneInfo(zone)).date() for at in instants
    ]


# -- what holds for every clock -------------------------------------------------------------

INSTANTS = st.datetimes(datetime(2022, 12, 1), datetime(2025, 12, 31)).map(  # noqa: DTZ001
    lambda at: at.replace(tzinfo=UTC, microsecond=0)
)
NIGHT_SHIFT: ClockArgs = {
    "timezone": "Europe/Berlin",
    "days": tuple(DAY_NAMES),
    "hours": ((time(0, 30), time(2, 30)), (time(3), time(5))),
    "holiday_dates": frozenset({date(2024, 3, 31)}),
}
EVERY_CLOCK = st.sampled_from((BERLIN, NEW_YORK, TOKYO, NIGHT_SHIFT))
SPANS = st.sampled_from(
    ("1 business day", "3 business days", "90 minutes", "2 days")
) | st.integers(1, 60).map("{} business hours".format)


@given(EVERY_CLOCK, INSTANTS, INSTANTS)
@settings(deadline=None)
def test_a_reading_never_falls_and_never_runs_ahead_of_time(
    args: ClockArgs, one: datetime, other: datetime
) -> None:
    first, last = sorted((one, other))
    meter = clock_of(args)
    assert 0 <= meter.reading(last) - meter.reading(first) <= (last - first).total_seconds()


@given(EVERY_CLOCK, st.lists(INSTANTS, min_size=3, max_size=3))
@settings(deadline=None)
def test_working_time_adds_up(args: ClockArgs, instants: list[datetime]) -> None:
    first, middle, last = sorted(instants)
    meter = clock_of(args)
    parts = meter.working_seconds(first, middle) + meter.working_seconds(middle, last)
    assert meter.working_seconds(first, last) == parts


@given(EVERY_CLOCK, INSTANTS, st.timedeltas(timedelta(0), timedelta(days=40)))
@settings(deadline=None)
def test_working_time_is_that_of_the_oracle(
    args: ClockArgs, start: datetime, length: timedelta
) -> None:
    meter, other = clock_of(args), OracleClock(**args)
    end = start + timedelta(seconds=int(length.total_seconds()))
    assert meter.working_seconds(start, end) == other.working_seconds(start, end)
    after, upto = meter.local_date(start), meter.local_date(end)
    assert meter.working_days(after, upto) == other.working_days(after, upto)


@given(EVERY_CLOCK, INSTANTS, SPANS)
@settings(deadline=None)
def test_a_deadline_is_that_of_the_oracle(args: ClockArgs, start: datetime, within: str) -> None:
    span = Span.parse(within)
    assert clock_of(args).deadline(start, span) == OracleClock(**args).deadline(start, span)


@given(EVERY_CLOCK, INSTANTS, st.integers(1, 60 * HOUR))
@settings(deadline=None)
def test_a_deadline_in_working_time_takes_that_much_of_it(
    args: ClockArgs, start: datetime, seconds: int
) -> None:
    meter = clock_of(args)
    due = meter.deadline(start, Span(seconds, "working_seconds"))
    assert meter.working_seconds(start, due) == seconds
    assert meter.working_seconds(start, due - timedelta(seconds=1)) == seconds - 1


@given(EVERY_CLOCK, st.dates(date(1988, 1, 1), date(2031, 12, 31)), st.integers(0, 700))
@settings(deadline=None, max_examples=30)
def test_so_many_working_days_after_a_day_are_counted_one_at_a_time(
    args: ClockArgs, start: date, count: int
) -> None:
    found = OracleClock(**args).nth_working_day(start, count)
    assert clock_of(args).working_day_after(start, count) == found

"""The record of alarms: what the rhythm raised on the partner's own past, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mailboxes import BERLIN, PARTNER, ROSTER, Mailbox, message
from round_trip import measured, rows_of
from simulated_rhythms import CLOCK, TERMS, letter_at

from inbox_agent.alarm_record import AlarmCounts, PastAlarm, alarm_counts, alarm_record
from inbox_agent.letters import Letter
from inbox_agent.measure import PartnerRecord
from inbox_agent.messages import Message
from inbox_agent.silence_gaps import rhythm_of
from inbox_agent.standards import Cuts, Standards

DAY = timedelta(days=1)
#: Nine Mondays at noon by our clock (10:00 UTC): eight gaps of 5 working days, the last of them on
#: 1 September 2025. Longer than 5 is the sixth working day, Tuesday the 9th; longer than twice 5
#: the eleventh, Tuesday the 16th; both at midnight in Berlin, 22:00 UTC of the day before.
MONDAYS = [datetime(2025, 7, 7, 10, tzinfo=UTC) + n * 7 * DAY for n in range(9)]
WATCH_AT = datetime(2025, 9, 8, 22, tzinfo=UTC)
ACT_AT = datetime(2025, 9, 15, 22, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def record(contacts: Sequence[datetime], as_of: datetime, *ours: datetime) -> PartnerRecord:
    """What is known of a partner by letters of theirs, and of ours."""
    letters = [_letter(at, "bob@globex.com", "ana@acme.com") for at in contacts]
    letters += [_letter(at, "ana@acme.com", "bob@globex.com") for at in ours]
    box = Mailbox(tuple(letters), ROSTER, PARTNER, Standards(), BERLIN, BERLIN, Cuts(), as_of)
    return measured(box)


def _letter(at: datetime, author: str, to: str) -> Message:
    return message(f"{at:%Y%m%d%H%M%S}@mail.example", at, author=author, to=(to,), is_settled=True)


def raised(contacts: Sequence[datetime], as_of: datetime) -> list[tuple[str, datetime]]:
    return [(x.level, x.raised_at) for x in record(contacts, as_of).alarm_record]


@pytest.mark.parametrize(
    ("as_of", "alarms"),
    [
        (WATCH_AT - SECOND, []),
        (WATCH_AT, [("watch", WATCH_AT)]),
        (ACT_AT - SECOND, [("watch", WATCH_AT)]),
        (ACT_AT, [("watch", WATCH_AT), ("act", ACT_AT)]),
    ],
)
def test_an_alarm_is_on_record_from_the_midnight_that_raised_it(
    as_of: datetime, alarms: list[tuple[str, datetime]]
) -> None:
    assert raised(MONDAYS, as_of) == alarms
    rhythm = record(MONDAYS, as_of).rhythm
    assert (rhythm.watch_at, rhythm.act_at) == (WATCH_AT, ACT_AT)


def test_seven_gaps_raise_none() -> None:
    assert raised(MONDAYS[1:], ACT_AT + 90 * DAY) == []


def test_a_letter_that_comes_before_midnight_leaves_no_alarm() -> None:
    assert raised([*MONDAYS, WATCH_AT - SECOND], WATCH_AT + DAY) == []
    assert raised([*MONDAYS, WATCH_AT], WATCH_AT + DAY) == []  # a poll at midnight has it already
    assert raised([*MONDAYS, WATCH_AT + SECOND], WATCH_AT + DAY) == [("watch", WATCH_AT)]
    assert raised([*MONDAYS, ACT_AT], ACT_AT + DAY) == [("watch", WATCH_AT)]


def test_who_writes_within_30_days_came_back() -> None:
    """The watch of 8 September: back on the 20th, 12 days and more later; act was due 7 days on."""
    back = datetime(2025, 9, 20, 6, tzinfo=UTC)
    rows = rows_of(record([*MONDAYS, back], back + 90 * DAY))["alarm_record"]
    first, second = sorted(rows, key=lambda row: row["raised_at"])[:2]
    assert {name: first[name] for name in list(first)[2:]} == {
        "level": "watch",
        "gap": first["gap"],
        "began_at": "2025-09-01T10:00:00Z",
        "raised_at": "2025-09-08T22:00:00Z",
        "ended_at": "2025-09-20T06:00:00Z",
        "broken_by": "them",
        "they_wrote_at": "2025-09-20T06:00:00Z",
        "came_back_within_30_days": 1,
        "days_until_contact": 11,  # 11 days and 8 hours
        "warning_days": 7,
    }
    assert (second["level"], second["raised_at"]) == ("act", "2025-09-15T22:00:00Z")
    assert (second["came_back_within_30_days"], second["days_until_contact"]) == (1, 4)
    assert second["warning_days"] is None


@pytest.mark.parametrize(
    ("as_of", "came_back"),
    [(WATCH_AT + 30 * DAY - SECOND, None), (WATCH_AT + 30 * DAY, False)],
)
def test_who_stays_silent_has_not_come_back_once_30_days_have_passed(
    as_of: datetime, came_back: bool | None
) -> None:
    alarm = record(MONDAYS, as_of).alarm_record[0]
    assert (alarm.ended_at, alarm.days_until_contact) == (None, None)
    assert alarm.came_back is came_back


def test_a_letter_of_ours_ends_a_silence_and_brings_nobody_back() -> None:
    """We write on the 10th; they do on 8 October, a minute within 30 days, or a day later."""
    wrote_at = WATCH_AT + 36 * timedelta(hours=1)
    in_time = WATCH_AT + 30 * DAY - timedelta(minutes=1)
    for theirs, came_back in ((in_time, True), (in_time + DAY, False)):
        found = record([*MONDAYS, theirs], WATCH_AT + 60 * DAY, wrote_at)
        alarm = found.alarm_record[0]
        assert (alarm.ended_at, alarm.broken_by) == (wrote_at, "us")
        assert alarm.days_until_contact == 1
        assert (alarm.they_wrote_at, alarm.came_back) == (theirs, came_back)
    alone = record(MONDAYS, WATCH_AT + 60 * DAY, wrote_at).alarm_record[0]
    assert (alone.they_wrote_at, alone.came_back) == (None, False)


def test_heard_from_daily_means_a_watch_after_two_days_and_no_act_within_a_working_week() -> None:
    """The longest gap of ten working days from Monday 1 September is 1, so twice that is 2. After
    Friday the 12th the second working day is Tuesday; the sixth, one beyond a week, Monday 22nd."""
    days = [datetime(2025, 9, day, 10, tzinfo=UTC) for day in (*range(1, 6), *range(8, 13))]
    assert raised(days, datetime(2025, 9, 30, tzinfo=UTC)) == [
        ("watch", datetime(2025, 9, 15, 22, tzinfo=UTC)),
        ("act", datetime(2025, 9, 21, 22, tzinfo=UTC)),
    ]


def test_an_alarm_stays_while_the_gaps_that_it_was_held_against_grow_old() -> None:
    """A year and a half later none of the eight gaps is of the last 12 months."""
    later = record(MONDAYS, ACT_AT + 550 * DAY)
    assert later.rhythm.longest_gap_working_days is None
    assert (later.rhythm.watch_at, later.rhythm.act_at) == (WATCH_AT, ACT_AT)
    assert later.standing.state == "act"


def test_gaps_of_more_than_12_months_before_a_silence_make_no_rhythm() -> None:
    """Of eleven gaps the last two alone ended in the 12 months before the last contact."""
    back = MONDAYS[-1] + 400 * DAY
    found = raised([*MONDAYS, back, back + 7 * DAY], back + 300 * DAY)
    assert found == [("watch", WATCH_AT), ("act", ACT_AT)]


def test_silences_of_12_months_are_counted_by_their_watch() -> None:
    """Two silences that raise an alarm, the second one an act too; they came back from the first.
    A year after a watch it is counted no more."""
    second = [datetime(2025, 9, 20, 6, tzinfo=UTC)]
    rows = rows_of(record([*MONDAYS, *second], datetime(2026, 3, 2, tzinfo=UTC)))
    standing = rows["partner_standing"][0]
    assert [row["level"] for row in rows["alarm_record"]].count("watch") == 2
    assert (standing["alarms_12_months"], standing["alarms_came_back"]) == (2, 1)
    found = record([*MONDAYS, *second], datetime(2026, 3, 2, tzinfo=UTC)).alarm_record
    assert alarm_counts(found, WATCH_AT + 365 * DAY - DAY) == AlarmCounts(2, 1)
    assert alarm_counts(found, WATCH_AT + 365 * DAY) == AlarmCounts(1, 0)


# -- against polls at every midnight ----------------------------------------------------------

LENGTHS = st.sampled_from((1, 1, 2, 3, 5, 6, 8, 13, 40, 100))


@st.composite
def contacts(draw: st.DrawFn) -> list[Letter]:
    """Up to two years of contact days, some with several letters, of either side."""
    lengths = draw(st.lists(LENGTHS, min_size=8, max_size=24))
    places, day = [0.4], 0
    for length in lengths:
        day += length
        places += [day + share for share in draw(st.sampled_from(((0.5,), (0.0, 0.99), (0.7,))))]
    found = [letter_at(n, place) for n, place in enumerate(places) if place < 500]
    return [_of_side(letter, draw(st.sampled_from(("them", "us")))) for letter in found]


def _of_side(letter: Letter, side: Any) -> Letter:
    return replace(letter, side=side)


def polled(letters: Sequence[Letter], until: date) -> dict[tuple[str, str], datetime]:
    """The first midnight at which a poll raises an alarm, by its level and its silence."""
    found: dict[tuple[str, str], datetime] = {}
    day = CLOCK.local_date(letters[0].instant)
    while day <= until:
        midnight = CLOCK.midnight(day)
        rhythm = rhythm_of(PARTNER, [x for x in letters if x.instant <= midnight], TERMS, midnight)
        for level, at in (("watch", rhythm.watch_at), ("act", rhythm.act_at)):
            if at is not None and midnight >= at:
                found.setdefault((level, rhythm.gaps[-1].key), midnight)
        day += DAY
    return found


@pytest.mark.simulation
@given(contacts(), st.integers(1, 150))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_record_is_what_polls_at_every_midnight_would_have_raised(
    letters: list[Letter], days: int
) -> None:
    as_of = letters[-1].instant + days * DAY
    known: tuple[PastAlarm, ...] = alarm_record(
        rhythm_of(PARTNER, letters, TERMS, as_of), TERMS, as_of
    )
    raised_at = {(alarm.level, alarm.gap): alarm.raised_at for alarm in known}
    assert raised_at == polled(letters, CLOCK.local_date(as_of))
    assert len(raised_at) == len(known)


def test_many_gaps_take_no_time_that_grows_with_their_square() -> None:
    """Counted, not timed: looking at a gap again and again would show in the comparisons."""
    looks = 0

    class Counted(int):
        def __le__(self, other: object) -> bool:
            nonlocal looks
            looks += 1
            return int.__le__(self, other)  # type: ignore[operator]

    letters = [letter_at(n, float(n)) for n in range(1000)]
    rhythm = rhythm_of(PARTNER, letters, TERMS, letters[-1].instant)
    gaps = tuple(
        gap if gap.is_open else replace(gap, gap_working_days=Counted(1 + n % 7))
        for n, gap in enumerate(rhythm.gaps)
    )
    assert alarm_record(replace(rhythm, gaps=gaps), TERMS, letters[-1].instant) == ()
    assert len(gaps) < looks < 5 * len(gaps)

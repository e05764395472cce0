"""Their time zone and hours, learned from their letters; expectations are worked out by hand.

We are in Berlin, it is 10 December 2025: what is learned is from the letters of 1 December 2024
to 30 November 2025. Weekdays: 6 January 2025 is a Monday. Berlin is at +0200 from 30 March to 26
October, New York at -0400 from 9 March to 2 November.
"""

from __future__ import annotations

import importlib.resources
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mailboxes import BERLIN, NEW_YORK, message
from round_trip import OPEN, clock_of

from inbox_agent.addresses import Partner, Roster
from inbox_agent.business_clock import BusinessClock, Clocks, Terms
from inbox_agent.config import load_config
from inbox_agent.learned_clock import TheirCalendar, their_calendar
from inbox_agent.letters import letters_of
from inbox_agent.measure import PartnerRecord, measure
from inbox_agent.messages import Message
from inbox_agent.published_rows import partners
from inbox_agent.response_times import Ask
from inbox_agent.standards import Cuts, Span, Standards
from inbox_agent.world_zones import COUNTRIES, ZONES, offset_minutes

DAY, WEEK = timedelta(days=1), timedelta(days=7)
AS_OF = datetime(2025, 12, 10, 12, tzinfo=UTC)
MONDAY = date(2025, 1, 6)
BOB, CARL, DORA = "bob@globex.com", "carl@globex.com", "dora@globex.com"
GLOBEX = Partner(
    key="globex.com",
    domains=("globex.com", "globex.ng", "globex.co.uk", "globex.fr", "globex.is", "globex.sg"),
)
ROSTER = Roster(team_domains=frozenset({"acme.com"}), partners=(GLOBEX,))
US = clock_of(BERLIN)
WEEKS = [MONDAY + n * WEEK for n in range(47)]  # to 24 November
WINTER = [date(2025, 1, 6) + n * DAY for n in range(60)]  # to 6 March


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


def written(
    zone: str, days: Iterable[date], author: str = BOB, hour: int = 10, **more: Any
) -> list[Message]:
    """A letter on each day at that hour of that zone, which is written in Date."""
    found = []
    for day in days:
        at = datetime.combine(day, time(hour), ZoneInfo(zone))
        offset = at.utcoffset()
        assert offset is not None
        fields = {"date_offset_minutes": offset // timedelta(minutes=1), **more}
        name = f"{day}-{hour}-{zone}-{author}"
        found.append(
            message(name, at.astimezone(UTC), author=author, to=("ana@acme.com",), **fields)
        )
    return found


def learned(
    copies: Sequence[Message], us: BusinessClock = US, as_of: datetime = AS_OF, **more: Any
) -> TheirCalendar:
    """What is learned where nobody said anything; `more` are other fields of the clocks."""
    letters = letters_of(GLOBEX, copies, ROSTER, as_of)
    clocks = Clocks(us, **{"them": us, "learns_zone": True, "learns_hours": True, **more})
    return their_calendar(letters, clocks, as_of)


def zone_of(copies: Sequence[Message], **more: Any) -> str | None:
    """The zone that is learned; None where none is."""
    calendar = learned(copies, **more)
    return calendar.clock.zone.key if calendar.zone_from == "learned" else None


# -- the zone -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "zone",
    ["Europe/Berlin", "America/New_York", "Africa/Lagos", "Europe/London", "Australia/Sydney"],
)
def test_a_zone_with_or_without_summer_time_is_told_from_a_year_of_letters(zone: str) -> None:
    assert zone_of(written(zone, WEEKS)) == zone


@pytest.mark.parametrize(
    ("zone", "minutes"),
    [("Asia/Kolkata", 330), ("Asia/Kathmandu", 345), ("America/St_Johns", -210)],
)
def test_zones_of_half_and_quarter_hours_are_told(zone: str, minutes: int) -> None:
    copies = written(zone, WEEKS)
    assert copies[0].date_offset_minutes == minutes
    assert zone_of(copies) == zone


def test_the_evidence_says_how_many_letters_and_people_agree() -> None:
    copies = [*written("Europe/Berlin", WEEKS[:18]), *written("Asia/Tokyo", WEEKS[18:20])]
    assert learned(copies).zone_evidence == (
        "18 of 20 letters of the year have the offset of Europe/Berlin, all by one person."
    )


def test_where_one_season_cannot_tell_two_zones_apart_the_likelier_one_is_taken() -> None:
    """In winter Berlin and Lagos show the same; New York and Bogota too."""
    tokyo = BusinessClock.make("Asia/Tokyo", ("mon",), ((time(9), time(17)),), None, ())
    assert zone_of(written("Africa/Lagos", WINTER), us=tokyo) == "Europe/Berlin"
    assert zone_of(written("America/Bogota", WINTER)) == "America/New_York"


def test_the_country_of_their_domain_goes_before_the_likelier_zone() -> None:
    assert zone_of(written("Africa/Lagos", WINTER, "bob@globex.ng")) == "Africa/Lagos"
    assert zone_of(written("Asia/Shanghai", WINTER)) == "Asia/Shanghai"
    assert zone_of(written("Asia/Shanghai", WINTER, "bob@globex.sg")) == "Asia/Singapore"


def test_a_country_does_not_stand_against_the_letters() -> None:
    assert zone_of(written("America/New_York", WEEKS, "bob@globex.fr")) == "America/New_York"


def test_our_zone_goes_before_others_with_the_same_clock() -> None:
    vienna = BusinessClock.make("Europe/Vienna", ("mon",), ((time(9), time(17)),), None, ())
    assert zone_of(written("Europe/Berlin", WEEKS), us=vienna) == "Europe/Vienna"


def test_utc_in_every_season_is_what_programs_write_for_everybody_and_tells_nothing() -> None:
    calendar = learned(written("UTC", WEEKS))
    assert (calendar.zone_from, calendar.clock.zone.key) == ("ours", "Europe/Berlin")
    assert calendar.zone_evidence == (
        "Too few letters of the year tell a zone: 0 on 0 days; 10 on 5 days are needed; "
        "47 more say +0000, as many programs do for everybody."
    )


def test_utc_beside_the_summer_time_of_greenwich_is_greenwich() -> None:
    assert zone_of(written("Europe/London", WEEKS)) == "Europe/London"
    # one summer letter shows it; without any, winter letters tell nothing
    july = written("Europe/London", [date(2025, 7, 7)])
    assert zone_of([*written("UTC", WINTER), *july]) == "Europe/London"
    assert zone_of(written("UTC", WINTER)) is None


def test_the_winter_of_greenwich_and_an_hour_ahead_in_winter_is_not_greenwich() -> None:
    """Berlin by the desk and UTC by webmail: the webmail letters tell nothing."""
    copies = [*written("Europe/Berlin", WEEKS), *written("UTC", WEEKS, hour=16)]
    assert zone_of(copies) == "Europe/Berlin"


def test_letters_by_webmail_that_writes_utc_do_not_hide_a_zone() -> None:
    copies = [*written("America/New_York", WEEKS[:30]), *written("UTC", WEEKS, hour=18)]
    calendar = learned(copies)
    assert calendar.clock.zone.key == "America/New_York"
    assert calendar.zone_evidence == (
        "30 of 30 letters of the year have the offset of America/New_York, all by one person; "
        "47 more say +0000, as many programs do for everybody."
    )


def test_utc_is_believed_in_countries_that_are_at_utc_then() -> None:
    assert zone_of(written("UTC", WINTER, "bob@globex.co.uk")) == "Europe/London"
    assert zone_of(written("UTC", WEEKS, "bob@globex.is")) == "Atlantic/Reykjavik"
    # in summer nobody in London is at UTC: 26 letters from April to September tell nothing
    calendar = learned(written("UTC", WEEKS[13:39], "bob@globex.co.uk"))
    assert calendar.zone_evidence.startswith("Too few letters of the year tell a zone: 0 on 0 days")


def test_two_offices_that_share_the_mail_have_no_zone() -> None:
    copies = [
        *written("Europe/Berlin", WEEKS[:30], BOB),
        *written("America/New_York", WEEKS[:10], CARL),
    ]
    calendar = learned(copies)
    assert (calendar.zone_from, calendar.clock) == ("ours", US)
    assert calendar.zone_evidence == (
        "Their letters do not agree on a zone: 30 of 40 letters of the year have the offset of "
        "Europe/Berlin, and the letters of 1 of 2 people agree with it."
    )


def test_eight_in_ten_letters_are_enough_and_fewer_are_not() -> None:
    """All by Bob, who travels: 16 of 20, then 15 of 19."""
    travels = written("Asia/Tokyo", WEEKS[20:24])
    assert zone_of([*written("Europe/Berlin", WEEKS[:16]), *travels]) == "Europe/Berlin"
    assert zone_of([*written("Europe/Berlin", WEEKS[:15]), *travels]) is None


def test_nobody_decides_alone_for_a_partner_of_several() -> None:
    bob, carl = written("Europe/Berlin", WEEKS), written("America/New_York", WEEKS[:2], CARL)
    dora = written("Europe/Berlin", WEEKS[:1], DORA, hour=9)
    assert zone_of(bob) == "Europe/Berlin"
    assert zone_of([*bob, *carl]) is None
    assert zone_of([*bob, *carl, *dora]) == "Europe/Berlin"
    assert learned([*bob, *carl, *dora]).zone_evidence == (
        "48 of 50 letters of the year have the offset of Europe/Berlin, and the letters of 2 of 3 "
        "people agree with it."
    )


def test_somebody_agrees_with_half_of_their_letters() -> None:
    bob = written("Europe/Berlin", WEEKS)
    half = [*written("Europe/Berlin", WEEKS[:2], CARL), *written("Asia/Tokyo", WEEKS[:2], CARL)]
    less = written("Asia/Tokyo", WEEKS[2:3], CARL)
    assert zone_of([*bob, *half]) == "Europe/Berlin"
    assert zone_of([*bob, *half, *less]) is None


def test_ten_letters_on_five_days_are_needed() -> None:
    days = [MONDAY + n * DAY for n in range(5)]
    four = [*days[:4], *days[:4], *days[:2]]
    hours = (8, 8, 8, 8, 9, 9, 9, 9, 10, 10)
    on_four = [
        c
        for day, hour in zip(four, hours, strict=True)
        for c in written("Asia/Tokyo", [day], hour=hour)
    ]
    on_five = [*on_four[:9], *written("Asia/Tokyo", days[4:])]
    assert zone_of(on_four) is None
    assert zone_of(on_five) == "Asia/Tokyo"
    assert zone_of(on_five[1:]) is None


def test_dates_that_say_no_zone_are_no_evidence() -> None:
    silent = written("Asia/Tokyo", WEEKS, date_offset_minutes=None)
    assert zone_of([*written("Asia/Tokyo", WINTER[:9]), *silent]) is None
    assert zone_of([*written("Asia/Tokyo", WINTER[:10]), *silent]) == "Asia/Tokyo"


def test_our_letters_and_those_of_programs_are_no_evidence() -> None:
    ours = [
        replace(c, message_id=f"ours-{n}")
        for n, c in enumerate(written("Asia/Tokyo", WEEKS, "ana@acme.com"))
    ]
    ours = [replace(c, to=(message("x", AS_OF).from_,)) for c in ours]  # type: ignore[arg-type]
    automatic = written("Asia/Tokyo", WEEKS, marks=(("auto-submitted", "auto-replied"),))
    nine = written("Asia/Tokyo", WINTER[:9], hour=11)
    assert zone_of([*ours, *automatic, *nine]) is None


def test_only_the_letters_of_the_year_before_this_month_are_looked_at() -> None:
    """In Berlin it runs from 23:00 UTC on 30 November 2024 to 23:00 UTC on 30 November 2025."""
    nine = written("Asia/Tokyo", WINTER[:9])

    def tenth(at: datetime) -> Message:
        return message("tenth", at, to=("ana@acme.com",), date_offset_minutes=540)

    begin, end = utc(2024, 11, 30, 23), utc(2025, 11, 30, 23)
    second = timedelta(seconds=1)
    assert zone_of([*nine, tenth(begin)]) == "Asia/Tokyo"
    assert zone_of([*nine, tenth(begin - second)]) is None
    assert zone_of([*nine, tenth(end - second)]) == "Asia/Tokyo"
    assert zone_of([*nine, tenth(end)]) is None


def test_nothing_learned_changes_within_a_month() -> None:
    copies = [
        *written("Europe/Berlin", WEEKS),
        *written("Asia/Tokyo", [date(2025, 12, d) for d in range(1, 20)]),
    ]
    first, last = utc(2025, 11, 30, 23), utc(2025, 12, 31, 22, 59)
    assert learned(copies, as_of=first) == learned(copies, as_of=last)
    assert learned(copies, as_of=last).clock.zone.key == "Europe/Berlin"


def test_what_partners_toml_says_wins() -> None:
    new_york = clock_of(NEW_YORK)
    said: dict[str, Any] = {"them": new_york, "learns_zone": False}
    said["said"] = frozenset({"timezone"})
    calendar = learned(written("Asia/Tokyo", WEEKS), **said)
    assert (calendar.clock.zone.key, calendar.zone_from) == ("America/New_York", "configured")
    assert calendar.zone_evidence == "partners.toml says it."


def test_switched_off_nothing_is_learned() -> None:
    calendar = learned(written("Asia/Tokyo", WEEKS), learns_zone=False, learns_hours=False)
    assert (calendar.clock, calendar.zone_from, calendar.hours_from) == (US, "ours", "ours")
    assert calendar.zone_evidence == "Nobody has said it, and learning is switched off."


# -- holidays -------------------------------------------------------------------------------


def bavarian(**more: Any) -> BusinessClock:
    """Our clock with public holidays and a day of our own; `more` are its other settings."""
    settings = {"timezone": "Europe/Berlin", "holidays": "DE-BY", "closed": [date(2025, 12, 24)]}
    week = ("mon", "tue", "wed", "thu", "fri")
    return BusinessClock.make(days=week, hours=[(time(9), time(17))], **{**settings, **more})


def test_in_a_zone_unlike_ours_our_holidays_are_not_theirs() -> None:
    clock = learned(written("America/New_York", WEEKS), us=bavarian()).clock
    assert (clock.zone.key, clock.holidays, clock.closed) == ("America/New_York", None, frozenset())
    # Epiphany, and our own day
    assert clock.is_working_day(date(2025, 1, 6))
    assert clock.is_working_day(date(2025, 12, 24))


def test_in_a_zone_like_ours_our_holidays_stay() -> None:
    clock = learned(written("Europe/Paris", WEEKS, "bob@globex.fr"), us=bavarian()).clock
    assert (clock.zone.key, clock.holidays) == ("Europe/Paris", "DE-BY")
    assert clock.closed == {date(2025, 12, 24)}


def test_a_zone_that_is_like_ours_in_winter_only_is_not_like_ours() -> None:
    assert learned(written("Africa/Lagos", WEEKS), us=bavarian()).clock.holidays is None


def test_holidays_that_partners_toml_gives_stay_in_any_zone() -> None:
    them = bavarian(holidays="US", closed=())
    said = frozenset({"holidays", "closed"})
    clock = learned(written("America/New_York", WEEKS), us=bavarian(), them=them, said=said).clock
    assert (clock.zone.key, clock.holidays) == ("America/New_York", "US")


# -- days and hours -------------------------------------------------------------------------


def at_hours(
    counts: dict[int, int], days: Sequence[date], zone: str = "Europe/Berlin"
) -> list[Message]:
    """So many letters at each hour, one after the other on the days, which come again."""
    found = []
    numbered = enumerate(hour for hour, count in counts.items() for _ in range(count))
    for n, hour in numbered:
        at = datetime.combine(days[n % len(days)], time(hour, n // 60, n % 60), ZoneInfo(zone))
        found.append(
            message(f"{n}", at.astimezone(UTC), to=("ana@acme.com",), date_offset_minutes=None)
        )
    return found


WORKDAYS = [MONDAY + n * DAY for n in range(28) if n % 7 < 5]  # 20 days, 6 to 31 January


def hours_of(copies: Sequence[Message], **more: Any) -> tuple[list[int], str] | None:
    """Days and hours that are learned; None where they are ours."""
    calendar = learned(copies, **more)
    (row,) = partners([record_of(copies, **more)], OPEN)
    return (
        (sorted(calendar.clock.weekdays), row["their_hours"])
        if calendar.hours_from == "learned"
        else None
    )


def record_of(copies: Sequence[Message], us: BusinessClock = US, **more: Any) -> PartnerRecord:
    clocks = Clocks(us, **{"them": us, "learns_zone": True, "learns_hours": True, **more})
    standards = Standards(they_answer_within=Span(4 * 3600, "working_seconds"))
    return measure(GLOBEX, copies, ROSTER, Terms(standards, clocks, Cuts()), AS_OF)


def test_the_hours_are_the_shortest_span_that_holds_eight_in_ten_letters() -> None:
    """100 letters: of the 7 hours from 7 to 14 80 fall, of no 6 hours as many."""
    counts = {7: 12, 8: 12, 9: 12, 10: 11, 11: 11, 12: 11, 13: 11, 18: 10, 21: 10}
    copies = at_hours(counts, WORKDAYS)
    assert hours_of(copies) == ([0, 1, 2, 3, 4], "07:00-14:00")
    assert learned(copies).hours_evidence == (
        "80 of 100 letters of the year on Monday, Tuesday, Wednesday, Thursday, Friday "
        "were written from 7:00 to 14:00."
    )


def test_of_several_spans_the_one_around_the_letters_is_taken_and_none_is_under_six_hours() -> None:
    """All at noon: of six hours 9 to 15 are as near to 12:30 as 10 to 16, and earlier."""
    assert hours_of(at_hours({12: 60}, WORKDAYS)) == ([0, 1, 2, 3, 4], "09:00-15:00")


def test_of_several_spans_the_one_that_holds_most_is_taken() -> None:
    """80 of 100 letters at 9, 10 at 13, 10 at 15: 8 to 14 holds 90, and 9 to 15 no more."""
    counts = {9: 80, 13: 10, 15: 10}
    assert hours_of(at_hours(counts, WORKDAYS)) == ([0, 1, 2, 3, 4], "08:00-14:00")


def test_a_span_may_end_at_midnight_but_not_go_beyond() -> None:
    assert hours_of(at_hours({18: 20, 23: 40}, WORKDAYS)) == ([0, 1, 2, 3, 4], "18:00-24:00")
    assert hours_of(at_hours({23: 30, 1: 30}, WORKDAYS)) is None


def test_twelve_hours_are_the_longest_span() -> None:
    assert hours_of(at_hours({8: 40, 19: 40}, WORKDAYS)) == ([0, 1, 2, 3, 4], "08:00-20:00")
    copies = at_hours({8: 40, 20: 40}, WORKDAYS)
    assert hours_of(copies) is None
    assert learned(copies).hours_evidence == (
        "No 12 hours of a day hold 8 in 10 of the year's letters on "
        "Monday, Tuesday, Wednesday, Thursday, Friday."
    )


def test_fifty_letters_on_twenty_days_are_needed() -> None:
    assert hours_of(at_hours({10: 50}, WORKDAYS)) is not None
    assert hours_of(at_hours({10: 49}, WORKDAYS)) is None
    assert hours_of(at_hours({10: 50}, WORKDAYS[:19])) is None
    assert learned(at_hours({10: 49}, WORKDAYS)).hours_evidence == (
        "Too few letters of the year tell the hours: 49 on 20 days; 50 on 20 days are needed."
    )


def test_weekdays_with_one_letter_in_twenty_are_working_days() -> None:
    """Sunday to Thursday, 95 letters; of 100 five on Fridays are enough, and four of 99 are not."""
    week = [date(2025, 1, 5) + n * DAY for n in range(28) if n % 7 < 5]
    fridays = [date(2025, 1, 10) + n * WEEK for n in range(5)]
    copies = at_hours({10: 95}, week)
    friday = [replace(c, message_id=f"friday {c.message_id}") for c in at_hours({10: 5}, fridays)]
    assert hours_of(copies) == ([0, 1, 2, 3, 6], "07:00-13:00")
    assert hours_of([*copies, *friday]) == ([0, 1, 2, 3, 4, 6], "07:00-13:00")
    assert hours_of([*copies, *friday[:4]]) == ([0, 1, 2, 3, 6], "07:00-13:00")


def test_letters_on_other_days_do_not_tell_the_hours() -> None:
    """76 of 95 at 10:00 are 80 %; of 99, with four on Saturdays at 22:00, they would be less."""
    saturdays = [date(2025, 1, 11), date(2025, 1, 18)]
    late = [replace(c, message_id=f"late {c.message_id}") for c in at_hours({22: 4}, saturdays)]
    assert hours_of([*at_hours({10: 76, 22: 19}, WORKDAYS), *late]) == (
        [0, 1, 2, 3, 4],
        "07:00-13:00",
    )


def test_hours_are_those_of_the_learned_zone_in_summer_and_in_winter() -> None:
    """60 letters of New York from 8:00 to 13:59 there, from January to November."""
    days = [MONDAY + n * 5 * DAY for n in range(60)]
    days = [day for day in days if day.weekday() < 5]
    copies = [
        c for n, day in enumerate(days) for c in written("America/New_York", [day], hour=8 + n % 6)
    ]
    copies += written("America/New_York", WORKDAYS, CARL, hour=13)
    calendar = learned(copies)
    assert calendar.clock.zone.key == "America/New_York"
    assert calendar.clock.hours == ((time(8), time(14)),)


def test_travellers_count_at_the_hour_of_their_partners_zone() -> None:
    """Written at 10:00 in Tokyo, that is 2:00 in Berlin; 10 of 60 change nothing."""
    home = at_hours({9: 25, 14: 25}, WORKDAYS)
    away = written("Asia/Tokyo", WORKDAYS[:10])
    assert hours_of([*home, *away], learns_zone=False) == ([0, 1, 2, 3, 4], "09:00-15:00")


def test_days_or_hours_that_partners_toml_says_win_over_both() -> None:
    said: dict[str, Any] = {"learns_hours": False, "said": frozenset({"days"})}
    calendar = learned(at_hours({20: 60}, WORKDAYS), **said)
    assert (calendar.hours_from, calendar.clock) == ("configured", US)


# -- what it changes ------------------------------------------------------------------------


def test_their_answers_are_reckoned_by_the_learned_clock() -> None:
    """Asked on Thursday 4 December at 10:00 in Berlin, answered at 16:00: 10:00 in New York.

    With our hours (9:00 to 12:30, 13:30 to 17:30) they open at 15:00 in Berlin: an hour of working
    time, and 4 hours are over at 14:00 there. By our clock it would be 5 hours, and 15:00 here.
    """
    asked = message("asked", utc(2025, 12, 4, 9), author="ana@acme.com", to=(BOB,))
    answer = message("answer", utc(2025, 12, 4, 15), to=("ana@acme.com",), in_reply_to="asked")
    year = written("America/New_York", WEEKS)

    def ask_of(**more: Any) -> Ask:
        asks = record_of([*year, asked, answer], **more).asks
        (ask,) = (ask for ask in asks if ask.responder == "them")
        return ask

    ask = ask_of()
    assert (ask.business_seconds, ask.due_at) == (3600, utc(2025, 12, 4, 19))
    ask = ask_of(learns_zone=False)
    assert (ask.business_seconds, ask.due_at) == (5 * 3600, utc(2025, 12, 4, 14))


def test_the_table_of_partners_says_what_was_learned_and_why() -> None:
    (row,) = partners([record_of(written("America/New_York", WEEKS))], OPEN)
    assert {name: row[name] for name in row if name.startswith("their_")} == {
        "their_timezone": "America/New_York",
        "their_timezone_from": "learned",
        "their_timezone_evidence": "47 of 47 letters of the year have the offset of "
        "America/New_York, all by one person.",
        "their_days": "mon, tue, wed, thu, fri",
        "their_hours": "09:00-12:30, 13:30-17:30",
        "their_hours_from": "ours",
        "their_hours_evidence": "Too few letters of the year tell the hours: 47 on 47 days; "
        "50 on 20 days are needed.",
    }


PARTNERS_TOML = """
[[partners]]
domains = ["globex.com"]
timezone = "Asia/Tokyo"
[[partners]]
domains = ["initech.com"]
days = ["mon"]
holidays = "US"
"""


def test_the_config_says_what_may_be_learned(tmp_path: Path) -> None:
    path = tmp_path / "inbox-agent.toml"
    path.with_name("partners.toml").write_text(PARTNERS_TOML)
    found = {}
    for clock in ("", "[clock]\nlearn_theirs = false\n"):
        path.write_text(f'[team]\ndomains = ["acme.com"]\n{clock}')
        config = load_config(path)
        for key in ("globex.com", "initech.com", "umbrella.example"):
            clocks = config.clocks(config.roster().partner(key))
            found[key, bool(clock)] = (clocks.learns_zone, clocks.learns_hours, sorted(clocks.said))
    assert found == {
        ("globex.com", False): (False, True, ["timezone"]),
        ("initech.com", False): (True, False, ["days", "holidays"]),
        ("umbrella.example", False): (True, True, []),
        ("globex.com", True): (False, False, ["timezone"]),
        ("initech.com", True): (False, False, ["days", "holidays"]),
        ("umbrella.example", True): (False, False, []),
    }


# -- laws -----------------------------------------------------------------------------------

MIXED = [
    *written("Europe/Berlin", WEEKS, BOB),
    *written("America/New_York", WEEKS[::9], CARL),
    *written("UTC", WEEKS[::3], DORA, hour=15),
    *written("Europe/London", WEEKS[::5], DORA, hour=11),
]


@given(st.permutations(MIXED))
@settings(max_examples=15, deadline=None)
def test_the_order_of_the_letters_does_not_matter(copies: list[Message]) -> None:
    assert learned(copies) == learned(MIXED)


def test_letters_after_as_of_and_those_of_others_change_nothing() -> None:
    later = written("Asia/Tokyo", [date(2025, 12, 11) + n * DAY for n in range(15)])
    others = written("Asia/Tokyo", WEEKS, "eve@initech.com")
    assert learned([*MIXED, *later, *others]) == learned(MIXED)


# -- the table of zones ---------------------------------------------------------------------


def year_of(zone: str) -> tuple[int, ...]:
    """What its clocks showed at noon (UTC) of each day of 2025."""
    return tuple(offset_minutes(zone, utc(2025, 1, 1, 12) + n * DAY) for n in range(365))


def test_every_zone_where_people_live_is_like_exactly_one_of_the_table() -> None:
    known = [year_of(zone) for zone in ZONES]
    assert len(set(known)) == len(ZONES)
    table = importlib.resources.files("tzdata").joinpath("zoneinfo/zone1970.tab").read_text()
    lines = (line.split("\t") for line in table.splitlines() if not line.startswith("#"))
    zones = [line[2] for line in lines if not line[2].startswith("Antarctica/")]
    assert len(zones) > 250
    assert {year_of(zone) for zone in zones} == set(known)


@pytest.mark.parametrize("country", COUNTRIES)
def test_the_zones_of_a_country_are_in_the_database(country: str) -> None:
    assert len(country) == 2
    assert all(ZoneInfo(zone) for zone in COUNTRIES[country])


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu"])
def test_an_offset_is_that_of_the_zone_to_the_second_on_days_of_change_too(zone: str) -> None:
    at = utc(2025, 1, 1)
    while at < utc(2026, 1, 1):
        offset = at.astimezone(ZoneInfo(zone)).utcoffset()
        assert offset is not None
        assert offset_minutes(zone, at) == offset // timedelta(minutes=1)
        at += timedelta(minutes=1703)

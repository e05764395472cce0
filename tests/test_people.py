"""Who is new, quiet or gone, who took over and by whom people came: cases worked by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from mailboxes import globex_box, message
from round_trip import OPEN, measured, rows_of

from inbox_agent.contacts import Contact
from inbox_agent.delivery_reports import Delivery, Report
from inbox_agent.messages import Message
from inbox_agent.people import Concentration
from inbox_agent.privacy import Privacy

BOB, CARL, DORA = "bob@globex.com", "carl@globex.com", "dora@globex.com"
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
#: Five days on which Bob writes, a Monday to a Friday: his usual gap is 1 working day.
WEEK = tuple(f"2024-02-{day:02d} 10:00" for day in (5, 6, 7, 8, 9))


def local(text: str) -> datetime:
    """``2024-02-05 10:00`` on the wall in Berlin, our zone."""
    wall = datetime.fromisoformat(text)
    return wall.replace(tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)


def wrote(author: str, *days: str, to: str = "ana@acme.com", **more: Any) -> list[Message]:
    """Letters to Ana, or of ours to Bob, each a conversation of its own unless said otherwise."""
    return [
        message(
            f"{author}-{day}@mail.example",
            local(day),
            author=author,
            **{"to": (to,), "subject": f"Number {day}", **more},
        )
        for day in days
    ]


def failed(address: str, day: str, about: str | None = None, **more: Any) -> Message:
    """A delivery report that an address is unknown."""
    report = Report((Delivery(address, "failed", "5.1.1"),) if address else (), about)
    fields: dict[str, Any] = {
        "author": "mailer-daemon@relay.example",
        "to": ("ana@acme.com",),
        "subject": "Undelivered mail",
        "marks": (("content-type", "multipart/report; report-type=delivery-status"),),
        "report": report,
    }
    return message(f"report-{address}-{day}@relay.example", local(day), **fields | more)


def contacts(letters: Sequence[Message], as_of: datetime | str) -> dict[str, Contact]:
    at = local(as_of) if isinstance(as_of, str) else as_of
    return {contact.address: contact for contact in measured(globex_box(letters, at)).contacts}


# -- new ------------------------------------------------------------------------------------


def test_a_person_is_new_for_thirty_days_reckoned_at_midnight() -> None:
    """First letter on 1 March, 11:00. The 30 days are over on 31 March at 12:00, as the clocks
    go forward in that night, and so from the midnight that begins 1 April."""
    letters = [*wrote(BOB, "2024-01-15 10:00"), *wrote(CARL, "2024-03-01 11:00")]
    over_at = local("2024-04-01 00:00")
    assert contacts(letters, "2024-03-01 11:00")[CARL].state == "new"
    assert contacts(letters, over_at - SECOND)[CARL].state == "new"
    assert contacts(letters, over_at)[CARL].state == "active"
    assert contacts(letters, over_at)[BOB].state == "active"


def test_nobody_is_new_while_the_partner_is() -> None:
    """The record begins on 15 January: by the 31st day somebody of the 20th is new, not before."""
    letters = [*wrote(BOB, "2024-01-15 10:00"), *wrote(CARL, "2024-01-20 10:00")]
    assert contacts(letters, "2024-01-22 12:00")[BOB].state == "active"
    assert contacts(letters, "2024-02-14 12:00")[CARL].state == "active"
    assert contacts(letters, "2024-02-15 12:00")[CARL].state == "new"
    assert contacts(letters, "2024-02-15 12:00")[BOB].state == "active"


def test_a_record_that_began_with_a_letter_of_ours_is_no_younger_for_that() -> None:
    letters = [*wrote("ana@acme.com", "2024-01-01 10:00", to=BOB), *wrote(BOB, "2024-02-20 10:00")]
    assert contacts(letters, "2024-02-21 12:00")[BOB].state == "new"


def test_those_who_were_only_written_to_and_our_people_have_no_state() -> None:
    letters = wrote("ana@acme.com", *WEEK, to=BOB, cc=("ben@acme.com",))
    found = contacts(letters, "2025-02-05 10:00")
    assert {key: contact.state for key, contact in found.items()} == {
        **dict.fromkeys(("ana@acme.com", "ben@acme.com", BOB)),
    }
    assert found["ana@acme.com"].share_12_months is None
    assert found[BOB].share_12_months is None
    assert found[BOB].last_addressed_at == local(WEEK[-1])
    assert found["ana@acme.com"].last_addressed_at is None


# -- quiet ----------------------------------------------------------------------------------


def test_a_daily_writer_is_quiet_after_42_days() -> None:
    """Last letter on Friday 9 February at 10:00: the 42 days are over at the midnight after
    22 March at 10:00, and more than 8 working days long before that."""
    letters, quiet_at = wrote(BOB, *WEEK), local("2024-03-23 00:00")
    assert contacts(letters, quiet_at - SECOND)[BOB].state == "active"
    assert contacts(letters, quiet_at)[BOB].state == "quiet"
    back = [*letters, *wrote(BOB, "2024-04-15 10:00")]
    assert contacts(back, "2024-04-15 10:00")[BOB].state == "active"


def test_a_fortnightly_writer_is_quiet_after_80_working_days() -> None:
    """Every second Monday is a gap of 10 working days. After Monday, 3 March 2025, 16 weeks
    would be 80; as 1 May is closed, the 80th is Tuesday, 24 June, and the 81st Wednesday."""
    mondays = ("2025-01-06", "2025-01-20", "2025-02-03", "2025-02-17", "2025-03-03")
    letters = wrote(BOB, *(f"{day} 10:00" for day in mondays))
    quiet_at = local("2025-06-25 00:00")
    assert contacts(letters, quiet_at - SECOND)[BOB].state == "active"
    assert contacts(letters, quiet_at)[BOB].state == "quiet"


def test_who_wrote_on_four_days_has_no_rhythm_to_be_quiet_by() -> None:
    letters = [*wrote(BOB, *WEEK[:4]), *wrote(BOB, "2024-02-08 15:00")]
    assert contacts(letters, "2025-06-25 10:00")[BOB].state == "active"


def test_quiet_people_stay_quiet_when_their_letters_leave_the_12_months() -> None:
    found = contacts(wrote(BOB, *WEEK), "2026-06-25 10:00")[BOB]
    assert (found.state, found.usual_gap_working_days) == ("quiet", None)
    assert found.share_12_months is None


def test_the_usual_gap_is_that_of_the_year_before_the_last_letter() -> None:
    """In 2023 Bob wrote every day, in the year before his last letter every second Monday: at
    Easter 2025 he is not quiet, as he would be by a median of 1."""
    mondays = (
        *("2025-01-06", "2025-01-20", "2025-02-03", "2025-02-17", "2025-03-03"),
        *("2024-12-09", "2024-12-23", "2024-11-25", "2024-11-11"),
    )
    days = [f"2023-02-{day:02d} 10:00" for day in range(1, 28)]
    letters = wrote(BOB, *days, *(f"{day} 10:00" for day in mondays))
    assert contacts(letters, "2025-04-21 10:00")[BOB].state == "active"


# -- gone -----------------------------------------------------------------------------------


ASKED = wrote("ana@acme.com", "2024-02-12 10:00", to=BOB)


def test_somebody_is_gone_from_the_first_report_after_the_last_letter() -> None:
    letters = [
        *wrote(BOB, WEEK[0]),
        failed(BOB, "2024-02-04 10:00"),
        *ASKED,
        failed(BOB, "2024-02-12 10:01"),
        failed(BOB, "2024-02-19 10:01"),
    ]
    before = contacts(letters, "2024-02-12 10:00")[BOB]
    assert (before.state, before.gone_at) == ("active", None)
    for as_of in ("2024-02-12 10:01", "2025-02-20 10:00"):
        found = contacts(letters, as_of)[BOB]
        assert (found.state, found.gone_at) == ("gone", local("2024-02-12 10:01"))


@pytest.mark.parametrize(
    "sign",
    [
        pytest.param(wrote(BOB, "2024-02-13 10:00"), id="a letter"),
        pytest.param(
            wrote(
                BOB, "2024-02-13 10:00", marks=(("content-type", "text/calendar; method=REPLY"),)
            ),
            id="an answer to an invitation",
        ),
    ],
)
def test_who_is_heard_of_again_is_not_gone(sign: list[Message]) -> None:
    letters = [*wrote(BOB, WEEK[0]), *ASKED, failed(BOB, "2024-02-12 10:01"), *sign]
    found = contacts(letters, "2024-02-14 10:00")[BOB]
    assert (found.state, found.gone_at) == ("active", None)


def test_an_absence_note_brings_nobody_back() -> None:
    note = wrote(BOB, "2024-02-13 10:00", marks=(("auto-submitted", "auto-replied"),))
    letters = [*wrote(BOB, WEEK[0]), *ASKED, failed(BOB, "2024-02-12 10:01"), *note]
    assert contacts(letters, "2024-02-14 10:00")[BOB].state == "gone"


def test_an_address_that_never_wrote_is_gone_when_letters_to_it_fail() -> None:
    found = contacts([*ASKED, failed(BOB, "2024-02-12 10:01")], "2024-02-13 10:00")[BOB]
    assert (found.state, found.messages) == ("gone", 0)
    assert found.gone_at == local("2024-02-12 10:01")


@pytest.mark.parametrize(
    ("delivery", "state"),
    [
        (Delivery(BOB, "failed", "5.1.1"), "gone"),  # unknown
        (Delivery(BOB, "failed", ""), "gone"),
        (Delivery(BOB, "failed", "5.0.0"), "gone"),
        (Delivery(BOB, "failed", "5.2.1"), "gone"),  # switched off
        (Delivery(BOB, "failed", "5.4.1"), "gone"),  # Exchange Online: no such recipient
        (Delivery(BOB, "failed", "5.1.8"), "active"),  # our own address is refused
        (Delivery(BOB, "failed", "5.2.2"), "active"),  # full
        (Delivery(BOB, "failed", "5.3.4"), "active"),  # too large
        (Delivery(BOB, "failed", "5.4.7"), "active"),  # given up after days
        (Delivery(BOB, "failed", "4.4.1"), "active"),
        (Delivery(BOB, "failed", "5.7.1"), "active"),  # forbidden
        (Delivery(BOB, "delayed", "4.4.7"), "active"),
    ],
)
def test_a_letter_that_was_refused_says_nothing_of_the_address(
    delivery: Delivery, state: str
) -> None:
    report = failed(BOB, "2024-02-12 10:01", report=Report((delivery,)))
    letters = [*wrote(BOB, WEEK[0]), *ASKED, report]
    assert contacts(letters, "2024-02-13 10:00")[BOB].state == state


def test_a_report_that_names_nobody_means_the_only_one_its_letter_went_to() -> None:
    to_two = wrote("ana@acme.com", "2024-02-13 10:00", to=BOB, cc=(CARL,))
    people = [*wrote(BOB, WEEK[0]), *wrote(CARL, WEEK[0])]
    about_two = failed("", "2024-02-13 10:01", about=to_two[0].message_id)
    found = contacts([*people, *to_two, about_two], "2024-02-14 10:00")
    assert (found[BOB].state, found[CARL].state) == ("active", "active")
    about_one = failed("", "2024-02-12 10:01", about=ASKED[0].message_id)
    found = contacts([*people, *ASKED, about_one], "2024-02-14 10:00")
    assert (found[BOB].state, found[CARL].state) == ("gone", "active")


def test_a_report_means_those_it_names_whoever_the_letter_went_to() -> None:
    """Bob's letters go on to Carl, who can't be reached."""
    people = [*wrote(BOB, WEEK[0]), *wrote(CARL, WEEK[0])]
    report = failed(CARL, "2024-02-12 10:01", about=ASKED[0].message_id)
    found = contacts([*people, *ASKED, report], "2024-02-14 10:00")
    assert (found[BOB].state, found[CARL].state) == ("active", "gone")


# -- successor ------------------------------------------------------------------------------

#: Bob has been quiet since 23 March.
LATER = "2024-05-02 10:00"


def took_up(author: str, *days: str, day: str = WEEK[0]) -> list[Message]:
    """Letters that answer one that Bob wrote on a day."""
    return wrote(author, *days, in_reply_to=f"{BOB}-{day}@mail.example")


def successor(*letters: Message, as_of: str = LATER) -> str | None:
    return contacts([*wrote(BOB, *WEEK), *letters], as_of)[BOB].successor


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (["2024-04-09 11:00"], CARL),  # 60 days later, and in summer time
        (["2024-04-09 11:01"], None),
        (["2024-02-08 10:00", "2024-02-12 10:00"], CARL),  # two days before
        (["2024-02-08 10:00"], None),  # has not written since
        (["2024-02-05 10:00", "2024-03-01 10:00"], None),  # was there when Bob came
    ],
)
def test_the_new_face_after_somebody_quiet_took_over(days: list[str], expected: str | None) -> None:
    assert successor(*took_up(CARL, *days)) == expected


def test_somebody_active_has_no_successor() -> None:
    assert successor(*took_up(CARL, "2024-02-12 10:00"), as_of="2024-03-01 10:00") is None


def test_somebody_gone_has_one_at_once() -> None:
    report = failed(BOB, "2024-02-13 10:01")
    letters = [*ASKED, report, *took_up(CARL, "2024-02-14 10:00")]
    assert successor(*letters, as_of="2024-02-14 12:00") == CARL


def test_who_comes_with_other_business_took_nothing_over() -> None:
    """Also to the same one of us, and in the same weeks."""
    assert successor(*wrote(CARL, "2024-03-01 10:00")) is None


def test_a_conversation_that_both_stand_in_is_enough() -> None:
    """Ben wrote to both; Carl answered him."""
    asked = wrote("ben@acme.com", "2024-02-28 10:00", to=BOB, cc=(CARL,))
    answer = {"in_reply_to": asked[0].message_id, "to": "ben@acme.com"}
    assert successor(*asked, *wrote(CARL, "2024-03-01 10:00", **answer)) == CARL


def test_of_two_the_one_with_more_such_conversations_took_over_then_the_first() -> None:
    carl = took_up(CARL, "2024-02-26 10:00", "2024-02-27 10:00")
    dora = took_up(DORA, "2024-02-28 10:00")
    assert successor(*carl, *dora) == CARL
    dora += took_up(DORA, "2024-02-29 10:00", day=WEEK[4])
    assert successor(*carl, *dora) == DORA


# -- introduced by --------------------------------------------------------------------------


def introducer(*letters: Message) -> tuple[str | None, str] | None:
    by = contacts(letters, LATER)[CARL].introduced_by
    return (by.address, by.side) if by else None


CARL_WRITES = wrote(CARL, "2024-02-20 10:00")


def test_a_colleague_who_put_somebody_in_cc_brought_them_in() -> None:
    first = wrote(BOB, "2024-02-12 10:00", cc=(CARL,))
    then = wrote("ana@acme.com", "2024-02-13 10:00", to=CARL)
    assert introducer(*first, *then, *CARL_WRITES) == (BOB, "them")


def test_we_brought_in_whom_we_wrote_to_first() -> None:
    first = wrote("ana@acme.com", "2024-02-12 10:00", to=CARL)
    assert introducer(*first, *CARL_WRITES) == ("ana@acme.com", "us")


@pytest.mark.parametrize(
    "letters",
    [
        pytest.param([*CARL_WRITES, *wrote(BOB, "2024-02-21 10:00", cc=(CARL,))], id="by himself"),
        pytest.param(wrote(BOB, "2024-02-12 10:00", cc=(CARL,)), id="who never wrote"),
        pytest.param(
            [*wrote("ana@acme.com", "2024-02-12 10:00", to=BOB, bcc=(CARL,)), *CARL_WRITES],
            id="in Bcc, where nobody saw it",
        ),
    ],
)
def test_nobody_brought_in(letters: list[Message]) -> None:
    assert introducer(*letters) is None


# -- weight ---------------------------------------------------------------------------------


def test_the_share_of_12_months_ends_at_midnight() -> None:
    """As of 10 February 2025: Carl's letter of that day and what is older than 11 February 2024,
    00:00, are left out; of the other four Bob wrote three."""
    bob = wrote(BOB, "2024-02-10 23:59", "2024-02-11 00:00", "2024-05-06 10:00", "2025-02-09 23:59")
    letters = [*bob, *wrote(CARL, "2024-07-01 10:00", "2025-02-10 00:00")]
    found = contacts(letters, "2025-02-10 12:00")
    assert found[BOB].share_12_months == 0.75
    assert found[CARL].share_12_months == 0.25


def carried(*letters: list[Message], as_of: str = LATER) -> Concentration:
    return measured(globex_box([x for each in letters for x in each], local(as_of))).concentration


def april(count: int) -> list[str]:
    return [f"2024-04-{day:02d} 10:00" for day in range(1, count + 1)]


def test_eight_of_ten_letters_are_80_percent() -> None:
    """By hand: 8 + 1 + 1, then 7 + 2 + 1, then the letters of a day before the 90 days."""
    eight = carried(wrote(BOB, *april(8)), wrote(CARL, *april(1)), wrote(DORA, *april(1)))
    assert eight == Concentration(theirs=1, ours=None, their_people=3, our_people=0)
    seven = [wrote(BOB, *april(7)), wrote(CARL, *april(2)), wrote(DORA, *april(1))]
    assert carried(*seven) == Concentration(2, None, 3, 0)
    # the window as of 2 May is that from 2 February, 00:00, to 2 May, 00:00
    old = wrote("erin@globex.com", "2024-02-01 23:59", "2024-05-02 00:00")
    assert carried(*seven, old) == Concentration(2, None, 3, 0)
    ours = [wrote(f"{who}@acme.com", *april(2), to=BOB) for who in ("ana", "ben")]
    assert carried(*seven, *ours) == Concentration(2, 2, 3, 2)


def test_without_letters_nobody_carries_any() -> None:
    assert carried() == Concentration(None, None, 0, 0)


# -- what is published ----------------------------------------------------------------------


def test_people_are_published_as_far_as_they_may_be_seen() -> None:
    letters = [
        *wrote("ana@acme.com", "2024-02-05 09:00", to=BOB),
        *wrote(BOB, *WEEK),
        *took_up(CARL, "2024-03-01 10:00"),
    ]
    record = measured(globex_box(letters, local(LATER)))
    rows = {row["address"]: row for row in rows_of(record, OPEN)["contacts"]}
    assert rows[BOB]["introduced_by"] == "ana@acme.com"
    assert (rows[BOB]["state"], rows[BOB]["successor"]) == ("quiet", CARL)
    assert rows["ana@acme.com"]["state"] is None

    hidden = Privacy(people="initials", our_people=False, subjects=True, key=b"secret")
    bob, carl = hidden.person(BOB), hidden.person(CARL)
    shown = {row["address"]: row for row in rows_of(record, hidden)["contacts"]}
    assert shown.keys() == {bob, carl}
    assert (shown[bob]["introduced_by"], shown[bob]["successor"]) == ("us", carl)

    (standing,) = rows_of(record, hidden)["partner_standing"]
    assert (standing["their_people"], standing["their_people_80"]) == (2, 1)
    assert (standing["our_people"], standing["our_people_80"]) == (1, 1)
    assert (standing["introductions_received"], standing["introductions_given"]) == (0, 0)


def test_no_state_changes_between_two_midnights() -> None:
    letters = [*wrote(BOB, *WEEK), *wrote(CARL, "2024-03-01 11:00")]
    for as_of in (local("2024-03-22 00:00"), local("2024-03-31 00:00")):
        first = measured(globex_box(letters, as_of))
        assert first.next_change_at <= as_of + DAY
        last = measured(globex_box(letters, first.next_change_at - SECOND))
        assert rows_of(last)["contacts"] == rows_of(first)["contacts"]

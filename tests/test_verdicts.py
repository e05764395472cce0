"""The kind of a letter among others: of its copies, and of the letter of ours that it answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from inbox_agent.addresses import Partner, Roster
from inbox_agent.bounces import bounced_letters
from inbox_agent.catalogue import TABLES
from inbox_agent.conversations import conversations_of
from inbox_agent.delivery_reports import Delivery, Report
from inbox_agent.kinds import WHY_NOT, Override
from inbox_agent.letters import Letter, letters_of
from inbox_agent.messages import FetchedHeader, Message, parse_message
from inbox_agent.standards import Cuts
from inbox_agent.undelivered import failed_recipients, is_final, may_be_report, named_recipients

AT = datetime(2024, 6, 17, 9, 0, tzinfo=UTC)
AS_OF = AT + timedelta(days=40)
GLOBEX = Partner(key="globex.com", domains=("globex.com",))
ROSTER = Roster(team_domains=frozenset({"acme.com"}), partners=(GLOBEX,))
ANA, BOB, EVE = "ana@acme.com", "bob@globex.com", "eve@globex.com"
DAEMON = "Mail Delivery System <mailer-daemon@mx.acme.com>"


def copy(
    name: str, author: str, to: str, seconds: float, *more: str, report: Report | None = None
) -> Message:
    """One copy, `seconds` after `AT`; ours lie in Sent."""
    at = AT + timedelta(seconds=seconds)
    own = [] if any(line.startswith("Subject:") for line in more) else ["Subject: Offer"]
    lines = [
        f"From: {author}",
        f"To: {to}",
        f"Date: {format_datetime(at)}",
        f"Message-ID: <{name}@x>",
        *own,
        *more,
    ]
    block = ("\r\n".join(lines) + "\r\n\r\n").encode()
    header = FetchedHeader("partners", "INBOX", 1, 1, at, 99, block, AS_OF)
    return replace(parse_message(header, is_sent_copy=author == ANA), report=report)


def record(*copies: Message, roster: Roster = ROSTER) -> dict[str, Letter]:
    """The letters of the partner's record by the name of their Message-ID."""
    found = letters_of(GLOBEX, copies, roster, AS_OF)
    return {min(letter.message_ids).partition("@")[0]: letter for letter in found}


ASKED = copy("1", ANA, BOB, 0)


@pytest.mark.parametrize(
    ("seconds", "kind", "rule"),
    [(120, "auto_reply", "P9"), (121, "human", "P16"), (-300, "auto_reply", "P9")],
)
def test_what_answers_us_within_two_minutes_and_takes_no_bounces_is_automatic(
    seconds: float, kind: str, rule: str
) -> None:
    more = ("In-Reply-To: <1@x>", "Return-Path: <>", "Subject: Re: Offer")
    letter = record(ASKED, copy("2", BOB, ANA, seconds, *more))["2"]
    assert (letter.kind, letter.rule) == (kind, rule)


def test_a_copy_filed_away_later_makes_no_person_of_a_fast_automatic_answer() -> None:
    more = ("In-Reply-To: <1@x>", "Return-Path: <>", "Subject: Re: Offer")
    answer = copy("2", BOB, ANA, 60, *more)
    filed = replace(answer, folder="Archive", received_at=AT + timedelta(days=3))
    assert record(ASKED, filed, answer)["2"].kind == "auto_reply"


def test_a_message_id_on_two_letters_of_ours_names_the_first_in_any_order() -> None:
    more = ("In-Reply-To: <1@x>", "Return-Path: <>", "Subject: Re: Offer")
    again = copy("1", ANA, BOB, 600, "Subject: Other offer")
    answer = copy("2", BOB, ANA, 660, *more)  # a minute after the second, eleven after the first
    assert record(ASKED, again, answer)["2"].kind == "human"
    assert record(again, ASKED, answer)["2"].kind == "human"


def test_of_several_letters_of_ours_the_latest_one_named_is_the_one_answered() -> None:
    later = copy("2", ANA, BOB, 3600)
    more = ("References: <1@x> <2@x>", "Return-Path: <>", "Subject: Re: Offer")
    letter = record(ASKED, later, copy("3", BOB, ANA, 3660, *more))["3"]
    assert letter.kind == "auto_reply"


def test_a_ticket_that_is_opened_at_once_is_no_answer_and_is_flagged() -> None:
    more = ("Subject: [Ticket #4711] Offer",)
    letter = record(ASKED, copy("2", BOB, ANA, 20, *more))["2"]
    assert (letter.kind, letter.rule, letter.counts) == ("auto_reply", "P15", False)
    assert letter.why_not == "automatic_reply"
    assert "low_confidence" in letter.flags
    assert record(ASKED, copy("2", BOB, ANA, 7200, *more))["2"].counts
    before = record(ASKED, copy("2", BOB, ANA, -20, *more))["2"]
    assert before.counts


def test_letters_to_other_partners_are_nothing_that_a_partner_answers() -> None:
    elsewhere = copy("1", ANA, "kim@initech.com", 0)
    letter = record(elsewhere, copy("2", BOB, ANA, 20, "Subject: [Ticket #4711] Offer"))["2"]
    assert letter.counts


def test_a_colleague_who_writes_right_after_another_is_a_person() -> None:
    more = ("Subject: Offer received [Ticket #4711]", "In-Reply-To: <1@x>")
    assert record(ASKED, copy("2", ANA, BOB, 20, *more))["2"].counts


def test_a_person_answers_through_a_help_desk_with_low_confidence() -> None:
    more = ("In-Reply-To: <1@x>", "Auto-Submitted: auto-generated", "Subject: Re: Offer")
    letter = record(ASKED, copy("2", BOB, ANA, 7200, *more))["2"]
    assert (letter.kind, letter.rule, letter.counts) == ("human", "P7", True)
    assert "low_confidence" in letter.flags


@pytest.mark.parametrize(
    ("override", "kind", "rule"),
    [
        (Override("system", domain="globex.com", rule="P7"), "system", "P0"),
        (Override("human", domain="globex.com", rule="P15"), "human", "P7"),
    ],
)
def test_the_operator_has_the_last_word(override: Override, kind: str, rule: str) -> None:
    roster = replace(ROSTER, overrides=(override,))
    more = ("In-Reply-To: <1@x>", "Auto-Submitted: auto-generated", "Subject: Re: Offer")
    letter = record(ASKED, copy("2", BOB, ANA, 7200, *more), roster=roster)["2"]
    assert (letter.kind, letter.rule) == (kind, rule)


def test_the_operator_may_take_a_fast_acknowledgement_for_a_persons() -> None:
    roster = replace(ROSTER, overrides=(Override("human", address=BOB, rule="P15"),))
    copies = ASKED, copy("2", BOB, ANA, 20, "Subject: [Ticket #4711] Offer")
    assert record(*copies, roster=roster)["2"].rule == "P0"


def test_the_catalogue_names_every_reason_why_a_letter_does_not_count() -> None:
    columns = next(table for table in TABLES if table.name == "messages").columns
    said = next(column.description for column in columns if column.name == "why_not")
    assert all(word in said for word, _ in WHY_NOT.values())


# --- bounces


def report(*fates: tuple[str, str], original: str | None = None) -> Report:
    return Report(tuple(Delivery(who, action) for who, action in fates), original)


def bounce(
    name: str, *more: str, said: Report | None = None, subject: str = "failure notice"
) -> Message:
    own = [f"Subject: {subject}", "Return-Path: <>"]
    return copy(name, DAEMON, ANA, 7200, *own, *more, report=said)


def lost(*copies: Message) -> set[str]:
    """The names of our letters that never arrived."""
    letters = letters_of(GLOBEX, copies, ROSTER, AS_OF)
    keys = bounced_letters(conversations_of("globex.com", letters, Cuts()))
    return {min(x.message_ids).partition("@")[0] for x in letters if x.key in keys}


BOTH = copy("1", ANA, f"{BOB}, {EVE}", 0)
OLDER = copy("0", ANA, BOB, -9000, "Subject: Older")


def test_a_letter_is_lost_when_reports_name_it_and_everybody_it_went_to() -> None:
    at_bob = bounce("2", said=report((BOB, "failed"), original="1@x"))
    at_eve = bounce("3", said=report((EVE, "failed"), original="1@x"))
    assert lost(BOTH, at_bob) == set()
    assert lost(BOTH, at_bob, at_eve) == {"1"}
    assert lost(BOTH, bounce("2", said=report((BOB, "failed"), (EVE, "failed"), original="1@x")))


def test_a_report_is_about_the_letter_it_returns_and_not_about_older_ones_it_refers_to() -> None:
    answer = copy("1", ANA, BOB, 0, "References: <0@x>")
    cited = bounce("2", "References: <0@x> <1@x>", said=report((BOB, "failed"), original="1@x"))
    assert lost(OLDER, answer, cited) == {"1"}


def test_of_two_letters_of_ours_with_the_returned_id_the_first_is_lost() -> None:
    both = [copy("1", ANA, BOB, 0), copy("1", ANA, BOB, 3, "Subject: Other offer")]
    about = bounce("2", said=report((BOB, "failed"), original="1@x"))
    letters = letters_of(GLOBEX, [*both, about], ROSTER, AS_OF)
    keys = bounced_letters(conversations_of("globex.com", letters, Cuts()))
    assert [letter.subject for letter in letters if letter.key in keys] == ["Offer"]


def test_a_report_that_returns_a_letter_we_do_not_hold_is_about_what_it_refers_to() -> None:
    cited = bounce("2", "In-Reply-To: <1@x>", said=report((BOB, "failed"), original="gone@x"))
    assert lost(copy("1", ANA, BOB, 0), cited) == {"1"}


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded"])
def test_what_waits_or_arrived_is_not_lost(action: str) -> None:
    assert (
        lost(copy("1", ANA, BOB, 0), bounce("2", said=report((BOB, action), original="1@x")))
        == set()
    )


def test_a_report_goes_before_the_subject() -> None:
    asked = copy("1", ANA, BOB, 0)
    given_up = bounce("2", said=report((BOB, "failed"), original="1@x"), subject="Warning: delayed")
    assert lost(asked, given_up) == {"1"}
    assert lost(asked, bounce("2", "In-Reply-To: <1@x>", subject="Warning: delayed")) == set()
    assert lost(asked, bounce("2", "In-Reply-To: <1@x>")) == {"1"}


def test_a_report_belongs_to_whoever_was_to_get_the_letter() -> None:
    by_recipient = bounce("2", said=report((BOB, "delayed")))
    by_letter = bounce("3", said=report(original="1@x"))
    of_nobody = bounce("4", said=report(("kim@initech.com", "failed"), original="gone@x"))
    assert {"2", "3"} <= record(ASKED, by_recipient, by_letter, of_nobody).keys()
    assert "4" not in record(ASKED, by_recipient, by_letter, of_nobody)


def test_two_reports_of_one_second_are_two_letters() -> None:
    at_bob = bounce("2", said=report((BOB, "failed"), original="1@x"))
    at_eve = bounce("3", said=report((EVE, "failed"), original="1@x"))
    assert {"2", "3"} <= record(BOTH, at_bob, at_eve).keys()


def test_of_two_copies_of_a_report_the_one_that_was_read_counts() -> None:
    said = report((BOB, "failed"), original="1@x")
    whole = bounce("2", said=said)
    assert lost(copy("1", ANA, BOB, 0), replace(whole, report=None, digest="0"), whole) == {"1"}


def test_failed_recipients_are_those_of_the_header_and_of_the_report_each_once() -> None:
    named = bounce("2", f"X-Failed-Recipients: Bob@Globex.com,\t{BOB} <{EVE}> nobody")
    assert failed_recipients(named) == (BOB, EVE)
    said = report((BOB, "failed"), ("kim@globex.com", "failed"), ("lee@globex.com", "delayed"))
    both = replace(named, report=said)
    assert failed_recipients(both) == (BOB, EVE, "kim@globex.com")
    assert named_recipients(both) == (BOB, EVE, "kim@globex.com", "lee@globex.com")
    assert failed_recipients(ASKED) == ()


@pytest.mark.parametrize(
    ("subject", "is_finished"),
    [
        ("Delayed Mail (still being retried)", False),
        ("Warning: could not send message for past 4 hours", False),
        ("Delivery Status Notification (Delay)", False),
        ("Delivered: RE: Offer", False),
        ("Delivery Status Notification (Relay)", False),
        ("Delivery Status Notification (Failure)", True),
        ("Undelivered Mail Returned to Sender", True),
        ("Returned mail: a warning", True),
    ],
)
def test_a_subject_of_delay_or_success_is_no_failure(subject: str, is_finished: bool) -> None:
    assert is_final(bounce("2", subject=subject)) is is_finished


def test_a_report_is_looked_for_on_bounces_alone() -> None:
    assert may_be_report(bounce("2"))
    assert not may_be_report(ASKED)

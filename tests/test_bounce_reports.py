"""Delivery reports from a mailbox or a file to the figures: which asks never arrived."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from installations import (
    AS_OF,
    HISTORY,
    Installation,
    deliver,
    install,
    letter,
    mailbox_entry,
    query,
    write_mbox,
)
from scripted_socket import Answer, ScriptedServer, recorded, scripted
from servers import Delivery, DovecotServer, ImapServer, settings_for

from inbox_agent.config import MailboxSettings, PasswordSettings
from inbox_agent.delivery_reports import Delivery as Fate
from inbox_agent.delivery_reports import Report, read_report
from inbox_agent.errors import MailboxUnavailable
from inbox_agent.imap_commands import REPORT_ITEMS
from inbox_agent.intake import Import
from inbox_agent.mailbox import Mailbox
from inbox_agent.messages import FetchedHeader

JUNE = datetime(2024, 6, 17, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BOB, EVE = "bob@globex.example", "eve@globex.example"


def bounce(
    recipient: str,
    action: str,
    original: str,
    at: datetime,
    encoding: str = "7bit",
) -> Delivery:
    """The report of a mail host that one letter failed, or waits, at one recipient."""
    raw = f"""From: Mail Delivery System <mailer-daemon@mx.example>
To: ana@acme.example
Date: {at:%a, %d %b %Y %H:%M:%S +0000}
Message-ID: <{recipient}.{action}.{at:%H%M}@mx.example>
Subject: Delivery Status Notification
Content-Type: multipart/report; report-type=delivery-status; boundary="=_r"

--=_r
Content-Type: text/plain

Words for people, which are never kept: {recipient}
--=_r
Content-Type: message/delivery-status
Content-Transfer-Encoding: {encoding}

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {recipient}
Action: {action}
Status: 5.1.1
--=_r
Content-Type: message/rfc822

Message-ID: <{original}>
Subject: Offer?

The offer.
--=_r--
"""
    return Delivery("INBOX", raw.replace("\n", "\r\n").encode(), at)


def ours(message_id: str, at: datetime, *to: str) -> Delivery:
    raw = letter("Ana <ana@acme.example>", ", ".join(to), at, message_id)
    return Delivery("Sent", raw, at)


def fetched(server: ImapServer, port: int | None = None) -> list[FetchedHeader]:
    """The letters of INBOX as the mailbox gives them."""
    settings = settings_for(server, port=port or server.port, sent=("Sent",))
    with Mailbox.connect(settings, server.password, clock=lambda: AS_OF) as mailbox:
        inbox = next(folder for folder in mailbox.folders() if folder.name == "INBOX")
        mailbox.examine(inbox)
        batches = mailbox.fetch(inbox, mailbox.new_uids(0))
        return [header for headers, _ in batches for header in headers]


# --- from the server


@pytest.mark.parametrize("encoding", ["7bit", "quoted-printable"])
def test_the_report_of_a_bounce_is_fetched_and_nothing_more_of_it(
    imap_server: ImapServer, encoding: str
) -> None:
    theirs = letter("Kim <kim@globex.example>", "ana@acme.example", JUNE, "k@globex.example")
    inbox = [
        Delivery("INBOX", theirs, JUNE),
        bounce(BOB, "failed", "1@acme.example", JUNE, encoding),
        Delivery("Sent", theirs, JUNE),
    ]
    deliver(imap_server, inbox)
    plain, header = fetched(imap_server)
    assert plain.report == b""
    assert read_report(header.report) == Report((Fate(BOB, "failed", "5.1.1"),), "1@acme.example")
    assert b"people" not in header.report
    assert b"offer" not in header.report


@pytest.mark.dovecot
def test_no_other_letters_parts_are_asked_for(dovecot: DovecotServer) -> None:
    marked = 'Content-Type: multipart/mixed; boundary="multipart/report"'
    theirs = letter("kim@globex.example", "ana@acme.example", JUNE, "k@globex.example", marked)
    report = bounce(BOB, "failed", "1@a", JUNE)
    raw = report.raw.replace(b"type=delivery-status", b"type=disposition-notification")
    raw = raw.replace(b"Mail Delivery System <mailer-daemon@mx.example>", b"kim@globex.example")
    receipt = report._replace(raw=raw)
    deliver(dovecot, [Delivery("INBOX", theirs, JUNE), receipt, report])
    with recorded(dovecot.port) as seen:
        assert [bool(header.report) for header in fetched(dovecot, seen.port)] == [
            False,
            False,
            True,
        ]
    asked = [line for line in seen.commands if b"BODY.PEEK[2]" in line]
    assert asked == [f"UID FETCH 3 {REPORT_ITEMS}".encode()]


@contextmanager
def three_bounces(
    parts: Answer, but: int | None = None
) -> Iterator[tuple[Mailbox, ScriptedServer]]:
    """A server with bounces of the uids 1 to 3, and its answer to being asked for their parts.

    The letter `but` is a person's.
    """
    block = (
        bounce(BOB, "failed", "1@acme.example", JUNE).raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    )

    def answer(command: bytes) -> bytes:
        if b"BODY.PEEK[2]" in command:
            return parts(command) if callable(parts) else parts
        given = [
            b'* %d FETCH (UID %d INTERNALDATE "17-Jun-2024 09:00:00 +0000" RFC822.SIZE 9 '
            b"BODY[HEADER.FIELDS (FROM)]<0> {%d}\r\n%b)\r\n" % (uid, uid, len(one), one)
            for uid in (1, 2, 3)
            for one in [b"From: kim@globex.example\r\n\r\n" if uid == but else block]
        ]
        return b"".join(given) + b"{tag} OK done"

    with scripted({"UID FETCH": answer}) as server:
        where = MailboxSettings(
            name="partners",
            host="127.0.0.1",
            port=server.port,
            tls="none",
            user="team",
            password=PasswordSettings(env="PARTNERS_PASSWORD"),
        )
        with Mailbox.connect(where, "open-sesame", clock=lambda: AS_OF) as mailbox:
            mailbox.examine(mailbox.folders()[0])
            yield mailbox, server


def reports(mailbox: Mailbox) -> list[bool]:
    ((headers, unreadable),) = mailbox.fetch(mailbox.folders()[0], [1, 2, 3])
    assert (unreadable, [header.uid for header in headers]) == ([], [1, 2, 3])
    return [bool(header.report) for header in headers]


def parts_of(uid: int) -> bytes:
    status = b"Reporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; bob@b.example\r\n"
    given = b"BODY[2.MIME]<0> NIL BODY[2]<0> {%d}\r\n%b BODY[3]<0> NIL" % (len(status), status)
    return b"* %d FETCH (UID %d %b)\r\n" % (uid, uid, given)


@pytest.mark.parametrize(
    "parts",
    [
        b"{tag} NO [SERVERBUG] Internal error occurred",
        b"{tag} BAD no such part",
        b"{tag} OK done",
        b"* 1 FETCH (UID 1 BODY[2.MIME]<0> NIL BODY[2]<0> NIL)\r\n{tag} OK done",
        b"* 1 FETCH (UID 1 BODY[2]<0>\r\n{tag} OK done",
        b"* 1 FETCH (UID 1 BODY[2] 7 BODY[3] (1 2))\r\n{tag} OK done",
        b"* 1 FETCH (FLAGS (\\Seen))\r\n* 9 EXISTS\r\n{tag} OK done",
    ],
)
def test_a_server_that_gives_no_parts_costs_the_reports_and_no_letter(parts: bytes) -> None:
    with three_bounces(parts) as (mailbox, _):
        assert reports(mailbox) == [False, False, False]


def test_one_report_that_cant_be_read_does_not_cost_the_others() -> None:
    def parts(command: bytes) -> bytes:
        uids = [1, 2, 3] if b" 1:3 " in command else [int(command.split(b" ")[2])]
        broken = b"* 2 FETCH (UID 2 BODY[2]<0>\r\n"
        return b"".join(broken if uid == 2 else parts_of(uid) for uid in uids) + b"{tag} OK done"

    with three_bounces(parts) as (mailbox, server):
        assert reports(mailbox) == [True, False, True]
    assert sum(b"BODY.PEEK[2]" in line for line in server.commands) == 4


def test_a_report_of_a_letter_that_nobody_asked_for_is_left_alone() -> None:
    answer = parts_of(7) + parts_of(2) + parts_of(3) + b"{tag} OK done"
    with three_bounces(answer, but=2) as (mailbox, _):
        assert reports(mailbox) == [False, False, True]


def test_a_server_that_is_busy_is_left_in_peace() -> None:
    with (
        three_bounces(b"{tag} NO [LIMIT] too many requests") as (mailbox, _),
        pytest.raises(MailboxUnavailable, match="busy"),
    ):
        reports(mailbox)


# --- to the figures


def outcomes(place: Installation) -> list[tuple[str, str]]:
    """The ask of each letter of ours in the order they were written, and what became of it."""
    sql = "select asked_at, outcome from response_times where responder = 'them' order by asked_at"
    return [(asked_at[11:16], outcome) for asked_at, outcome in place.query(sql)]


def lost_and_not() -> list[Delivery]:
    """Seven letters of ours that nobody answered, and what mail hosts say of them."""
    at = {hour: JUNE + timedelta(hours=hour) for hour in range(7)}
    both = [ours(f"{hour}@acme.example", at[hour], BOB, EVE) for hour in (0, 1, 2)]
    theirs = letter(
        "Kim <kim@globex.example>", "ana@acme.example", JUNE - 60 * MINUTE, "k@g.example"
    )
    return [
        Delivery("INBOX", theirs, JUNE - 60 * MINUTE),
        *both,
        # 9:00: both of the two failed
        bounce(BOB, "failed", "0@acme.example", at[0] + MINUTE),
        bounce(EVE, "failed", "0@acme.example", at[0] + MINUTE),
        # 10:00: one failed, one has it
        bounce(BOB, "failed", "1@acme.example", at[1] + MINUTE),
        # 11:00: one failed, the other only waits
        bounce(BOB, "failed", "2@acme.example", at[2] + MINUTE),
        bounce(EVE, "delayed", "2@acme.example", at[2] + 4 * MINUTE),
        # 12:00: the only one failed
        ours("3@acme.example", at[3], BOB),
        bounce(BOB, "failed", "3@acme.example", at[3] + MINUTE),
        # 13:00: delivered, as somebody wanted to know
        ours("4@acme.example", at[4], BOB),
        bounce(BOB, "delivered", "4@acme.example", at[4] + MINUTE),
        # 14:00: the report is about a letter that we do not hold, and so about the latest to bob
        ours("5@acme.example", at[5], BOB),
        bounce(BOB, "failed", "gone@acme.example", at[5] + MINUTE),
        # 15:00: somebody else's letter failed
        ours("6@acme.example", at[6], BOB),
        bounce("kim@initech.example", "failed", "gone@acme.example", at[6] + MINUTE),
    ]


LOST = [
    ("09:00", "void"),
    ("10:00", "open"),
    ("11:00", "open"),
    ("12:00", "void"),
    ("13:00", "open"),
    ("14:00", "void"),
    ("15:00", "open"),
]


def distinct(letters: list[Delivery]) -> list[Delivery]:
    """The same with a subject for each letter of ours, so that each is an ask of its own."""
    subjects = iter("abcdefghij")
    return [
        one._replace(raw=one.raw.replace(b"Offer?", b"Offer %s?" % next(subjects).encode(), 1))
        if one.folder == "Sent"
        else one
        for one in letters
    ]


def test_asks_are_void_where_a_report_says_that_nobody_got_them(
    imap_server: ImapServer, tmp_path: Path
) -> None:
    deliver(imap_server, distinct(lost_and_not()))
    place = install(tmp_path, mailbox_entry(imap_server))
    assert place.agent().poll(AS_OF).errors == []
    assert outcomes(place) == LOST
    kinds = place.query("select distinct kind, rule, why_not from messages where side = 'them'")
    assert set(kinds) == {("human", "P16", None), ("bounce", "P1", "delivery_report")}


def test_reports_in_files_say_the_same(tmp_path: Path) -> None:
    letters = distinct(lost_and_not())
    place = install(tmp_path)
    for folder in ("INBOX", "Sent"):
        path = write_mbox(tmp_path / f"{folder}.mbox", [x for x in letters if x.folder == folder])
        job = Import((path,), "import", folder, "date", is_sent=folder == "Sent")
        assert place.agent().import_files(job, AS_OF).errors == []
    assert outcomes(place) == LOST


def test_what_is_kept_of_a_report_outlives_a_rebuild(
    imap_server: ImapServer, tmp_path: Path
) -> None:
    deliver(imap_server, distinct(lost_and_not()))
    place = install(tmp_path, mailbox_entry(imap_server))
    place.agent().poll(AS_OF)
    before = place.tables(*HISTORY)
    place.agent().rebuild()
    assert place.tables(*HISTORY) == before
    kept = query(place.mirror, "select report from headers where report is not null")
    assert len(kept) == 9
    assert all(b"Words for people" not in report and b"Offer" not in report for report in kept)

"""Which clock is believed, how often another one had to be, and that it holds on real servers."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
from installations import (
    AS_OF,
    Installation,
    deliver,
    install,
    letter,
    mailbox_entry,
    write_mbox,
)
from servers import Delivery, ImapServer, second_pair_of_eyes

from inbox_agent.automatic import RULES_VERSION
from inbox_agent.catalogue import TABLES
from inbox_agent.header_cleaning import PROBLEMS
from inbox_agent.instants import CLOCK_DOUBTS, choose_at, clock_sources
from inbox_agent.intake import Import
from inbox_agent.messages import PARSER_VERSION, FetchedHeader, Message, parse_message
from inbox_agent.subjects import SUBJECTS_VERSION
from inbox_agent.words import AT_SOURCES


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


FETCHED = utc(2026, 3, 1, 12, 0)
ARRIVED = utc(2026, 1, 5, 9, 30)
SENT = utc(2026, 1, 5, 9, 0)
DATE = "Date: Mon, 5 Jan 2026 09:00:00 +0000\n"
LINE = utc(2026, 1, 5, 9, 5)
TOP = "Received: by mx.acme.com; Mon, 5 Jan 2026 09:05:00 +0000\n"
OTHER = "Received: by other.example; 5 Jan 2026 09:09:00 +0000\n"
OTHER_LINE = utc(2026, 1, 5, 9, 9)
FUTURE = FETCHED + timedelta(minutes=10)
OURS = frozenset({"mx.acme.com"})


def copy(
    header: str = "",
    received_at: datetime | None = ARRIVED,
    *,
    is_sent_copy: bool = False,
    is_import: bool = False,
) -> Message:
    block = (DATE if "Date:" not in header else "") + header
    fetched = FetchedHeader(
        mailbox="partners",
        folder="INBOX",
        uidvalidity=1,
        uid=7,
        received_at=received_at,
        size_octets=2048,
        block=block.encode(),
        fetched_at=FETCHED,
    )
    return replace(parse_message(fetched, is_sent_copy=is_sent_copy), is_import=is_import)


def chosen(*args: Any, **fields: Any) -> tuple[datetime | None, str]:
    return choose_at(copy(*args, **fields), OURS)


def dated(at: datetime) -> str:
    return at.strftime("Date: %d %b %Y %H:%M:%S +0000\n")


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (chosen(TOP), (LINE, "received")),
        (chosen(OTHER + TOP), (LINE, "received")),
        (chosen(OTHER), (ARRIVED, "internaldate")),
        (
            chosen("Received: by mx.acme.com; 5 Jan 1994 09:09:00 +0000\n"),
            (ARRIVED, "internaldate"),
        ),
        (chosen(), (ARRIVED, "internaldate")),
        (chosen(received_at=None), (SENT, "date")),
        (chosen(received_at=utc(1994, 12, 31, 23, 59, 59)), (SENT, "date")),
        (chosen(received_at=utc(1995, 1, 1)), (utc(1995, 1, 1), "internaldate")),
        (chosen(received_at=FUTURE), (FUTURE, "internaldate")),
        (chosen(received_at=FUTURE + timedelta(seconds=1)), (SENT, "date")),
        (chosen("Date: 5 Jan 1970 00:00:00 +0000\n", None), (None, "none")),
    ],
)
def test_the_instant_is_that_of_the_first_usable_source(
    case: tuple[datetime | None, str], expected: tuple[datetime | None, str]
) -> None:
    assert case == expected


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (chosen(OTHER, None), (OTHER_LINE, "received")),
        (chosen(OTHER, utc(1970, 1, 1)), (OTHER_LINE, "received")),
        (chosen(OTHER.replace("other", "x") + OTHER, None), (OTHER_LINE, "received")),
        (chosen(OTHER.replace("2026", "1994"), None), (SENT, "date")),
        # topmost is topmost: one below it is of a host still further away
        (chosen(OTHER.replace("2026", "1994") + OTHER, None), (SENT, "date")),
        # ours is not usable, and neither is the server's instant
        (chosen(OTHER + TOP.replace("2026", "2126"), None), (OTHER_LINE, "received")),
        (chosen("Received: by other.example; never\n", None), (SENT, "date")),
    ],
)
def test_without_the_servers_instant_the_topmost_received_line_is_better_than_date(
    case: tuple[datetime | None, str], expected: tuple[datetime | None, str]
) -> None:
    assert case == expected


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (chosen(received_at=SENT + timedelta(minutes=15), is_sent_copy=True), (SENT, "date")),
        (chosen(TOP, SENT - timedelta(minutes=15), is_sent_copy=True), (SENT, "date")),
        (
            chosen(received_at=SENT + timedelta(seconds=901), is_sent_copy=True),
            (SENT + timedelta(seconds=901), "internaldate"),
        ),
        (
            chosen(TOP, SENT - timedelta(seconds=901), is_sent_copy=True),
            (SENT - timedelta(seconds=901), "internaldate"),
        ),
        (chosen(received_at=None, is_sent_copy=True), (SENT, "date")),
        (chosen(received_at=utc(1980, 1, 1), is_sent_copy=True), (SENT, "date")),
        (chosen("Date: never\n", is_sent_copy=True), (ARRIVED, "internaldate")),
        (chosen(dated(utc(2126, 1, 1)), is_sent_copy=True), (ARRIVED, "internaldate")),
        (chosen(dated(utc(2126, 1, 1)), None, is_sent_copy=True), (None, "none")),
    ],
)
def test_a_sent_copy_is_of_its_date_unless_the_server_says_quite_another(
    case: tuple[datetime | None, str], expected: tuple[datetime | None, str]
) -> None:
    assert case == expected


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (chosen(TOP, is_import=True), (LINE, "received")),
        (chosen(OTHER, is_import=True), (OTHER_LINE, "received")),
        (chosen(is_import=True), (SENT, "date")),
        (chosen("Date: never\n", is_import=True), (None, "none")),
        (chosen("Date: never\n" + OTHER, is_import=True), (OTHER_LINE, "received")),
        # 20 days off: the server's instant would be taken, were it not that of a move
        (
            chosen(received_at=SENT + timedelta(days=20), is_sent_copy=True, is_import=True),
            (SENT, "date"),
        ),
        (chosen("Date: never\n", is_sent_copy=True, is_import=True), (None, "none")),
    ],
)
def test_the_instant_of_a_move_is_nobodys(
    case: tuple[datetime | None, str], expected: tuple[datetime | None, str]
) -> None:
    assert case == expected


@pytest.mark.parametrize("zone", ["", " CET", " XYZ"])
def test_a_date_of_a_doubtful_zone_gives_way_to_any_clock_of_a_server(zone: str) -> None:
    """Read as UTC it may be hours off: an incoming copy does not ask it, one in Sent compares."""
    date = f"Date: Mon, 5 Jan 2026 09:00:00{zone}\n"
    assert chosen(date) == (ARRIVED, "internaldate")
    assert chosen(date + OTHER, None) == (OTHER_LINE, "received")
    assert chosen(date, is_sent_copy=True) == (ARRIVED, "internaldate")
    assert chosen(date, None) == (SENT, "date")


# --- how often which clock


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (copy(TOP), {"received"}),
        (copy(), {"internaldate"}),
        (copy("Date: never\n"), {"internaldate", "date_unreadable"}),
        (copy(received_at=None), {"date", "no_received_at"}),
        (copy("Date:\n", None), {"none", "no_date", "no_received_at"}),
        (copy(OTHER, None), {"received", "received_by_others", "no_received_at"}),
        (copy(OTHER + TOP, None), {"received", "no_received_at"}),
        (copy(is_import=True), {"date", "import_block"}),
        (copy(TOP, is_import=True), {"received", "import_block"}),
        (copy(OTHER, is_import=True), {"received", "received_by_others", "import_block"}),
        (copy(received_at=FUTURE + timedelta(seconds=1)), {"date", "received_in_future"}),
        (copy(received_at=FUTURE), {"internaldate"}),
        (copy(received_at=utc(1970, 1, 1)), {"date", "received_before_1995"}),
        (copy(dated(utc(1994, 1, 1))), {"internaldate", "date_before_1995"}),
        (copy(dated(utc(1995, 1, 1))), {"internaldate"}),
        (copy(dated(FUTURE + timedelta(seconds=1))), {"internaldate", "date_in_future"}),
        (copy(dated(FUTURE)), {"internaldate"}),
        (copy(is_sent_copy=True), {"internaldate", "sent_date_differs"}),
        (copy(received_at=SENT, is_sent_copy=True), {"date"}),
        (copy("Date: never\n", is_sent_copy=True), {"internaldate", "date_unreadable"}),
        (copy("Date: 5 Jan 2026 09:00:00\n"), {"internaldate", "date_without_zone"}),
        (copy("Date: 5 Jan 2026 09:00:00 CET\n"), {"internaldate", "date_zone_unknown"}),
        (copy("Date: 5 Jan 2026 09:00:00 +2500\n"), {"internaldate", "date_zone_impossible"}),
    ],
)
def test_a_copy_has_one_source_and_all_its_doubts(found: Message, expected: set[str]) -> None:
    assert clock_sources([found], OURS) == dict.fromkeys(expected, 1)
    assert len(expected & set(AT_SOURCES)) == 1


def test_copies_are_counted_by_source_and_doubt() -> None:
    copies = [copy(TOP), copy(TOP), copy(), copy(OTHER, None), copy(is_import=True)]
    found = clock_sources(copies, OURS)
    assert list(found.items()) == [
        ("received", 3),
        ("internaldate", 1),
        ("date", 1),
        ("import_block", 1),
        ("received_by_others", 1),
        ("no_received_at", 1),
    ]
    assert sum(found.get(source, 0) for source in AT_SOURCES) == len(copies)


def test_every_problem_of_a_date_is_a_doubt_and_every_doubt_is_described() -> None:
    assert {name for name in PROBLEMS if "date" in name} <= set(CLOCK_DOUBTS)
    about = next(table for table in TABLES if table.name == "about")
    description = next(c.description for c in about.columns if c.name == "clock_sources")
    assert [name for name in (*AT_SOURCES, *CLOCK_DOUBTS) if name not in description] == []


# --- from the server to the tables

MARCH = utc(2024, 3, 4, 9, 0)
KIM, ANA = "Kim <kim@globex.example>", "Ana <ana@acme.example>"
PARTNER = '[[partners]]\nname = "Globex"\ndomains = ["globex.example"]\n'
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def theirs(number: int, at: datetime, *more: str) -> bytes:
    return letter(KIM, ANA, at, f"{number}@globex.example", *more, subject=f"Order {number}")


def ours(number: int, at: datetime) -> bytes:
    return letter(ANA, KIM, at, f"{number}@acme.example", subject=f"Offer {number}")


def append_without_a_date(server: ImapServer, folder: str, letters: Iterable[bytes]) -> None:
    """As many a program moves a folder: the server takes its own clock (RFC 3501 §6.3.11)."""
    with second_pair_of_eyes(server) as connection:
        connection.create(folder)
        for raw in letters:
            kind, data = connection.append(folder, "", None, raw)  # type: ignore[arg-type]
            assert kind == "OK", data


def published(place: Installation) -> dict[str, tuple[str, str]]:
    rows = place.query("select subject, at, at_source from messages where partner like 'globex%'")
    return {subject: (at, source) for subject, at, source in rows}


def text(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def clocks(place: Installation) -> dict[str, int]:
    (found,) = place.query("select clock_sources from about")
    return dict(json.loads(found))


def test_old_letters_that_were_moved_count_from_when_they_came(
    imap_server: ImapServer, tmp_path: Path
) -> None:
    """100 of theirs in INBOX, half of them with a Received line, and 60 of ours in Sent."""
    line = "Received: from a by mx.hoster.example; {:%d %b %Y %H:%M:%S} +0000"
    inbox = [
        theirs(n, MARCH + n * DAY, *([line.format(MARCH + n * DAY + 3 * MINUTE)] * (n % 2)))
        for n in range(100)
    ]
    append_without_a_date(imap_server, "INBOX", inbox)
    append_without_a_date(imap_server, "Sent", (ours(n, MARCH + n * DAY) for n in range(60)))
    fresh = theirs(100, AS_OF - DAY)
    deliver(imap_server, [Delivery("INBOX", fresh, AS_OF - DAY + 5 * MINUTE)])
    place = install(tmp_path, mailbox_entry(imap_server), partners=PARTNER)
    assert place.agent(datetime.now(UTC) + DAY).poll(AS_OF).errors == []

    expected = {
        f"Order {n}": (
            (text(MARCH + n * DAY + 3 * MINUTE), "received")
            if n % 2
            else (text(MARCH + n * DAY), "date")
        )
        for n in range(100)
    }
    expected |= {f"Offer {n}": (text(MARCH + n * DAY), "date") for n in range(60)}
    expected["Order 100"] = (text(AS_OF - DAY + 5 * MINUTE), "internaldate")
    assert published(place) == expected
    assert clocks(place) == {
        "received": 50,
        "internaldate": 1,
        "date": 110,
        "import_block": 160,
        "received_by_others": 50,
    }
    shown = " ".join(place.run("status").stdout.split())
    assert (
        "instants from: received 50, internaldate 1, date 110;"
        " doubtful: import_block 160, received_by_others 50"
    ) in shown


def archived(
    top: Path, received_from: Literal["date", "envelope", "received"] = "date"
) -> Installation:
    """60 letters of theirs from a file whose `From ` lines say when the archive was written."""
    filed = [Delivery("", theirs(n, MARCH + n * DAY), AS_OF - 2 * DAY) for n in range(60)]
    path = write_mbox(top / "globex.mbox", filed)
    place = install(top, partners=PARTNER)
    job = Import((path,), "archive", None, received_from, is_sent=False)
    assert place.agent().import_files(job, AS_OF).errors == []
    return place


@pytest.mark.parametrize(
    ("received_from", "source", "moved"),
    [("date", "internaldate", 0), ("envelope", "date", 60), ("received", "date", 0)],
)
def test_a_file_is_moved_only_where_its_from_lines_say_one_time(
    tmp_path: Path,
    received_from: Literal["date", "envelope", "received"],
    source: str,
    moved: int,
) -> None:
    place = archived(tmp_path, received_from)
    assert published(place) == {f"Order {n}": (text(MARCH + n * DAY), source) for n in range(60)}
    assert clocks(place).get("import_block", 0) == moved


def test_about_names_the_versions_the_figures_were_made_with(tmp_path: Path) -> None:
    place = archived(tmp_path)
    versions = "select parser_version, rules_version, subjects_version from about"
    assert place.query(versions) == [(PARSER_VERSION, RULES_VERSION, SUBJECTS_VERSION)]


def test_about_says_how_many_headers_were_read_quickly(tmp_path: Path) -> None:
    """Three in four: in the header of the fourth letter somebody left octets of no charset."""
    letters = [theirs(n, MARCH + n * DAY, "X-Loop: a") for n in range(4)]
    letters[3] = letters[3].replace(b"X-Loop: a", b"X-Loop: \xfc")
    filed = [Delivery("", raw, AS_OF - DAY) for raw in letters]
    path = write_mbox(tmp_path / "globex.mbox", filed)
    place = install(tmp_path, partners=PARTNER)
    assert place.agent().import_files(Import((path,), "a", None, "date", False), AS_OF).errors == []
    assert place.query("select plain_headers_share from about") == [0.75]


def test_status_says_where_instants_come_from_when_that_was_published(tmp_path: Path) -> None:
    place = archived(tmp_path)
    assert "instants from: internaldate 60\n" in place.run("status").stdout
    with closing(sqlite3.connect(place.published)) as older, older:  # of before an update
        older.execute("alter table about drop column clock_sources")
    done = place.run("status")
    assert (done.returncode, done.stderr) == (0, "")
    assert "instants from" not in done.stdout

"""What no letter and no folder may cost: time and memory of whole polls, server's lies included.

The aim for a letter is half a second and 100 MB. Memory is held to; time is only held to what
would be a hang, as a machine may be busy. The figures are in docs/reliability.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bounds import Cost, measured
from installations import install, letter, mailbox_entry, one_line, query
from nasty_blocks import BOMBS
from scripted_mailbox import expanded, fetched
from scripted_socket import Answer, scripted
from servers import DovecotServer

from inbox_agent.header_lines import OCTETS_READ
from inbox_agent.mirror import Mirror
from inbox_agent.sqlite_files import connect

pytestmark = pytest.mark.reliability

MAY = datetime(2024, 5, 6, 9, tzinfo=UTC)
MEGABYTE = 2**20
#: What one letter may take. The aim is 100 MB, but a letter of 50 MB would fit into that whole.
MOST_OCTETS = 40 * MEGABYTE
HANG_SECONDS = 10.0

_FROM = b"From: Kim <kim@globex.example>\r\nDate: Mon, 06 May 2024 09:00:00 +0000\r\n"


def of(field: bytes, piece: bytes, count: int) -> Iterator[bytes]:
    """A header with one field of so many pieces, some thousand at a time."""
    yield _FROM + b"Message-ID: <bomb@globex.example>\r\n" + field + b": "
    for start in range(0, count, 1000):
        yield piece * min(1000, count - start)
    yield b"\r\n\r\n"


LETTERS: dict[str, tuple[bytes, bytes, int]] = {
    "a subject of 50 MB": (b"Subject", b"x" * 1024, 50 * 1024),
    "1,000,000 recipients": (b"To", b"c1234567@globex.example,\r\n ", 1_000_000),
    "1,000,000 recipients in copy": (b"Cc", b"Kim <c1234567@globex.example>,\r\n ", 1_000_000),
    "1 MB of encoded words": (b"Subject", b"=?utf-8?b?R3LDvMOfZQ==?= ", 41_943),
    "1 MB of encoded words, folded": (b"Subject", b"=?iso-8859-1?q?=FC?=\r\n ", 45_590),
    "60,000 references": (b"References", b"<12345678@globex.example>\r\n ", 60_000),
    "60,000 in In-Reply-To": (b"In-Reply-To", b"<12345678@globex.example> ", 60_000),
    "50 MB of folded lines": (b"Subject", b"x\r\n ", 13_107_200),
    "50 MB of Received": (b"Received", b"from a (b (c)) by mx.acme.example\r\n ", 1_456_355),
}


def refusing_partials(*letters: list[bytes]) -> dict[str, Answer]:
    """A server with these letters in INBOX; it sends all of each, whatever was asked for."""

    def fetch(command: bytes) -> Iterator[bytes]:
        for uid in expanded(command):
            pieces = letters[uid - 1] if uid <= len(letters) else []
            size = sum(map(len, pieces))
            yield (
                b'* %d FETCH (UID %d INTERNALDATE " 6-May-2024 09:00:00 +0000" RFC822.SIZE %d '
                b"BODY[HEADER.FIELDS (FROM TO)] {%d}\r\n" % (uid, uid, size, size)
            )
            yield from pieces
            yield b")\r\n"
        yield b"{tag} OK done\r\n"

    return holding(len(letters), fetch)


def holding(count: int, fetch: Answer) -> dict[str, Answer]:
    """INBOX has the uids from 1 to `count`, Sent has none."""
    opened = [b""]

    def examine(command: bytes) -> bytes:
        opened[0] = command
        number = 0 if b"Sent" in command else count
        return (
            b"* %d EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT %d] ok\r\n"
            b"{tag} OK [READ-ONLY] done" % (number, number + 1)
        )

    def search(command: bytes) -> bytes:
        ends = command.split(b" ")[3].split(b":")
        top = 0 if b"Sent" in opened[0] else min(int(ends[-1]), count)
        found = b"".join(b" %d" % uid for uid in range(int(ends[0]), top + 1))
        return b"* SEARCH" + found + b"\r\n{tag} OK done"

    return {"EXAMINE": examine, "UID SEARCH": search, "UID FETCH": fetch}


class Where:
    """A scripted server, as the config needs to know it."""

    host, user, password = "127.0.0.1", "team", "open-sesame"

    def __init__(self, port: int) -> None:
        self.port = port

    def append(self, *_: object) -> int:
        raise NotImplementedError


def small_letter() -> list[bytes]:
    return [letter("kim@globex.example", "ana@acme.example", MAY, "1@x").partition(b"A body")[0]]


def costs(top: Path, servers: list[dict[str, Answer]], job: str = "poll") -> list[Cost]:
    """Of one job at each of these servers, after one at a server with a small letter."""
    with ExitStack() as stack:
        places = [
            install(
                top / str(number), mailbox_entry(Where(stack.enter_context(scripted(answers)).port))
            )
            for number, answers in enumerate([refusing_partials(small_letter()), *servers])
        ]
        return measured(places, job)


def told(found: Mapping[str, Cost]) -> None:
    """The figures for docs/reliability.md: `pytest -s tests/test_bounds.py`."""
    for name, each in found.items():
        print(f"| {name} | {each.seconds:.2f} s | {each.octets / MEGABYTE:.0f} MB |")


def too_much(found: Mapping[str, Cost]) -> list[str]:
    return [
        name
        for name, each in found.items()
        if each.octets > MOST_OCTETS or each.seconds > HANG_SECONDS
    ]


def test_no_header_costs_too_much_though_a_server_sends_all_of_it(tmp_path: Path) -> None:
    servers = [refusing_partials(list(of(*LETTERS[name]))) for name in LETTERS]
    found = dict(zip(LETTERS, costs(tmp_path, servers), strict=True))
    told(found)
    assert too_much(found) == []
    assert all((each.errors, each.letters) == ([], 1) for each in found.values())


def test_all_bombs_together_cost_less_than_half_a_second_each(tmp_path: Path) -> None:
    bombs = [[_FROM, bomb[:OCTETS_READ], b"\r\n\r\n"] for bomb in BOMBS.values()]
    (found,) = costs(tmp_path, [refusing_partials(*bombs)])
    told({f"{len(bombs)} letters of 64 KiB made to be slow, in one poll": found})
    assert (found.errors, found.letters) == ([], len(bombs))
    assert found.octets < MOST_OCTETS
    assert found.seconds < 0.5 * len(bombs)


# --- MIME within MIME


def nested(depth: int) -> bytes:
    """Multiparts within multiparts, each with a boundary of its own."""
    head = b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n"
    return b"".join(head % (number, number) for number in range(depth)) + b"\r\nText\r\n"


REPORT = (
    _FROM.replace(b"kim@", b"mailer-daemon@")
    + b"Message-ID: <r@globex.example>\r\nReturn-Path: <>\r\n"
    b"Content-Type: multipart/report; report-type=delivery-status; boundary=r\r\n\r\n"
)


def test_no_part_of_a_delivery_report_costs_too_much(tmp_path: Path) -> None:
    """Its parts are all that is ever read of a body."""
    parts = {
        "50 MB of MIME within MIME": [nested(1000) * 16] * 64,
        "50 MB of recipients": [b"Final-Recipient: rfc822; a@b.example\r\n\r\n" * 25_000] * 52,
        "50 MB of one blank": [b" " * MEGABYTE] * 50,
        "50 MB of quoted-printable": [b"=3D=\r\n" * 150_000] * 58,
    }
    found = dict(zip(parts, costs(tmp_path, [*map(reporting, parts.values())]), strict=True))
    told(found)
    assert too_much(found) == []
    assert all((each.errors, each.letters) == ([], 1) for each in found.values())


def reporting(pieces: list[bytes]) -> dict[str, Answer]:
    """A server with one delivery report, that sends all of a part, whatever was asked for."""
    whole = refusing_partials([REPORT])
    size = sum(map(len, pieces))
    mime = b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"

    def fetch(command: bytes) -> Iterator[bytes]:
        if b".MIME]" not in command:
            yield from whole["UID FETCH"](command)  # type: ignore[operator, misc]
            return
        yield b"* 1 FETCH (UID 1 BODY[2.MIME]<0> {%d}\r\n%b" % (len(mime), mime)
        for number in (2, 3):
            yield b" BODY[%d]<0> {%d}\r\n" % (number, size)
            yield from pieces
        yield b")\r\n{tag} OK done\r\n"

    return holding(1, fetch)


# --- a real server


@pytest.mark.dovecot
def test_no_letter_in_a_real_mailbox_costs_too_much(dovecot: DovecotServer, tmp_path: Path) -> None:
    subject = _FROM + b"Subject: " + b"word\r\n " * 655_360 + b"\r\n\r\nText\r\n"
    letters = {
        "Dovecot: a header of 5 MB": subject,
        "Dovecot: 60,000 references": b"".join(of(*LETTERS["60,000 references"])) + b"Text\r\n",
        "Dovecot: MIME within MIME, 1,000 deep": _FROM + nested(1_000),
        "Dovecot: a report of MIME within MIME": REPORT + b"--r\r\n\r\nNo\r\n--r\r\n"
        b"Content-Type: message/delivery-status\r\n\r\nFinal-Recipient: rfc822; a@b.example\r\n"
        b"\r\n--r\r\nContent-Type: message/rfc822\r\n\r\n" + nested(1_000) + b"--r--\r\n",
    }
    places = []
    for number, raw in enumerate([b"".join(small_letter()), *letters.values()]):
        mine = dovecot.with_fresh_user()
        mine.append("INBOX", raw, MAY)
        places.append(install(tmp_path / str(number), mailbox_entry(mine)))
    found = dict(zip(letters, measured(places), strict=True))
    told(found)
    assert too_much(found) == []
    assert all((each.errors, each.letters) == ([], 1) for each in found.values())


# --- a folder of a million letters


MILLION = 1_000_000


def huge(top: int, batches: int = 1_000) -> dict[str, Answer]:
    """A server with a letter for each uid up to `top`; after so many batches it is busy."""
    asked = [0]

    def fetch(command: bytes) -> bytes:
        asked[0] += 1
        if asked[0] > batches:
            return b"{tag} NO [UNAVAILABLE] come back later"
        return b"".join(map(fetched, expanded(command))) + b"{tag} OK done"

    return holding(top, fetch)


@pytest.mark.slow
def test_a_folder_of_a_million_letters_is_listed_and_begun_within_bounds(tmp_path: Path) -> None:
    (first,) = costs(tmp_path, [huge(MILLION, batches=4)], "read")
    told({"the first four batches of 1,000,000 letters": first})
    assert first.letters == 4 * 500  # of so many the largest batches are asked for
    assert "come back later" in one_line("\n".join(first.errors))
    assert first.octets < 150 * MEGABYTE  # some 100 octets for each uid, and no more
    assert first.seconds < HANG_SECONDS


@pytest.mark.slow
def test_ten_new_letters_among_a_million_held_cost_no_more_than_listing_them(
    tmp_path: Path,
) -> None:
    """The whole folder is compared, as it is once a day, and nothing is taken for deleted."""
    with scripted(refusing_partials(small_letter())) as small, scripted(huge(MILLION + 10)) as big:
        places = [
            install(tmp_path / str(server.port), mailbox_entry(Where(server.port)))
            for server in (small, big)
        ]
        hold_a_million(places[1].mirror)
        (found,) = measured(places, "read")
    told({"ten new letters among 1,000,000 held, all compared": found})
    assert (found.errors, found.letters) == ([], 10)
    assert found.octets < 100 * MEGABYTE
    assert found.seconds < 6 * HANG_SECONDS
    assert query(places[1].mirror, "select count(*) from headers") == [MILLION + 10]
    assert query(places[1].mirror, "select count(missed_at) from headers") == [0]


def hold_a_million(mirror: Path) -> None:
    """A mirror in which the uids 1 to 1,000,000 of INBOX are held."""
    with Mirror(mirror) as made:
        made.begin_folder("partners", "INBOX", 7, None, is_sent=False)
    with closing(connect(mirror)) as writer:
        writer.execute("update folders set last_uid = ?", (MILLION,))
        writer.execute("pragma synchronous = off")
        writer.execute(
            "with recursive n (uid) as (select 1 union all select uid + 1 from n where uid < ?)"
            " insert into headers (mailbox, folder, uidvalidity, uid, received_at, fetched_at,"
            " block, digest, parser_version, details)"
            " select 'partners', 'INBOX', 7, uid, uid, uid, x'', uid, 1, '{}' from n",
            (MILLION,),
        )

"""The texts of letters from a mailbox or a file to the signs that are kept, and no further."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
import zlib
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from contract import fill, installed, poll
from contract_servers import Driver
from faults.cutting import Session
from faults.proxy import Cut, listening
from faults.runs import SECRET
from faults.scenes import Scene
from installations import (
    AS_OF,
    AS_OF_TEXT,
    Installation,
    deliver,
    install,
    letter,
    mailbox_entry,
    query,
    write_mbox,
)
from mailboxes import ROSTER, message
from scripted_mailbox import expanded, fetched, inbox
from scripted_socket import HANG_UP, Answer, ScriptedServer, scripted
from servers import Delivery, DovecotServer, EmbeddedServer

from inbox_agent.checks import check_all
from inbox_agent.demo.mailserver import serve_letters
from inbox_agent.errors import MailboxUnavailable
from inbox_agent.forgetting import erase
from inbox_agent.imap_commands import TEXT_ITEMS, CommandGuard, ForbiddenCommand
from inbox_agent.imap_texts import with_signs
from inbox_agent.intake import Import
from inbox_agent.letter_text import TEXT_OCTETS
from inbox_agent.letters import letters_of
from inbox_agent.mailbox import Mailbox
from inbox_agent.messages import FetchedHeader, parse_message
from inbox_agent.mirror import Mirror
from inbox_agent.worth_reading import is_worth_reading

ON = "[read_text]\nenabled = true\n"
ENGLISH = frozenset({"en"})
JUNE = datetime(2024, 6, 17, 9, 0, tzinfo=UTC)
KIM, ANA = "Kim <kim@globex.example>", "Ana <ana@acme.example>"
#: Stands in every text below and nowhere else.
MARKER = "xyzzymarker"


def with_text(number: int, text: bytes, *more: str, author: str = KIM) -> Delivery:
    """A letter with a text of ours, an hour after the one numbered before it."""
    at = JUNE + timedelta(hours=number)
    to, folder = (ANA, "INBOX") if author == KIM else (KIM, "Sent")
    head, _, _ = letter(author, to, at, f"{number}@globex.example", *more).partition(b"\r\n\r\n")
    body = (text.rstrip(b"\n") + b"\n").replace(b"\n", b"\r\n")
    return Delivery(folder, head + b"\r\n\r\n" + body, at)


def letters() -> list[Delivery]:
    """One letter of each sort, the numbers being their Message-IDs."""
    mixed = 'Content-Type: multipart/mixed; boundary="b"'
    base64 = ("Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64")
    marked = MARKER.encode()
    coded = b"Q291bGQgeW91IHNlbmQgaXQuIHh5enp5bWFya2Vy"  # Could you send it. xyzzymarker
    part = b"preamble\n--b\nContent-Type: text/plain\n\nThank you. " + marked + b"\n--b--\n"
    long = b"word " * 30 + marked + b"\n"
    return [
        with_text(0, b"Can you come? " + marked + b"\n"),
        with_text(1, coded, *base64),
        with_text(2, part, mixed),
        with_text(3, long),
        with_text(4, marked, "Content-Type: application/pkcs7-mime"),
        with_text(5, b"Can you come? " + marked, "Auto-Submitted: auto-replied"),
        with_text(6, b"Yes. " + marked + b"\n\n> Can you come?\n", author=ANA),
    ]


#: By Message-ID: what was seen, in the words of the mirror; None was not read.
SEEN = {
    0: "brief question request",
    1: "brief request",
    2: "brief short thanks",
    3: "",
    4: None,  # encrypted
    5: None,  # automatic, and so not asked for
    6: "brief short",
}


def seen(mirror: Path) -> dict[int, str | None]:
    rows = query(mirror, "select message_id, text_signs from headers order by message_id")
    return {int(name.partition("@")[0]): signs for name, signs in rows}


def import_all(place: Installation, top: Path) -> None:
    for folder in ("INBOX", "Sent"):
        chosen = [one for one in letters() if one.folder == folder]
        path = write_mbox(top / f"{folder}.mbox", chosen)
        job = Import((path,), "import", folder, "date", is_sent=folder == "Sent")
        assert place.agent().import_files(job, AS_OF).errors == []


# --- from files


def test_letters_of_a_file_have_the_signs_of_their_texts(tmp_path: Path) -> None:
    place = install(tmp_path, more=ON)
    import_all(place, tmp_path)
    assert seen(place.mirror) == SEEN
    place.agent().rebuild(AS_OF, reparse=True)
    assert seen(place.mirror) == SEEN


def test_texts_are_looked_at_only_while_the_config_says_so(tmp_path: Path) -> None:
    place = install(tmp_path)
    import_all(place, tmp_path)
    assert set(seen(place.mirror).values()) == {None}
    import_all(install(tmp_path, more=ON), tmp_path)  # what was read before stays as it is
    assert set(seen(place.mirror).values()) == {None}


def octets_in(data: Path) -> bytes:
    """Every octet of every file there, and what is packed in the mirror."""
    files = b"".join(path.read_bytes() for path in data.rglob("*") if path.is_file())
    blocks = query(data / "mirror.db", "select block from headers")
    return files + b"".join(map(zlib.decompress, blocks))


def test_of_the_texts_nothing_but_the_signs_reaches_the_disk(tmp_path: Path) -> None:
    place = install(tmp_path, more=ON)
    import_all(place, tmp_path)
    kept = octets_in(place.data)
    assert b"Offer?" in kept  # the search finds what is there
    assert b"question request" in kept
    assert MARKER.encode() not in kept
    assert b"xyzzy" not in kept
    assert b"come?" not in kept


# --- what the core gets


def test_a_letter_has_the_signs_of_its_representative_else_of_another_copy() -> None:
    partner = ROSTER.partner("globex.com")

    def signs(*found: frozenset[str] | None) -> frozenset[str] | None:
        copies = [
            message(
                "1@globex.com", JUNE + timedelta(seconds=n), to=["ana@acme.com"], text_signs=one
            )
            for n, one in enumerate(found)
        ]
        copies = [replace(copy, sent_at=JUNE) for copy in copies]
        (one,) = letters_of(partner, copies, ROSTER, JUNE + timedelta(days=1))
        return one.text_signs

    ask, thank, nothing = frozenset({"question"}), frozenset({"thanks"}), frozenset[str]()
    assert signs(None) is None
    assert signs(ask, thank) == ask
    assert signs(thank, ask) == thank
    assert signs(nothing, thank) == nothing
    assert signs(None, thank, ask) == ask  # of several others the same whatever their order
    assert signs(None, ask, thank) == ask
    assert signs(None, nothing) == nothing


@pytest.mark.parametrize("signs", [None, frozenset(), frozenset({"thanks", "question"})])
def test_signs_come_out_of_the_mirror_as_they_went_in(
    signs: frozenset[str] | None, tmp_path: Path
) -> None:
    raw = with_text(0, b"").raw
    header = FetchedHeader("m", "INBOX", 1, 1, JUNE, 9, raw, JUNE, text_signs=signs)
    assert parse_message(header).text_signs == signs
    with Mirror(tmp_path / "mirror.db") as mirror:
        begun = mirror.begin_folder("m", "INBOX", 1, None, is_sent=False)
        mirror.add("m", "INBOX", begun, [header])
        (found,) = mirror.messages(marked=False)
        ((_, again),) = mirror.held()
    assert found.text_signs == again.text_signs == signs


ANSWER = "In-Reply-To: <1@acme.example>"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], True),
        (["List-Id: <partners.acme.example>"], True),  # it may be one of ours
        (["Auto-Submitted: auto-generated"], False),
        (["Auto-Submitted: auto-generated", ANSWER], True),  # a person behind a help desk
        (["List-Unsubscribe: <https://globex.example/out>"], False),
        (["List-Unsubscribe: <https://globex.example/out>", ANSWER], True),
        (["Auto-Submitted: auto-replied", ANSWER], False),
        (['Content-Type: multipart/report; report-type="delivery-status"', ANSWER], False),
        (["Content-Type: text/calendar; method=REQUEST", ANSWER], False),
    ],
)
def test_only_the_texts_of_letters_that_may_count_are_looked_at(
    lines: list[str], expected: bool
) -> None:
    raw = with_text(0, b"", *lines).raw
    header = FetchedHeader("m", "INBOX", 1, 1, JUNE, 9, raw, JUNE)
    assert is_worth_reading(parse_message(header)) is expected


def test_the_texts_of_other_letters_are_not_even_asked_for() -> None:
    sorts = [[], ["Auto-Submitted: auto-replied"], [], ["Content-Type: text/calendar"]]
    headers = [
        FetchedHeader("m", "INBOX", 1, uid, JUNE, 9, with_text(uid, b"", *lines).raw, JUNE)
        for uid, lines in enumerate(sorts, 1)
    ]
    asked = list[list[int]]()

    def ask(uids: list[int]) -> list[dict[bytes, object]]:
        asked.append(uids)
        return [{b"UID": 3, b"BODY[TEXT]": b"Can you come?"}]

    found = with_signs(headers, ask, ENGLISH)
    assert asked == [[1, 3]]
    assert [one.uid for one in found if one.text_signs is not None] == [3]
    assert [one.block for one in found] == [one.block for one in headers]


# --- from a server


def test_what_is_asked_for_reads_only_and_only_the_beginning() -> None:
    assert TEXT_ITEMS == (
        "(UID BODY.PEEK[HEADER.FIELDS (CONTENT-TYPE CONTENT-TRANSFER-ENCODING)]<0.4096> "
        "BODY.PEEK[TEXT]<0.4096>)"
    )
    guard = CommandGuard()
    guard.check(f"A1 UID FETCH 1:3 {TEXT_ITEMS}\r\n".encode())
    for other in ("BODY[TEXT]<0.4096>", "BODY.PEEK[TEXT]", "BODY.PEEK[]<0.4096>"):
        with pytest.raises(ForbiddenCommand):
            guard.check(f"A1 UID FETCH 1 (UID {other})\r\n".encode())


#: What is seen in the text below.
ASKED = "brief question request short"


def text_answer(uid: int, text: bytes = b"Can you come?", name: bytes = b"BODY[TEXT]<0>") -> bytes:
    head = b"Content-Type: text/plain\r\n\r\n"
    return (
        b'* %d FETCH (UID %d BODY[HEADER.FIELDS ("CONTENT-TYPE")]<0> {%d}\r\n%b %b {%d}\r\n%b)\r\n'
        % (uid, uid, len(head), head, name, len(text), text)
    )


def answering(texts: Callable[[list[int]], bytes]) -> Answer:
    """Gives any letter, and what `texts` makes of being asked for the texts of some."""

    def answer(command: bytes) -> bytes:
        uids = [uid for uid in expanded(command) if uid < 1_000]
        if b"BODY.PEEK[TEXT]" in command:
            return texts(uids)
        return b"".join(map(fetched, uids)) + b"{tag} OK done"

    return answer


def serving(
    texts: Callable[[list[int]], bytes],
) -> AbstractContextManager[tuple[Mailbox, ScriptedServer]]:
    """A mailbox with letters on a scripted server."""
    return inbox(UID_FETCH=answering(texts))


def signs_by_uid(mailbox: Mailbox, count: int) -> dict[int, bool]:
    """Of each letter that came, whether its text was read."""
    found = mailbox.fetch(mailbox.folders()[0], range(1, count + 1), languages=ENGLISH)
    return {one.uid: one.text_signs is not None for headers, _ in found for one in headers}


def test_texts_are_asked_for_some_letters_at_a_time() -> None:
    def texts(uids: list[int]) -> bytes:
        return b"".join(map(text_answer, uids)) + b"{tag} OK done"

    with serving(texts) as (mailbox, server):
        assert signs_by_uid(mailbox, 60) == dict.fromkeys(range(1, 61), True)
    asked = [line for line in server.commands if b"BODY.PEEK[TEXT]" in line]
    assert asked == [
        f"UID FETCH {uids} {TEXT_ITEMS}".encode() for uids in ("1:25", "26:50", "51:60")
    ]


def test_without_languages_no_text_is_asked_for() -> None:
    with serving(lambda _: b"{tag} BAD who asks?") as (mailbox, server):
        ((headers, _),) = mailbox.fetch(mailbox.folders()[0], [1, 2])
    assert [header.text_signs for header in headers] == [None, None]
    assert not any(b"TEXT" in line for line in server.commands)


@pytest.mark.parametrize(
    "said",
    [
        b"{tag} NO [SERVERBUG] Internal error occurred",
        b"{tag} BAD what text?",
        b"{tag} OK done",
        b"* 1 FETCH (UID 1 BODY[TEXT]<0> NIL)\r\n{tag} OK done",
        b"* 1 FETCH (UID 1 BODY[TEXT]<0>\r\n{tag} OK done",
        b"* 1 FETCH (UID 1 BODY[TEXT] (1 2))\r\n{tag} OK done",
        b"* 1 FETCH (FLAGS (\\Seen))\r\n* 9 EXISTS\r\n{tag} OK done",
    ],
)
def test_a_server_that_gives_no_texts_costs_the_signs_and_no_letter(said: bytes) -> None:
    with serving(lambda _: said) as (mailbox, _):
        assert signs_by_uid(mailbox, 3) == dict.fromkeys((1, 2, 3), False)


def test_one_text_that_is_refused_does_not_cost_the_others() -> None:
    def texts(uids: list[int]) -> bytes:
        if 2 in uids:
            return b"{tag} NO [SERVERBUG] Internal error occurred"
        return b"".join(map(text_answer, uids)) + b"{tag} OK done"

    with serving(texts) as (mailbox, _):
        assert signs_by_uid(mailbox, 3) == {1: True, 2: False, 3: True}


def test_a_text_that_nobody_asked_for_is_left_alone() -> None:
    with serving(lambda _: text_answer(7) + text_answer(1) + b"{tag} OK done") as (mailbox, _):
        assert signs_by_uid(mailbox, 2) == {1: True, 2: False}


@pytest.mark.parametrize("name", [b"BODY[TEXT]", b"body[text]<0>", b"BODY[TEXT]<0>"])
def test_a_server_that_gives_more_than_the_beginning_is_read_up_to_there(name: bytes) -> None:
    text = b"word " * (TEXT_OCTETS // 5 + 1) + b"Can you come?"

    def texts(uids: list[int]) -> bytes:
        return b"".join(text_answer(uid, text, name) for uid in uids) + b"{tag} OK done"

    with serving(texts) as (mailbox, _):
        ((headers, _),) = mailbox.fetch(mailbox.folders()[0], [1], languages=ENGLISH)
    assert [header.text_signs for header in headers] == [frozenset({"long"})]


def test_a_server_that_is_busy_is_left_in_peace() -> None:
    with (
        serving(lambda _: b"{tag} NO [LIMIT] too many requests") as (mailbox, _),
        pytest.raises(MailboxUnavailable, match="busy"),
    ):
        signs_by_uid(mailbox, 3)


def test_a_connection_that_breaks_over_texts_costs_nothing() -> None:
    calls = []

    def texts(uids: list[int]) -> bytes:
        calls.append(uids)
        return HANG_UP if len(calls) == 1 else b"".join(map(text_answer, uids)) + b"{tag} OK done"

    with serving(texts) as (mailbox, _):
        assert signs_by_uid(mailbox, 3) == dict.fromkeys((1, 2, 3), True)
        assert mailbox.broken_over == []


ENTRY = """[[mailboxes]]
name = "partners"
host = "127.0.0.1"
port = {port}
tls = "none"
user = "team"
password = {{ command = "echo open-sesame" }}
folders = ["INBOX"]
sent = ["INBOX"]
"""


@pytest.mark.reliability
def test_a_text_over_which_the_server_always_breaks_off_costs_two_polls_and_not_the_letter(
    tmp_path: Path,
) -> None:
    """It may have been the line, so that the letter is asked for again, the last time without."""

    def texts(uids: list[int]) -> bytes:
        return HANG_UP if 2 in uids else b"".join(map(text_answer, uids)) + b"{tag} OK done"

    def held() -> dict[int, str | None]:
        return dict(query(place.mirror, "select uid, text_signs from headers"))

    there = b"* SEARCH 1 2 3\r\n{tag} OK done"
    with scripted({"UID SEARCH": there, "UID FETCH": answering(texts)}) as server:
        place = install(tmp_path, ENTRY.format(port=server.port), more=ON)
        for minutes in (1, 2):
            later = AS_OF + timedelta(minutes=minutes)
            (error,) = place.agent(later).poll(later).errors
            assert "broke off over 1 letters" in str(error)
            assert held() == {1: ASKED, 3: ASKED}
        assert place.agent(AS_OF + timedelta(minutes=3)).poll(AS_OF).errors == []
    assert held() == {1: ASKED, 2: None, 3: ASKED}


# --- real servers, each of them


@pytest.mark.servers
@pytest.mark.reliability
def test_every_server_gives_the_same_signs_and_nothing_is_touched(
    driver: Driver, tmp_path: Path
) -> None:
    fill(driver, letters())
    place = installed(tmp_path, driver, ON)
    assert poll(place, driver).new_messages == len(SEEN)  # and proves that flags are as before
    assert seen(place.mirror) == SEEN
    asked = [one for one in driver.log.commands if "TEXT]" in one]
    assert asked
    assert all(one.endswith(TEXT_ITEMS) for one in asked)
    assert MARKER.encode() not in octets_in(place.data)
    driver.log.commands.clear()
    poll(place, driver)  # nothing is new
    assert not any("TEXT]" in one for one in driver.log.commands)


@pytest.mark.servers
@pytest.mark.reliability
def test_off_by_default_no_server_is_asked_for_any_text(driver: Driver, tmp_path: Path) -> None:
    fill(driver, letters())
    place = installed(tmp_path, driver)
    poll(place, driver)
    assert set(seen(place.mirror).values()) == {None}
    fetches = [one for one in driver.log.commands if one.startswith("UID FETCH")]
    assert fetches
    assert not any("TEXT]" in one or "BODY.PEEK[]" in one for one in fetches)
    assert all(one.count("BODY") == one.count("BODY.PEEK[HEADER.FIELDS ") for one in fetches)


@pytest.mark.dovecot
@pytest.mark.reliability
@pytest.mark.parametrize("manner", ["FIN", "RST"])
def test_a_poll_cut_anywhere_ends_with_the_signs_of_one_never_cut(
    dovecot: DovecotServer, tmp_path: Path, manner: str
) -> None:
    found = [one._replace(folder="INBOX") for one in letters()]
    deliver(dovecot, found)
    proxy = listening(dovecot.port, tmp_path / "counts")
    entry = mailbox_entry(dovecot, port=proxy.port, folders=["INBOX"], sent=["INBOX"])
    entry = re.sub(r"password = .*", f'password = {{ env = "{SECRET}" }}', entry)
    place = install(tmp_path / "mine", entry, more=ON)
    troubles = []
    with proxy.listener:
        session = Session.begin(Scene("texts", place, dovecot), proxy, tmp_path / "tried")
        total = session.octets["server"]  # the texts come last
        for octets in range(total // 2, total, total // 16):
            troubles += session.cut(Cut("server", octets, manner))[1]
    assert any("question request" in row for row in session.end["mirror.db headers"])
    assert troubles == []


# --- what is said


def test_check_tells_that_texts_are_read(tmp_path: Path) -> None:
    def notes(more: str) -> list[str]:
        found = check_all(install(tmp_path, more=more).agent())
        return [one.text for one in found if "read_text" in one.text]

    assert notes("") == []
    (said,) = notes(ON + 'languages = ["fr", "en"]\n')
    assert "first 4 KB" in said
    assert "en, fr" in said


LOUD = """
import imaplib, logging, sys
imaplib.Debug = 5
logging.basicConfig(level=1, stream=sys.stderr, force=True)
for name in ("anybody", "mailparser_reply", "mailparser_reply.parser", "imapclient"):
    logging.getLogger(name).setLevel(1)
logging.getLogger("anybody").debug("the log is on")
from inbox_agent.cli import main
main(sys.argv[1:], prog_name="inbox-agent")
"""


@pytest.mark.reliability
def test_no_log_at_any_level_holds_a_word_of_a_text(tmp_path: Path) -> None:
    with serve_letters(letters()) as running:
        place = install(tmp_path, mailbox_entry(EmbeddedServer(running)), more=ON)
        command = [sys.executable, "-c", LOUD, "-c", str(place.config), "poll", "--as-of"]
        done = subprocess.run(
            [*command, AS_OF_TEXT], capture_output=True, text=True, timeout=60, check=False
        )
    assert done.returncode == 0, done.stderr
    assert "DEBUG:anybody" in done.stderr
    assert seen(place.mirror) == SEEN
    assert MARKER not in done.stdout + done.stderr
    assert MARKER.encode() not in octets_in(place.data)


@pytest.mark.reliability
def test_erasing_somebody_keeps_the_signs_of_the_letters_that_stay(tmp_path: Path) -> None:
    place = install(tmp_path, more=ON)
    eve = with_text(7, b"Thanks.", "Cc: Eve <eve@globex.example>")
    path = write_mbox(tmp_path / "more.mbox", [eve])
    job = Import((path,), "import", "INBOX", "date", is_sent=False)
    assert place.agent().import_files(job, AS_OF).errors == []
    erase(place.agent(), "eve@globex.example")
    with closing(sqlite3.connect(place.mirror)) as connection:
        ((block, signs),) = connection.execute("select block, text_signs from headers").fetchall()
    assert b"eve@" not in zlib.decompress(block)
    assert signs == "brief short thanks"

"""No subject, address or header field in any log at any level, in no error, and no secret anywhere.

The real program is run with every logger as loud as it goes, on letters and servers full of words
that stand nowhere else, and whatever it says is searched for them.
"""

from __future__ import annotations

import io
import json
import logging
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from installations import Installation, install, letter, mailbox_entry, query, write_mbox
from scripted_socket import Answer, scripted
from servers import Delivery, EmbeddedServer, free_ports

from inbox_agent.demo.mailserver import serve_letters
from inbox_agent.events import Event
from inbox_agent.json_log import json_log

pytestmark = pytest.mark.reliability

SUBJECT, LOCAL, DOMAIN, NAME, REFERENCE, FIELD = WORDS = (
    *("canarysubject", "canarylocal", "canarydomain", "canaryname", "canaryref", "canaryfield"),
)
FOLDER = "canaryfolder"
SECRET = "canary-open-sesame"
ADDRESS = f"{LOCAL}@{DOMAIN}.example"
MAY = datetime(2024, 5, 6, 9, tzinfo=UTC)

LOUD = """
import imaplib, logging, sys
imaplib.Debug = 5
logging.basicConfig(level=1, stream=sys.stderr, force=True)
for name in ("anybody", "imapclient", "imapclient.imaplib", "imapclient.imapclient", "mailparser",
             "httpx", "httpcore", "authlib", "schedule", "keyring", "asyncio"):
    logging.getLogger(name).setLevel(1)
logging.getLogger("anybody").debug("the log is on")
{more}
from inbox_agent.cli import main
main(sys.argv[1:], prog_name="inbox-agent")
"""
# A fault of this program, and one whose text quotes a letter.
FAULT = """
import zlib
def compress(octets):
    raise RuntimeError(octets.decode())
zlib.compress = compress
"""


def nasty_letter(number: int = 1) -> bytes:
    """A letter with a word of ours in every field there is, in good and in broken forms."""
    more = [
        f"{name}: {FIELD} <{number}.{FIELD}@{DOMAIN}.example> =?bad?b?{FIELD}?= \x1b[31m"
        for name in (
            *("Sender", "Reply-To", "Cc", "Bcc", "Thread-Topic", "Content-Type", "Auto-Submitted"),
            *("List-Id", "List-Post", "List-Unsubscribe", "Received", "Authentication-Results"),
            *("X-Loop", "X-Failed-Recipients", "Return-Path", "Delivered-To", "X-Original-From"),
            *("Thread-Index", "Feedback-ID", "X-MSFBL", "References", "In-Reply-To"),
        )
    ]
    more += [f"Cc: =?utf-8?q?{NAME}", f"garbage {NAME}", f"References: <{REFERENCE}@{DOMAIN}>"]
    subject = f"{SUBJECT} =?no-such-charset?q?{SUBJECT}?= =?utf-8?b?A?= \x1b[31m"
    author, own_id = f'"{NAME}" <{ADDRESS}>', f"{number}.{REFERENCE}@{DOMAIN}.example"
    return letter(author, "ana@acme.example", MAY, own_id, *more, subject=subject)


@pytest.fixture
def server() -> Iterator[EmbeddedServer]:
    letters = [Delivery("INBOX", nasty_letter(), MAY), Delivery(FOLDER, nasty_letter(2), MAY)]
    letters.append(Delivery("Sent", nasty_letter(4), MAY))
    with serve_letters(letters) as running:
        yield EmbeddedServer(running)


PARTNERS = f'[[partners]]\nname = "{NAME}"\naddresses = ["{ADDRESS}"]\n'


def installed(top: Path, server: EmbeddedServer, more: str = "") -> Installation:
    return install(top, mailbox_entry(server), more=more, partners=PARTNERS)


def loudly(place: Installation, *args: str | Path, more: str = "") -> list[str]:
    """The command line of one command with every logger on."""
    program = LOUD.format(more=more)
    return [sys.executable, "-c", program, "-c", str(place.config), *map(str, args)]


def said_by(place: Installation, *args: str | Path, code: int = 0, more: str = "") -> str:
    done = subprocess.run(
        loudly(place, *args, more=more), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == code, done.stderr
    assert done.stderr.count("DEBUG:anybody:the log is on") == 1
    return done.stdout + done.stderr


def words_in(text: str, *more: str) -> list[str]:
    return [word for word in (*WORDS, *more) if word in text]


def test_no_command_tells_of_letters_whatever_is_logged(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    place = installed(tmp_path, server, "[retention]\nmonths = 1\n")
    mbox = write_mbox(tmp_path / "more.mbox", [Delivery("INBOX", nasty_letter(3), MAY)])
    commands: list[list[str | Path]] = [
        ["poll"], ["import", mbox], ["rebuild", "--reparse"], ["backup", tmp_path / "copy.db"],
        ["export", "--to", tmp_path / "csv"], ["erase", ADDRESS, "--dry-run"], ["erase", ADDRESS],
        ["purge"], ["poll"],
    ]  # fmt: skip
    for command in commands:
        assert words_in(said_by(place, *command), server.password) == [], command


def test_the_commands_that_show_folders_show_nothing_of_letters(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    place = installed(tmp_path, server)
    said_by(place, "poll")
    assert words_in(said_by(place, "status"), server.password) == []
    checked = subprocess.run(
        loudly(place, "check"), capture_output=True, text=True, timeout=60, check=False
    )
    assert "DEBUG:anybody" in checked.stderr
    # it may name domains, so that one can see whose mailbox this is
    assert set(words_in(checked.stdout + checked.stderr, server.password)) <= {DOMAIN}


@pytest.mark.parametrize("form", ["json", "text"])
def test_the_loop_tells_of_no_letter_and_of_no_folder_in_json(
    server: EmbeddedServer, tmp_path: Path, form: str
) -> None:
    place = installed(tmp_path, server)
    said = looped(place, form, end="published" if form == "json" else " new")
    assert words_in(said, server.password, *([FOLDER] if form == "json" else [])) == []
    if form == "json":
        events = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
        assert {"poll", "published"} <= {event["event"] for event in events}


def looped(place: Installation, form: str, end: str, more: str = "") -> str:
    """What `run` says until a line holds `end`, and then until it has stopped."""
    command = loudly(place, "run", "--log-format", form, more=more)
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        watchdog = threading.Timer(20, process.kill)
        watchdog.start()
        lines = []
        for line in process.stderr:
            lines.append(line)
            if end in line and "DEBUG" not in line:
                break
        process.send_signal(signal.SIGTERM)
        lines += process.stderr.readlines()
        watchdog.cancel()
    assert process.returncode == 0
    return "".join(lines)


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The logger of all, with the handlers it had afterwards."""
    root = logging.getLogger()
    before = list(root.handlers)
    yield root
    for handler in set(root.handlers) - set(before):
        root.removeHandler(handler)


@pytest.mark.usefixtures("root")
def test_a_library_that_warns_is_named_and_not_quoted() -> None:
    stream = io.StringIO()
    json_log(stream)
    logging.getLogger("a.library").warning("about %s", SUBJECT)
    assert json.loads(stream.getvalue())["library"] == "a.library"
    assert words_in(stream.getvalue()) == []


@pytest.mark.usefixtures("root")
def test_an_event_and_the_end_of_its_line_are_written_at_once() -> None:
    """Else what a library says in another thread may come between the two."""
    written: list[str] = []

    class Recorded(io.StringIO):
        def write(self, text: str) -> int:
            written.append(text)
            return len(text)

    json_log(Recorded())(Event("woken"))
    (line,) = written
    assert line.endswith("}\n")


# -- faults ---------------------------------------------------------------------------------


def test_a_fault_of_this_program_is_told_without_its_text(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    place = installed(tmp_path, server)
    said = said_by(place, "poll", code=1, more=FAULT)
    assert "a fault of this program (RuntimeError at " in said
    assert words_in(said) == []


def test_a_fault_in_the_loop_is_kept_and_told_without_its_text(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    place = installed(tmp_path, server)
    said = looped(place, "text", end="a fault of this program", more=FAULT)
    assert words_in(said) == []
    (error,) = set(query(place.mirror, "select error from polls"))
    assert "a fault of this program (RuntimeError at " in error
    assert words_in(error) == []


def test_a_damaged_row_is_told_without_what_is_in_it(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    place = installed(tmp_path, server)
    said_by(place, "poll")
    with closing(sqlite3.connect(place.mirror)) as connection, connection:
        connection.execute("update headers set details = ?", (f'{{"{SUBJECT}',))
    said = said_by(place, "rebuild", code=4)
    with closing(sqlite3.connect(place.mirror)) as connection, connection:
        broken = zlib.compress(nasty_letter())[:-9]
        connection.execute("update headers set block = ?", (broken,))
    said += said_by(place, "rebuild", "--reparse", code=4)
    said += said_by(place, "erase", ADDRESS, code=4)
    assert said.count(" is damaged") == 3
    assert words_in(said) == []


QUOTING = f'for {ADDRESS}: "{SUBJECT}"'.encode()
HEADER = f"Subject: {SUBJECT}\r\nFrom: {NAME} <{ADDRESS}>\r\n".encode()
NEWS: dict[str, Answer] = {"UID SEARCH": b"* SEARCH 1 2\r\n{tag} OK done"}
SCENES: dict[str, Mapping[str, Answer]] = {
    "login": {"AUTHENTICATE": b"{tag} NO [AUTHENTICATIONFAILED] no " + QUOTING},
    "busy": {"AUTHENTICATE": b"{tag} NO [UNAVAILABLE] no " + QUOTING},
    "list": {"LIST": b"{tag} NO " + QUOTING},
    "folder": {"EXAMINE": b"{tag} NO [NOPERM] no " + QUOTING},
    "folder bad": {"EXAMINE": b"{tag} BAD no " + QUOTING},
    "goodbye": {"EXAMINE": b"* BYE " + QUOTING},
    "search": {"UID SEARCH": b"* SEARCH 1 " + SUBJECT.encode() + b"\r\n{tag} OK done"},
    "search no": {"UID SEARCH": b"{tag} NO " + QUOTING},
    "fetch no": NEWS | {"UID FETCH": b"{tag} NO " + QUOTING},
    "fetch goodbye": NEWS | {"UID FETCH": b"* BYE " + QUOTING},
    # A literal that is announced too short: its rest comes as lines nobody expects.
    "out of step": NEWS
    | {"UID FETCH": b"* 1 FETCH (UID 1 BODY[HEADER.FIELDS (A)]<0> {3}\r\n" + HEADER + b"{tag} OK"},
    "unreadable": NEWS
    | {"UID FETCH": b"* 1 FETCH (UID 1 " + HEADER.splitlines()[0] + b")\r\n{tag} OK done"},
}


@pytest.mark.parametrize("scene", SCENES)
def test_what_a_server_quotes_is_in_no_error_and_no_table(scene: str, tmp_path: Path) -> None:
    with scripted(SCENES[scene]) as wire:
        entry = (
            f'[[mailboxes]]\nname = "partners"\nhost = "127.0.0.1"\nport = {wire.port}\n'
            f'tls = "none"\nuser = "team"\npassword = {{ command = "echo {SECRET}" }}\n'
        )
        place = install(tmp_path, entry)
        done = subprocess.run(
            loudly(place, "poll"), capture_output=True, text=True, timeout=60, check=False
        )
    assert done.returncode in (0, 1, 3), done.stderr
    kept = query(place.mirror, "select coalesce(error, '') from polls")
    kept += query(place.mirror, "select error from folders where error is not null")
    kept += [str(place.tables())] if place.published.exists() else []
    assert ('mailbox "partners"' in kept[0]) == (scene != "unreadable")
    assert words_in(done.stdout + done.stderr + "".join(kept), SECRET) == []


# -- the log of Datasette, and what it inherits -----------------------------------------------


def test_datasette_inherits_no_password_and_logs_no_address_that_is_opened(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    entry = mailbox_entry(server).splitlines()[:-1]
    place = install(tmp_path, "\n".join([*entry, 'password = { env = "TEAM_SECRET" }', ""]))
    secret = {"TEAM_SECRET": server.password}
    assert place.run("poll", env={**os.environ, **secret}).returncode == 0
    (port,) = free_ports(1)
    command = place.command("serve", "--open", "--port", str(port))
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, env={**os.environ, **secret}, stdout=log, stderr=log)
        try:
            transport = httpx.HTTPTransport(retries=20)
            with httpx.Client(transport=transport, trust_env=False, timeout=30) as browser:
                found = browser.get(f"http://127.0.0.1:{port}/partners/contacts?address={ADDRESS}")
            inherited = Path(f"/proc/{process.pid}/environ").read_bytes()
        finally:
            process.terminate()
            process.wait(timeout=30)
    assert found.status_code == 200
    assert b"PATH=" in inherited
    assert b"TEAM_SECRET" not in inherited
    said = (tmp_path / "log").read_text()
    assert "Uvicorn running" in said
    assert words_in(said) == []

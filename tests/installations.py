"""Whole installations of the agent in a folder of a test: config, letters, commands, tables."""

from __future__ import annotations

import gzip
import imaplib
import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from servers import Delivery, DovecotServer, ImapServer, second_pair_of_eyes

from inbox_agent.agent import Agent
from inbox_agent.config import load_config
from inbox_agent.demo.cast import TEAM_DOMAIN
from inbox_agent.demo.sample import sample_letters

#: The end of the letters below, and long before any test is run.
AS_OF = datetime(2024, 6, 28, 12, 0, tzinfo=UTC)
AS_OF_TEXT = "2024-06-28T12:00:00Z"
#: Tables that tell of the reading itself: they change with every poll.
HISTORY = ("polls", "folders", "about", "alerts")

Tables = dict[str, list[tuple[Any, ...]]]


@dataclass(frozen=True)
class Installation:
    """One config and its data directory."""

    top: Path

    @property
    def config(self) -> Path:
        return self.top / "config" / "inbox-agent.toml"

    @property
    def data(self) -> Path:
        return self.top / "data"

    @property
    def mirror(self) -> Path:
        return self.data / "mirror.db"

    @property
    def published(self) -> Path:
        return self.data / "partners.db"

    def agent(self, now: datetime = AS_OF) -> Agent:
        """An agent in this process whose clock stands still."""
        return Agent(load_config(self.config), clock=lambda: now)

    def command(self, *args: str | Path) -> list[str]:
        """The command line of one command."""
        python = [sys.executable, "-W", "error", "-m", "inbox_agent"]
        return [*python, "-c", str(self.config), *map(str, args)]

    def run(self, *args: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
        """One command in a process of its own."""
        return subprocess.run(
            self.command(*args),
            cwd=self.top,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            **options,
        )

    def tables(self, *left_out: str) -> Tables:
        """Every published table, row for row as it is kept."""
        return tables(self.published, *left_out)

    def query(self, sql: str, *values: object) -> list[Any]:
        """Rows of the published database; of one column its values alone."""
        return query(self.published, sql, *values)


def install(top: Path, *mailboxes: str, more: str = "", partners: str = "") -> Installation:
    """Write the config of a team with these ``[[mailboxes]]`` entries (`mailbox_entry`)."""
    place = Installation(top)
    place.config.parent.mkdir(parents=True, exist_ok=True)
    head = f'[team]\ndomains = ["acme.example", "{TEAM_DOMAIN}"]\n[clock]\ntimezone = "UTC"\n'
    standards = '[standards]\nwe_answer_within = "1 business day"\n'
    place.config.write_text("\n".join((head + standards, *mailboxes, more)), "utf-8")
    if partners:
        place.config.with_name("partners.toml").write_text(partners, "utf-8")
    return place


def mailbox_entry(
    server: ImapServer, name: str = "partners", secret: str | None = None, **changes: Any
) -> str:
    """One ``[[mailboxes]]`` entry, the password given by a command; None leaves a key out."""
    command = f"echo {secret or server.password}"
    keys: dict[str, Any] = {
        "name": name,
        "host": server.host,
        "port": server.port,
        "tls": "none",
        "user": server.user,
        "sent": ["Sent"],
    }
    password = f"password = {{ command = {json.dumps(command)} }}"
    lines = [
        f"{key} = {json.dumps(value)}"
        for key, value in (keys | changes).items()
        if value is not None
    ]
    return "\n".join(["[[mailboxes]]", *lines, password, ""])


# --- databases


def tables(database: Path, *left_out: str) -> Tables:
    """Every table of a database but those left out, row for row as it is kept.

    How SQLite lays out a full-text index is left out: it depends on what was there before.
    """
    named = """select name from sqlite_master where type = 'table' and name not like 'sqlite_%'
        and instr(name, '_fts_') = 0"""
    with closing(read_only(database)) as connection, connection:
        connection.execute("begin")
        names = [row[0] for row in connection.execute(named)]
        return {
            name: connection.execute(f'select * from "{name}"').fetchall()  # noqa: S608
            for name in sorted(names)
            if name not in left_out
        }


def query(database: Path, sql: str, *values: object) -> list[Any]:
    """Rows of a database; of one column its values alone."""
    with closing(read_only(database)) as connection:
        rows = connection.execute(sql, values).fetchall()
    return [row[0] if len(row) == 1 else row for row in rows]


def read_only(database: Path) -> sqlite3.Connection:
    """A connection that can't change anything, as Datasette's."""
    return sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, isolation_level=None)


# --- letters


def letter(
    author: str, to: str, at: datetime, message_id: str, *more: str, subject: str = "Offer?"
) -> bytes:
    """A letter as its writer's mail program makes it."""
    fields = [
        f"From: {author}",
        f"To: {to}",
        f"Date: {format_datetime(at)}",
        f"Message-ID: <{message_id}>",
        f"Subject: {subject}",
        *more,
    ]
    return ("\r\n".join(fields) + "\r\n\r\nA body that nobody reads.\r\n").encode()


def exchange(
    partner: str, count: int, first: datetime, every: timedelta = timedelta(days=2)
) -> list[Delivery]:
    """Letters to and fro, each the answer to the one before; theirs in INBOX, ours in Sent."""
    theirs, ours = f"Kim <kim@{partner}>", "Ana <ana@acme.example>"
    found = []
    for number in range(count):
        at = first + number * every
        author, to, folder = (ours, theirs, "Sent") if number % 2 else (theirs, ours, "INBOX")
        answers = f"In-Reply-To: <{number - 1}.{partner}>"
        more = [answers] if number else []
        raw = letter(author, to, at, f"{number}.{partner}", *more, subject=f"Offer {partner}?")
        found.append(Delivery(folder, raw, at))
    return found


def sample(count: int) -> list[Delivery]:
    """The latest letters of the demo's mailbox at `AS_OF`, oldest first."""
    chosen = sample_letters(AS_OF)[-count:]
    return [Delivery(one.folder, one.raw, one.arrived_at, tuple(one.flags)) for one in chosen]


def deliver(server: ImapServer, letters: Iterable[Delivery]) -> list[int]:
    """Put letters into their folders, one after the other, and give their uids."""
    if isinstance(server, DovecotServer):
        with second_pair_of_eyes(server) as connection:
            return [_appended(connection, one) for one in letters]
    return [server.append(one.folder, one.raw, one.arrived_at, one.flags) for one in letters]


def _appended(connection: imaplib.IMAP4, one: Delivery) -> int:
    arrived_at = imaplib.Time2Internaldate(one.arrived_at)
    args = (f'"{one.folder}"', f"({' '.join(one.flags)})", arrived_at, one.raw)
    kind, data = connection.append(*args)
    if kind == "NO":  # no such folder yet
        connection.create(args[0])
        kind, data = connection.append(*args)
    assert kind == "OK", data
    return int(data[0].split(b"]")[0].split()[-1])  # APPENDUID, RFC 4315 §3


def write_mbox(path: Path, letters: Sequence[Delivery]) -> Path:
    """An mbox file, gzipped where its name says so."""
    text = b"".join(_mbox_entry(one) for one in letters)
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


def _mbox_entry(one: Delivery) -> bytes:
    line = f"From kim@globex.example {one.arrived_at:%a %b %e %H:%M:%S %Y}\n".encode()
    return line + one.raw.replace(b"\r\n", b"\n") + b"\n"


def one_line(text: str) -> str:
    """The only line of a text, as every error is one."""
    lines = text.splitlines()
    assert len(lines) == 1, text
    return lines[0]


def in_pieces(letters: Sequence[Delivery], count: int) -> Iterator[Sequence[Delivery]]:
    """The letters cut into `count` parts, in order."""
    size = -(-len(letters) // count)
    for start in range(0, len(letters), size):
        yield letters[start : start + size]

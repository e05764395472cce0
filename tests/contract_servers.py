"""The four servers of the contract suite, each seen through the same small driver.

What a server can be told over IMAP is told over IMAP, by a plain connection that knows nothing of
the code under test; only what IMAP has no word for goes by a way of the server's own.
"""

from __future__ import annotations

import contextlib
import imaplib
import itertools
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from command_log import CommandLog, logged_commands
from courier_server import Courier, running_courier
from cyrus_server import running_cyrus
from servers import (
    HOST,
    PASSWORD,
    DovecotServer,
    EmbeddedServer,
    find_unpacked,
    second_pair_of_eyes,
)

from inbox_agent.demo.mailserver import serve_letters

SERVERS = ("dovecot", "cyrus", "courier", "embedded")
#: Folder, octets, arrival, flags.
Letter = tuple[str, bytes, datetime, tuple[str, ...]]
_users = itertools.count(1)


@dataclass(frozen=True)
class Driver:
    """One user of one server, who has INBOX and Sent and no mail; folders are named as in Sent.

    `port` is the server's own; what the product says goes through `log`.
    """

    name: str
    port: int
    user: str
    log: CommandLog
    password: str = PASSWORD
    host: str = HOST
    #: What stands before every folder but INBOX.
    prefix: str = ""
    separator: str = "/"
    #: Whether LIST says which folder is Sent (RFC 6154).
    marks_sent: bool = True
    #: Puts a letter in past the wire, where the wire will not do.
    put: Callable[[str, bytes, datetime, Sequence[str]], int] | None = None
    #: Gives a folder another UIDVALIDITY; without it the folder is made anew, letters and all.
    renumber: Callable[[str], None] | None = None
    letters: list[Letter] = field(default_factory=list)

    def folder(self, name: str) -> str:
        """The full name of a folder, as LIST gives it."""
        return name if name == "INBOX" else self.prefix + name.replace("/", self.separator)

    @contextmanager
    def connection(self) -> Iterator[imaplib.IMAP4]:
        """A connection that the product knows nothing of."""
        with second_pair_of_eyes(self) as connection:
            yield connection

    def create(self, name: str, use: str = "") -> None:
        """Make a folder."""
        with self.connection() as connection:
            words = (f'"{self.folder(name)}"', *([use] if use else []))
            _ok(connection._simple_command("CREATE", *words))

    def append(
        self, folder: str, raw: bytes, arrived_at: datetime, flags: Sequence[str] = ()
    ) -> int:
        """Put one letter in and give its uid; AssertionError where the server refuses it."""
        (uid,) = self.append_all([(folder, raw, arrived_at, tuple(flags))])
        return uid

    def append_all(self, letters: Sequence[Letter]) -> list[int]:
        """Put letters in, in one session, and give their uids."""
        self.letters.extend(letters)
        if self.put is not None:
            return [self.put(*one) for one in letters]
        with self.connection() as connection:
            return [self._appended(connection, *one) for one in letters]

    def _appended(
        self, connection: imaplib.IMAP4, folder: str, raw: bytes, at: datetime, flags: Sequence[str]
    ) -> int:
        args = (f'"{self.folder(folder)}"', f"({' '.join(flags)})", imaplib.Time2Internaldate(at))
        kind, data = connection.append(*args, raw)
        if kind == "NO" and b"TRYCREATE" in data[0]:
            connection.create(args[0])
            kind, data = connection.append(*args, raw)
        assert kind == "OK", data
        (uid,) = re.findall(rb"APPENDUID \d+ (\d+)", data[0])  # RFC 4315 §3
        return int(uid)

    def rename(self, name: str, other: str) -> None:
        """Rename a folder."""
        with self.connection() as connection:
            _ok(connection.rename(f'"{self.folder(name)}"', f'"{self.folder(other)}"'))

    def delete(self, name: str) -> None:
        """Delete a folder."""
        with self.connection() as connection:
            _ok(connection.delete(f'"{self.folder(name)}"'))

    def expunge(self, name: str, uid: int) -> None:
        """Remove one letter for good."""
        with self.connection() as connection:
            self._select(connection, name, readonly=False)
            _ok(connection.uid("STORE", str(uid), "+FLAGS", r"(\Deleted)"))
            _ok(connection.expunge())

    def flag(self, name: str, uid: int, flag: str) -> None:
        """Set a flag of one letter."""
        with self.connection() as connection:
            self._select(connection, name, readonly=False)
            _ok(connection.uid("STORE", str(uid), "+FLAGS", f"({flag})"))

    def another_uidvalidity(self, name: str) -> None:
        """Give a folder another UIDVALIDITY, its letters unchanged."""
        if self.renumber is not None:
            self.renumber(self.folder(name))
            return
        self.delete(name)
        self.create(name)
        with self.connection() as connection:
            for one in self.letters:
                if one[0] == name:
                    self._appended(connection, *one)

    def uidvalidity(self, name: str) -> int:
        """The folder's UIDVALIDITY, as STATUS says it."""
        with self.connection() as connection:
            _, data = connection.status(f'"{self.folder(name)}"', "(UIDVALIDITY)")
        return int(re.findall(rb"UIDVALIDITY (\d+)", data[0])[0])

    def state(self) -> dict[str, list[str]]:
        """Flags of every letter, counts and UIDNEXT of every folder, ``\\Recent`` aside."""
        found = {}
        with self.connection() as connection:
            for line in connection.list()[1]:
                if rb"\noselect" in line.lower() or rb"\nonexistent" in line.lower():
                    continue
                name = line.decode().rpartition(f'"{self.separator}" ')[2]
                _, status = connection.status(name, "(MESSAGES UNSEEN UIDNEXT UIDVALIDITY)")
                _ok(connection.select(name, readonly=True))
                _, flags = connection.uid("FETCH", "1:*", "(UID FLAGS INTERNALDATE RFC822.SIZE)")
                seen = sorted(str(one).replace(r"\\Recent", "").replace(" )", ")") for one in flags)
                found[name] = [str(status[0]), *(one.replace("( ", "(") for one in seen)]
        return found

    def _select(self, connection: imaplib.IMAP4, name: str, *, readonly: bool) -> None:
        _ok(connection.select(f'"{self.folder(name)}"', readonly=readonly))


def _ok(answer: tuple[str, Any]) -> None:
    assert answer[0] == "OK", answer


# --- how each is started


class Missing(Exception):
    """A server that is not on this machine."""


@contextmanager
def _folder(name: str) -> Iterator[Path]:
    # pytest's own folders are closed to the user the servers run as, and socket paths are short.
    top = Path(tempfile.mkdtemp(prefix=f"{name}-"))
    top.chmod(0o755)
    try:
        yield top
    finally:
        shutil.rmtree(top, ignore_errors=True)


@contextmanager
def cyrus_drivers() -> Iterator[Callable[[], Driver]]:
    """One Cyrus; each call of what is given makes a user."""
    if find_unpacked("cyrus") is None:
        raise Missing("Cyrus is not unpacked (scripts/install-test-packages, as root)")
    with _folder("cyrus") as top, running_cyrus(top) as port, logged_commands(port) as log:

        def make() -> Driver:
            driver = Driver("cyrus", port, f"user{next(_users)}", log)
            driver.create("Sent", r"(USE (\Sent))")  # RFC 6154 §3
            return driver

        yield make


@contextmanager
def courier_drivers() -> Iterator[Callable[[], Driver]]:
    """One Courier; each call of what is given makes a user."""
    if find_unpacked("courier") is None:
        raise Missing("Courier is not unpacked (scripts/install-test-packages, as root)")
    with (
        _folder("courier") as top,
        running_courier(top) as courier,
        logged_commands(courier.port) as log,
    ):

        def make() -> Driver:
            user = f"user{next(_users)}"
            driver = Driver(
                "courier",
                courier.port,
                user,
                log,
                prefix="INBOX.",
                separator=".",
                marks_sent=False,
                renumber=lambda folder: _renumber_courier(courier, user, folder),
            )
            driver.create("Sent")
            return driver

        yield make


def _renumber_courier(courier: Courier, user: str, folder: str) -> None:
    """Its first line: a version, UIDVALIDITY, the next uid."""
    database = courier.maildir(user) / folder.removeprefix("INBOX") / "courierimapuiddb"
    version, uidvalidity, *rest = database.read_text().split(" ", 2)
    database.write_text(" ".join((version, str(int(uidvalidity) - 7), *rest)))


@contextmanager
def dovecot_drivers(server: DovecotServer) -> Iterator[Callable[[], Driver]]:
    """A Dovecot that runs already; each call of what is given makes a user."""
    with logged_commands(server.port) as log:

        def make() -> Driver:
            mine = server.with_fresh_user()

            def renumber(folder: str) -> None:
                values = ("--uid-validity", "99", "-u", mine.user)
                mine.doveadm("mailbox", "update", *values, folder)

            return Driver("dovecot", mine.port, mine.user, log, renumber=renumber)

        yield make


@contextmanager
def embedded_drivers() -> Iterator[Callable[[], Driver]]:
    """The embedded server has one user, so that each call makes a server."""
    with contextlib.ExitStack() as stack:

        def make() -> Driver:
            server = EmbeddedServer(stack.enter_context(serve_letters()))
            log = stack.enter_context(logged_commands(server.port))
            driver = Driver(
                "embedded",
                server.port,
                server.user,
                log,
                server.password,
                marks_sent=False,
                put=server.append,
            )
            driver.create("Sent")
            return driver

        yield make

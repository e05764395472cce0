"""A conversation with an IMAP server after the login: folders opened, letters searched for.

It knows imaplib only. An error of the connection ends it for good; what the server merely
refuses does not.
"""

from __future__ import annotations

import imaplib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from inbox_agent import imap_answers as answers
from inbox_agent.config import MailboxSettings
from inbox_agent.errors import Fault, FolderUnavailable, MailboxUnavailable
from inbox_agent.imap_commands import MAX_UID, OUR_ID, WINDOW, GuardedIMAP4, quoted, windows
from inbox_agent.imap_faults import is_busy, pause_seconds
from inbox_agent.imap_folders import Folder

#: Seconds a server has to say goodbye.
GOODBYE_SECONDS = 5


@dataclass(frozen=True, slots=True)
class FolderStatus:
    """A folder as EXAMINE found it (RFC 3501 §6.3.2); some servers leave UIDNEXT out."""

    uidvalidity: int
    uidnext: int | None
    exists: int


class Session:
    """One connection that is logged in, and the folder it has open."""

    def __init__(self, connection: GuardedIMAP4, settings: MailboxSettings) -> None:
        self._connection = connection
        self._settings = settings
        self._is_open = True
        self._examined: tuple[Folder, FolderStatus] | None = None

    @contextmanager
    def talking(self, folder: Folder | None = None) -> Iterator[GuardedIMAP4]:
        """Where errors of the connection become ours, and end it."""
        name = folder.name if folder else None
        if not self._is_open:
            raise MailboxUnavailable(
                f"{answers.place(self._settings, name)}: the connection was closed before; "
                f"the next poll opens a new one"
            )
        try:
            yield self._connection
        except answers.TROUBLE as exc:
            self.drop()
            raise answers.session_error(self._settings, name, exc) from exc

    def drop(self) -> None:
        """End the connection without a word; nothing it says can be trusted any more."""
        self._is_open = False
        shut(self._connection)

    def close(self) -> None:
        """Log out, in bounded time; harmless when done twice or after an error."""
        if self._is_open:
            with suppress(*answers.TROUBLE):
                self._connection.socket().settimeout(GOODBYE_SECONDS)
                self._connection.operation_seconds = GOODBYE_SECONDS
                self._connection.logout()
            self.drop()

    def introduce(self) -> None:
        """Tell the server who we are (RFC 2971 §3.1); its answer is of no matter."""
        with self.talking() as connection:
            _answer(connection.xatom, "ID", OUR_ID)

    def list_lines(self) -> list[Any]:
        """The answer to LIST (RFC 3501 §6.3.8) as imaplib gives it."""
        with self.talking() as connection:
            kind, data = _answer(connection.list, '""', '"*"')
            if kind != "OK":
                raise imaplib.IMAP4.error(f"LIST: {answers.said(data)}")
        return data

    def examine(self, folder: Folder) -> FolderStatus:
        """Open a folder for reading only. Raises FolderUnavailable (see `Mailbox.examine`)."""
        self._examined = None
        with self.talking(folder) as connection:
            # imaplib passes bytes on as they are, and folder names need not be ASCII.
            kind, data = _answer(connection.select, quoted(folder.raw), True)
            numbers = [_number(connection, code) for code in ("UIDVALIDITY", "UIDNEXT", "EXISTS")]
            is_writable = "READ-WRITE" in connection.untagged_responses
        if kind != "OK":
            raise self.refused(folder, data)
        uidvalidity, uidnext, exists = numbers
        if is_writable or uidvalidity is None:
            raise FolderUnavailable(
                f"{answers.place(self._settings, folder.name)}: left alone, as the server "
                + ("opened it for writing" if is_writable else "gives it no UIDVALIDITY")
            )
        status = FolderStatus(uidvalidity=uidvalidity, uidnext=uidnext, exists=exists or 0)
        self._examined = (folder, status)
        return status

    def opened(self) -> tuple[Folder, FolderStatus]:
        """The examined folder. RuntimeError if there is none: a fault of the caller."""
        if self._examined is None:
            raise RuntimeError("no folder is examined")
        return self._examined

    def refused(self, folder: Folder, data: object) -> MailboxUnavailable:
        """The error for a tagged NO or BAD; a server that is too busy is left in peace."""
        text = answers.said(data)
        if not is_busy(text):
            return answers.refusal(self._settings, folder.name, text)
        self.drop()
        where = answers.place(self._settings, folder.name)
        return MailboxUnavailable(
            f"{where}: the server is busy ({text}); try again later",
            fault=Fault.LATER,
            retry_after_seconds=pause_seconds(text),
        )

    def made_anew(self, folder: Folder) -> FolderUnavailable:
        """The error for a folder that got another UIDVALIDITY under our hands."""
        return FolderUnavailable(
            f"{answers.place(self._settings, folder.name)}: it was made anew while we read it; "
            f"the next poll reads it afresh",
            fault=Fault.GENERATION,
        )

    def uid(self, command: str, *args: str) -> tuple[str, list[Any]]:
        """Run a UID command in the examined folder; gives ``OK``, ``NO`` or ``BAD``, and the data.

        Raises FolderUnavailable where the folder got another UIDVALIDITY meanwhile.
        """
        folder, status = self.opened()
        with self.talking(folder) as connection:
            connection.response(command)  # what came unasked before is no answer to this
            kind, data = _answer(connection.uid, command, *args)
            uidvalidity = _number(connection, "UIDVALIDITY")
        if uidvalidity not in (None, status.uidvalidity):
            self._examined = None
            raise self.made_anew(folder)
        return kind, data

    def search(self, first: int, criteria: str = "") -> list[int]:
        """The uids from `first` upwards that meet `criteria`, ascending, window by window."""
        found: list[int] = []
        for low, high in self._windows(first):
            uids = self._search(f"UID {low}:{high}{criteria}")
            found += sorted({uid for uid in uids if low <= uid <= high})
        return found

    def _windows(self, first: int) -> list[tuple[int, int]]:
        """Windows of uids that hold at most `WINDOW` letters each, without a gap up to the top.

        Where uids stand close, windows of so many uids do it. Where there are far more uids than
        letters, each window begins at the uid of every so-manieth letter instead.
        """
        _, status = self.opened()
        if status.exists <= WINDOW:
            return windows(first, 0)
        if status.uidnext is None:
            top = max(self._search(str(status.exists)), default=0)  # the last letter by number
        else:
            top = status.uidnext - 1
        if top - first < 2 * status.exists:
            return windows(first, top)
        starts = [first]
        for number in range(status.exists - WINDOW, 0, -WINDOW):
            uid = max(self._search(str(number)), default=first)
            if uid < first:
                break
            starts.append(uid + 1)
        starts = sorted({low for low in starts if low <= MAX_UID})
        return list(zip(starts, [low - 1 for low in starts[1:]] + [MAX_UID], strict=True))

    def _search(self, criteria: str) -> list[int]:
        folder, _ = self.opened()
        kind, data = self.uid("SEARCH", criteria)
        if kind != "OK":
            raise self.refused(folder, data)
        with self.talking(folder):
            return answers.searched_uids(data)


def shut(connection: imaplib.IMAP4) -> None:
    """Close the socket, whatever state it is in."""
    with suppress(OSError):
        connection.shutdown()


def _answer(command: Callable[..., Any], *args: object) -> tuple[str, list[Any]]:
    """Run a command of imaplib, which returns a tagged NO but raises a tagged BAD."""
    try:
        kind, data = command(*args)
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as exc:
        return "BAD", [str(exc)]
    return kind, data


def _number(connection: imaplib.IMAP4, code: str) -> int | None:
    """The latest number the server gave as this response; taken out, so the next one is news."""
    latest = connection.response(code)[1][-1]
    return int(latest) if latest is not None else None

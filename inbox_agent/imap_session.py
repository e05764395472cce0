"""A conversation with an IMAP server after the login: folders opened, letters searched for.

It knows imaplib only. An error of the connection ends it for good; what the server merely
refuses does not.
"""

from __future__ import annotations

import imaplib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from inbox_agent import imap_answers as answers
from inbox_agent import imap_codes as codes
from inbox_agent.config import MailboxSettings
from inbox_agent.errors import Fault, FolderUnavailable, MailboxUnavailable
from inbox_agent.imap_ahead import Ahead, answered
from inbox_agent.imap_commands import (
    MAX_UID,
    OUR_ID,
    WINDOW,
    GuardedIMAP4,
    quoted,
    uid_sets,
    windows,
)
from inbox_agent.imap_faults import is_busy, pause_seconds
from inbox_agent.imap_folders import Folder
from inbox_agent.imap_presence import Range, merged, vanished_ranges

#: Seconds a server has to say goodbye.
GOODBYE_SECONDS = 5
#: A folder is listed as if it had no more letters, in some hundred searches.
_MOST_LETTERS = 10_000_000


@dataclass(frozen=True, slots=True)
class FolderStatus:
    """A folder as EXAMINE found it (RFC 3501 §6.3.2); some servers leave UIDNEXT out.

    `modseq` is HIGHESTMODSEQ (RFC 7162 §3.1.2.1), None where the folder has none. `mailbox_id` is
    what stays when the folder is renamed (RFC 8474 §4), where the server gives one.
    """

    uidvalidity: int
    uidnext: int | None
    exists: int
    modseq: int | None = None
    mailbox_id: str | None = None


class Session:
    """One connection that is logged in, and the folder it has open."""

    def __init__(self, connection: GuardedIMAP4, settings: MailboxSettings) -> None:
        self._connection = connection
        self._settings = settings
        self._is_open = True
        self._ahead = Ahead(connection)
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
            answered(connection.xatom, "ID", OUR_ID)

    def enable(self, extension: str) -> bool:
        """Have an extension switched on (RFC 5161 §3.1), before any EXAMINE; whether it is."""
        with self.talking() as connection:
            # imaplib's own enable() goes by what was offered before the login
            answered(connection.xatom, "ENABLE", extension)
            lines = connection.response("ENABLED")[1]
        return any(extension.encode() in (line or b"").upper().split() for line in lines)

    def compress(self) -> bool:
        """Have the octets compressed both ways (RFC 4978 §3); whether the server agrees."""
        with self.talking() as connection:
            self._ahead.forget()
            kind, _ = answered(connection.xatom, "COMPRESS", "DEFLATE")
            if kind == "OK":
                connection.deflate()
        return kind == "OK"

    @property
    def quickest_seconds(self) -> float:
        """The shortest time in which the server answered so far: a way there and back."""
        return self._connection.quickest_seconds

    def list_lines(self) -> list[Any]:
        """The answer to LIST (RFC 3501 §6.3.8) as imaplib gives it."""
        with self.talking() as connection:
            kind, data = answered(connection.list, '""', '"*"')
            if kind != "OK":
                raise imaplib.IMAP4.error(f"LIST: {answers.said(data)}")
        return data

    def examine(self, folder: Folder) -> FolderStatus:
        """Open a folder for reading only. Raises FolderUnavailable (see `Mailbox.examine`)."""
        self._examined = None
        with self.talking(folder) as connection:
            self._ahead.forget()
            # imaplib passes bytes on as they are, and folder names need not be ASCII.
            kind, data = answered(connection.select, quoted(folder.raw), True)
            numbers = [
                codes.number(connection, code) for code in ("UIDVALIDITY", "UIDNEXT", "EXISTS")
            ]
            is_writable = "READ-WRITE" in connection.untagged_responses
            modseq, mailbox_id = codes.modseq(connection), codes.mailbox_id(connection)
        if kind != "OK":
            raise self.refused(folder, data)
        uidvalidity, uidnext, exists = numbers
        if is_writable or uidvalidity is None:
            raise FolderUnavailable(
                f"{answers.place(self._settings, folder.name)}: left alone, as the server "
                + ("opened it for writing" if is_writable else "gives it no UIDVALIDITY")
            )
        status = FolderStatus(uidvalidity, uidnext, exists or 0, modseq, mailbox_id)
        self._examined = (folder, status)
        return status

    def leave(self) -> bool:
        """Leave the open folder (RFC 3691); whether that was done."""
        self._examined = None
        with self.talking() as connection:
            self._ahead.forget()
            kind, _ = answered(connection.unselect)
        return kind == "OK"

    def opened(self) -> tuple[Folder, FolderStatus]:
        """The examined folder. RuntimeError if there is none: a fault of the caller."""
        if self._examined is None:
            raise RuntimeError("no folder is examined")
        return self._examined

    @property
    def is_examined(self) -> bool:
        """Whether a folder is open."""
        return self._examined is not None

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
            given = self._ahead.answer(*args)
            connection.response(command)  # what came unasked before is no answer to this
            kind, data = given or answered(connection.uid, command, *args)
            uidvalidity = codes.number(connection, "UIDVALIDITY")
        if uidvalidity not in (None, status.uidvalidity):
            self._examined = None
            raise self.made_anew(folder)
        return kind, data

    def fetch_ahead(self, *args: str) -> None:
        """Send a UID FETCH whose answer `uid` will give; any other command waits until it came."""
        folder, _ = self.opened()
        with self.talking(folder):
            self._ahead.ask(*args)

    def forget_ahead(self) -> None:
        """What was asked ahead is not wanted any more."""
        with self.talking():
            self._ahead.forget()

    def search(self, first: int, criteria: str = "") -> list[int]:
        """The uids from `first` upwards that meet `criteria`, ascending, window by window."""
        return [uid for _, _, uids in self.listing(first, criteria) for uid in uids]

    def listing(self, first: int, criteria: str = "") -> Iterator[tuple[int, int, list[int]]]:
        """The same, with the first and last uid of each window as it is read."""
        for low, high in self._windows(first):
            uids = self._search(f"UID {low}:{high}{criteria}")
            yield low, high, sorted({uid for uid in uids if low <= uid <= high})

    def still_there(self, uids: Iterable[int]) -> frozenset[int]:
        """Which of these uids the folder lists now."""
        wanted = frozenset(uids)
        found: set[int] = set()
        for part in uid_sets(sorted(wanted)):
            found.update(self._search(f"UID {part}"))
        return wanted & found

    def vanished(self, since_modseq: int) -> list[Range] | None:
        """The uids that are gone since then (RFC 7162 §3.2.6); None where it can't be told."""
        found: list[Range] = []
        for low, high in self._windows(1):
            gone = self._vanished(low, high, since_modseq)
            if gone is None:
                return None
            found += gone
        return merged(found)

    def _vanished(self, low: int, high: int, since_modseq: int) -> list[Range] | None:
        folder, _ = self.opened()
        with self.talking(folder) as connection:
            connection.response("VANISHED")  # what came unasked before
        since = f"(CHANGEDSINCE {since_modseq} VANISHED)"
        kind, data = self.uid("FETCH", f"{low}:{high}", "(UID)", since)
        with self.talking(folder) as connection:
            lines = connection.response("VANISHED")[1]
        if kind != "OK":
            if is_busy(answers.said(data)):
                raise self.refused(folder, data)
            return None
        return vanished_ranges(lines, data, low, high)

    def _windows(self, first: int) -> list[tuple[int, int]]:
        """Windows of uids that hold at most `WINDOW` letters each, without a gap up to the top.

        Where uids stand close, windows of so many uids do it. Where there are far more uids than
        letters, each window begins at the uid of every so-manieth letter instead.
        """
        _, status = self.opened()
        exists = min(status.exists, _MOST_LETTERS)  # a number a server says need not be true
        if exists <= WINDOW:
            return windows(first, 0)
        if status.uidnext is None:
            top = max(self._search(str(status.exists)), default=0)  # the last letter by number
        else:
            top = status.uidnext - 1
        if top - first < 2 * exists:
            return windows(first, top)
        starts = [first]
        for number in range(exists - WINDOW, 0, -WINDOW):
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

"""IMAP, read-only: the one place that talks to a mailbox.

Nothing is sent but what `imap_commands` allows. A folder the server refuses costs that folder,
an answer that can't be read costs that letter; any other error costs the connection, which is
never used again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from types import TracebackType
from typing import Self

from imapclient import SocketTimeout, imap_utf7
from imapclient.datetime_util import format_criteria_date

from inbox_agent.config import MailboxSettings
from inbox_agent.errors import ConfigError, Fault, FolderUnavailable, MailboxUnavailable
from inbox_agent.imap_batches import COMPRESSED_UNDER_WAY, UNDER_WAY, USUAL_BATCH, Waiting
from inbox_agent.imap_client import Client, logged_in
from inbox_agent.imap_commands import FETCH_ITEMS, MAX_UID, REPORT_ITEMS, TEXT_ITEMS, is_keyword
from inbox_agent.imap_extensions import extensions
from inbox_agent.imap_fetch import LetterReader, as_fetched
from inbox_agent.imap_folders import Choice, Folder, choose_folders, list_lines, listed_folders
from inbox_agent.imap_login import ready
from inbox_agent.imap_pace import Pace
from inbox_agent.imap_parts import Answers
from inbox_agent.imap_reports import with_reports
from inbox_agent.imap_session import FolderStatus, Session
from inbox_agent.imap_texts import with_signs
from inbox_agent.messages import FetchedHeader
from inbox_agent.oauth2 import Login

__all__ = ["Folder", "FolderStatus", "Mailbox"]

#: Seconds to connect, and for each read after that.
TIMEOUT = SocketTimeout(connect=15, read=60)
#: So often a session connects anew to find the letter over which the server breaks off.
RECONNECTS = 6
#: A server that answers no sooner is not nearby; so many letters are worth compressing.
DISTANT_SECONDS, MANY_LETTERS = 0.005, 500


class Mailbox:
    """One connection to one mailbox, logged in; a context manager, for one thread.

    Every method raises MailboxUnavailable when the connection is or gets lost.
    """

    def __init__(
        self,
        log_in_anew: Callable[[], Client],
        settings: MailboxSettings,
        since: date | None,
        clock: Callable[[], datetime],
        pace: Pace,
    ) -> None:
        self._log_in_anew = log_in_anew
        self._settings = settings
        self._reconnects_left = RECONNECTS
        self._since = since
        self._clock = clock
        self._pace = pace
        self._open()
        self._choice: Choice | None = None
        #: The letters of the examined folder over which the server broke off, or has trouble.
        self.broken_over: list[int] = []

    @classmethod
    def connect(
        cls,
        settings: MailboxSettings,
        secret: Login,
        *,
        since: date | None = None,
        clock: Callable[[], datetime],
        pace: Pace | None = None,
    ) -> Self:
        """Connect and log in; letters that arrived before `since` will not be looked for.

        Raises ConfigError, MailboxUnavailable (try again later) or MailboxRefused (login,
        certificate, no TLS: somebody has to act).
        """
        # At DEBUG imapclient logs every header in clear.
        logger = logging.getLogger("imapclient")
        logger.setLevel(max(logger.level, logging.WARNING))
        login = ready(settings, secret)
        again = partial(logged_in, settings, login, TIMEOUT)
        return cls(again, settings, since, clock, pace or Pace())

    def _open(self) -> None:
        self._client = self._log_in_anew()
        self._is_compressed = False
        self._session = Session(self._client.connection, self._settings)
        with self._session.talking():
            self._offers = extensions(self._client.has_capability, self._settings.host)
        self._reader = LetterReader(self._session, self._offers.fetch_items)
        if self._offers.has_id:
            self._session.introduce()
        name = self._offers.to_enable
        self._enabled = name if name and self._session.enable(name) else None

    def folders(self) -> tuple[Folder, ...]:
        """The folders to read: INBOX first, then by name; Sent is always among them.

        Raises ConfigError where it can't be told which folder Sent is.
        """
        return self._chosen().folders

    @property
    def missing(self) -> tuple[str, ...]:
        """Configured folders that do not exist."""
        return self._chosen().missing

    @property
    def listed(self) -> frozenset[str]:
        """The names of all folders there are that can be selected, read or not."""
        return self._chosen().listed

    def _chosen(self) -> Choice:
        if self._choice is None:
            lines = list_lines(self._session.list_lines())
            listed = listed_folders(lines, imap_utf7.decode)
            self._choice = choose_folders(self._settings, listed, self._offers.is_gmail)
        return self._choice

    def examine(self, folder: Folder) -> FolderStatus:
        """Open a folder for reading only; the calls below are about it, until the next examine.

        Raises FolderUnavailable if the server refuses, opens it for writing all the same, or
        gives no UIDVALIDITY, without which a uid means nothing (RFC 3501 §2.3.1.1).
        """
        self.broken_over = []
        return self._session.examine(folder)

    def new_uids(self, after: int) -> list[int]:
        """The uids above `after` in the examined folder, ascending.

        With `since`, those that arrived from the day before on: SINCE knows days but no zones
        (RFC 3501 §6.4.4).
        """
        criteria = ""
        if self._since is not None and self._since.year > 1970:
            day = format_criteria_date(self._since - timedelta(days=1))
            criteria = f" SINCE {day.decode()}"
        return self._session.search(after + 1, criteria)

    def listing(self) -> Iterator[tuple[int, int, list[int]]]:
        """All uids of the examined folder, whatever `since` is: window by window, ascending.

        Yields the first and the last uid of each window with those listed in it; the windows
        leave no uid out.
        """
        return self._session.listing(1)

    def still_there(self, uids: Iterable[int]) -> frozenset[int]:
        """Which of `uids` the examined folder lists now."""
        return self._session.still_there(uids)

    @property
    def tells_vanished(self) -> bool:
        """Whether the server can be asked which letters of the examined folder are gone."""
        has_modseq = self._session.is_examined and self._session.opened()[1].modseq is not None
        return has_modseq and self._enabled == "QRESYNC"

    def vanished(self, since_modseq: int) -> list[tuple[int, int]] | None:
        """The uids gone from the examined folder since it had this HIGHESTMODSEQ.

        As ranges, first and last uid in it, ascending and merged; they may hold uids that nobody
        ever had. None where it can't be told, or the answer is not to be trusted: then only a
        look at the whole `listing` will do.
        """
        if not self.tells_vanished or since_modseq < 1:
            return None
        return self._session.vanished(since_modseq)

    def keyword_uids(self, keyword: str) -> frozenset[int]:
        """The uids of the examined folder's letters that carry `keyword`.

        Raises ConfigError for what can't be a keyword.
        """
        if not is_keyword(keyword):
            raise ConfigError(f"{keyword!r} can't be an IMAP keyword; it must be one ASCII word")
        return frozenset(self._session.search(1, f" KEYWORD {keyword}"))

    def fetch(
        self,
        folder: Folder,
        uids: Sequence[int],
        batch: int = USUAL_BATCH,
        languages: frozenset[str] | None = None,
    ) -> Iterator[tuple[list[FetchedHeader], list[int]]]:
        """The header blocks of `uids`, batch by batch, ascending, with the uids there is none for.

        A bounce comes with what is kept of its delivery report, if the server gives it; with
        `languages` letters come with the signs in their texts, likewise (`text_signs`).
        A letter is given up only after it was asked for alone. One over which the server breaks
        off is found on new connections, part by part, and costs only itself. Raises
        FolderUnavailable where the server refuses a whole batch or the folder is made anew
        meanwhile.
        """
        opened, status = self._session.opened()
        if folder != opened:
            raise RuntimeError(f"{folder.name!r} is not the examined folder")
        wanted = sorted(set(uids))
        self._compress_for(len(wanted))
        under_way = COMPRESSED_UNDER_WAY if self._is_compressed else UNDER_WAY
        waiting = Waiting(wanted, batch, under_way)
        while waiting:
            try:
                for part in () if self._pace.is_slow else waiting.ahead():
                    self._reader.ask_ahead(part)
                headers = self._headers(waiting.first, languages)
            except MailboxUnavailable as exc:
                yield from self._broken(exc, folder, status, waiting)
                continue
            got = {header.uid for header in headers}
            yield headers, [uid for uid in waiting.come() if uid not in got]

    def _compress_for(self, letters: int) -> None:
        """Compress where there is much to come over a long way; nearby it costs more than it saves.

        Header blocks shrink to a fifth and less.
        """
        is_far = self._session.quickest_seconds >= DISTANT_SECONDS
        if self._offers.has_compress and is_far and letters >= MANY_LETTERS:
            self._is_compressed = self._is_compressed or self._session.compress()
            self._offers = replace(self._offers, has_compress=False)  # asked once

    def _broken(
        self, lost: MailboxUnavailable, folder: Folder, status: FolderStatus, waiting: Waiting
    ) -> Iterator[tuple[list[FetchedHeader], list[int]]]:
        """Go on after the connection broke over the first batch that waits, if that can be.

        Where several were under way it can't be told which one it was: they are asked for again,
        one after the other from now on. Yields a letter that is given up.
        """
        was_ahead = waiting.read_singly()
        self._reconnects_left += was_ahead
        self._go_on_after(lost, folder, status)
        given_up = None if was_ahead else waiting.narrow()
        if given_up is not None:
            self.broken_over.append(given_up)
            yield [], [given_up]

    def _headers(self, uids: list[int], languages: frozenset[str] | None) -> list[FetchedHeader]:
        opened = self._session.opened()
        with self._pace.batch():
            found = self._reader.read_batch(uids)
        self.broken_over += self._reader.refused_for_now
        headers = [
            as_fetched(found[uid], uid, self._settings, opened, self._clock())
            for uid in sorted(found)
        ]
        headers = with_reports(headers, lambda some: self._reader.ask(some, REPORT_ITEMS))
        return with_signs(headers, self._texts, languages) if languages else headers

    def _texts(self, uids: list[int]) -> Answers | None:
        with self._pace.batch():
            return self._reader.ask(uids, TEXT_ITEMS)

    def _go_on_after(self, lost: MailboxUnavailable, folder: Folder, status: FolderStatus) -> None:
        """Connect anew and open the folder again; one letter may be what broke the connection.

        Raises `lost` where that can't be it, or was tried often enough in this session; and
        MailboxUnavailable where the server breaks off over no letter at all, too.
        """
        is_broken = lost.fault in (Fault.CONNECTION, Fault.PROTOCOL)
        if isinstance(lost, FolderUnavailable) or not is_broken or not self._reconnects_left:
            raise lost
        self._reconnects_left -= 1
        self._open()
        if self._session.examine(folder).uidvalidity != status.uidvalidity:
            raise self._session.made_anew(folder)
        self._reader.ask([MAX_UID], FETCH_ITEMS)

    def close(self) -> None:
        """Log out, in bounded time; harmless when done twice or after an error."""
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # Who is asked to leave does not wait for a goodbye.
        (self._session.drop if kind in (KeyboardInterrupt, SystemExit) else self.close)()

"""IMAP, read-only: the one place that talks to a mailbox.

Nothing is sent but what `imap_commands` allows. A folder the server refuses costs that folder,
an answer that can't be read costs that letter; any other error costs the connection, which is
never used again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from types import TracebackType
from typing import Any, Self

from imapclient import IMAPClient, SocketTimeout, imap4, imap_utf7, tls
from imapclient.datetime_util import format_criteria_date
from imapclient.response_parser import parse_fetch_response

from inbox_agent import imap_answers as answers
from inbox_agent.config import MailboxSettings
from inbox_agent.errors import ConfigError, MailboxRefused
from inbox_agent.header_block import kept_fields
from inbox_agent.imap_commands import (
    FETCH_ITEMS,
    REPORT_ITEMS,
    GuardedIMAP4,
    is_keyword,
    uid_set,
)
from inbox_agent.imap_folders import Choice, Folder, choose_folders, listed_folders
from inbox_agent.imap_login import log_in, start_tls
from inbox_agent.imap_reports import with_reports
from inbox_agent.imap_security import checked_secret, tls_context
from inbox_agent.imap_session import FolderStatus, Session, shut
from inbox_agent.messages import HEADER_FIELDS, FetchedHeader

__all__ = ["Folder", "FolderStatus", "Mailbox"]

#: Seconds to connect, and for each read after that.
TIMEOUT = SocketTimeout(connect=15, read=60)
_LARGEST_BATCH = 500  # keeps the command line under 8,000 octets even without ranges


class _Plain(GuardedIMAP4, imap4.IMAP4WithTimeout):  # type: ignore[misc]
    """Without TLS, or before STARTTLS."""


class _Tls(GuardedIMAP4, tls.IMAP4_TLS):  # type: ignore[misc]
    """TLS from the first octet."""


class _Client(IMAPClient):  # type: ignore[misc]
    """IMAPClient over a guarded connection; folder names stay as they came over the wire."""

    connection: GuardedIMAP4

    def _create_IMAP4(self) -> GuardedIMAP4:  # noqa: N802 (IMAPClient's name)
        self.folder_encode = False
        if self.ssl:
            self.connection = _Tls(self.host, self.port, self.ssl_context, TIMEOUT.connect)
        else:
            self.connection = _Plain(self.host, self.port, TIMEOUT.connect)
        return self.connection


class Mailbox:
    """One connection to one mailbox, logged in; a context manager, for one thread.

    Every method raises MailboxUnavailable when the connection is or gets lost.
    """

    def __init__(
        self,
        client: _Client,
        settings: MailboxSettings,
        since: date | None,
        clock: Callable[[], datetime],
    ) -> None:
        self._client = client
        self._session = Session(client.connection, settings)
        self._settings = settings
        self._since = since
        self._clock = clock
        self._choice: Choice | None = None
        self._refusal: list[Any] | None = None

    @classmethod
    def connect(
        cls,
        settings: MailboxSettings,
        secret: str,
        *,
        since: date | None = None,
        clock: Callable[[], datetime],
    ) -> Self:
        """Connect and log in; letters that arrived before `since` will not be looked for.

        Raises ConfigError, MailboxUnavailable (try again later) or MailboxRefused (login,
        certificate, no TLS: somebody has to act).
        """
        # At DEBUG imapclient logs every header in clear.
        logger = logging.getLogger("imapclient")
        logger.setLevel(max(logger.level, logging.WARNING))
        password = checked_secret(settings, secret)
        client = _connected(settings)
        try:
            log_in(client, settings, password)
        except BaseException:
            shut(client.connection)
            raise
        return cls(client, settings, since, clock)

    def folders(self) -> tuple[Folder, ...]:
        """The folders to read: INBOX first, then by name; Sent is always among them.

        Raises ConfigError where it can't be told which folder Sent is.
        """
        return self._chosen().folders

    @property
    def missing(self) -> tuple[str, ...]:
        """Configured folders that do not exist."""
        return self._chosen().missing

    def _chosen(self) -> Choice:
        if self._choice is None:
            with self._session.talking():
                is_gmail = bool(self._client.has_capability("X-GM-EXT-1"))
                listed = listed_folders(self._client.list_folders(), imap_utf7.decode)
            self._choice = choose_folders(self._settings, listed, is_gmail)
        return self._choice

    def examine(self, folder: Folder) -> FolderStatus:
        """Open a folder for reading only; the calls below are about it, until the next examine.

        Raises FolderUnavailable if the server refuses, opens it for writing all the same, or
        gives no UIDVALIDITY, without which a uid means nothing (RFC 3501 §2.3.1.1).
        """
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
        return sorted(uid for uid in self._session.search(after + 1, criteria) if uid > after)

    def keyword_uids(self, keyword: str) -> frozenset[int]:
        """The uids of the examined folder's letters that carry `keyword`.

        Raises ConfigError for what can't be a keyword.
        """
        if not is_keyword(keyword):
            raise ConfigError(f"{keyword!r} can't be an IMAP keyword; it must be one ASCII word")
        return frozenset(self._session.search(1, f" KEYWORD {keyword}"))

    def fetch(
        self, folder: Folder, uids: Sequence[int], batch: int = 250
    ) -> Iterator[tuple[list[FetchedHeader], list[int]]]:
        """The header blocks of `uids`, batch by batch, ascending, with the uids there is none for.

        A bounce comes with what is kept of its delivery report, if the server gives it.
        A letter is given up only after it was asked for alone. Raises FolderUnavailable where
        the server refuses a whole batch or the folder is made anew meanwhile.
        """
        opened, status = self._session.opened()
        if folder != opened:
            raise RuntimeError(f"{folder.name!r} is not the examined folder")
        wanted = sorted(set(uids))
        size = max(1, min(batch, _LARGEST_BATCH))
        for start in range(0, len(wanted), size):
            part = wanted[start : start + size]
            found = self._read_batch(part)
            headers = [self._header(folder, status, uid, found[uid]) for uid in sorted(found)]
            yield (
                with_reports(headers, lambda some: self._ask(some, REPORT_ITEMS)),
                [uid for uid in part if uid not in found],
            )

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

    def _read_batch(self, uids: list[int]) -> dict[int, answers.Items]:
        """Like `_read`, but a server that refuses a whole batch refuses the folder."""
        self._refusal = None
        found = self._read(uids)
        if self._refusal is not None and not found and len(uids) > 1:
            raise self._session.refused(self._session.opened()[0], self._refusal)
        return found

    def _read(self, uids: list[int]) -> dict[int, answers.Items]:
        """Fetch `uids`; where the answer can't be read, halve until the letter is alone."""
        answered = self._fetch_once(uids)
        is_alone = len(uids) == 1
        found = {uid: one for uid, one in (answered or {}).items() if one.is_complete or is_alone}
        rest = [uid for uid in uids if uid not in found]
        if is_alone or not rest:
            return found
        half = (len(rest) + 1) // 2
        halves = [part for part in (rest[:half], rest[half:]) if part]
        for part in halves if answered is None else [[uid] for uid in rest]:
            found |= self._read(part)
        return found

    def _fetch_once(self, uids: list[int]) -> dict[int, answers.Items] | None:
        """What the server gives for `uids` and no others; None where it can't be read."""
        answered = self._ask(uids, FETCH_ITEMS)
        return None if answered is None else answers.letters(answered, frozenset(uids))

    def _ask(self, uids: list[int], items: str) -> list[dict[bytes, Any]] | None:
        """The answers to one FETCH, also unasked ones; None where they can't be read."""
        kind, data = self._session.uid("FETCH", uid_set(uids), items)
        if kind != "OK":
            if answers.is_busy(answers.said(data)):
                raise self._session.refused(self._session.opened()[0], data)
            self._refusal = data
            return None
        try:
            # Keyed by number: with uids as keys, an answer without a uid would pass for one.
            plain = answers.without_echo(data)
            by_number = parse_fetch_response(plain, normalise_times=False, uid_is_key=False)
        except answers.UNREADABLE:
            return None
        return list(by_number.values())

    def _header(
        self, folder: Folder, status: FolderStatus, uid: int, letter: answers.Items
    ) -> FetchedHeader:
        return FetchedHeader(
            mailbox=self._settings.name,
            folder=folder.name,
            uidvalidity=status.uidvalidity,
            uid=uid,
            received_at=letter.received_at,
            size_octets=letter.size_octets,
            block=kept_fields(
                letter.block, self._settings.received_by, folder.is_sent, HEADER_FIELDS
            ),
            fetched_at=self._clock(),
        )


def _connected(settings: MailboxSettings) -> _Client:
    context = tls_context(settings)
    try:
        client = _Client(
            settings.host,
            answers.port(settings),
            ssl=settings.tls == "implicit",
            ssl_context=context,
            timeout=TIMEOUT,
        )
    except answers.TROUBLE as exc:
        raise answers.connection_error(settings, exc) from exc
    try:
        if client.connection.state != "NONAUTH":
            raise MailboxRefused(
                f"{answers.place(settings)}: {settings.host} lets everybody in without a login "
                f"(PREAUTH); we read a mailbox only as the user of the config"
            )
        if settings.tls == "starttls":
            start_tls(client, settings, context)
    except BaseException:
        shut(client.connection)
        raise
    return client

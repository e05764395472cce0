"""Asking for letters until each came or was asked for alone.

A server that refuses, or answers what can't be read, costs no more letters than it must.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from imapclient import imap_utf7
from imapclient.response_parser import parse_fetch_response

from inbox_agent import imap_answers as answers
from inbox_agent.config import MailboxSettings
from inbox_agent.errors import Fault
from inbox_agent.header_block import kept_fields
from inbox_agent.imap_commands import FETCH_ITEMS, uid_set
from inbox_agent.imap_faults import fault_of, is_busy
from inbox_agent.imap_folders import Folder, for_people
from inbox_agent.imap_session import FolderStatus, Session
from inbox_agent.imap_split import split
from inbox_agent.messages import HEADER_FIELDS, FetchedHeader


class LetterReader:
    """Reads letters of the folder that a session has examined."""

    def __init__(self, session: Session, items: str) -> None:
        self._session = session
        self._items = items
        self._refusals: list[list[Any]] = []
        self._expected: set[int] = set()
        self._early: dict[int, answers.Items] = {}
        #: The letters that were refused each for itself, for now: the server has trouble.
        self.refused_for_now: list[int] = []

    def ask_ahead(self, uids: list[int]) -> None:
        """Have the server begin with a batch that `read_batch` is going to ask for."""
        self._session.fetch_ahead(uid_set(uids), self._items)
        self._expected.update(uids)

    def read_batch(self, uids: list[int]) -> dict[int, answers.Items]:
        """What the server gives for each of `uids`.

        Raises FolderUnavailable where it refuses all of a batch: that is the folder, then.
        """
        self._refusals, self.refused_for_now = [], []
        found = self._read(uids)
        if self._refusals and not found and len(uids) > 1:
            raise self._session.refused(self._session.opened()[0], self._refusals[-1])
        return found

    def _read(self, uids: list[int], was_suspect: bool = False) -> dict[int, answers.Items]:
        """Fetch `uids`; where the answer can't be read, halve until the letter is alone."""
        answered = self._fetch_once(uids)
        is_alone = len(uids) == 1
        given = answered or {}
        found = {uid: one for uid, one in given.items() if _is_taken(one, is_alone, was_suspect)}
        rest = [uid for uid in uids if uid not in found]
        if not rest or (is_alone and not given):
            return found
        half = (len(rest) + 1) // 2
        halves = [part for part in (rest[:half], rest[half:]) if part]
        for part in halves if answered is None else [[uid] for uid in rest]:
            found |= self._read(part, was_suspect=part[0] in given)
        return found

    def _fetch_once(self, uids: list[int]) -> dict[int, answers.Items] | None:
        """What the server gives for `uids` and no others; None where it can't be read."""
        refusals = len(self._refusals)
        answered = self.ask(uids, self._items)
        is_refused = len(self._refusals) > refusals
        if answered is None and self._items != FETCH_ITEMS and (is_refused or len(uids) == 1):
            answered = self.ask(uids, FETCH_ITEMS)  # hints are not worth a letter
            if answered is not None and is_refused:
                self._items = FETCH_ITEMS
                self._session.forget_ahead()
        if answered is None and is_refused and len(uids) == 1 and self._is_passing():
            self.refused_for_now += uids
        return None if answered is None else self._sorted(answered, uids)

    def _sorted(
        self, answered: list[dict[bytes, Any]], uids: list[int]
    ) -> dict[int, answers.Items]:
        """The letters asked for; one asked ahead may come early (RFC 3501 §5.5) and is kept."""
        self._expected.difference_update(uids)
        given = answers.letters(answered, self._expected.union(uids))
        self._early |= given
        return {uid: self._early.pop(uid) for uid in uids if uid in self._early}

    def _is_passing(self) -> bool:
        return fault_of(answers.said(self._refusals[-1]), Fault.FOLDER) is Fault.LATER

    def ask(self, uids: list[int], items: str) -> list[dict[bytes, Any]] | None:
        """The answers to one FETCH, also unasked ones; None where they can't be read."""
        kind, data = self._session.uid("FETCH", uid_set(uids), items)
        if kind != "OK":
            if is_busy(answers.said(data)):
                raise self._session.refused(self._session.opened()[0], data)
            self._refusals.append(data)
            return None
        usual = split(data)
        if usual is not None:
            return usual
        try:
            # Keyed by number: with uids as keys, an answer without a uid would pass for one.
            plain = answers.without_echo(data)
            by_number = parse_fetch_response(plain, normalise_times=False, uid_is_key=False)
        except answers.UNREADABLE:
            return None
        return list(by_number.values())


def _is_taken(letter: answers.Items, is_alone: bool, was_suspect: bool) -> bool:
    """Whether to ask no more: it is as it should be, or comes out the same when asked alone."""
    if letter.is_suspect:
        return is_alone and was_suspect
    return is_alone or letter.is_complete


def as_fetched(
    letter: answers.Items,
    uid: int,
    settings: MailboxSettings,
    opened: tuple[Folder, FolderStatus],
    fetched_at: datetime,
) -> FetchedHeader:
    """A letter of the folder that was `opened`, with what we may keep of its header block."""
    folder, status = opened
    labels = tuple(for_people(label, imap_utf7.decode) for label in letter.hints.labels)
    is_sent = folder.is_sent or r"\Sent" in labels  # Gmail's All Mail holds both
    return FetchedHeader(
        mailbox=settings.name,
        folder=folder.name,
        uidvalidity=status.uidvalidity,
        uid=uid,
        received_at=letter.received_at,
        size_octets=letter.size_octets,
        block=kept_fields(letter.block, settings.received_by, is_sent, HEADER_FIELDS),
        fetched_at=fetched_at,
        email_id=letter.hints.email_id,
        thread_id=letter.hints.thread_id,
        labels=labels,
    )

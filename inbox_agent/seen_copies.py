"""Copies as our team sees them: whose each is and when it came, worked out once.

Which copies are one letter, whose record it is in, and what it is all go by these few facts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

from inbox_agent.addresses import Address, Roster
from inbox_agent.authors import author_of
from inbox_agent.instants import choose_at
from inbox_agent.messages import Message
from inbox_agent.undelivered import named_recipients


class Copy(NamedTuple):
    """One copy with what hangs on it and the roster alone.

    The others are what `author_of`, `is_from_us` and `choose_at` say of `message`.
    """

    message: Message
    author: Address | None
    is_ours: bool
    at: datetime | None
    at_source: str


_IS_OURS = attrgetter("is_ours")


def seen(message: Message, roster: Roster) -> Copy:
    """A copy as the team of this roster sees it."""
    author = author_of(message, roster)
    is_ours = message.is_sent_copy or (author is not None and roster.is_us(author))
    return Copy(message, author, is_ours, *choose_at(message, roster.received_by))


def all_seen(messages: Iterable[Message], roster: Roster) -> list[Copy]:
    """Several copies, in their order."""
    return [seen(message, roster) for message in messages]


def recipients(message: Message) -> tuple[Address, ...]:
    """Everybody in To and Cc, and in Bcc of a copy that lies in a Sent folder."""
    if message.is_sent_copy:
        return (*message.to, *message.cc, *message.bcc)
    return (*message.to, *message.cc)


def is_from_us(message: Message, roster: Roster) -> bool:
    """Whether our side wrote it: by its author, or because it lies in a Sent folder."""
    if message.is_sent_copy:
        return True
    author = author_of(message, roster)
    return author is not None and roster.is_us(author)


def people_named(copy: Copy) -> Sequence[Address]:
    """Whom a copy is with: whom we wrote to or who wrote to us, and whom it did not reach."""
    theirs = (copy.author,) if copy.author else ()
    people = recipients(copy.message) if copy.is_ours else theirs
    named = named_recipients(copy.message)
    return (*people, *filter(None, map(Address.parse, named))) if named else people


def representative(copies: Sequence[Copy], *, ours: bool) -> Copy:
    """The copy whose fields are the letter's: the one in Sent when it is ours, else the first."""
    if len(copies) == 1:
        return copies[0]

    def rank(copy: Copy) -> tuple[object, ...]:
        message, at = copy.message, copy.at
        sent_first = not (ours and message.is_sent_copy)
        instant = at.timestamp() if at else 0.0
        first = (sent_first, at is None, instant, message.message_id, message.digest)
        return (*first, *_beside_its_block(message))

    return min(copies, key=rank)


def _beside_its_block(message: Message) -> tuple[object, ...]:
    """In what copies with one header block may still differ; nothing hangs on their order then."""
    signs = sorted(message.text_signs) if message.text_signs is not None else ()
    return (message.size_octets or 0, message.is_import, repr(message.report), signs)


def is_by_us(copies: Iterable[Copy]) -> bool:
    """Whether a letter is ours, as any of its copies is."""
    return any(map(_IS_OURS, copies))

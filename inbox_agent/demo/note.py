"""A letter before it is written out: who, whom, when, about what, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who writes; `joined_days_ago` and `left_days_ago` count back from as_of."""

    name: str
    address: str
    zone: str
    reply_prefix: str = "Re: "
    joined_days_ago: int = 10_000
    left_days_ago: int = 0

    @property
    def domain(self) -> str:
        """The part after the @."""
        return self.address.rpartition("@")[2]

    @property
    def first_name(self) -> str:
        """The given name, as in a greeting."""
        return self.name.split()[0]


@dataclass(frozen=True, slots=True)
class Mime:
    """How a body is packed: the subtype of its content type, and that type's parameters."""

    subtype: str = "plain"  # plain, html, alternative, report, calendar
    parameters: tuple[tuple[str, str], ...] = ()
    has_attachment: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """One letter of the sample; `fresh` is what its author typed, `text` that and the quote.

    `is_unseen`: written past the shared mailbox, so that only answers to it show that it was.
    """

    message_id: str
    author: Person
    to: tuple[Person, ...]
    cc: tuple[Person, ...]
    sent_at: datetime
    subject: str
    text: str
    parent: Note | None = None
    mime: Mime = Mime()
    headers: tuple[tuple[str, str], ...] = ()
    return_path: str | None = None
    flags: tuple[str, ...] = ()
    is_unseen: bool = False

    @property
    def references(self) -> tuple[str, ...]:
        """The chain of ids from the first letter to the parent (RFC 5322 §3.6.4)."""
        if self.parent is None:
            return ()
        return (*self.parent.references, self.parent.message_id)

    @property
    def people(self) -> tuple[Person, ...]:
        """Author and addressees, each address once, in that order."""
        return tuple({p.address: p for p in (self.author, *self.to, *self.cc)}.values())

    @property
    def quote(self) -> str:
        """The letter as it is quoted under an answer to it, with all that it quotes itself."""
        local = self.sent_at.astimezone(ZoneInfo(self.author.zone))
        head = f"On {local:%d %B %Y at %H:%M}, {self.author.name} wrote:"
        return "\n".join((head, *(f"> {line}" for line in self.text.splitlines())))

    @property
    def trimmed_quote(self) -> str:
        """Its first lines only, as they stand under a thank-you."""
        return "\n".join((*self.quote.splitlines()[:6], "> [...]"))

"""Organisations in the mail that ``partners.toml`` says nothing of, and how much they write."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from inbox_agent.addresses import Roster
from inbox_agent.copies import by_partner
from inbox_agent.domain_names import unicode_domain
from inbox_agent.letters import Letter, letters_of
from inbox_agent.messages import Message

_EVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Organisation:
    """One outside organisation, or one person at a public mail provider, by its `key`.

    `letters_in`, `letters_out` and `people` (theirs) are of letters that count, `uncounted` are
    the others. `first_at` and `last_at` are of those that count, or of all where none does.
    """

    key: str
    letters_in: int
    letters_out: int
    uncounted: int
    people: int
    first_at: datetime | None
    last_at: datetime | None

    @property
    def is_partner(self) -> bool:
        """Whether it is a partner by itself: both sides have written letters that count."""
        return bool(self.letters_in and self.letters_out)

    @property
    def is_automatic(self) -> bool:
        """Whether no person wrote, there or here: it looks like nobody's partner."""
        return not self.letters_in and not self.letters_out

    @property
    def name(self) -> str:
        """A name to begin with: ``acme-labs.co.uk`` is Acme Labs, ``bob.lee@…`` is Bob Lee."""
        local, at, domain = self.key.rpartition("@")
        written = local if at else unicode_domain(domain).partition(".")[0]
        words = written.replace("-", " ").replace("_", " ").replace(".", " ").split()
        return " ".join(word[:1].upper() + word[1:] for word in words) or self.key


def unassigned(messages: Sequence[Message], roster: Roster) -> tuple[Organisation, ...]:
    """Every organisation that is neither listed nor ignored, those with most letters first.

    Also where the team has switched discovery off. A domain that was merged into a partner is
    the team's to know, before that day, too.
    """
    asked = replace(roster, discover=True)
    known = {p.key for p in roster.partners} | {m.domain for p in roster.partners for m in p.merged}
    found = [
        _organisation(key, letters_of(asked.partner(key), copies, asked, _EVER))
        for key, copies in by_partner(messages, asked).items()
        if key not in known
    ]
    return tuple(sorted(found, key=lambda o: (-o.letters_in - o.letters_out, -o.uncounted, o.key)))


def _organisation(key: str, letters: Iterable[Letter]) -> Organisation:
    held = tuple(letters)
    counting = [letter for letter in held if letter.counts]
    inbound = [letter for letter in counting if letter.side == "them"]
    authors = {letter.author.key for letter in inbound if letter.author}
    instants = [letter.at for letter in counting or held if letter.at]
    return Organisation(
        key=key,
        letters_in=len(inbound),
        letters_out=len(counting) - len(inbound),
        uncounted=len(held) - len(counting),
        people=len(authors.union(*(letter.their_recipients for letter in counting))),
        first_at=min(instants, default=None),
        last_at=max(instants, default=None),
    )

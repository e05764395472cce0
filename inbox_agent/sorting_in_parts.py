"""All copies into whose records they belong, a part at a time: memory holds a part and numbers.

Most letters are there once and hang together with no other: whose they are is read off them at
once. The others are sorted with those they hang together with, by the functions that sort all.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from inbox_agent.addresses import Roster
from inbox_agent.copies import by_partner, is_from_us, named_by
from inbox_agent.messages import Message
from inbox_agent.sent_coverage import host_of
from inbox_agent.sorted_mail import SortedMail, digest_of
from inbox_agent.sorting import Instants, Load, Numbered, instant_of, keep_copies, sight

#: So many copies that hang together with others are sorted at once, as long as they let themselves.
_AT_ONCE = 5_000
_NEVER = -(2**62)
_SAME = (
    "select copies.id, first from copies join"
    " (select {0}, min(id) as first from copies where {0} is not null"
    "  group by {0} having count(*) > 1) as alike using ({0}) where copies.id != first"
)
_LINKED = (
    "select cites.copy, copies.id from cites join copies on copies.message = cited"
    " where is_link = 1 and copies.id != cites.copy"
)


@dataclass(slots=True)
class _Place:
    """Where somebody's copies lie, and when the latest came."""

    mailboxes: set[str] = field(default_factory=set)
    last_at: int = _NEVER

    def add(self, mailbox: str, at: int | None) -> None:
        self.mailboxes.add(mailbox)
        if at is not None and at > self.last_at:
            self.last_at = at


def sort_in_parts(
    store: SortedMail, roster: Roster, parts: Iterable[Numbered], instants: Instants, load: Load
) -> None:
    """Fill the empty store with all copies, and make its indexes; as `sort_all` would have it."""
    known = _Known(store, roster, instants)
    for part in parts:
        known.add(part)
    known.keep()
    store.index()
    members = _Members(store, roster, defaultdict(_Place))
    together = _together(store)
    members.keep_alone(known, together)
    for batch in _batches(together):
        members.keep_sorted(load(batch))
    members.keep_places()


@dataclass(slots=True)
class _Known:
    """What is kept of the copies that went by: numbers, and the parties each one names alone."""

    store: SortedMail
    roster: Roster
    instants: Instants
    ids: array[int] = field(default_factory=lambda: array("q"))
    came: array[int] = field(default_factory=lambda: array("q"))
    mailboxes: list[str] = field(default_factory=list)
    named: list[tuple[int, ...]] = field(default_factory=list)
    hosts: Counter[str] = field(default_factory=Counter)
    ours: set[int] = field(default_factory=set)
    first_at: dict[str, int] = field(default_factory=dict)
    _alike: dict[tuple[int, ...], tuple[int, ...]] = field(default_factory=dict)
    _boxes: dict[str, str] = field(default_factory=dict)

    def add(self, part: Numbered) -> None:
        """Keep a part."""
        instants = [instant_of(message, self.roster) for _, message in part]
        keep_copies(self.store, self.roster, part, instants)
        sight(self.store, self.roster, part, instants)
        waiting = []
        for (number, message), at in zip(part, instants, strict=True):
            self._note(number, message, at)
            if at is not None and at > self.instants.of(message.mailbox).timestamp():
                waiting.append((number,))
            else:
                self._see(message, at)
        self.store.run_many("insert into waiting values (?)", waiting)

    def _note(self, number: int, message: Message, at: int | None) -> None:
        parties = tuple(map(self.store.party, sorted(named_by([message], self.roster))))
        self.ids.append(number)
        self.came.append(_NEVER if at is None else at)
        self.mailboxes.append(self._boxes.setdefault(message.mailbox, message.mailbox))
        self.named.append(self._alike.setdefault(parties, parties))

    def _see(self, message: Message, at: int | None) -> None:
        if at is not None:
            self.first_at[message.mailbox] = min(at, self.first_at.get(message.mailbox, at))
        digest = digest_of(message.message_id)
        if is_from_us(message, self.roster) and digest not in self.ours:
            self.ours.add(digest)
            self.hosts.update(filter(None, [host_of(message.message_id)]))

    def keep(self) -> None:
        """Keep what was counted over all of them."""
        self.store.run_many("insert into hosts values (?, ?)", self.hosts.items())
        began_at = min((at for at in self.came if at != _NEVER), default=None)
        self.store.keep({"first_at": self.first_at, "began_at": began_at})


# -- which copies hang together -------------------------------------------------------------


def _together(store: SortedMail) -> Mapping[int, int]:
    """Each copy that may be of one letter with another, or is brought along by one, to a leader."""
    leader: dict[int, int] = {}

    def find(copy: int) -> int:
        leader.setdefault(copy, copy)
        while leader[copy] != copy:
            leader[copy] = leader[leader[copy]]
            copy = leader[copy]
        return copy

    for sql in (_SAME.format("message"), _SAME.format("look"), _LINKED):
        for one, other in store.rows(sql):
            leader[find(one)] = find(other)
    return {copy: find(copy) for copy in leader}


def _batches(together: Mapping[int, int]) -> Iterator[list[int]]:
    groups: dict[int, list[int]] = defaultdict(list)
    for copy, leader in together.items():
        groups[leader].append(copy)
    batch: list[int] = []
    for copies in groups.values():
        if batch and len(batch) + len(copies) > _AT_ONCE:
            yield batch
            batch = []
        batch += copies
    if batch:
        yield batch


@dataclass(frozen=True, slots=True)
class _Members:
    """Puts copies into records."""

    store: SortedMail
    roster: Roster
    places: defaultdict[int, _Place]

    def keep_alone(self, known: _Known, together: Mapping[int, int]) -> None:
        """Those that hang together with no other are in the records of whom they name."""

        def rows() -> Iterator[tuple[int, int]]:
            for place, number in enumerate(known.ids):
                if number not in together:
                    at = known.came[place]
                    for party in known.named[place]:
                        self.places[party].add(known.mailboxes[place], at)
                        yield party, number

        self.store.run_many("insert into members values (?, ?)", rows())

    def keep_sorted(self, messages: Mapping[int, Message]) -> None:
        """The others, all that hang together at once."""
        number_of = {id(message): number for number, message in messages.items()}
        for key, copies in by_partner(list(messages.values()), self.roster).items():
            party = self.store.party(key)
            for copy in copies:
                self.places[party].add(copy.mailbox, instant_of(copy, self.roster))
            rows = [(party, number_of[id(copy)]) for copy in copies]
            self.store.run_many("insert into members values (?, ?)", rows)

    def keep_places(self) -> None:
        """Where everybody was seen, and when last."""
        self.store.run_many(
            "update parties set mailboxes = ?, last_at = ? where id = ?",
            (
                ("\n".join(sorted(p.mailboxes)), None if p.last_at == _NEVER else p.last_at, party)
                for party, p in self.places.items()
            ),
        )

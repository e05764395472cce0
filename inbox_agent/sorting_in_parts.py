"""All copies into whose records they belong, a part at a time: memory holds a part and numbers.

Of most letters the copies are alike in Message-ID, author and Date, if there are several: whose
they are is read off each at once, and of our answers through a list off what they answer, too. The
others are sorted with those they hang together with, by the functions that sort all.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from inbox_agent.addresses import Roster
from inbox_agent.copies import by_partner
from inbox_agent.copy_entries import Entry, Part
from inbox_agent.messages import Message
from inbox_agent.sorted_mail import ANSWERS, MAY_ANSWER, REPORTS, SortedMail
from inbox_agent.sorting import (
    Instants,
    Load,
    Sights,
    instant_of,
    keep_copies,
)

#: So many copies that hang together with others are sorted at once, as long as they let themselves.
_AT_ONCE = 1_000
#: So often what groups bring along is looked for; a chain that is longer is nobody's mail.
_ROUNDS = 50
_NEVER = -(2**62)
#: What all copies of an answer of ours through a list say together.
_OURS, _TO_LIST = 1, 2
#: Copies of one Message-ID, each with the first of them and how many looks they have; 0 where one
#: has none.
_SAME_ID = (
    "select copies.id, first, looks from copies join (select message, min(id) as first,"
    " iif(count(look) = count(*), count(distinct look), 0) as looks from copies"
    " group by message having count(*) > 1) using (message)"
)
_OTHER_ID = (
    "select copies.id, first from copies join (select look, min(id) as first from copies"
    " where look is not null group by look having count(distinct message) > 1) using (look)"
)
_LINKED = (
    "select cites.copy, copies.id, link from cites join copies on copies.message = cited"
    " where link >= ? and copies.id != cites.copy"
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
    store: SortedMail, roster: Roster, parts: Iterable[Part], instants: Instants, load: Load
) -> None:
    """Fill the empty store with all copies, and make its indexes; as `sort_all` would have it."""
    known = _Known(store, roster, instants, Sights(store))
    for part in parts:
        known.add(part)
    known.keep()
    store.index()
    groups = _Groups(known)
    groups.fill()
    together = groups.leaders()
    members = _Members(store, roster, defaultdict(_Place))
    members.keep_alone(known, together, groups)
    for batch in _batches(together):
        members.keep_sorted(load(batch))
    members.keep_places()


@dataclass(slots=True)
class _Known:
    """What is kept of the copies that went by: numbers, and the parties each one names alone.

    They go by in the order of their numbers.
    """

    store: SortedMail
    roster: Roster
    instants: Instants
    sights: Sights
    ids: array[int] = field(default_factory=lambda: array("q"))
    came: array[int] = field(default_factory=lambda: array("q"))
    mailboxes: list[str] = field(default_factory=list)
    named: list[tuple[int, ...]] = field(default_factory=list)
    answering: bytearray = field(default_factory=bytearray)
    hosts: Counter[str] = field(default_factory=Counter)
    ours: set[int] = field(default_factory=set)
    first_at: dict[str, int] = field(default_factory=dict)
    _alike: dict[tuple[int, ...], tuple[int, ...]] = field(default_factory=dict)
    _boxes: dict[str, str] = field(default_factory=dict)

    def add(self, part: Part) -> None:
        """Keep a part."""
        keep_copies(self.store, part.entries)
        self.sights.look_at(part.entries)
        waiting = []
        for copy, named in zip(part.entries, part.named, strict=True):
            self._note(copy, named)
            until = self.instants.of(copy.mailbox).timestamp()
            if copy.at is not None and copy.at > until:
                waiting.append((copy.number,))
            else:
                self._see(copy)
        self.store.run_many("insert into waiting values (?)", waiting)

    def _note(self, copy: Entry, named: tuple[str, ...]) -> None:
        parties = tuple(map(self.store.party, named))
        self.ids.append(copy.number)
        self.came.append(_NEVER if copy.at is None else copy.at)
        self.mailboxes.append(self._boxes.setdefault(copy.mailbox, copy.mailbox))
        self.named.append(self._alike.setdefault(parties, parties))
        self.answering.append(copy.is_ours * _OURS + copy.is_to_list * _TO_LIST)

    def place(self, number: int) -> int:
        """Where in the lists a copy stands."""
        return bisect_left(self.ids, number)

    def _see(self, copy: Entry) -> None:
        at, mailbox = copy.at, copy.mailbox
        if at is not None:
            self.first_at[mailbox] = min(at, self.first_at.get(mailbox, at))
        if copy.is_ours and copy.digest not in self.ours:
            self.ours.add(copy.digest)
            self.hosts.update(filter(None, [copy.host]))

    def keep(self) -> None:
        """Keep what was counted over all of them."""
        self.sights.keep()
        self.store.run_many("insert into hosts values (?, ?)", self.hosts.items())
        began_at = min((at for at in self.came if at != _NEVER), default=None)
        self.store.keep({"first_at": self.first_at, "began_at": began_at})


# -- which copies hang together -------------------------------------------------------------


@dataclass(slots=True)
class _Groups:
    """Copies that only together tell whose they are: each with one of its group, its leader.

    `letter`: copies that are surely all of one letter, with the first of them. `answers`: such
    copies of our answers through a list, or some that are there once, with what they answer.
    """

    known: _Known
    letter: dict[int, int] = field(default_factory=dict)
    leader: dict[int, int] = field(default_factory=dict)
    answers: list[tuple[int, int]] = field(default_factory=list)

    def fill(self) -> None:
        """Find them in the store."""
        store, is_sure = self.known.store, not self.known.roster.has_mergers
        for copy, first, looks in store.run(_SAME_ID):
            if is_sure and looks == 1:
                self.letter[copy] = first
            else:
                self._join(copy, first)
        for copy, other in store.run(_OTHER_ID):
            self._join(copy, other)
        unsure, through_list = frozenset(self.leader), self._through_list()
        for copy, other, link in store.run(_LINKED, (MAY_ANSWER,)):
            letter = self.letter.get(copy, copy)
            if link == REPORTS or letter in unsure:
                self._join(copy, other)
            elif link == ANSWERS or letter in through_list:
                self.answers.append((copy, other))
        self._join_answers()

    def _through_list(self) -> set[int]:
        """The letters with several copies that are answers of ours through a list."""
        said: dict[int, int] = defaultdict(int)
        for copy, letter in self.letter.items():
            said[letter] |= self.known.answering[self.known.place(copy)]
        return {letter for letter, every in said.items() if every == _OURS | _TO_LIST}

    def _join_answers(self) -> None:
        """Whoever is sorted with others needs what it answers, and so on."""
        for _ in range(_ROUNDS):
            alone = [pair for pair in self.answers if not self._is_joined(*pair)]
            is_done, self.answers = len(alone) == len(self.answers), alone
            if is_done:
                return
        while self.answers:
            self._join(*self.answers.pop())

    def leaders(self) -> Mapping[int, int]:
        """The leader of each copy that is in a group."""
        found = {copy: self._find(copy) for copy in self.leader}
        joined = {copy: found[first] for copy, first in self.letter.items() if first in found}
        return found | joined

    def named(self) -> Mapping[int, tuple[int, ...]]:
        """Whose letters of several copies are, and answers through a list, by the first copy."""
        found: dict[int, tuple[int, ...]] = {}
        same = ((copy, copy) for copy in self.letter)
        for copy, other in (*same, *self.answers):
            letter, place = self.letter.get(copy, copy), self.known.place
            before = found.get(letter) or self.known.named[place(copy)]
            more = self.known.named[place(other)]
            found[letter] = before if more is before else tuple(dict.fromkeys(before + more))
        return found

    def _is_joined(self, copy: int, other: int) -> bool:
        if all(self.letter.get(each, each) not in self.leader for each in (copy, other)):
            return False
        self._join(copy, other)
        return True

    def _join(self, copy: int, other: int) -> None:
        one, another = (self.letter.get(each, each) for each in (copy, other))
        self.leader[self._find(one)] = self._find(another)

    def _find(self, copy: int) -> int:
        leader = self.leader
        leader.setdefault(copy, copy)
        while leader[copy] != copy:
            leader[copy] = leader[leader[copy]]
            copy = leader[copy]
        return copy


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

    def keep_alone(self, known: _Known, together: Mapping[int, int], groups: _Groups) -> None:
        """Those in no group are in the records of whom they name, or what they answer names."""
        named, letter = groups.named(), groups.letter

        def rows() -> Iterator[tuple[int, int]]:
            for place, number in enumerate(known.ids):
                if number not in together:
                    at = known.came[place]
                    for party in named.get(letter.get(number, number), known.named[place]):
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

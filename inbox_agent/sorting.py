"""Copies into whose records they belong, all at once, and what all the mail knows of everybody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from inbox_agent.addresses import Roster
from inbox_agent.copy_entries import Entry, Numbered, looked_at
from inbox_agent.epoch import seconds
from inbox_agent.instants import choose_at
from inbox_agent.messages import Message
from inbox_agent.sorted_mail import SortedMail

Load = Callable[[Collection[int]], Mapping[int, Message]]


class NotSureError(Exception):
    """What changed may touch everybody: all is to be measured anew."""


@dataclass(frozen=True, slots=True)
class Instants:
    """Up to when each mailbox is known, and those that are not named."""

    as_of: Mapping[str, datetime]
    default: datetime

    def of(self, mailbox: str) -> datetime:
        """That of one mailbox."""
        return self.as_of.get(mailbox, self.default)


@dataclass(frozen=True, slots=True)
class Touched:
    """Who is to be measured again, and whose introductions may be others, by number.

    `copies`: those that are new, or came into further records. `wholly` are those of whom more may
    be another than what new copies touch.
    """

    parties: set[int] = field(default_factory=set)
    copies: set[int] = field(default_factory=set)
    introducers: set[int] = field(default_factory=set)
    wholly: set[int] = field(default_factory=set)


# -- all at once ----------------------------------------------------------------------------


def sort_all(
    store: SortedMail,
    roster: Roster,
    held: Numbered,
    records: Mapping[str, Sequence[Message]],
    instants: Instants,
) -> None:
    """Fill the empty store with all copies; `records` is what `by_partner` makes of them."""
    copies = looked_at(held, roster)
    keep_copies(store, copies)
    copy_of = {id(message): copy for (_, message), copy in zip(held, copies, strict=True)}
    for key, messages in records.items():
        party = store.party(key)
        mine = [copy_of[id(message)] for message in messages]
        store.run_many("insert into members values (?, ?)", ((party, c.number) for c in mine))
        keep_mailboxes(store, party, {message.mailbox for message in messages})
        keep_last(store, party, (copy.at for copy in mine))
    _see_all(store, copies, instants)


def instant_of(message: Message, roster: Roster) -> int | None:
    """When a copy came, as seconds; None where that is not known."""
    at, _ = choose_at(message, roster.received_by)
    return None if at is None else seconds(at)


def keep_copies(store: SortedMail, copies: Sequence[Entry]) -> None:
    """Keep what is known of each copy by itself."""
    store.run_many(
        "insert into copies values (?, ?, ?, ?, ?, ?, 0)",
        ((c.number, c.digest, c.look, c.at, c.mailbox, int(c.is_ours)) for c in copies),
    )
    store.run_many(
        "insert or ignore into cites values (?, ?, ?)",
        ((cited, c.number, link) for c in copies for cited, link in c.cites),
    )


def keep_mailboxes(store: SortedMail, party: int, mailboxes: set[str]) -> None:
    """Somebody was seen in these mailboxes, too."""
    ((known,),) = store.run("select mailboxes from parties where id = ?", (party,))
    every = sorted(mailboxes.union(known.split("\n") if known else ()))
    store.run("update parties set mailboxes = ? where id = ?", ("\n".join(every), party))


def keep_last(store: SortedMail, party: int, instants: Iterable[int | None]) -> None:
    """Copies of somebody's came at these instants: which of all is the latest."""
    last_at = max((at for at in instants if at is not None), default=None)
    sql = "update parties set last_at = max(coalesce(last_at, ?1), ?1) where id = ?2"
    if last_at is not None:
        store.run(sql, (last_at, party))


def _see_all(store: SortedMail, copies: Sequence[Entry], instants: Instants) -> None:
    hosts, ours, first_at = Counter[str](), set[int](), dict[str, int]()
    waiting = []
    for copy in copies:
        at, mailbox = copy.at, copy.mailbox
        if at is not None and at > instants.of(mailbox).timestamp():
            waiting.append((copy.number,))
            continue
        if at is not None:
            first_at[mailbox] = min(at, first_at.get(mailbox, at))
        if copy.is_ours and copy.digest not in ours:
            ours.add(copy.digest)
            hosts.update(filter(None, [copy.host]))
    store.run_many("insert into hosts values (?, ?)", hosts.items())
    store.run_many("insert into waiting values (?)", waiting)
    sight(store, copies)
    began_at = min((copy.at for copy in copies if copy.at is not None), default=None)
    store.keep({"first_at": first_at, "began_at": began_at})


def sight(store: SortedMail, copies: Iterable[Entry]) -> Touched:
    """Keep what `Sights` are of copies; gives whose introductions that may change."""
    sights = Sights(store)
    sights.look_at(copies)
    return sights.keep()


@dataclass(frozen=True, slots=True)
class Sights:
    """When everybody first stood in the mail, who stood there together, and what are lists."""

    store: SortedMail
    first_at: dict[int, int] = field(default_factory=dict)
    lists: dict[str, int] = field(default_factory=dict)
    together: set[int] = field(default_factory=set)

    def look_at(self, copies: Iterable[Entry]) -> None:
        """Take in copies; who stood together is kept at once."""
        first_at, lists, party = self.first_at, self.lists, self.store.party
        together: list[tuple[int, int, int]] = []
        for copy in copies:
            at = copy.at
            if at is None:
                continue
            for name in copy.lists:
                lists[name] = min(lists.get(name, at), at)
            there = list(map(party, copy.there))
            for each in there:
                first_at[each] = min(first_at.get(each, at), at)
            if len(there) > 1:
                together += [(each, copy.number, at) for each in there]
        self.store.run_many("insert or ignore into stood values (?, ?, ?)", together)
        self.together.update(each for each, _, _ in together)

    def keep(self) -> Touched:
        """Keep what is new of it; gives whose introductions that may change."""
        store, first_at, lists = self.store, self.first_at, self.lists
        earlier = [p for p, at in first_at.items() if _is_earlier(store, p, at)]
        store.run_many(
            "update parties set first_at = ? where id = ?", ((first_at[p], p) for p in earlier)
        )
        newer = [name for name, at in lists.items() if _is_new_list(store, name, at)]
        rows = [(name, lists[name]) for name in newer]
        store.run_many("insert or replace into lists values (?, ?)", rows)
        return Touched(introducers=_hinting(store, earlier, newer, self.together))


def _is_earlier(store: SortedMail, party: int, at: int) -> bool:
    ((known,),) = store.run("select first_at from parties where id = ?", (party,))
    return known is None or at < known


def _is_new_list(store: SortedMail, name: str, at: int) -> bool:
    known = store.run("select since from lists where name = ?", (name,))
    return not known or at < known[0][0]


def _hinting(
    store: SortedMail, earlier: Iterable[int], lists: Iterable[str], together: set[int]
) -> set[int]:
    found = store.run_in("select party from hinted where other in ({})", earlier)
    named = store.run_in("select party from newcomers where name in ({})", lists)
    pairs = store.run_in("select party, other from hinted where party in ({})", together)
    return {p for (p,) in (*found, *named)} | {p for p, other in pairs if other in together}

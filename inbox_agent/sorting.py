"""Copies into whose records they belong, all at once, and what all the mail knows of everybody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from inbox_agent.addresses import Roster
from inbox_agent.authors import list_names
from inbox_agent.copies import author_key, cited_ids, is_from_us, verdict_of
from inbox_agent.epoch import seconds
from inbox_agent.instants import choose_at
from inbox_agent.messages import Message
from inbox_agent.newcomers import organisations_in
from inbox_agent.sent_coverage import host_of
from inbox_agent.sorted_mail import SortedMail, digest_of

Numbered = Sequence[tuple[int, Message]]
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

    `copies`: those that are new, or came into further records.
    """

    parties: set[int] = field(default_factory=set)
    copies: set[int] = field(default_factory=set)
    introducers: set[int] = field(default_factory=set)


# -- all at once ----------------------------------------------------------------------------


def sort_all(
    store: SortedMail,
    roster: Roster,
    held: Numbered,
    records: Mapping[str, Sequence[Message]],
    instants: Instants,
) -> None:
    """Fill the empty store with all copies; `records` is what `by_partner` makes of them."""
    at_of = [instant_of(message, roster) for _, message in held]
    keep_copies(store, roster, held, at_of)
    number_of = {id(message): number for number, message in held}
    for key, messages in records.items():
        party = store.party(key)
        rows = [(party, number_of[id(message)]) for message in messages]
        store.run_many("insert into members values (?, ?)", rows)
        keep_mailboxes(store, party, {message.mailbox for message in messages})
        keep_last(store, party, (instant_of(message, roster) for message in messages))
    _see_all(store, roster, held, at_of, instants)


def instant_of(message: Message, roster: Roster) -> int | None:
    """When a copy came, as seconds; None where that is not known."""
    at, _ = choose_at(message, roster.received_by)
    return None if at is None else seconds(at)


def keep_copies(
    store: SortedMail, roster: Roster, held: Numbered, at_of: Sequence[int | None]
) -> None:
    """Keep what is known of each copy by itself."""
    store.run_many(
        "insert into copies values (?, ?, ?, ?, ?, ?, 0)",
        (
            (
                *(number, digest_of(message.message_id), _look(message, roster), at),
                *(message.mailbox, int(is_from_us(message, roster))),
            )
            for (number, message), at in zip(held, at_of, strict=True)
        ),
    )
    store.run_many(
        "insert or ignore into cites values (?, ?, ?)",
        ((cited, number, link) for number, m in held for cited, link in _cites(m, roster)),
    )


def _look(message: Message, roster: Roster) -> int | None:
    """What copies of one letter have in common that have another Message-ID."""
    author = author_key(message, roster)
    if author is None or message.sent_at is None:
        return None
    return digest_of(author, seconds(message.sent_at))


def _cites(message: Message, roster: Roster) -> Iterator[tuple[int, int]]:
    """What a copy cites: as what it answers, and as what takes it into a record."""
    is_ours = is_from_us(message, roster)
    parent = message.in_reply_to or next(reversed(message.references), None)
    if parent and not is_ours:
        yield digest_of(parent), 0
    if message.in_reply_to and (
        is_ours or any(map(roster.is_our_list, (*message.to, *message.cc)))
    ):
        yield digest_of(message.in_reply_to), 1
    cited = cited_ids([message])
    if cited and verdict_of(message, roster).kind == "bounce":
        yield from ((digest_of(name), 1) for name in sorted(cited))


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


def _see_all(
    store: SortedMail,
    roster: Roster,
    held: Numbered,
    at_of: Sequence[int | None],
    instants: Instants,
) -> None:
    hosts, ours, first_at = Counter[str](), set[str](), dict[str, int]()
    waiting = []
    for (number, message), at in zip(held, at_of, strict=True):
        if at is not None and at > instants.of(message.mailbox).timestamp():
            waiting.append((number,))
            continue
        if at is not None:
            first_at[message.mailbox] = min(at, first_at.get(message.mailbox, at))
        if is_from_us(message, roster) and message.message_id not in ours:
            ours.add(message.message_id)
            hosts.update(filter(None, [host_of(message.message_id)]))
    store.run_many("insert into hosts values (?, ?)", hosts.items())
    store.run_many("insert into waiting values (?)", waiting)
    sight(store, roster, held, at_of)
    known = [at for at in at_of if at is not None]
    store.keep({"first_at": first_at, "began_at": min(known, default=None)})


def sight(
    store: SortedMail, roster: Roster, held: Numbered, at_of: Sequence[int | None]
) -> Touched:
    """When everybody first stood in the mail, who stood there together, and what are lists.

    Gives whose introductions that may change.
    """
    first_at, lists, together = dict[int, int](), dict[str, int](), list[tuple[int, int, int]]()
    for (number, message), at in zip(held, at_of, strict=True):
        if at is None:
            continue
        for name in list_names(message):
            lists[name] = min(lists.get(name, at), at)
        there = [store.party(key) for key in sorted(organisations_in(message, roster))]
        for party in there:
            first_at[party] = min(first_at.get(party, at), at)
        if len(there) > 1:
            together += [(party, number, at) for party in there]
    earlier = [p for p, at in first_at.items() if _is_earlier(store, p, at)]
    store.run_many(
        "update parties set first_at = ? where id = ?", ((first_at[p], p) for p in earlier)
    )
    store.run_many("insert or ignore into stood values (?, ?, ?)", together)
    newer = [name for name, at in lists.items() if _is_new_list(store, name, at)]
    rows = [(name, lists[name]) for name in newer]
    store.run_many("insert or replace into lists values (?, ?)", rows)
    return Touched(introducers=_hinting(store, earlier, newer, {p for p, _, _ in together}))


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

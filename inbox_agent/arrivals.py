"""Copies that came since the last time, into whose records they belong.

What is added changes little of what is there: a copy may join a letter, and bring along letters
that cite it. Only those are looked at again, by the same functions that sort all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from inbox_agent.addresses import Roster
from inbox_agent.copies import by_partner
from inbox_agent.copy_entries import Numbered, looked_at
from inbox_agent.messages import Message
from inbox_agent.sent_coverage import FEWEST_OF_A_HOST, host_of
from inbox_agent.sorted_mail import SortedMail
from inbox_agent.sorting import (
    Instants,
    Load,
    NotSureError,
    Touched,
    instant_of,
    keep_copies,
    keep_last,
    keep_mailboxes,
    sight,
)


def take_in(
    store: SortedMail, roster: Roster, new: Numbered, instants: Instants, load: Load
) -> Touched:
    """Sort further copies into the store. Raises NotSureError where they may touch everybody."""
    copies = looked_at(new, roster)
    began_at = store.fact("began_at")
    if any(c.at is not None and (began_at is None or c.at < began_at) for c in copies):
        raise NotSureError("a letter from before all others")
    keep_copies(store, copies)
    found = _join(store, roster, {number for number, _ in new}, load)
    found.introducers.update(sight(store, copies).introducers)
    store.run_many("insert into waiting values (?)", ((number,) for number, _ in new))
    released = _release(store, instants, load)
    found.parties.update(store.parties_of(released))
    earlier = store.citing(released, links_only=False).difference(released)
    found.wholly.update(store.parties_of(earlier))
    found.parties.update(found.wholly)
    return found


def _brought_along(store: SortedMail, new: set[int]) -> tuple[set[int], set[int]]:
    """The copies that may come into further records, and those it takes to tell."""
    changed = news = store.alike(new)
    while news:
        news = store.alike(store.citing(news, links_only=True)) - changed
        changed = changed | news
    needed = changed
    for _ in range(2):  # a report, the letter through a list that it is about, and what that cites
        needed = needed | store.alike(store.cited(needed))
    return changed, needed


def _join(store: SortedMail, roster: Roster, new: set[int], load: Load) -> Touched:
    """Put new copies into records, with what they bring along; gives whose records changed."""
    touched = Touched(copies=set(new))
    changed, needed = _brought_along(store, new)
    messages = load(needed)
    number_of = {id(message): number for number, message in messages.items()}
    for key, copies in by_partner(list(messages.values()), roster).items():
        mine = {number_of[id(copy)] for copy in copies} & changed
        if not mine:
            continue
        party = store.party(key)
        sql = "select copy from members where party = ? and copy in ({})"
        held = store.run_in(sql, mine, (party,))
        fresh = mine - {copy for (copy,) in held}
        if fresh:
            rows = [(party, copy) for copy in fresh]
            store.run_many("insert into members values (?, ?)", rows)
            keep_mailboxes(store, party, {messages[copy].mailbox for copy in fresh})
            keep_last(store, party, (instant_of(messages[copy], roster) for copy in fresh))
            touched.parties.add(party)
            touched.copies.update(fresh)
    return touched


def _release(store: SortedMail, instants: Instants, load: Load) -> list[int]:
    """Of the copies that wait for their time those that have come to it.

    What is proven hangs on which ids are held: those that cite them are to be looked at again.
    """
    sql = "select id, at, mailbox, ours, message from copies join waiting on copy = id"
    due = [
        row for row in store.run(sql) if row[1] is None or row[1] <= instants.of(row[2]).timestamp()
    ]
    first_at = store.fact("first_at")
    if any(at is not None and at < first_at.get(mailbox, at + 1) for _, at, mailbox, _, _ in due):
        raise NotSureError("a letter from before all others of its mailbox")
    due_ids = [row[0] for row in due]
    _count_hosts(store, [row for row in due if row[3]], load(due_ids))
    store.run_many("delete from waiting where copy = ?", ((number,) for number in due_ids))
    return due_ids


def _count_hosts(
    store: SortedMail, ours: Sequence[tuple[int, ...]], messages: Mapping[int, Message]
) -> None:
    """Count the hosts of our letters; one that is ours from now on touches everybody."""
    counted: set[int] = set()
    for number, *_, digest in ours:
        held = store.run(
            "select 1 from copies left join waiting on copy = id"
            " where message = ? and ours = 1 and copy is null",
            (digest,),
        )
        host = host_of(messages[number].message_id)
        if held or host is None or digest in counted:
            continue
        counted.add(digest)
        ((letters,),) = store.run(
            "insert into hosts values (?, 1) on conflict do update set letters = letters + 1"
            " returning letters",
            (host,),
        )
        if letters == FEWEST_OF_A_HOST:
            raise NotSureError("a host of our letters")

"""Everybody in the sorted mail: who is a partner, as of when, due when, and what is counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from inbox_agent.epoch import instant, seconds, seconds_up
from inbox_agent.next_changes import Changes
from inbox_agent.sorted_mail import SortedMail
from inbox_agent.summaries import Summary, read, written

_PARTIES = "select id, key, is_partner, until_at, mailboxes, summary from parties where "


@dataclass(frozen=True, slots=True)
class Party:
    """What is kept of somebody, partner or not."""

    number: int
    key: str
    is_partner: bool
    until: datetime | None
    mailboxes: str
    summary: str | None

    def known(self) -> Summary | None:
        """The summary of what is published of a partner."""
        return read(self.summary) if self.summary else None


def _party(row: Sequence[Any]) -> Party:
    number, key, is_partner, until_at, mailboxes, summary = row
    until = None if until_at is None else instant(until_at)
    return Party(number, key, bool(is_partner), until, mailboxes, summary)


def parties(store: SortedMail, numbers: Iterable[int]) -> list[Party]:
    """Some of them, by key."""
    found = map(_party, store.run_in(_PARTIES + "id in ({})", numbers))
    return sorted(found, key=lambda party: party.key)


def all_partners(store: SortedMail) -> list[Party]:
    """All who are partners, by key, without their summaries."""
    sql = _PARTIES.replace("summary", "null") + "is_partner order by key"
    return [_party(row) for row in store.run(sql)]


@dataclass(frozen=True, slots=True)
class Dues:
    """When somebody is to be looked at again, as whole seconds since 1970.

    `changes_at`: the record is another, or a copy that waits comes to it. `asks_at`: only what
    hangs on asks moves.
    """

    changes_at: int | None = None
    asks_at: int | None = None

    @classmethod
    def of(cls, changes: Changes, arrival: int | None) -> Dues:
        """Of a record's changes, and of when the next copy comes to it."""
        at = seconds_up(changes.at)
        asks_at = None if changes.asks_at is None else seconds_up(changes.asks_at)
        return cls(at if arrival is None else min(at, arrival), asks_at)


def keep_party(
    store: SortedMail, party: int, summary: Summary | None, dues: Dues, until: datetime
) -> None:
    """Keep what was found of somebody; without a summary it is no partner."""
    store.run("delete from counts where party = ?", (party,))
    sql = "select min(since) from lists join newcomers using (name) where party = ? and since > ?"
    ((list_at,),) = store.run(sql, (party, seconds(until)))
    changes_at = [at for at in (dues.changes_at, list_at) if at is not None]
    first_gap_at = summary.first_gap_at if summary else None
    store.run(
        "update parties set due_at = ?, moves_at = ?, until_at = ?, is_partner = ?, is_blind = ?,"
        " first_gap_at = ?, their_time = ?, summary = ? where id = ?",
        (
            *(min(changes_at, default=None), dues.asks_at),
            *(seconds(until), int(summary is not None)),
            *(
                int(summary is not None and summary.is_blind),
                first_gap_at and seconds(first_gap_at),
            ),
            *(written(summary.their_time) if summary else None,),
            *(written(summary) if summary else None, party),
        ),
    )
    if summary:
        counts = {"left_out": summary.left_out, "verdicts": summary.verdicts}
        counts["conflicts"] = {"": summary.conflicts}
        rows = [(party, what, *each) for what, found in counts.items() for each in found.items()]
        store.run_many("insert into counts values (?, ?, ?, ?)", rows)


def their_times(store: SortedMail) -> dict[str, str]:
    """The texts of what waiting for partners is reckoned by, by key."""
    return dict(store.run("select key, their_time from parties where is_partner"))


def counted(store: SortedMail) -> Mapping[str, Mapping[str, int]]:
    """What is counted over all partners."""
    found: dict[str, dict[str, int]] = {"left_out": {}, "verdicts": {}, "conflicts": {}}
    sql = "select what, name, sum(number) from counts group by what, name having sum(number)"
    for what, name, number in store.run(sql):
        found[what][name] = number
    return found


def tell_copies(store: SortedMail, copies: Iterable[int]) -> int:
    """Keep which copies are in a partner's record; gives how many more there are than before."""
    told = (
        "select id, told, exists (select 1 from members join parties on parties.id = party"
        " where copy = copies.id and is_partner) from copies where id in ({})"
    )
    changed = [(now, copy, was) for copy, was, now in store.run_in(told, copies) if was != now]
    store.run_many("update copies set told = ? where id = ?", ((now, c) for now, c, _ in changed))
    return sum(now - was for now, _, was in changed)

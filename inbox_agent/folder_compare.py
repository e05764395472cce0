"""The uids of a whole folder held against those we know."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from inbox_agent.mirror_presence import Presence
from inbox_agent.sync_plan import Found


@dataclass(frozen=True, slots=True)
class Compared:
    """What a look at all uids gave.

    `listed` is how many letters were listed of those that EXAMINE counted. `missing` were held
    or to be fetched and are not listed, `back` were missing and are listed, `unknown` are listed
    and were never seen.
    """

    listed: int
    missing: list[int]
    back: list[int]
    unknown: list[int]


def compared(
    listing: Iterable[tuple[int, int, list[int]]], presence: Presence, found: Found
) -> Compared:
    """Compare window by window, so that no more than one window of a huge folder is in memory.

    What came after EXAMINE does not count as listed.
    """
    count = 0
    missing: list[int] = []
    back: list[int] = []
    unknown: list[int] = []
    for low, high, uids in listing:
        there = frozenset(uids)
        count += sum(found.uidnext is None or uid < found.uidnext for uid in there)
        held = presence.held(low, high)
        present = {uid for uid, is_missing in held.items() if not is_missing}
        missing += sorted((present | presence.unfetched(low, high)) - there)
        back += sorted((held.keys() - present) & there)
        unknown += sorted(there - presence.known(low, high))
    return Compared(count, missing, back, unknown)

"""Which uids a server says are gone: VANISHED (RFC 7162 §3.2.10), taken only when it is sound.

Who believes a wrong one takes letters for deleted that are still there. So an answer with
anything odd in it counts as none, and the caller has to compare the whole folder.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any

from inbox_agent.imap_commands import MAX_UID

#: First and last uid, both in it.
Range = tuple[int, int]

_EARLIER = re.compile(
    rb"\(EARLIER\) +([1-9]\d{0,9}(?::[1-9]\d{0,9})?(?:,[1-9]\d{0,9}(?::[1-9]\d{0,9})?)*) *",
    re.IGNORECASE,
)
# Without EARLIER it is news of this very moment, and not the answer to anything asked.
_NEWS = re.compile(rb"[\d:,]+ *")
_UID = re.compile(rb"\bUID (\d{1,10})\b", re.IGNORECASE)


def vanished_ranges(
    lines: Iterable[Any], answered: Iterable[Any], low: int, high: int
) -> list[Range] | None:
    """The uids that are gone, of those from `low` to `high`, ascending and merged; None if unsound.

    `lines` are VANISHED's, `answered` the FETCH lines that came with them: a letter can't be both
    changed and gone.
    """
    found: list[Range] = []
    for line in lines:
        earlier = _EARLIER.fullmatch(line) if isinstance(line, bytes) else None
        if earlier is None:
            if isinstance(line, bytes) and not _NEWS.fullmatch(line):
                return None
            continue
        found += [_range(part) for part in earlier[1].split(b",")]
    if any(first < low or last > min(high, MAX_UID) for first, last in found):
        return None
    gone = merged(found)
    there = (int(uid) for line in answered for uid in _UID.findall(_text(line)))
    return None if any(_holds(gone, uid) for uid in there) else gone


def _holds(ranges: Sequence[Range], uid: int) -> bool:
    place = bisect_right(ranges, uid, key=itemgetter(0))
    return place > 0 and uid <= ranges[place - 1][1]


def _range(part: bytes) -> Range:
    """``3:9`` and ``9:3`` are the same (RFC 3501 §9, seq-range)."""
    ends = [int(number) for number in part.split(b":")]
    return min(ends), max(ends)


def _text(line: Any) -> bytes:
    """A line of a FETCH answer as imaplib gives it: with a literal it is a pair."""
    first = line[0] if isinstance(line, tuple) else line
    return first if isinstance(first, bytes) else b""


def merged(ranges: Iterable[Range]) -> list[Range]:
    """The same uids, ascending, in as few ranges as can be."""
    found: list[Range] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found

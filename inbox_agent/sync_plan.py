"""What a poll asks of a folder: decided from what we know of it and what EXAMINE found.

Nothing here knows SQL or IMAP. A wrong answer costs a search too many, never a letter: whatever
does not fit together ends in a full compare, and only that or VANISHED says that a letter is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

#: So many uids below the highest one read are looked through again: some servers show a letter
#: only after one with a higher uid.
OVERLAP = 500
#: A folder is compared whole after this long at the latest.
COMPARE_EVERY = timedelta(days=1)
#: A letter is gone when it is missing still so long after it was missed first.
GONE_AFTER = timedelta(minutes=10)
#: A letter the server gives nothing for is asked for in so many polls, then once a day.
TRIES = 3
#: A renamed folder is known by so many of its letters.
PROOFS = 10

#: How letters that are gone are found: not at all, by VANISHED (RFC 7162 §3.2.6), by the number
#: of letters alone, or by comparing the uids of the whole folder.
Compare = Literal["no", "vanished", "by_count", "full"]


@dataclass(frozen=True, slots=True)
class Known:
    """What we hold of a folder, and what EXAMINE said before the last pass that ended well.

    `last_uid` is the highest uid read; `keyword` the mark that was asked for then. `ended_well`
    is about the very last pass. None: not known.
    """

    uidvalidity: int | None = None
    last_uid: int = 0
    uidnext: int | None = None
    exists: int | None = None
    modseq: int | None = None
    compared_at: datetime | None = None
    keyword: str | None = None
    ended_well: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A folder as EXAMINE finds it now (RFC 3501 §6.3.2, 7162 §3.1.2.1, 8474 §4.1)."""

    uidvalidity: int
    uidnext: int | None
    exists: int
    modseq: int | None = None
    tells_vanished: bool = False
    mailbox_id: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked of the server: letters from which uid on, what is gone, who has the mark."""

    search_from: int | None
    compare: Compare
    asks_marks: bool


def plan(known: Known, found: Found, now: datetime, keyword: str | None) -> Plan:
    """Decide what one pass over one folder asks; `keyword` is the team's mark, if it has one.

    A UIDVALIDITY that differs, up or down, makes every uid mean another letter (RFC 3501
    §2.3.1.1): the folder is read from its first letter.
    """
    if known.uidvalidity != found.uidvalidity:
        return Plan(1, "by_count", keyword is not None)
    is_asked = known.ended_well and _is_same_modseq(known, found) and known.keyword == keyword
    marks = keyword is not None and not is_asked
    if _is_surprise(known, found) or _is_due(known, now):
        is_read = is_unchanged(known, found)
        return Plan(None if is_read else _overlapping(known), "full", marks)
    if is_unchanged(known, found):
        return Plan(None, "no", marks)
    can_tell = found.tells_vanished and known.modseq is not None and found.modseq is not None
    return Plan(_overlapping(known), "vanished" if can_tell else "by_count", marks)


def generation(known: Known, found: Found, now: datetime) -> Known:
    """What is known of the letters under this UIDVALIDITY; of a new one, that we hold none."""
    if known.uidvalidity == found.uidvalidity:
        return known
    return Known(found.uidvalidity, exists=0, compared_at=now)


def is_unchanged(known: Known, found: Found) -> bool:
    """Whether no letter can have come or gone since the last pass, which ended well.

    Without MODSEQ the next uid and the number of letters tell it together: what came moves the
    one, what only went the other.
    """
    has_modseq = known.modseq is not None and found.modseq is not None
    has_uidnext = known.uidnext is not None and found.uidnext is not None
    return (
        known.ended_well
        and known.uidvalidity == found.uidvalidity
        and known.exists == found.exists
        and (has_modseq or has_uidnext)
        and (not has_modseq or known.modseq == found.modseq)
        and (not has_uidnext or known.uidnext == found.uidnext)
    )


def adds_up(known: Known, found: Found, listed: Iterable[int], gone: int) -> bool:
    """Whether the number of letters is what it was, with those that came and without the `gone`.

    `listed` are the uids the search for new letters gave. Those that came after this EXAMINE do
    not count, and those that came after the one before it do, though they are held already.
    """
    first = known.uidnext if known.uidnext is not None else known.last_uid + 1
    came = sum(
        first <= uid and (found.uidnext is None or uid < found.uidnext) for uid in set(listed)
    )
    return known.exists is not None and found.exists == known.exists + came - gone


def _is_same_modseq(known: Known, found: Found) -> bool:
    return known.modseq is not None and known.modseq == found.modseq


def went_back(known: Known, found: Found) -> bool:
    """Whether numbers that only grow went down: an old copy of the folder is being served."""
    fell = known.modseq is not None and found.modseq is not None and found.modseq < known.modseq
    below = (
        known.uidnext is not None and found.uidnext is not None and found.uidnext < known.uidnext
    )
    return known.uidvalidity == found.uidvalidity and (fell or below)


def _is_surprise(known: Known, found: Found) -> bool:
    """Numbers fell, or a letter that we hold is to come yet: a server that lies."""
    return went_back(known, found) or (
        found.uidnext is not None and found.uidnext <= known.last_uid
    )


def _is_due(known: Known, now: datetime) -> bool:
    if known.exists is None or known.compared_at is None:
        return True
    return not timedelta() <= now - known.compared_at < COMPARE_EVERY


def _overlapping(known: Known) -> int:
    return max(1, known.last_uid + 1 - OVERLAP)


# -- folders that got another name ----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Unlisted:
    """A folder we hold letters of, and that the server no longer lists under its name."""

    name: str
    uidvalidity: int
    last_uid: int
    mailbox_id: str | None = None


def formerly(unlisted: Sequence[Unlisted], found: Found) -> tuple[Unlisted | None, bool]:
    """Which of these a folder that is new to us may be, and whether that is certain.

    A MAILBOXID says it (RFC 8474 §4.1: it stays when a folder is renamed). Else the only one
    with the same UIDVALIDITY whose uids fit; whether it is the same letters, has to be looked at.
    """
    if found.mailbox_id is not None:
        for one in unlisted:
            if one.mailbox_id == found.mailbox_id:
                return one, True
    fitting = [
        one
        for one in unlisted
        if one.uidvalidity == found.uidvalidity
        and (found.mailbox_id is None or one.mailbox_id is None)
        and (found.uidnext is None or found.uidnext > one.last_uid)
    ]
    return (fitting[0] if len(fitting) == 1 else None), False


def spread(uids: Sequence[int], count: int = PROOFS) -> list[int]:
    """Up to `count` of these, from the first to the last, at even distances."""
    if len(uids) <= count:
        return list(uids)
    return [uids[number * (len(uids) - 1) // (count - 1)] for number in range(count)]

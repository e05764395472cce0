"""Passes over mailboxes and their rows in the mirror, and which of those are kept."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from inbox_agent.epoch import seconds


@dataclass(frozen=True, slots=True)
class Counts:
    """What a pass over a mailbox read: whole folders, new letters, letters it could not get."""

    folders: int
    new_messages: int
    unreadable: int = 0


@dataclass(frozen=True, slots=True)
class Poll:
    """One pass over one mailbox, as it went."""

    mailbox: str
    started_at: datetime
    ended_at: datetime
    error: str | None
    counts: Counts
    seconds: float


#: How long polls are kept, and those of them that went well and brought nothing; in seconds.
POLLS_KEPT, QUIET_POLLS_KEPT = 90 * 86_400, 7 * 86_400
#: A poll a minute is half a million rows a year, all of them published anew each time. The first of
#: all says since when we read, the last of a mailbox how it stands.
FORGET_POLLS = """
delete from polls where
  (ended_at < :now - :kept or (ended_at < :now - :quiet_kept and ok = 1 and new_messages = 0))
  and poll > (select min(poll) from polls)
  and poll not in (select max(poll) from polls group by mailbox)
"""


def poll_row(poll: Poll) -> dict[str, object]:
    """A pass over a mailbox as its row."""
    return {
        "mailbox": poll.mailbox,
        "started_at": seconds(poll.started_at),
        "ended_at": seconds(poll.ended_at),
        "ok": int(poll.error is None),
        "error": poll.error,
        **asdict(poll.counts),
        "seconds": round(poll.seconds, 3),
    }

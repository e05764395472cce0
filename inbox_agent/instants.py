"""Which clock to believe: one function chooses the instant of a copy, another counts the doubts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from inbox_agent.messages import Message
from inbox_agent.words import AT_SOURCES

EARLIEST = datetime(1995, 1, 1, tzinfo=UTC)
CLOCK_SLACK = timedelta(minutes=10)
SENT_SLACK = timedelta(minutes=15)

#: What may be doubtful about the clocks of a copy (`clock_sources`).
CLOCK_DOUBTS = (
    "import_block",
    "received_by_others",
    "sent_date_differs",
    "no_received_at",
    "received_before_1995",
    "received_in_future",
    "no_date",
    "date_before_1995",
    "date_in_future",
    "date_unreadable",
    "date_without_zone",
    "date_zone_unknown",
    "date_zone_impossible",
)
_DOUBTS = frozenset(CLOCK_DOUBTS)


def choose_at(message: Message, received_by: frozenset[str]) -> tuple[datetime | None, str]:
    """When a letter came, or was sent, and which clock says so.

    Of our own letters, in a Sent folder: Date, unless the mail server's own instant (INTERNALDATE)
    is more than 15 minutes off; then that one. Of any other: the latest stamp (Received) of one of
    our own hosts (`received_by` in the config), else the mail server's instant, else the latest
    stamp of any host, else Date. Passed over is what lies before 1995 or more than 10 minutes after
    the reading, and a server's instant that was made by moving many letters (see import_block). The
    source is `received`, `internaldate`, `date` or `none`; a letter without an instant counts
    nowhere.
    """
    latest = message.fetched_at + CLOCK_SLACK
    arrived = None if message.is_import else _usable(message.received_at, latest)
    if message.is_sent_copy:
        sent = _usable(message.sent_at, latest)
        if sent and (arrived is None or abs(sent - arrived) <= SENT_SLACK):
            return sent, "date"
        return (arrived, "internaldate") if arrived else (None, "none")
    if message.received:
        ours = _usable(_line_of_ours(message, received_by), latest)
        if ours:
            return ours, "received"
    if arrived:
        return arrived, "internaldate"
    if message.received and (topmost := _usable(message.received[0][1], latest)):
        return topmost, "received"
    sent = _usable(message.sent_at, latest)
    return (sent, "date") if sent else (None, "none")


def clock_sources(messages: Iterable[Message], received_by: frozenset[str]) -> dict[str, int]:
    """How many copies take their instant from which clock, and how many have which doubtful one.

    Good for judging how far times can be believed. Every copy has one source and may have several
    doubts, whether they did harm or not. `import_block`: the mail server's instant is that of a
    move. `received_by_others`: the stamp of a host that is not ours was used. `sent_date_differs`:
    Date of a sent copy is more than 15 minutes off. `no_received_at`: the mail server gave no
    instant. `…_before_1995`, `…_in_future`: not usable. The others are faults of the Date field.
    What no copy has is left out.
    """
    found: Counter[str] = Counter()
    for message in messages:
        source = choose_at(message, received_by)[1]
        found[source] += 1
        found.update(_doubts(message, source, received_by))
    return {name: found[name] for name in (*AT_SOURCES, *CLOCK_DOUBTS) if found[name]}


def _doubts(message: Message, source: str, received_by: frozenset[str]) -> Iterator[str]:
    latest = message.fetched_at + CLOCK_SLACK
    if message.problems:
        yield from _DOUBTS.intersection(message.problems)
    if message.received_at is None:
        yield "no_received_at"
    if message.is_import:
        yield "import_block"
    for name, at in (("date", message.sent_at), ("received", message.received_at)):
        if at and at < EARLIEST:
            yield f"{name}_before_1995"
        elif at and at > latest:
            yield f"{name}_in_future"
    ours = _line_of_ours(message, received_by)
    if source == "received" and _usable(ours, latest) is None:
        yield "received_by_others"
    if source == "internaldate" and message.is_sent_copy and _usable(message.sent_at, latest):
        yield "sent_date_differs"


def _line_of_ours(message: Message, received_by: frozenset[str]) -> datetime | None:
    """When the topmost of our hosts had it."""
    for host, at in message.received:
        if host in received_by:
            return at
    return None


def _usable(at: datetime | None, latest: datetime) -> datetime | None:
    return at if at and EARLIEST <= at <= latest else None

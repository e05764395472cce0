"""How near the instant of a letter is to its arrival when the best clocks are gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from accuracy.section import Section
from inbox_agent.import_blocks import import_blocks, is_in
from inbox_agent.instants import choose_at
from inbox_agent.mail_files import read_mbox
from inbox_agent.messages import FetchedHeader, Message, parse_message

YEARS = ("2021", "2022")
FETCHED = datetime(2026, 1, 1, tzinfo=UTC)
MOVED_AT = datetime(2025, 6, 3, 8, 0, tzinfo=UTC)
NEAR = timedelta(minutes=15)
#: A reply so much earlier than what it answers is a clock conflict.
CONFLICT = timedelta(minutes=5)
#: How many letters of one second a program that moves a folder writes.
MOVED_IN_A_SECOND = 5
#: Where in the folder the moved tenth lies.
TENTHS = (0, 5, 9)

_LIST_HOST, _LIST_RELAY = "vger.kernel.org", "lindbergh.monkeyblade.net"
_DOUBTFUL = frozenset({"date_without_zone", "date_zone_unknown"})
#: The company whose mailbox the list is taken for.
_TEAM = ".microsoft.com"


@dataclass(frozen=True)
class Copy:
    """A copy as the server would give it, and when it really came."""

    message: Message
    truth: datetime


@dataclass(frozen=True)
class Move:
    """What came of a tenth of the folder being moved."""

    near: float
    found: float
    marked_wrongly: int


def measure(corpora: Path) -> Section:
    """The list's two years: Date alone, and a moved tenth of the folder."""
    copies = [
        Copy(message, message.received[0][1])
        for message in list_letters(corpora / "lists" / "linux-hyperv")
    ]
    moves = [moved_tenth(copies, tenth) for tenth in TENTHS]
    figures = {
        "letters": float(len(copies)),
        "date_near_arrival": near_by_date(copies),
        "date_near_list": near_by_date([Copy(c.message, at_list(c.message)) for c in copies]),
        "date_near_first_host": near_by_date(
            [Copy(c.message, c.message.received[-1][1]) for c in copies]
        ),
        "named_in_to_or_cc": sum(names_the_team(c.message) for c in copies) / len(copies),
        "doubtful_zones": float(sum(not _DOUBTFUL.isdisjoint(c.message.problems) for c in copies)),
        "moved_near_arrival": min(move.near for move in moves),
        "moved_found": min(move.found for move in moves),
        "marked_wrongly": float(max(move.marked_wrongly for move in moves)),
    }
    held_up = Counter(where_held_up(c.message) for c in copies if not is_near(c))
    conflicts = (
        conflicts_by([Copy(c.message, c.message.sent_at or c.truth) for c in copies]),
        conflicts_by(copies),
    )
    return Section("Which clock", _text(figures, held_up, conflicts), figures)


def list_letters(folder: Path) -> Iterator[Message]:
    """The letters of the list with all of their Received lines."""
    for year in YEARS:
        for letter in read_mbox(folder / f"{year}.mbox.gz"):
            header = FetchedHeader("list", "INBOX", 1, 1, None, None, letter.block, FETCHED)
            yield parse_message(header)


# -- with Date alone ------------------------------------------------------------------------


def near_by_date(copies: Sequence[Copy]) -> float:
    """The share whose instant is within 15 minutes of the truth when there is only Date."""
    return sum(map(is_near, copies)) / len(copies)


def is_near(copy: Copy) -> bool:
    """Whether Date alone gives an instant within 15 minutes of the truth."""
    at, _ = choose_at(replace(copy.message, received=(), received_at=None), frozenset())
    return at is not None and abs(at - copy.truth) <= NEAR


def at_list(message: Message) -> datetime:
    """When the first host of the list had the letter."""
    return next(at for host, at in reversed(message.received) if is_of_list(host))


def is_of_list(host: str) -> bool:
    """Whether a host is one of the list's own or takes mail in for it."""
    return host in (_LIST_HOST, _LIST_RELAY)


def names_the_team(message: Message) -> bool:
    """Whether a letter went to the company itself, and not through the list alone."""
    return any(f".{a.domain}".endswith(_TEAM) for a in (*message.to, *message.cc))


def where_held_up(message: Message) -> str:
    """On which stretch of its way a letter lost most of the time between Date and arrival."""
    hosts = message.received[::-1]
    out = max(at for host, at in hosts if host == _LIST_HOST)
    into = at_list(message)
    stretches = {
        "before its first host": hosts[0][1] - (message.sent_at or hosts[0][1]),
        "on the way to the list": into - hosts[0][1],
        "inside the list's host": out - into,
        "from the list to the archive": hosts[-1][1] - out,
    }
    return max(stretches, key=lambda name: abs(stretches[name]))


def conflicts_by(copies: Sequence[Copy]) -> int:
    """How many replies are more than 5 minutes earlier than the letter they answer."""
    times = {copy.message.message_id: copy.truth for copy in reversed(copies)}
    parents = ((times.get(copy.message.in_reply_to or ""), copy.truth) for copy in copies)
    return sum(parent is not None and at < parent - CONFLICT for parent, at in parents)


# -- with a moved tenth ---------------------------------------------------------------------


def moved_tenth(copies: Sequence[Copy], tenth: int) -> Move:
    """INTERNALDATE is the truth, but in one tenth of the folder that of a move; no Received."""
    ordered = sorted(copies, key=lambda copy: copy.truth)
    size = len(ordered) // 10
    planted = set(range(tenth * size, (tenth + 1) * size))
    held = [
        replace(copy.message, received=(), received_at=_arrival(copy, place - tenth * size, size))
        for place, copy in enumerate(ordered)
    ]
    marked = in_blocks(held)
    chosen = [
        choose_at(replace(message, is_import=is_marked), frozenset())[0]
        for message, is_marked in zip(held, marked, strict=True)
    ]
    near = sum(
        at is not None and abs(at - copy.truth) <= NEAR
        for at, copy in zip(chosen, ordered, strict=True)
    )
    found = sum(marked[place] for place in planted)
    return Move(near / len(held), found / size, sum(marked) - found)


def _arrival(copy: Copy, place: int, size: int) -> datetime:
    is_moved = 0 <= place < size
    return MOVED_AT + timedelta(seconds=place // MOVED_IN_A_SECOND) if is_moved else copy.truth


def in_blocks(messages: Sequence[Message]) -> list[bool]:
    """Which copies of one folder lie in an import block."""
    rows = [
        (
            _seconds(m.received_at),
            _seconds(m.sent_at) if m.sent_at else None,
            _seconds(m.fetched_at),
        )
        for m in messages
        if m.received_at
    ]
    blocks = import_blocks(rows)
    return [bool(m.received_at and is_in(_seconds(m.received_at), blocks)) for m in messages]


def _seconds(at: datetime) -> int:
    return int(at.timestamp())


# -- in words -------------------------------------------------------------------------------


def _text(figures: dict[str, float], held_up: Counter[str], conflicts: tuple[int, int]) -> str:
    late, letters = held_up.total(), int(figures["letters"])
    rows = "\n".join(f"| {where} | {count} |" for where, count in held_up.most_common())
    return f"""\
Measured on {letters:,} letters of two years of a busy public list (linux-hyperv, 2021 and 2022). \
The truth is the topmost Received line, when the archive's own host had the letter. That line \
and INTERNALDATE are hidden, and the agent chooses an instant from what is left.

| What the instant is compared with, or what was done | within 15 minutes |
|---|---|
| Date alone, with the archive's arrival | {figures["date_near_arrival"]:.1%} |
| Date alone, with the arrival at the list's first host | {figures["date_near_list"]:.1%} |
| Date alone, with the first host that took the letter | {figures["date_near_first_host"]:.1%} |
| INTERNALDATE, a tenth of the folder moved (worst of three places) | \
{figures["moved_near_arrival"]:.1%} |

**Date alone does not reach 98 % of the archive's arrivals.** {late} letters are further off. \
Where most of the time went, by the Received lines in between:

| held up | letters |
|---|---|
{rows}

So hardly a Date is wrong: the letters waited in queues, most of them at the list or between it \
and the archive, for minutes to hours. No other field tells how long, so nothing is guessed. \
Nor is the archive's arrival that of the people written to: {figures["named_in_to_or_cc"]:.0%} \
of the letters name people of one company (`microsoft.com`) in To or Cc, and such a copy does not \
wait for the list. The replies say the same: by Date {conflicts[0]} letters are more than 5 \
minutes earlier than what they answer, by the archive's arrival {conflicts[1]}. In a mailbox that \
the agent reads, INTERNALDATE or the own host's Received line is the arrival there, and Date is \
asked only where both are missing.

{int(figures["doubtful_zones"])} letters have a Date without a zone or with an unknown one. Such \
a Date is read as UTC, marked and counted (`about.clock_sources`), and any clock of a server is \
believed rather.

**A moved tenth.** Each copy has its true INTERNALDATE, but a tenth of the folder has that of a \
move, {MOVED_IN_A_SECOND} letters a second. {figures["moved_found"]:.1%} of those were seen to \
be moved and have their Date instead; {int(figures["marked_wrongly"])} others were taken for moved.
"""

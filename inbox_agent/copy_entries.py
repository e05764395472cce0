"""What sorting asks of a copy by itself: numbers and words alone, which any process may make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from inbox_agent.addresses import Roster
from inbox_agent.authors import list_names
from inbox_agent.copies import cited_ids, named_by, verdict_of
from inbox_agent.epoch import seconds
from inbox_agent.instants import clock_sources
from inbox_agent.messages import Message
from inbox_agent.newcomers import organisations_in
from inbox_agent.seen_copies import Copy, seen
from inbox_agent.sent_coverage import host_of
from inbox_agent.sorted_mail import ANSWERS, CITES, MAY_ANSWER, REPORTS, digest_of

Numbered = Sequence[tuple[int, Message]]


class Entry(NamedTuple):
    """A copy as it is sorted.

    `digest` is of its Message-ID, `look` of what copies of one letter have in common that have
    another; `at` is when it came (seconds), None where that is not known. `is_to_list`: a list of
    ours is in To or Cc. `host`: the one in the Message-ID of a copy of ours. `cites`: what it
    cites, and how (see `sorted_mail`). Of a copy that came at a known time `lists` names what
    mailing lists it shows and `there` the organisations that stand in it.
    """

    number: int
    digest: int
    look: int | None
    at: int | None
    mailbox: str
    is_ours: bool
    is_to_list: bool
    host: str | None
    cites: tuple[tuple[int, int], ...]
    lists: tuple[str, ...]
    there: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """Some copies in order: entries, whom each names alone, and how many have which clock."""

    entries: Sequence[Entry]
    named: Sequence[tuple[str, ...]]
    clock_sources: Mapping[str, int]


def looked_at(held: Numbered, roster: Roster) -> list[Entry]:
    """Copies with what is read off each of them by itself."""
    return [_entry(number, seen(message, roster), roster) for number, message in held]


def part_of(held: Numbered, roster: Roster) -> Part:
    """The same of copies that are sorted a part at a time."""
    copies = [seen(message, roster) for _, message in held]
    pairs = zip(held, copies, strict=True)
    return Part(
        [_entry(number, copy, roster) for (number, _), copy in pairs],
        [tuple(sorted(named_by([copy], roster))) for copy in copies],
        clock_sources((message for _, message in held), roster.received_by),
    )


def _entry(number: int, copy: Copy, roster: Roster) -> Entry:
    message, is_known = copy.message, copy.at is not None
    is_to_list = any(map(roster.is_our_list, (*message.to, *message.cc)))
    return Entry(
        number,
        digest_of(message.message_id),
        _look(copy),
        None if copy.at is None else seconds(copy.at),
        message.mailbox,
        copy.is_ours,
        is_to_list,
        host_of(message.message_id) if copy.is_ours else None,
        tuple(_cites(copy, roster, is_to_list=is_to_list)),
        tuple(list_names(message)) if is_known else (),
        tuple(sorted(organisations_in(message, roster))) if is_known else (),
    )


def _look(copy: Copy) -> int | None:
    """What copies of one letter have in common that have another Message-ID."""
    author, sent_at = copy.author, copy.message.sent_at
    if author is None or sent_at is None:
        return None
    return digest_of(author.key, seconds(sent_at))


def _cites(copy: Copy, roster: Roster, *, is_to_list: bool) -> Iterator[tuple[int, int]]:
    """What a copy cites, and whether that takes it into a record (see `sorted_mail`)."""
    message = copy.message
    answered = message.in_reply_to
    if answered:
        yield digest_of(answered), (CITES, MAY_ANSWER, ANSWERS)[copy.is_ours + is_to_list]
    elif message.references and not copy.is_ours:
        yield digest_of(message.references[-1]), CITES
    cited = cited_ids([message])
    if cited and verdict_of(message, roster).kind == "bounce":
        yield from ((digest_of(name), REPORTS) for name in sorted(cited))

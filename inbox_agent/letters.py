"""Copies to letters: one `Letter` with everything decided that one partner's figures need.

That is its side, its instant, its kind, and whether it is addressed to the other side.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from inbox_agent.addresses import Address, Partner, Roster, Side
from inbox_agent.authors import author_of, identity_flags
from inbox_agent.calendar_letters import calendar_method
from inbox_agent.copies import (
    author_key,
    belonging,
    is_from_us,
    representative,
    same_letters,
)
from inbox_agent.instants import choose_at
from inbox_agent.kinds import WHY_NOT, Kind, Verdict
from inbox_agent.messages import Message, has_attachment
from inbox_agent.subjects import Subject, read_subject
from inbox_agent.undelivered import (
    failed_recipients,
    is_final,
    original_id,
    refused_recipients,
)
from inbox_agent.verdicts import OurLetters, verdict_on

_NO_CONTACT_METHODS = ("CANCEL", "PUBLISH")


def row_key(*parts: object) -> str:
    """A short key made of what identifies a row, the same wherever and whenever it is made."""
    text = "\x1f".join(str(part) for part in parts)
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=10).hexdigest()


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter in one partner's record; `at` is None where no usable instant is known.

    `counts`: a person wrote it and it has an instant. `is_contact`: it breaks a silence.
    `is_addressed`: it asks the other side. `their_recipients`, `our_recipients`: the partner's
    and our own addresses it went to, our lists not among them. `failed_recipients` and
    `reported_id`: whom a delivery report names, and which letter, on the report itself;
    `is_final_bounce`: it says that something failed for good;
    `refused_recipients`: where not the address failed, but the letter was refused. `text_signs`:
    what was seen in its text (`text_signs.SIGNS`), None where that was not read.
    `date_offset_minutes`: the zone written in its Date, east of UTC, None where none is.
    """

    key: str
    message_ids: frozenset[str]
    in_reply_to: str | None
    references: tuple[str, ...]
    at: datetime | None
    at_source: str
    side: Side
    author: Address | None
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    bcc: tuple[Address, ...]
    subject: str
    threading_subject: Subject
    thread_index: str | None
    size_octets: int | None
    has_attachment: bool
    is_settled: bool
    kind: Kind
    rule: str
    counts: bool
    why_not: str | None
    is_contact: bool
    is_addressed: bool
    their_recipients: frozenset[str]
    failed_recipients: tuple[str, ...]
    reported_id: str | None
    is_final_bounce: bool
    flags: tuple[str, ...]
    text_signs: frozenset[str] | None = None
    refused_recipients: frozenset[str] = frozenset()
    date_offset_minutes: int | None = None
    our_recipients: frozenset[str] = frozenset()
    #: Sorts by instant, then key; letters without an instant last.
    order: tuple[bool, float, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        at = self.at
        order = (at is None, at.timestamp() if at else 0.0, self.key)
        object.__setattr__(self, "order", order)

    @property
    def instant(self) -> datetime:
        """`at` of a letter that has one; letters that count always do."""
        if self.at is None:
            raise ValueError(f"letter {self.key} has no instant")
        return self.at


def letters_of(
    partner: Partner, messages: Iterable[Message], roster: Roster, as_of: datetime
) -> tuple[Letter, ...]:
    """The letters of one partner's record up to `as_of`, oldest first.

    Takes any superset of the partner's copies, in any order; copies later than `as_of` are as
    if not there.
    """
    copies = [copy for copy in messages if _is_there(copy, roster, as_of)]
    held = belonging(partner.key, same_letters(copies, roster), roster)
    record = _Record(partner.key, roster, OurLetters.among(held, roster), _shared_ids(held))
    letters = [_letter(group, record) for group in held]
    return tuple(sorted(letters, key=lambda letter: letter.order))


@dataclass(frozen=True, slots=True)
class _Record:
    """What is known of one partner's record before its letters are made."""

    partner: str
    roster: Roster
    our_letters: OurLetters
    shared_ids: frozenset[str]


def _shared_ids(held: Iterable[list[Message]]) -> frozenset[str]:
    """Message-IDs that stand on several different letters; references mean the first of those."""
    found = Counter(name for group in held for name in {copy.message_id for copy in group})
    return frozenset(name for name, letters in found.items() if letters > 1)


def _is_there(copy: Message, roster: Roster, as_of: datetime) -> bool:
    at, _ = choose_at(copy, roster.received_by)
    return at is None or at <= as_of


def _is_addressed(side: Side, chosen: Message, bcc: tuple[Address, ...], asks: _Asks) -> bool:
    if side == "them":
        ours_in_cc = any(map(asks.is_ours, chosen.cc))
        if any(map(asks.is_ours, chosen.to)) or not ours_in_cc:
            return True
        return not chosen.to
    if any(map(asks.is_theirs, chosen.to)):
        return True
    outsiders = [a for a in (*chosen.to, *chosen.cc, *bcc) if not asks.is_ours(a)]
    to_our_list = any(map(asks.roster.is_our_list, chosen.to))
    return bool(outsiders) and all(map(asks.is_theirs, outsiders)) and not to_our_list


@dataclass(frozen=True, slots=True)
class _Asks:
    """Tells the recipients of a letter apart, for one partner."""

    roster: Roster
    partner: str
    at: datetime | None

    def is_ours(self, address: Address) -> bool:
        return self.roster.is_us(address) or self.roster.is_our_list(address)

    def is_theirs(self, address: Address) -> bool:
        return self.roster.partner_of(address, self.at) == self.partner


def _letter(group: list[Message], record: _Record) -> Letter:
    roster = record.roster
    ours = any(is_from_us(copy, roster) for copy in group)
    side: Side = "us" if ours else "them"
    chosen = representative(group, roster, ours=ours)
    told = _with_report(group, chosen)
    at, at_source = choose_at(chosen, roster.received_by)
    verdict = verdict_on(group, chosen, roster, record.our_letters)
    bcc = _bcc(group) if ours else ()
    asks = _Asks(roster, record.partner, at)
    ids = frozenset(copy.message_id for copy in group)
    counts = verdict.kind == "human" and at is not None
    return Letter(
        key=row_key(author_key(chosen, roster), min(ids), chosen.sent_at),
        message_ids=ids,
        in_reply_to=chosen.in_reply_to,
        references=chosen.references,
        at=at,
        at_source=at_source,
        side=side,
        author=author_of(chosen, roster),
        to=chosen.to,
        cc=chosen.cc,
        bcc=bcc,
        subject=chosen.subject,
        threading_subject=read_subject(chosen.subject),
        thread_index=_thread_index(group, chosen),
        size_octets=chosen.size_octets,
        has_attachment=has_attachment(chosen),
        is_settled=any(copy.is_settled for copy in group),
        kind=verdict.kind,
        rule=verdict.rule,
        counts=counts,
        why_not=None if counts else WHY_NOT[verdict.kind][0],
        is_contact=counts or _is_calendar_contact(verdict.kind, chosen, at),
        is_addressed=_is_addressed(side, chosen, bcc, asks),
        their_recipients=frozenset(
            a.key for a in (*chosen.to, *chosen.cc, *bcc) if asks.is_theirs(a)
        ),
        failed_recipients=failed_recipients(told),
        reported_id=original_id(told),
        is_final_bounce=verdict.kind == "bounce" and is_final(told),
        flags=_flags(group, chosen, verdict, record),
        text_signs=_text_signs(group, chosen),
        refused_recipients=refused_recipients(told),
        date_offset_minutes=chosen.date_offset_minutes,
        our_recipients=frozenset(a.key for a in (*chosen.to, *chosen.cc, *bcc) if roster.is_us(a)),
    )


def _thread_index(group: list[Message], chosen: Message) -> str | None:
    """The representative's, else that of another copy: relays and archives drop the field."""
    others = sorted(copy.thread_index for copy in group if copy.thread_index)
    return chosen.thread_index or next(iter(others), None)


def _text_signs(group: list[Message], chosen: Message) -> frozenset[str] | None:
    """The representative's, else those of another copy whose text was read."""
    if chosen.text_signs is not None:
        return chosen.text_signs
    others = (copy for copy in group if copy.text_signs is not None)
    return min((copy.text_signs or frozenset() for copy in others), key=sorted, default=None)


def _bcc(group: list[Message]) -> tuple[Address, ...]:
    blind = {a.key: a for copy in group if copy.is_sent_copy for a in copy.bcc}
    return tuple(blind[key] for key in sorted(blind))


def _with_report(group: list[Message], chosen: Message) -> Message:
    """The copy that a bounce is read from: the representative, unless only another has a report."""
    others = sorted((copy for copy in group if copy.report), key=lambda copy: copy.digest)
    return chosen if chosen.report or not others else others[0]


def _is_calendar_contact(kind: Kind, chosen: Message, at: datetime | None) -> bool:
    if kind != "calendar" or at is None:
        return False
    return calendar_method(dict(chosen.marks)) not in _NO_CONTACT_METHODS


def _flags(
    group: list[Message], chosen: Message, verdict: Verdict, record: _Record
) -> tuple[str, ...]:
    """What is odd about a letter; its origin by the representative alone, as lists break DKIM."""
    author = author_of(chosen, record.roster)
    is_by_us = author is not None and record.roster.is_us(author)
    flags = {
        "copies": len(group) > 1,
        "import_block": chosen.is_import,
        "low_confidence": verdict.confidence == "low",
        "message_id_shared": any(copy.message_id in record.shared_ids for copy in group),
        "sent_by_other_address": chosen.is_sent_copy and not is_by_us,
    }
    problems = {problem for copy in group for problem in copy.problems}
    found = {name for name, holds in flags.items() if holds}
    return tuple(sorted(problems | found | identity_flags(chosen, record.roster)))

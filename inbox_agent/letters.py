"""Copies to letters: one `Letter` with everything decided that one partner's figures need.

That is its side, its instant, its kind, and whether it is addressed to the other side.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from itertools import chain
from operator import attrgetter
from typing import NamedTuple

from inbox_agent.addresses import Address, Partner, Roster, Side
from inbox_agent.authors import identity_flags
from inbox_agent.calendar_letters import calendar_method
from inbox_agent.copies import belonging, copies_of_letters
from inbox_agent.kinds import WHY_NOT, Kind, Verdict
from inbox_agent.messages import Message, has_attachment
from inbox_agent.seen_copies import Copy, all_seen, is_by_us, representative
from inbox_agent.subjects import Subject, read_subject
from inbox_agent.undelivered import (
    failed_recipients,
    is_final,
    original_id,
    refused_recipients,
)
from inbox_agent.verdicts import OurLetters, verdict_on

_NO_CONTACT_METHODS = ("CANCEL", "PUBLISH")
_MESSAGE_ID = attrgetter("message.message_id")
_IS_SETTLED = attrgetter("message.is_settled")
_ORDER = attrgetter("order")


def row_key(*parts: object) -> str:
    """A short key made of what identifies a row, the same wherever and whenever it is made."""
    text = "\x1f".join(map(str, parts))
    return blake2b(text.encode("utf-8", "surrogateescape"), digest_size=10).hexdigest()


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
    message_ids: tuple[str, ...]
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
    held = belonging(partner.key, _groups(messages, roster, as_of), roster)
    record = _Record(partner.key, roster, OurLetters.among(held), _shared_ids(held))
    letters = []
    while held:  # the copies of each go as it is made: they take more than it does
        letters.append(_letter(held.pop(), record))
    return tuple(sorted(letters, key=_ORDER))


def _groups(messages: Iterable[Message], roster: Roster, as_of: datetime) -> list[list[Copy]]:
    """The copies of each letter that were there by then."""
    seen = all_seen(messages, roster)
    return copies_of_letters([copy for copy in seen if copy.at is None or copy.at <= as_of])


@dataclass(frozen=True, slots=True)
class _Record:
    """What is known of one partner's record before its letters are made."""

    partner: str
    roster: Roster
    our_letters: OurLetters
    shared_ids: frozenset[str]


def _shared_ids(held: Iterable[list[Copy]]) -> frozenset[str]:
    """Message-IDs that stand on several different letters; references mean the first of those."""
    found = Counter(chain.from_iterable(map(_ids, held)))
    return frozenset(name for name, letters in found.items() if letters > 1)


def _ids(group: list[Copy]) -> tuple[str, ...]:
    """Each once, in order; mostly there is one, and a set of one takes three times the room."""
    if len(group) == 1:
        return (group[0].message.message_id,)
    return tuple(sorted(set(map(_MESSAGE_ID, group))))


class _People(NamedTuple):
    """Whom a letter went to, as one partner's record sees them, by address keys.

    `ours` are people of the team, `lists` the team's own lists.
    """

    theirs: frozenset[str]
    ours: frozenset[str]
    lists: frozenset[str]

    @classmethod
    def among(cls, people: Sequence[Address], at: datetime | None, record: _Record) -> _People:
        """Tell the recipients of a letter apart; `at` is its instant."""
        roster = record.roster
        theirs, ours, lists = [], [], []
        for address in people:
            owner = roster.partner_of(address, at)
            if owner is not None:
                theirs += [address.key] if owner == record.partner else []
            elif roster.is_us(address):
                ours.append(address.key)
            elif roster.is_our_list(address):
                lists.append(address.key)
        return cls(_keys(tuple(theirs)), _keys(tuple(ours)), _keys(tuple(lists)))

    def is_addressed(self, side: Side, chosen: Message, people: Sequence[Address]) -> bool:
        """Whether a letter asks the other side; `people` is everybody it went to."""
        to = {address.key for address in chosen.to}
        if side == "them":
            us = self.ours | self.lists
            return not to or not us.isdisjoint(to) or us.isdisjoint(a.key for a in chosen.cc)
        if not self.theirs.isdisjoint(to):
            return True
        outsiders = {address.key for address in people} - self.ours - self.lists
        return bool(outsiders) and outsiders <= self.theirs and self.lists.isdisjoint(to)


# Most letters go to the same few people: one set, of 216 octets and more, for all of them.
_keys = lru_cache(maxsize=4_096)(frozenset[str])


def _letter(group: list[Copy], record: _Record) -> Letter:
    roster = record.roster
    ours = is_by_us(group)
    side: Side = "us" if ours else "them"
    best = representative(group, ours=ours)
    chosen, author, at, at_source = best.message, best.author, best.at, best.at_source
    told = _with_report(group, chosen)
    verdict = verdict_on(group, best, roster, record.our_letters)
    bcc = _bcc(group) if ours else ()
    everybody = (*chosen.to, *chosen.cc, *bcc)
    people = _People.among(everybody, at, record)
    ids = _ids(group)
    counts = verdict.kind == "human" and at is not None
    return Letter(
        key=row_key(author.key if author else None, ids[0], chosen.sent_at),
        message_ids=ids,
        in_reply_to=chosen.in_reply_to,
        references=chosen.references,
        at=at,
        at_source=at_source,
        side=side,
        author=author,
        to=chosen.to,
        cc=chosen.cc,
        bcc=bcc,
        subject=chosen.subject,
        threading_subject=read_subject(chosen.subject),
        thread_index=_thread_index(group, chosen),
        size_octets=chosen.size_octets,
        has_attachment=has_attachment(chosen),
        is_settled=any(map(_IS_SETTLED, group)),
        kind=verdict.kind,
        rule=verdict.rule,
        counts=counts,
        why_not=None if counts else WHY_NOT[verdict.kind][0],
        is_contact=counts or _is_calendar_contact(verdict.kind, chosen, at),
        is_addressed=people.is_addressed(side, chosen, everybody),
        their_recipients=people.theirs,
        failed_recipients=failed_recipients(told),
        reported_id=original_id(told),
        is_final_bounce=verdict.kind == "bounce" and is_final(told),
        flags=_flags(group, best, verdict, record),
        text_signs=_text_signs(group, chosen),
        refused_recipients=refused_recipients(told),
        date_offset_minutes=chosen.date_offset_minutes,
        our_recipients=people.ours,
    )


def _thread_index(group: list[Copy], chosen: Message) -> str | None:
    """The representative's, else that of another copy: relays and archives drop the field."""
    if chosen.thread_index or len(group) == 1:
        return chosen.thread_index or None
    others = [found for copy in group if (found := copy.message.thread_index)]
    return min(others, default=None)


def _text_signs(group: list[Copy], chosen: Message) -> frozenset[str] | None:
    """The representative's, else those of another copy whose text was read."""
    if chosen.text_signs is not None or len(group) == 1:
        return chosen.text_signs
    others = [copy.message.text_signs for copy in group]
    return min((signs for signs in others if signs is not None), key=sorted, default=None)


def _bcc(group: list[Copy]) -> tuple[Address, ...]:
    sent = [copy.message for copy in group if copy.message.is_sent_copy and copy.message.bcc]
    blind = {a.key: a for message in sent for a in message.bcc}
    return tuple(blind[key] for key in sorted(blind)) if blind else ()


def _with_report(group: list[Copy], chosen: Message) -> Message:
    """The copy that a bounce is read from: the representative, unless only another has a report."""
    if chosen.report or len(group) == 1:
        return chosen
    others = [copy.message for copy in group if copy.message.report]
    return min(others, key=lambda each: (each.digest, repr(each.report)), default=chosen)


def _is_calendar_contact(kind: Kind, chosen: Message, at: datetime | None) -> bool:
    if kind != "calendar" or at is None:
        return False
    return calendar_method(dict(chosen.marks)) not in _NO_CONTACT_METHODS


def _flags(group: list[Copy], best: Copy, verdict: Verdict, record: _Record) -> tuple[str, ...]:
    """What is odd about a letter; its origin by the representative alone, as lists break DKIM."""
    chosen, author = best.message, best.author
    is_by_us = author is not None and record.roster.is_us(author)
    found = identity_flags(chosen, record.roster)
    found.update(*[copy.message.problems for copy in group])
    if len(group) > 1:
        found.add("copies")
    if chosen.is_import:
        found.add("import_block")
    if verdict.confidence == "low":
        found.add("low_confidence")
    if record.shared_ids and not record.shared_ids.isdisjoint(_ids(group)):
        found.add("message_id_shared")
    if chosen.is_sent_copy and not is_by_us:
        found.add("sent_by_other_address")
    return tuple(sorted(found)) if found else ()

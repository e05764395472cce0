"""Copies to letters: one `Letter` with everything decided that one partner's figures need.

That is its side, its instant, its kind, and whether it is addressed to the other side.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from inbox_agent.addresses import Address, Partner, Roster, Side
from inbox_agent.authors import author_of
from inbox_agent.automatic import (
    Kind,
    Verdict,
    calendar_method,
    failed_recipients,
    is_delayed_report,
    softened,
)
from inbox_agent.copies import (
    author_key,
    belonging,
    cited_ids,
    is_from_us,
    recipients,
    same_letters,
    verdict_of,
)
from inbox_agent.instants import choose_at
from inbox_agent.messages import Message, has_attachment
from inbox_agent.subjects import Subject, read_subject

_NO_CONTACT_METHODS = ("CANCEL", "PUBLISH")


def row_key(*parts: object) -> str:
    """A short key made of what identifies a row, the same wherever and whenever it is made."""
    text = "\x1f".join(str(part) for part in parts)
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=10).hexdigest()


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter in one partner's record; `at` is None where no usable instant is known.

    `counts`: a person wrote it and it has an instant. `is_contact`: it breaks a silence.
    `is_addressed`: it asks the other side. `their_recipients`: the partner's addresses it went
    to. `failed_recipients`: whom a delivery report names, on the report itself.
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
    is_final_bounce: bool
    flags: tuple[str, ...]

    @property
    def instant(self) -> datetime:
        """`at` of a letter that has one; letters that count always do."""
        if self.at is None:
            raise ValueError(f"letter {self.key} has no instant")
        return self.at

    @property
    def order(self) -> tuple[bool, float, str]:
        """Sorts by instant, then key; letters without an instant last."""
        return (self.at is None, self.at.timestamp() if self.at else 0.0, self.key)


def letters_of(
    partner: Partner, messages: Iterable[Message], roster: Roster, as_of: datetime
) -> tuple[Letter, ...]:
    """The letters of one partner's record up to `as_of`, oldest first.

    Takes any superset of the partner's copies, in any order; copies later than `as_of` are as
    if not there.
    """
    copies = [copy for copy in messages if _is_there(copy, roster, as_of)]
    held = belonging(partner.key, same_letters(copies, roster), roster)
    our_ids = {c.message_id for group in held for c in group if is_from_us(c, roster)}
    letters = [_letter(partner, group, roster, our_ids) for group in held]
    return tuple(sorted(letters, key=lambda letter: letter.order))


def _is_there(copy: Message, roster: Roster, as_of: datetime) -> bool:
    at, _ = choose_at(copy, roster.received_by)
    return at is None or at <= as_of


def _representative(copies: list[Message], roster: Roster, *, ours: bool) -> Message:
    """The copy whose fields are the letter's: the one in Sent when it is ours, else the first."""

    def rank(copy: Message) -> tuple[object, ...]:
        at, _ = choose_at(copy, roster.received_by)
        sent_first = not (ours and copy.is_sent_copy)
        instant = at.timestamp() if at else 0.0
        return (sent_first, at is None, instant, copy.message_id, copy.digest)

    return min(copies, key=rank)


def _kind(group: list[Message], chosen: Message, roster: Roster, our_ids: set[str]) -> Verdict:
    """Of several copies one that a person wrote decides, else the representative."""

    def of(copy: Message) -> Verdict:
        return softened(
            verdict_of(copy, roster),
            answers_us=bool((cited_ids([copy]) - {copy.message_id}) & our_ids),
            recipients=len(recipients(copy)),
        )

    verdicts = [of(chosen), *(of(copy) for copy in group if copy is not chosen)]
    return next((v for v in verdicts if v.kind == "human"), verdicts[0])


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

    def is_ours(self, address: Address) -> bool:
        return self.roster.is_us(address) or self.roster.is_our_list(address)

    def is_theirs(self, address: Address) -> bool:
        return self.roster.partner_of(address) == self.partner


def _letter(partner: Partner, group: list[Message], roster: Roster, our_ids: set[str]) -> Letter:
    ours = any(is_from_us(copy, roster) for copy in group)
    side: Side = "us" if ours else "them"
    chosen = _representative(group, roster, ours=ours)
    at, at_source = choose_at(chosen, roster.received_by)
    verdict = _kind(group, chosen, roster, our_ids)
    marks = dict(chosen.marks)
    bcc = _bcc(group) if ours else ()
    asks = _Asks(roster, partner.key)
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
        size_octets=chosen.size_octets,
        has_attachment=has_attachment(chosen),
        is_settled=any(copy.is_settled for copy in group),
        kind=verdict.kind,
        rule=verdict.rule,
        counts=counts,
        why_not=None if counts else _why_not(verdict.kind),
        is_contact=counts or _is_calendar_contact(verdict.kind, marks, at),
        is_addressed=_is_addressed(side, chosen, bcc, asks),
        their_recipients=frozenset(
            a.key for a in (*chosen.to, *chosen.cc, *bcc) if asks.is_theirs(a)
        ),
        failed_recipients=failed_recipients(marks),
        is_final_bounce=verdict.kind == "bounce" and not is_delayed_report(chosen.subject),
        flags=_flags(group, chosen, verdict, roster),
    )


def _bcc(group: list[Message]) -> tuple[Address, ...]:
    blind = {a.key: a for copy in group if copy.is_sent_copy for a in copy.bcc}
    return tuple(blind[key] for key in sorted(blind))


def _why_not(kind: Kind) -> str:
    return "no_date" if kind == "human" else kind


def _is_calendar_contact(kind: Kind, marks: Mapping[str, str], at: datetime | None) -> bool:
    if kind != "calendar" or at is None:
        return False
    return calendar_method(marks) not in _NO_CONTACT_METHODS


def _flags(
    group: list[Message], chosen: Message, verdict: Verdict, roster: Roster
) -> tuple[str, ...]:
    flags = {problem for copy in group for problem in copy.problems}
    if verdict.confidence == "low":
        flags.add("low_confidence")
    author = author_of(chosen, roster)
    if chosen.is_sent_copy and not (author and roster.is_us(author)):
        flags.add("sent_by_other_address")
    if len(group) > 1:
        flags.add("copies")
    return tuple(sorted(flags))

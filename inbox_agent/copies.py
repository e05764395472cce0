"""One letter lies in many places: which copies are one letter, and whose record it is in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from inbox_agent.addresses import Address, Roster
from inbox_agent.authors import author_of
from inbox_agent.automatic import judge, marks_of
from inbox_agent.instants import choose_at
from inbox_agent.kinds import Verdict
from inbox_agent.messages import Message
from inbox_agent.subjects import read_subject
from inbox_agent.undelivered import named_recipients, original_id

_SAME_DATE = timedelta(seconds=2)


# -- one letter, many copies ----------------------------------------------------------------


def author_key(message: Message, roster: Roster) -> str | None:
    """The address a copy is from, for comparing; None where it can't be read."""
    author = author_of(message, roster)
    return author.key if author else None


def same_letters(messages: Sequence[Message], roster: Roster) -> list[list[Message]]:
    """What one letter is, though it lies in several mailboxes and folders: it counts once.

    Copies are of one letter when they have the same Message-ID, author and Date (within 2 seconds),
    or another Message-ID with the same author, second, recipients and subject (Re: aside), and of
    delivery reports the same failures. Different letters under one Message-ID are different
    letters.
    """
    leader = list(range(len(messages)))

    def find(i: int) -> int:
        while leader[i] != i:
            leader[i] = leader[leader[i]]
            i = leader[i]
        return i

    for alike in _alike(messages, roster):
        for i in alike[1:]:
            leader[find(i)] = find(alike[0])
    groups: dict[int, list[Message]] = {}
    for i, message in enumerate(messages):
        groups.setdefault(i if leader[i] == i else find(i), []).append(message)
    return list(groups.values())


def _alike(messages: Sequence[Message], roster: Roster) -> Iterator[list[int]]:
    authors = [author_key(message, roster) for message in messages]
    for same_second in _together(
        (m.sent_at and m.sent_at.replace(microsecond=0)) for m in messages
    ):
        looks = _together(_look(messages[i], authors[i]) for i in same_second)
        yield from ([same_second[place] for place in look] for look in looks)
    for same_id in _together(message.message_id for message in messages):
        for places in _together((authors[i],) for i in same_id):
            alike = [same_id[place] for place in places]
            apart = _SAME_DATE if authors[alike[0]] else timedelta(0)
            yield from _near_dates(messages, alike, apart)


def _together(names: Iterable[Hashable]) -> list[list[int]]:
    """The places of those of the same name, where it is not None and there are several."""
    first: dict[Hashable, int] = {}
    found: dict[Hashable, list[int]] = {}
    for i, name in enumerate(names):
        before = first.setdefault(name, i)
        if before != i and name is not None:
            found.setdefault(name, [before]).append(i)
    return list(found.values())


def _look(message: Message, author: str | None) -> Hashable:
    """What copies of a letter have in common under whatever Message-ID; None without an author."""
    if author is None:
        return None
    to_and_cc = frozenset(a.key for a in (*message.to, *message.cc))
    base = read_subject(message.subject).base
    # A mail host may report on two recipients within one second.
    return author, to_and_cc, base, named_recipients(message), original_id(message)


def _near_dates(
    messages: Sequence[Message], indexes: list[int], apart: timedelta
) -> Iterator[list[int]]:
    yield [i for i in indexes if messages[i].sent_at is None] or indexes[:1]
    dated = sorted((sent, i) for i in indexes if (sent := messages[i].sent_at))
    for (earlier, i), (later, j) in pairwise(dated):
        if later - earlier <= apart:
            yield [i, j]


def representative(copies: Sequence[Message], roster: Roster, *, ours: bool) -> Message:
    """The copy whose fields are the letter's: the one in Sent when it is ours, else the first."""

    if len(copies) == 1:
        return copies[0]

    def rank(copy: Message) -> tuple[object, ...]:
        at, _ = choose_at(copy, roster.received_by)
        sent_first = not (ours and copy.is_sent_copy)
        instant = at.timestamp() if at else 0.0
        return (sent_first, at is None, instant, copy.message_id, copy.digest)

    return min(copies, key=rank)


# -- whose record ---------------------------------------------------------------------------


def recipients(message: Message) -> tuple[Address, ...]:
    """Everybody in To and Cc, and in Bcc of a copy that lies in a Sent folder."""
    return (*message.to, *message.cc, *(message.bcc if message.is_sent_copy else ()))


def is_from_us(message: Message, roster: Roster) -> bool:
    """Whether our side wrote it: by its author, or because it lies in a Sent folder."""
    author = author_of(message, roster)
    return message.is_sent_copy or (author is not None and roster.is_us(author))


def _named_by_copy(message: Message, roster: Roster) -> Iterator[Address]:
    if is_from_us(message, roster):
        yield from recipients(message)
    elif author := author_of(message, roster):
        yield author
    if named := named_recipients(message):
        yield from filter(None, map(Address.parse, named))


def _named(copies: list[Message], roster: Roster, instants: Iterable[datetime | None]) -> set[str]:
    """Partners that a letter names: as its author, recipients or failed recipients.

    They are the partners at that instant of the letter, or at each of several it may have.
    """
    addresses = {a.key: a for copy in copies for a in _named_by_copy(copy, roster)}.values()
    found = (roster.partner_of(address, at) for at in instants for address in addresses)
    return {key for key in found if key}


def _is_named(partner: str, copies: list[Message], roster: Roster) -> bool:
    """Whether a letter names one partner."""
    at = _instant(copies, roster)
    for copy in copies:
        for address in _named_by_copy(copy, roster):
            if roster.partner_of(address, at) == partner:
                return True
    return False


def _instant(copies: list[Message], roster: Roster) -> datetime | None:
    """The letter's instant, where it matters whose an address was then; else None."""
    if not roster.has_mergers:
        return None
    ours = any(is_from_us(copy, roster) for copy in copies)
    return choose_at(representative(copies, roster, ours=ours), roster.received_by)[0]


def _instants(copies: list[Message], roster: Roster) -> set[datetime | None]:
    """Every instant the letter may have, whichever of its copies there were until then."""
    if not roster.has_mergers:
        return {None}
    return {choose_at(copy, roster.received_by)[0] for copy in copies}


def named_by(copies: list[Message], roster: Roster) -> set[str]:
    """The partners that a letter names, whichever of its copies there were until then."""
    return _named(copies, roster, _instants(copies, roster))


def _is_answer_through_list(copies: list[Message], roster: Roster) -> bool:
    ours = any(is_from_us(copy, roster) for copy in copies)
    return ours and any(
        roster.is_our_list(address) for copy in copies for address in (*copy.to, *copy.cc)
    )


def cited_ids(copies: list[Message]) -> set[str]:
    """The ids that the copies of a letter name as what they answer, or as what did not arrive."""
    return {name for c in copies for name in (c.in_reply_to, *c.references, original_id(c)) if name}


def _answered(copies: list[Message]) -> set[str]:
    return {copy.in_reply_to for copy in copies if copy.in_reply_to}


def _is_report(copies: list[Message], roster: Roster) -> bool:
    return any(verdict_of(copy, roster).kind == "bounce" for copy in copies)


def by_partner(messages: Sequence[Message], roster: Roster) -> dict[str, list[Message]]:
    """Every copy under each partner whose record it may be in.

    Besides those that name the partner: our answers to a partner's letter through one of our
    lists, and delivery reports about a letter of ours. `letters_of` decides; this only makes
    sure that nothing it needs is missing, so that no partner needs to see another's letters.
    """
    letters = same_letters(messages, roster)
    groups = [(copies, named_by(copies, roster)) for copies in letters]
    partners_of_id: dict[str, set[str]] = defaultdict(set)
    for copies, named in groups:
        for copy in copies:
            partners_of_id[copy.message_id] |= named

    def linked(names: set[str]) -> set[str]:
        return {key for name in names for key in partners_of_id.get(name, ())}

    listed = [c for c, _ in groups if _is_answer_through_list(c, roster)]
    links = [(copies, linked(_answered(copies))) for copies in listed]
    for copies, keys in links:
        for copy in copies:
            partners_of_id[copy.message_id] |= keys
    reports = [
        (c, linked(cited_ids(c))) for c, _ in groups if cited_ids(c) and _is_report(c, roster)
    ]
    found: dict[str, dict[int, Message]] = defaultdict(dict)
    for copies, keys in (*groups, *links, *reports):
        for key in keys:
            found[key].update((id(copy), copy) for copy in copies)
    return {key: list(copies.values()) for key, copies in found.items()}


def belonging(partner: str, groups: Sequence[list[Message]], roster: Roster) -> list[list[Message]]:
    """Which letters are in one partner's record.

    Those that the partner wrote; those of ours with the partner in To, Cc or Bcc; and those of ours
    through one of our lists that answer a letter of that partner. A delivery report belongs to the
    partner whose address failed, or who was to get the letter that it is about. A letter to several
    partners is in the record of each.
    """
    named: list[list[Message]] = []
    others: list[list[Message]] = []
    for group in groups:
        (named if _is_named(partner, group, roster) else others).append(group)
    their_ids = _ids(g for g in named if _is_by(partner, g, roster))
    through_list = [
        g for g in others if _is_answer_through_list(g, roster) and _answered(g) & their_ids
    ]
    listed = set(map(id, through_list))
    our_ids = _ids(g for g in named + through_list if any(is_from_us(c, roster) for c in g))
    reports = [
        g
        for g in others
        if id(g) not in listed and cited_ids(g) & our_ids and _is_report(g, roster)
    ]
    return named + through_list + reports


def _is_by(partner: str, copies: list[Message], roster: Roster) -> bool:
    if any(is_from_us(copy, roster) for copy in copies):
        return False
    at = _instant(copies, roster)
    authors = (author_of(copy, roster) for copy in copies)
    return any(author and roster.partner_of(author, at) == partner for author in authors)


def _ids(groups: Iterable[list[Message]]) -> set[str]:
    return {copy.message_id for group in groups for copy in group}


def verdict_of(message: Message, roster: Roster) -> Verdict:
    """Who wrote one copy, by its own header block alone."""
    author = author_of(message, roster)
    fields, subject = dict(message.marks), message.subject
    marks = marks_of(fields, author, subject, recipients(message), roster)
    return judge(marks, message.message_id)

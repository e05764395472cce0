"""One letter lies in many places: which copies are one letter, and whose record it is in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain, pairwise

from inbox_agent.addresses import Roster
from inbox_agent.authors import author_of
from inbox_agent.automatic import judge, marks_of, says_nothing
from inbox_agent.kinds import HUMAN, Verdict
from inbox_agent.messages import Message
from inbox_agent.seen_copies import (
    Copy,
    all_seen,
    is_by_us,
    is_from_us,
    people_named,
    recipients,
    representative,
)
from inbox_agent.subjects import read_subject
from inbox_agent.undelivered import named_recipients, original_id

__all__ = (
    "author_key",
    "belonging",
    "by_partner",
    "cited_ids",
    "copies_of_letters",
    "is_from_us",
    "named_by",
    "recipients",
    "same_letters",
    "verdict_of",
)

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
    letters = copies_of_letters(all_seen(messages, roster))
    return [[copy.message for copy in copies] for copies in letters]


def copies_of_letters(copies: Sequence[Copy]) -> list[list[Copy]]:
    """The same, of copies that were looked at."""
    leader = list(range(len(copies)))

    def find(i: int) -> int:
        while leader[i] != i:
            leader[i] = leader[leader[i]]
            i = leader[i]
        return i

    for alike in _alike(copies):
        for i in alike[1:]:
            leader[find(i)] = find(alike[0])
    groups: dict[int, list[Copy]] = {}
    for i, copy in enumerate(copies):
        groups.setdefault(i if leader[i] == i else find(i), []).append(copy)
    return list(groups.values())


def _alike(copies: Sequence[Copy]) -> Iterator[list[int]]:
    for same_second in _together([_second(copy.message.sent_at) for copy in copies]):
        looks = _together([_look(copies[i]) for i in same_second])
        yield from ([same_second[place] for place in look] for look in looks)
    for same_id in _together([copy.message.message_id for copy in copies]):
        authors = [_author(copies[i]) for i in same_id]
        for places in _together([(author,) for author in authors]):
            apart = _SAME_DATE if authors[places[0]] else timedelta(0)
            yield from _near_dates(copies, [same_id[place] for place in places], apart)


def _author(copy: Copy) -> str | None:
    return copy.author.key if copy.author else None


def _second(at: datetime | None) -> datetime | None:
    return at.replace(microsecond=0) if at and at.microsecond else at


def _together(names: Iterable[Hashable]) -> list[list[int]]:
    """The places of those of the same name, where it is not None and there are several."""
    first: dict[Hashable, int] = {}
    found: dict[Hashable, list[int]] = {}
    for i, name in enumerate(names):
        before = first.setdefault(name, i)
        if before != i and name is not None:
            found.setdefault(name, [before]).append(i)
    return list(found.values())


def _look(copy: Copy) -> Hashable:
    """What copies of a letter have in common under whatever Message-ID; None without an author."""
    if copy.author is None:
        return None
    message = copy.message
    to_and_cc = frozenset([a.key for a in (*message.to, *message.cc)])
    base = read_subject(message.subject).base
    # A mail host may report on two recipients within one second.
    return copy.author.key, to_and_cc, base, named_recipients(message), original_id(message)


def _near_dates(
    copies: Sequence[Copy], indexes: list[int], apart: timedelta
) -> Iterator[list[int]]:
    sent_at = {i: copies[i].message.sent_at for i in indexes}
    yield [i for i, sent in sent_at.items() if sent is None] or indexes[:1]
    dated = sorted((sent, i) for i, sent in sent_at.items() if sent)
    for (earlier, i), (later, j) in pairwise(dated):
        if later - earlier <= apart:
            yield [i, j]


# -- whose record ---------------------------------------------------------------------------


def named_by(copies: list[Copy], roster: Roster) -> set[str]:
    """Partners that a letter names: as its author, recipients or failed recipients.

    They are the partners at each instant the letter may have, whichever of its copies there were
    until then.
    """
    instants = {copy.at for copy in copies} if roster.has_mergers else (None,)
    people = chain.from_iterable(map(people_named, copies))
    found = {roster.partner_of(address, at) for address in people for at in instants}
    return {key for key in found if key}


def _is_named(partner: str, copies: list[Copy], roster: Roster) -> bool:
    """Whether a letter names one partner."""
    at = _instant(copies, roster)
    for copy in copies:
        for address in people_named(copy):
            if roster.partner_of(address, at) == partner:
                return True
    return False


def _instant(copies: list[Copy], roster: Roster) -> datetime | None:
    """The letter's instant, where it matters whose an address was then; else None."""
    if not roster.has_mergers:
        return None
    return representative(copies, ours=is_by_us(copies)).at


def _is_answer_through_list(copies: list[Copy], roster: Roster) -> bool:
    if not roster.lists or not is_by_us(copies):
        return False
    people = chain.from_iterable((*copy.message.to, *copy.message.cc) for copy in copies)
    return any(map(roster.is_our_list, people))


def cited_ids(messages: Iterable[Message]) -> set[str]:
    """The ids that the copies of a letter name as what they answer, or as what did not arrive."""
    found: set[str] = set()
    for message in messages:
        found.update(message.references)
        for name in (message.in_reply_to, original_id(message)):
            if name:
                found.add(name)
    found.discard("")
    return found


def _cited(copies: list[Copy]) -> set[str]:
    return cited_ids(copy.message for copy in copies)


def _answered(copies: list[Copy]) -> set[str]:
    return {copy.message.in_reply_to for copy in copies if copy.message.in_reply_to}


def _is_report(copies: list[Copy], roster: Roster) -> bool:
    return any(verdict_of(copy.message, roster).kind == "bounce" for copy in copies)


def by_partner(messages: Sequence[Message], roster: Roster) -> dict[str, list[Message]]:
    """Every copy under each partner whose record it may be in.

    Besides those that name the partner: our answers to a partner's letter through one of our
    lists, and delivery reports about a letter of ours. `letters_of` decides; this only makes
    sure that nothing it needs is missing, so that no partner needs to see another's letters.
    """
    letters = copies_of_letters(all_seen(messages, roster))
    groups = [(copies, named_by(copies, roster)) for copies in letters]
    partners_of_id: dict[str, set[str]] = defaultdict(set)
    for copies, named in groups:
        for copy in copies:
            partners_of_id[copy.message.message_id] |= named

    def linked(names: set[str]) -> set[str]:
        return {key for name in names for key in partners_of_id.get(name, ())}

    listed = [copies for copies in letters if _is_answer_through_list(copies, roster)]
    links = [(copies, linked(_answered(copies))) for copies in listed]
    for copies, keys in links:
        for copy in copies:
            partners_of_id[copy.message.message_id] |= keys
    citing = [(copies, linked(_cited(copies)) - named) for copies, named in groups]
    reports = [(copies, keys) for copies, keys in citing if keys and _is_report(copies, roster)]
    found: dict[str, dict[int, Message]] = defaultdict(dict)
    for copies, keys in (*groups, *links, *reports):
        for key in keys:
            found[key].update([(id(copy.message), copy.message) for copy in copies])
    return {key: list(found_copies.values()) for key, found_copies in found.items()}


def belonging(partner: str, groups: Sequence[list[Copy]], roster: Roster) -> list[list[Copy]]:
    """Which letters are in one partner's record.

    Those that the partner wrote; those of ours with the partner in To, Cc or Bcc; and those of ours
    through one of our lists that answer a letter of that partner. A delivery report belongs to the
    partner whose address failed, or who was to get the letter that it is about. A letter to several
    partners is in the record of each.
    """
    named: list[list[Copy]] = []
    others: list[list[Copy]] = []
    for group in groups:
        (named if _is_named(partner, group, roster) else others).append(group)
    if not others:
        return named
    their_ids = _ids(g for g in named if _is_by(partner, g, roster))
    through_list = [
        g for g in others if _is_answer_through_list(g, roster) and _answered(g) & their_ids
    ]
    listed = set(map(id, through_list))
    our_ids = _ids(g for g in named + through_list if is_by_us(g))
    reports = [
        g for g in others if id(g) not in listed and _cited(g) & our_ids and _is_report(g, roster)
    ]
    return named + through_list + reports


def _is_by(partner: str, copies: list[Copy], roster: Roster) -> bool:
    if is_by_us(copies):
        return False
    at = _instant(copies, roster)
    return any(copy.author and roster.partner_of(copy.author, at) == partner for copy in copies)


def _ids(groups: Iterable[list[Copy]]) -> set[str]:
    return {copy.message.message_id for group in groups for copy in group}


def verdict_of(message: Message, roster: Roster) -> Verdict:
    """Who wrote one copy, by its own header block alone."""
    author = author_of(message, roster)
    fields, subject = dict(message.marks), message.subject
    if not roster.overrides and says_nothing(fields, author, subject):
        return HUMAN
    marks = marks_of(fields, author, subject, recipients(message), roster)
    return judge(marks, message.message_id)

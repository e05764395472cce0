"""Which of our letters never arrived, and whom none reaches: delivery reports and their letters."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import timedelta
from operator import attrgetter

from inbox_agent.conversations import Conversation
from inbox_agent.letters import Letter

_REPORT_REACH = timedelta(days=3)
#: After every key.
_LAST_KEY = "\U0010ffff"


def bounced_letters(conversations: Sequence[Conversation]) -> frozenset[str]:
    """Which of our letters never arrived, as they came back for every recipient of the partner.

    Nobody is held to have ignored such a letter: the next letter of the turn that arrived is the
    ask, and without one it is void. A delivery report is about the letter that it returns; where we
    do not hold that, about those of ours that it answers. One that names no letter is about the
    latest letter of ours to that one address within the 3 days before it, if that letter had no
    other recipient there. Reports of mere delays don't count.
    """
    ours = _ours(conversations)
    failed: dict[str, set[str]] = {}
    for report, cited in _final_reports(conversations, ours):
        for letter, address in _failures(report, cited, ours):
            failed.setdefault(letter.key, set()).add(address)
    if not failed:
        return frozenset()
    return frozenset(
        letter.key
        for letter in ours
        if letter.their_recipients and letter.their_recipients <= failed.get(letter.key, set())
    )


def failed_addresses(conversations: Sequence[Conversation]) -> Iterator[tuple[Letter, str]]:
    """(report, address) pairs: whom a report says that nothing reaches any more.

    Those it names as failed, but where its code says that the letter was refused and not the
    address: too large, forbidden, for a full mailbox, or given up after days (RFC 3463 §3). One
    that names nobody means the only recipient of the letter that it is about.
    """
    for report, cited in _final_reports(conversations, _ours(conversations)):
        found = set(report.failed_recipients)
        for letter in () if found else cited:
            found |= _only_recipient(letter)
        yield from ((report, address) for address in sorted(found - report.refused_recipients))


def _ours(conversations: Sequence[Conversation]) -> Sequence[Letter]:
    """Our letters, oldest first."""
    letters = (x for c in conversations for x in c.letters if x.side == "us")
    return sorted(letters, key=attrgetter("order"))


def _final_reports(
    conversations: Sequence[Conversation], ours: Sequence[Letter]
) -> Iterator[tuple[Letter, Sequence[Letter]]]:
    """Each report that something failed for good, and the letters of ours that it names."""
    first: dict[str, Letter] = {}
    for conversation in conversations:
        for report, answered in zip(conversation.letters, conversation.cites, strict=True):
            if report.is_final_bounce:
                first = first or {name: x for x in reversed(ours) for name in x.message_ids}
                returned = first.get(report.reported_id or "")
                yield report, [returned] if returned else [x for x in answered if x.side == "us"]


def _failures(
    report: Letter, cited: Sequence[Letter], ours: Sequence[Letter]
) -> Iterator[tuple[Letter, str]]:
    """(letter, recipient) pairs of one report; it may name both, or only one of the two."""
    for letter in cited:
        for address in report.failed_recipients or _only_recipient(letter):
            yield letter, address
    if not cited:
        for address in report.failed_recipients:
            for letter in _latest_to(address, report, ours):
                yield letter, address


def _only_recipient(letter: Letter) -> frozenset[str]:
    return letter.their_recipients if len(letter.their_recipients) == 1 else frozenset()


def _latest_to(address: str, report: Letter, ours: Sequence[Letter]) -> Sequence[Letter]:
    """Our latest letter to an address within 3 days before a report that names no letter."""
    if report.at is None:
        return ()
    # those without an instant are last, and later than any
    latest = (False, report.instant.timestamp(), _LAST_KEY)
    earliest = report.instant - _REPORT_REACH
    for place in reversed(range(bisect_right(ours, latest, key=attrgetter("order")))):
        letter = ours[place]
        if letter.instant < earliest:
            break
        if address in letter.their_recipients:
            return [letter] if letter.their_recipients == {address} else []
    return []

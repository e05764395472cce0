"""Which of our letters never arrived: delivery reports and what they are about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from inbox_agent.conversations import Conversation
from inbox_agent.letters import Letter

_REPORT_REACH = timedelta(days=3)


def bounced_letters(conversations: Sequence[Conversation]) -> frozenset[str]:
    """Which of our letters bounced for every recipient of the partner, and so never arrived.

    A report is about the letter it returns; where we do not hold that, about those of ours that
    it answers. One that names no letter is about the latest letter of ours to that one address
    within the 3 days before it, if that letter had no other recipient there.
    """
    letters = [(letter, c.cites[letter.key]) for c in conversations for letter in c.letters]
    ours = sorted((x for x, _ in letters if x.side == "us"), key=lambda x: x.order)
    first = {name: letter for letter in reversed(ours) for name in letter.message_ids}
    failed: dict[str, set[str]] = {}
    for report, cites in letters:
        if report.is_final_bounce:
            returned = first.get(report.reported_id or "")
            cited = [returned] if returned else [x for x in cites if x.side == "us"]
            for letter, address in _failures(report, cited, ours):
                failed.setdefault(letter.key, set()).add(address)
    return frozenset(
        letter.key
        for letter in ours
        if letter.their_recipients and letter.their_recipients <= failed.get(letter.key, set())
    )


def _failures(
    report: Letter, cited: Sequence[Letter], ours: Sequence[Letter]
) -> Iterator[tuple[Letter, str]]:
    """(letter, recipient) pairs of one report; it may name both, or only one of the two."""
    for letter in cited:
        only = letter.their_recipients if len(letter.their_recipients) == 1 else ()
        for address in report.failed_recipients or only:
            yield letter, address
    if not cited:
        for address in report.failed_recipients:
            for letter in _latest_to(address, report, ours):
                yield letter, address


def _latest_to(address: str, report: Letter, ours: Sequence[Letter]) -> Sequence[Letter]:
    """Our latest letter to an address within 3 days before a report that names no letter."""
    if report.at is None:
        return ()
    earliest = report.instant - _REPORT_REACH
    near = [
        letter
        for letter in ours
        if letter.at is not None
        and earliest <= letter.at <= report.instant
        and address in letter.their_recipients
    ]
    return [letter for letter in near[-1:] if letter.their_recipients == {address}]

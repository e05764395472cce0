"""A quarter looked back upon: its figures as they were known at its end, and kept. Pure.

Each figure is a row by itself, by a name that stays, so that reviews of many quarters can be laid
side by side. What is frozen is never reckoned anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from inbox_agent.addresses import Side
from inbox_agent.comparisons import Comparison
from inbox_agent.false_discoveries import adjusted
from inbox_agent.measure import PartnerRecord
from inbox_agent.review_measures import (
    Finding,
    Look,
    asks_in,
    changes,
    comparison,
    figure_findings,
    introductions_made,
    letters,
    people_counted,
    seen,
    silences,
    standards_counted,
    standards_kept,
    street,
    waits,
)
from inbox_agent.review_sheets import TEAM
from inbox_agent.survival import figures, without_times

_SIDES: tuple[tuple[Literal["ours", "theirs"], Side], ...] = (("ours", "us"), ("theirs", "them"))


@dataclass(frozen=True, slots=True)
class Frozen:
    """A figure of one quarter and partner as it was known at the quarter's end.

    Good for laying quarters side by side and on the table: it never changes by itself. It is made
    from the letters up to then, by the settings of the day on which it was frozen, whose
    fingerprint stands beside it; neither later mail nor another version nor other settings touch
    it. The window of its figures is the quarter.
    """

    quarter: str
    partner: str
    measure: str
    value: float | None
    words: str | None
    unit: str | None
    frozen_at: datetime
    version: str
    config_digest: str

    @property
    def is_subject(self) -> bool:
        """Whether it quotes a letter's subject, which may be shown or not."""
        return self.measure.endswith("_subject")


def review(records: Sequence[PartnerRecord], look: Look) -> Iterator[tuple[str, Finding]]:
    """Every figure of a quarter: of each partner with mail up to its end, then of all together.

    `records` are measured as of the quarter's end, with the quarter as their window.
    """
    known = [record for record in records if any(letter.is_contact for letter in record.letters)]
    compared = {side: _compared(known, side, look) for _, side in _SIDES}
    for record in known:
        for finding in _of_partner(record, look):
            yield record.partner.key, finding
        for name, side in _SIDES:
            found = compared[side].get(record.partner.key)
            for finding in changes(found) if found else ():
                yield record.partner.key, _prefixed(name, finding)
    for finding in _of_team(known, look):
        yield TEAM, finding


def _of_partner(record: PartnerRecord, look: Look) -> Iterator[Finding]:
    yield Finding("name", words=record.partner.name or None)
    yield from letters(record, look.quarter)
    for name, side in _SIDES:
        asks = asks_in((record,), side, look.quarter)
        found = figures(asks, look.cuts)
        is_unknown = side == "us" and record.coverage.year.is_too_low
        shown = without_times(found) if is_unknown else found
        yield from (_prefixed(name, finding) for finding in figure_findings(shown))
        yield from (_prefixed(name, each) for each in (() if is_unknown else waits(asks, look)))
    yield from standards_kept(record)
    yield from street(record)
    yield from silences(record, look)
    yield from people_counted((record,), look.quarter)
    yield from introductions_made((record,), look.quarter)


def _of_team(records: Sequence[PartnerRecord], look: Look) -> Iterator[Finding]:
    written = [finding for record in records for finding in letters(record, look.quarter)]
    yield Finding("timezone", words=look.clock.zone.key)
    yield Finding("partners", len(records), "count")
    for measure in ("letters_in", "letters_out"):
        count = sum(each.value or 0 for each in written if each.measure == measure)
        yield Finding(measure, count, "count")
    for name, side in _SIDES:
        pooled = figures(asks_in(seen(records, side), side, look.quarter), look.cuts)
        yield from (_prefixed(name, finding) for finding in figure_findings(pooled))
        found = comparison(seen(records, side), side, look)
        both = (found, found.p) if found else None
        yield from (_prefixed(name, finding) for finding in (changes(both) if both else ()))
    yield from standards_counted(records)
    quiet = [each for record in records for each in silences(record, look)]
    count = sum(each.value or 0 for each in quiet if each.measure == "silences")
    yield Finding("silences", count, "count")
    yield from people_counted(records, look.quarter)
    yield from introductions_made(records, look.quarter)


def _prefixed(name: str, finding: Finding) -> Finding:
    return Finding(f"{name}_{finding.measure}", finding.value, finding.unit, finding.words)


def _compared(
    records: Sequence[PartnerRecord], side: Side, look: Look
) -> dict[str, tuple[Comparison, float]]:
    """The comparison of each partner that has one, with its adjusted p."""
    found = {r.partner.key: comparison([r], side, look) for r in seen(records, side)}
    known = {key: each for key, each in found.items() if each is not None}
    p_values = adjusted([each.p for each in known.values()])
    return {key: (known[key], p) for key, p in zip(known, p_values, strict=True)}

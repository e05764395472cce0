"""The rows of `drift`, and what `partner_standing` says of trends, arrows and the two-way street.

A p-value of one partner says little where there are a thousand: here, where all records are at
hand, those of each measure are adjusted for how many they are.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from inbox_agent.addresses import Partner
from inbox_agent.drift import Drift, DriftMeasure, arrow, is_shown
from inbox_agent.fairness import Fairness
from inbox_agent.false_discoveries import adjusted
from inbox_agent.measure import PartnerRecord
from inbox_agent.privacy import Privacy
from inbox_agent.published_rows import Row, flag, text_of
from inbox_agent.trends import Trends

#: Where the letters behind a figure are found: a table, what to filter, and its instant.
_ROWS_BEHIND: dict[DriftMeasure, tuple[str, Mapping[str, Any], str]] = {
    "our_response_time": (
        "response_times", {"responder": "us", "counts": 1}, "asked_at",
    ),
    "their_response_time": (
        "response_times", {"responder": "them", "counts": 1}, "asked_at",
    ),
    "to_us": ("messages", {"side": "them", "counts": 1}, "at"),
    "opened_by_them": ("conversations", {}, "opened_at"),
    "letter_size": ("messages", {"side": "them", "counts": 1}, "at"),
    "turns": ("messages", {"counts": 1}, "at"),
    "people": ("messages", {"side": "them", "counts": 1}, "at"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Adjusted:
    """p-values adjusted over all partners, by partner and measure."""

    p_values: Mapping[tuple[str, str], float]

    @classmethod
    def over(cls, records: Iterable[Compared]) -> Adjusted:
        """Those of all partners of a generation; each measure is a family of its own."""
        families: dict[str, list[tuple[str, float]]] = defaultdict(list)
        for record in records:
            for measure, p in p_values(record):
                families[measure].append((record.partner.key, p))
        return cls(
            {
                (partner, measure): p
                for measure, family in families.items()
                for (partner, _), p in zip(family, adjusted([p for _, p in family]), strict=True)
            }
        )

    def of(self, record: Compared, measure: str) -> float | None:
        """That of one partner and measure; None where it could not be looked at."""
        return self.p_values.get((record.partner.key, measure))


class Compared(Protocol):
    """A partner's record, or what is kept of it."""

    @property
    def partner(self) -> Partner:
        """Whose it is."""

    @property
    def drift(self) -> tuple[Drift, ...]:
        """What was compared between two windows."""

    @property
    def trends(self) -> Trends:
        """What was compared between months."""


def p_values(record: Compared) -> Iterator[tuple[str, float]]:
    """What was tested of one partner, by measure."""
    for drift in record.drift:
        yield drift.measure, drift.p
    for name, trend in (("ours_trend", record.trends.ours), ("theirs_trend", record.trends.theirs)):
        if trend is not None:
            yield name, trend.p


def drift(record: Compared, privacy: Privacy, adjusted_p: Adjusted) -> Iterator[Row]:
    """One row per measure that could be compared."""
    for found in record.drift:
        yield {
            "partner": privacy.partner(record.partner.key),
            "measure": found.measure,
            "before": _figure(found.before),
            "after": _figure(found.after),
            "unit": found.unit,
            "direction": found.direction,
            "p": found.p,
            "p_adjusted": adjusted_p.of(record, found.measure),
            "is_shown": flag(is_shown(found, adjusted_p.of(record, found.measure))),
            "letters_before": found.letters_before,
            "letters_after": found.letters_after,
            "before_from_at": text_of(found.before_from_at),
            "after_from_at": text_of(found.after_from_at),
            "until_at": text_of(found.until_at),
            "figures_of": found.basis,
            "evidence": _evidence(found.measure),
        }


def _figure(value: float | None) -> float | None:
    return None if value is None else float(value)


def _evidence(measure: DriftMeasure) -> str:
    table, where, instant = _ROWS_BEHIND[measure]
    return json.dumps({"table": table, "where": where, "instant": instant})


def drift_columns(record: Compared, adjusted_p: Adjusted) -> dict[str, Any]:
    """What `partner_standing` says of how response times change."""
    ours, theirs = record.trends.ours, record.trends.theirs
    return {
        "ours_trend": ours.slope if ours else None,
        "ours_trend_p": adjusted_p.of(record, "ours_trend"),
        "theirs_trend": theirs.slope if theirs else None,
        "theirs_trend_p": adjusted_p.of(record, "theirs_trend"),
        "ours_arrow": _arrow(record, "our_response_time", adjusted_p),
        "theirs_arrow": _arrow(record, "their_response_time", adjusted_p),
    }


def _arrow(record: Compared, measure: DriftMeasure, adjusted_p: Adjusted) -> str | None:
    found = next((found for found in record.drift if found.measure == measure), None)
    return arrow(found, adjusted_p.of(record, measure))


def fairness_columns(fair: Fairness | None) -> dict[str, Any]:
    """What `partner_standing` says of who waits longer."""
    return {
        "fairness": fair.value if fair else None,
        "fairness_low": fair.low if fair else None,
        "fairness_high": fair.high if fair else None,
        "fairness_basis": fair.basis if fair else None,
    }


def street_columns(record: PartnerRecord) -> dict[str, Any]:
    """What `partner_standing` says of the two-way street."""
    street = record.street
    weeks = street.weeks
    return {
        **fairness_columns(street.fairness),
        "opened_by_us": street.opened_by_us,
        "opened_by_them": street.opened_by_them,
        "nudges_by_us": street.nudges_by_us,
        "nudges_by_them": street.nudges_by_them,
        "nudged_by_us_after_p50_seconds": street.nudged_by_us_after_p50_seconds,
        "nudged_by_them_after_p50_seconds": street.nudged_by_them_after_p50_seconds,
        "two_way_weeks": weeks.streak,
        "longest_two_way_weeks": weeks.longest_streak,
        "two_way_weeks_share": weeks.share,
    }

"""Asks as they are published, with their age at an instant: all that figures look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from inbox_agent.absences import ClockAround, Spans
from inbox_agent.addresses import Side
from inbox_agent.business_clock import BusinessClock
from inbox_agent.outcomes import Outcome
from inbox_agent.summaries import Summary

#: The columns of `response_times` that it takes.
COLUMNS = (
    "response, partner, responder, asked_at, outcome, response_seconds, business_seconds,"
    " met_standard"
)


@dataclass(frozen=True, slots=True)
class PublishedAsk:
    """An ask as far as figures look at it; those that are in none are not asked for."""

    responder: Side
    asked_at: datetime
    outcome: Outcome
    response_seconds: int | None
    business_seconds: int | None
    met_standard: bool | None
    age_seconds: int
    business_age_seconds: int
    away: Spans = ()
    is_in_figures: bool = True

    @classmethod
    def of(
        cls,
        row: Mapping[str, Any],
        asked_at: datetime,
        until: datetime,
        us: BusinessClock,
        summary: Callable[[str], Summary],
    ) -> PublishedAsk:
        """A row as it is known at `until`; by our clock, or theirs as the partner's summary has it.

        The summary, by the partner's published key, is asked for only where somebody still waits.
        """
        met = row["met_standard"]
        around = _around(row, us, summary) if row["outcome"] == "open" else None
        return cls(
            responder=row["responder"],
            asked_at=asked_at,
            outcome=row["outcome"],
            response_seconds=row["response_seconds"],
            business_seconds=row["business_seconds"],
            met_standard=None if met is None else bool(met),
            age_seconds=int((until - asked_at).total_seconds()),
            business_age_seconds=around.working_seconds(asked_at, until) if around else 0,
            away=around.away if around else (),
        )


def _around(
    row: Mapping[str, Any], us: BusinessClock, summary: Callable[[str], Summary]
) -> ClockAround:
    """The clock by which an ask that is open has been waiting."""
    if row["responder"] == "us":
        return ClockAround(us, ())
    known = summary(row["partner"])
    return ClockAround(known.hours.clock(), known.open_away.get(row["response"], ()))

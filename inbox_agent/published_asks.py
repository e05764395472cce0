"""Asks as they are published, with their age at an instant: all that figures look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from inbox_agent.absences import ClockAround, Spans
from inbox_agent.addresses import Side
from inbox_agent.outcomes import Outcome

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
        cls, row: Mapping[str, Any], asked_at: datetime, until: datetime, around: ClockAround | None
    ) -> PublishedAsk:
        """A row as it is known at `until`; `around` is the clock of one that is open."""
        met = row["met_standard"]
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

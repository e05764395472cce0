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
from inbox_agent.summaries import Summary, TheirTime

#: The columns of `response_times` that it takes.
COLUMNS = (
    "response, partner, responder, asked_at, outcome, response_seconds, business_seconds,"
    " met_standard"
)


@dataclass(frozen=True, slots=True)
class AskingLetter:
    """What tells the letter of an ask from others, and before which it stands."""

    key: str
    order: tuple[bool, float, str]


@dataclass(frozen=True, slots=True)
class Unreplied:
    """What is looked at besides of an ask without a reply; `was` is its outcome as published."""

    key: str
    conversation: str
    letter: AskingLetter
    due_at: datetime | None
    waits_until: datetime
    is_unanswered: bool
    was: tuple[Outcome, int | None]


@dataclass(frozen=True, slots=True)
class PublishedAsk:
    """An ask as far as figures look at it.

    `unreplied`: of one without a reply what waiting lists and due times look at, where asked for.
    """

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
    unreplied: Unreplied | None = None

    @classmethod
    def of(
        cls,
        row: Mapping[str, Any],
        asked_at: datetime,
        until: datetime,
        us: BusinessClock,
        time: Callable[[str], Summary | TheirTime],
    ) -> PublishedAsk:
        """A row as it is known at `until`; by our clock, or by `time`, which is theirs.

        That, by the partner's published key, is asked for only where somebody waits for them.
        Raises LookupError where there is none.
        """
        met = row["met_standard"]
        around = _around(row, us, time) if row["outcome"] == "open" else None
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
            is_in_figures=bool(row.get("counts", 1)),
        )

    @property
    def has_reply(self) -> bool:
        """Whether nobody waits for it, as far as it was asked for."""
        return self.unreplied is None

    @property
    def key(self) -> str:
        """The key of one without a reply."""
        return self._open.key

    @property
    def conversation(self) -> str:
        """The conversation of one without a reply."""
        return self._open.conversation

    @property
    def letter(self) -> AskingLetter:
        """The letter of one without a reply."""
        return self._open.letter

    @property
    def due_at(self) -> datetime | None:
        """By when one without a reply is to be answered."""
        return self._open.due_at

    @property
    def waits_until(self) -> datetime:
        """When one without a reply leaves the waiting list."""
        return self._open.waits_until

    @property
    def has_moved(self) -> bool:
        """Whether what is published of it is no longer so."""
        met = None if self.met_standard is None else int(self.met_standard)
        return self.unreplied is not None and self.unreplied.was != (self.outcome, met)

    def is_waiting(self, as_of: datetime) -> bool:
        """Whether somebody still waits for an answer; by the same rules as `Ask`."""
        waits = self.unreplied
        return waits is not None and waits.is_unanswered and as_of < waits.waits_until

    @property
    def _open(self) -> Unreplied:
        if self.unreplied is None:
            raise LookupError("it has a reply")
        return self.unreplied


def _around(
    row: Mapping[str, Any], us: BusinessClock, time: Callable[[str], Summary | TheirTime]
) -> ClockAround:
    """The clock by which an ask that is open has been waiting."""
    if row["responder"] == "us":
        return ClockAround(us, ())
    known = time(row["partner"])
    return ClockAround(known.hours.clock(), known.open_away.get(row["response"], ()))

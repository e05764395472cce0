"""Why a partnership needs somebody now: one `Cause` for each thing that is to look at."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from inbox_agent.business_clock import BusinessClock
from inbox_agent.words import spoken_age, spoken_date

Level = Literal["act", "watch"]
CauseKind = Literal[
    "our_answer_overdue",
    "silence",
    "our_answer_due",
    "our_answer_late",
    "their_answer_overdue",
    "standard_broken",
    "standard_at_risk",
    "person_gone",
    "person_quiet",
]


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing to look at, with what proves it.

    `key` names it for ever within its partner and kind: an ask, a gap, a person and an instant.
    `since_at` is when it began to hold. `because` is a sentence in which ``{0}``, ``{1}`` stand
    for the addresses in `people`, so that those who may not be shown are not. `evidence` is JSON:
    the published table that holds the rows behind it, and their keys.
    """

    kind: CauseKind
    level: Level
    key: str
    since_at: datetime
    because: str
    evidence: str
    people: tuple[str, ...] = ()


def evidence_of(table: str, *keys: str) -> str:
    """The rows behind a cause, as JSON."""
    return json.dumps({"table": table, "rows": list(keys)})


@dataclass(frozen=True, slots=True)
class Dates:
    """How instants are spoken of at `as_of`, by the days of our zone."""

    clock: BusinessClock
    as_of: datetime

    @property
    def midnight(self) -> datetime:
        """The midnight that began the day of `as_of`."""
        return self.clock.day_start(self.as_of)

    def day(self, at: datetime) -> str:
        """``5 May 2026``."""
        return spoken_date(self.clock.local_date(at))

    def time(self, at: datetime) -> str:
        """``5 May 2026``, today ``today at 14:30``."""
        local = at.astimezone(self.clock.zone)
        if local.date() == self.clock.local_date(self.as_of):
            return f"today at {local:%H:%M}"
        return f"on {self.day(at)}"

    def ago(self, at: datetime) -> str:
        """``9 days ago (5 May 2026)``."""
        local = self.clock.local_date
        return f"{spoken_age(local(at), local(self.as_of))} ({self.day(at)})"


#: Those that lie in one ask that waits.
OF_ASKS: frozenset[CauseKind] = frozenset(
    {"our_answer_overdue", "our_answer_due", "our_answer_late", "their_answer_overdue"}
)
_KINDS: tuple[str, ...] = get_args(CauseKind)
#: Behind every cause.
LAST_RANK = 2 * len(_KINDS)


def rank(cause: Cause) -> int:
    """How urgent a cause is: what is to be acted on first, then by kind; 0 is the most urgent."""
    return _KINDS.index(cause.kind) + (len(_KINDS) if cause.level == "watch" else 0)


def most_urgent_first(causes: Sequence[Cause]) -> tuple[Cause, ...]:
    """By rank, those of one rank the oldest first."""
    return tuple(sorted(causes, key=lambda cause: (rank(cause), cause.since_at, cause.key)))

"""What a partnership is held to: spans of time, the line in the sand, how letters are cut.

Values only; they come from the config and are handed to the core as arguments.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

DAY_SECONDS = 86_400

Unit = Literal["seconds", "working_seconds", "working_days"]

_UNITS: dict[str, tuple[Unit, int]] = {
    "minute": ("seconds", 60),
    "hour": ("seconds", 3600),
    "day": ("seconds", DAY_SECONDS),
    "week": ("seconds", 7 * DAY_SECONDS),
    "business hour": ("working_seconds", 3600),
    "business day": ("working_days", 1),
}
_SPAN = re.compile(r"\s*(\d{1,4})\s+((?:business\s+)?[a-z]+?)s?\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time as people state it.

    `amount` is in `unit`: calendar seconds, working seconds, or whole working days.
    A day without the word *business* is 86,400 seconds.
    """

    amount: int
    unit: Unit

    @classmethod
    def parse(cls, text: str) -> Span:
        """Read ``"4 business hours"``, ``"1 business day"``, ``"14 days"``, ``"2 weeks"``.

        Raises ValueError with the allowed forms.
        """
        match = _SPAN.fullmatch(text)
        unit = _UNITS.get(" ".join(match[2].lower().split())) if match else None
        if match is None or unit is None or int(match[1]) == 0:
            raise ValueError(
                f"{text!r} is no span of time; write a number and minutes, hours, days, weeks, "
                'business hours or business days, like "2 business days"'
            )
        return cls(amount=int(match[1]) * unit[1], unit=unit[0])

    @property
    def words(self) -> str:
        """As people write it, in the largest unit that leaves nothing over: ``2 business days``.

        Weeks are written as days.
        """
        sizes = {name: size for name, (unit, size) in _UNITS.items() if unit == self.unit}
        sizes.pop("week", None)
        fits = [name for name, size in sizes.items() if self.amount % size == 0]
        if not fits:
            return f"{self.amount} {self.unit.replace('_', ' ')}"
        name = max(fits, key=sizes.__getitem__)
        count = self.amount // sizes[name]
        return f"{count} {name}" if count == 1 else f"{count} {name}s"


@dataclass(frozen=True, slots=True)
class Standards:
    """A partner's line in the sand: its own, else its tier's, else the team's; None where unset.

    The shares say how many of the asks are to be answered in time; `min_contacts` how many people
    of the partner are to have written in the window.
    """

    we_answer_within: Span | None = None
    they_answer_within: Span | None = None
    contact_every: Span | None = None
    contact_at_least_every: Span | None = None
    we_answer_share: float = 0.9
    they_answer_share: float = 0.9
    min_contacts: int | None = None


@dataclass(frozen=True, slots=True)
class Cuts:
    """How letters are cut into episodes, outcomes and windows; all in seconds but the window."""

    reopen_after_seconds: int = 30 * DAY_SECONDS
    give_up_after_seconds: int = 30 * DAY_SECONDS
    window_days: int = 90

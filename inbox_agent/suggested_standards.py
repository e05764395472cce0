"""Within what time to answer a partner, going by when its people have reminded us."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from inbox_agent.business_clock import BusinessClock
from inbox_agent.response_times import Ask
from inbox_agent.silence_gaps import RHYTHM_REACH
from inbox_agent.standards import Span
from inbox_agent.survival import curve_of

#: With fewer reminders it is chance when they came.
_FEWEST_NUDGED = 5
_NUDGED_SHARE = 0.1
_HOURS = (1, 2, 4)
_DAYS = (1, 2, 3, 5, 10, 15, 20)
_DAY = timedelta(days=1)


def suggested_standard(asks: Sequence[Ask], clock: BusinessClock, as_of: datetime) -> Span | None:
    """How fast to answer so that nine of ten asks are answered before they would remind us.

    Good for a promise that fits what they expect. Of their asks of the last 12 months: the working
    time of ours after which one in ten had brought a reminder; those answered, or not reminded of
    up to the last midnight, are reckoned with for as long as they were without one. Rounded down to
    1, 2 or 4 business hours or 1, 2, 3, 5, 10, 15 or 20 business days. Empty with fewer than 5 asks
    that they reminded us of, where not one in ten was, or where it took them less than an hour.
    """
    today = clock.day_start(as_of)
    of_year = [
        ask
        for ask in asks
        if ask.responder == "us" and ask.is_in_figures
        if today - RHYTHM_REACH <= ask.asked_at < today
    ]
    if sum(ask.first_nudge_at is not None for ask in of_year) < _FEWEST_NUDGED:
        return None
    nudged: list[int] = []
    quiet: list[int] = []
    for ask in of_year:
        until = ask.first_nudge_at or ask.answered_at or today
        (nudged if ask.first_nudge_at else quiet).append(clock.working_seconds(ask.asked_at, until))
    seconds = curve_of(nudged, quiet).smallest(_NUDGED_SHARE)
    return None if seconds is None else rounded_down(seconds, clock, today)


def rounded_down(working_seconds: int, clock: BusinessClock, today: datetime) -> Span | None:
    """The longest span that people write and that is no longer; None below an hour."""
    day = clock.working_day_after(clock.local_date(today), 1)
    a_day = clock.working_seconds(clock.midnight(day), clock.midnight(day + _DAY))
    spans = [(hours * 3600, Span(hours * 3600, "working_seconds")) for hours in _HOURS]
    spans += [(days * a_day, Span(days, "working_days")) for days in _DAYS]
    fits = [each for each in spans if each[0] <= working_seconds]
    return max(fits, key=lambda each: each[0])[1] if fits else None

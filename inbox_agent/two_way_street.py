"""Is it a two-way street? Who waits longer, who opens, who nudges whom, and how regular it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from inbox_agent.addresses import Side
from inbox_agent.business_clock import BusinessClock, Terms
from inbox_agent.conversations import Conversation
from inbox_agent.drift import Mail
from inbox_agent.fairness import Fairness, fairness
from inbox_agent.letters import Letter
from inbox_agent.response_times import Ask
from inbox_agent.standards import Cuts
from inbox_agent.standing import WindowFigures, in_window
from inbox_agent.survival import FEWEST_ASKS, curve_of

_WEEK = timedelta(days=7)
_WEEKS_OF_A_YEAR = 52


@dataclass(frozen=True, slots=True)
class Weeks:
    """How regularly both sides write: weeks in which both wrote a letter that counts."""

    streak: int
    longest_streak: int
    share: float | None


@dataclass(frozen=True, slots=True)
class Street:
    """What each side does for the other; shares and counts over the window."""

    fairness: Fairness | None
    opened_by_us: float | None
    opened_by_them: float | None
    nudges_by_us: int
    nudges_by_them: int
    nudged_by_us_after_p50_seconds: int | None
    nudged_by_them_after_p50_seconds: int | None
    weeks: Weeks


def street_of(
    mail: Mail, over_window: WindowFigures, ends: tuple[datetime, datetime], terms: Terms
) -> Street:
    """Whether a partnership goes both ways, over the window between the two `ends`."""
    ours, theirs = (in_window(mail.asks, side, ends) for side in ("us", "them"))
    by_us = share_opened_by_us(mail.conversations, ends)
    is_known = over_window.ours.followed_seconds is not None
    return Street(
        fairness=fairness(ours, theirs, over_window, terms.cuts),
        opened_by_us=by_us,
        opened_by_them=None if by_us is None else 1 - by_us,
        nudges_by_us=sum(ask.nudges for ask in theirs),
        nudges_by_them=sum(ask.nudges for ask in ours),
        nudged_by_us_after_p50_seconds=nudged_after_p50(theirs, ends[1], terms.cuts),
        nudged_by_them_after_p50_seconds=(
            nudged_after_p50(ours, ends[1], terms.cuts) if is_known else None
        ),
        weeks=two_way_weeks(mail.letters, terms.clocks.us, ends[1]),
    )


def share_opened_by_us(
    conversations: Iterable[Conversation], ends: tuple[datetime, datetime]
) -> float | None:
    """Of the conversations that began in the window, the share whose first letter one side wrote.

    Good for seeing whether only one side still comes with something. The two shares add up to 1.
    Empty without such a conversation.
    """
    openers: list[Side] = [
        c.counting[0].side
        for c in conversations
        if c.counting and ends[0] <= c.counting[0].instant < ends[1]
    ]
    return openers.count("us") / len(openers) if openers else None


def nudged_after_p50(asks: Iterable[Ask], until: datetime, cuts: Cuts) -> int | None:
    """How long a side waits for an answer before it reminds: half had reminded by then.

    Good for knowing their patience, and ours. Of 10 asks, 3 answered at once, 6 of the other 7
    reminded of after 2 days: 2 days. An ask answered, given up or still open without a reminder is
    known to have been waited for so long patiently, as callers in a queue are; those reminded of
    alone would tell only of the hasty. Over the asks of the window, as known at its end. Empty with
    fewer than 5 asks, and where fewer than half were reminded of by the time the last was answered;
    of theirs also where too little of what we sent is in the mailbox.
    """
    waits = [_patience(ask, until, cuts) for ask in asks if ask.is_in_figures]
    if len(waits) < FEWEST_ASKS:
        return None
    nudged = [seconds for seconds, is_nudged in waits if is_nudged]
    patient = [seconds for seconds, is_nudged in waits if not is_nudged]
    return curve_of(nudged, patient).smallest(0.5)


def _patience(ask: Ask, until: datetime, cuts: Cuts) -> tuple[int, bool]:
    """How long somebody waited without a word, and whether a nudge ended it."""
    give_up_at = ask.asked_at + timedelta(seconds=cuts.give_up_after_seconds)
    end = min(until, give_up_at, ask.answered_at or until)
    nudge = ask.first_nudge_at
    if nudge is not None and nudge <= end:
        return max(0, int((nudge - ask.asked_at).total_seconds())), True
    return max(0, int((end - ask.asked_at).total_seconds())), False


# -- weeks ----------------------------------------------------------------------------------


def two_way_weeks(letters: Iterable[Letter], clock: BusinessClock, today: datetime) -> Weeks:
    """Weeks in a row in which both sides wrote a letter that counts: how regular it is.

    Good for seeing a habit that holds, or breaks. Weeks go from Monday to Sunday in our zone. The
    present streak ends with the last complete week before today; the week that is going on adds to
    it as soon as both have written, and never breaks it. The longest streak is that of the last 52
    complete weeks, with what of it lies before them. The share is that of those 52 weeks, or of the
    weeks since that of the first letter if they are fewer; empty before the first complete one.
    """
    days = {(clock.local_date(each.instant), each.side) for each in letters if each.counts}
    wrote: dict[date, set[Side]] = {}
    for day, side in days:
        wrote.setdefault(_monday(day), set()).add(side)
    is_two_way = {week for week, sides in wrote.items() if len(sides) == 2}
    this_week = _monday(clock.local_date(today))
    since = min(wrote, default=this_week)
    known = min(_WEEKS_OF_A_YEAR, max(0, (this_week - since).days // 7))
    year = [this_week - number * _WEEK for number in range(1, known + 1)]
    ends = [this_week - _WEEK, *([this_week] if this_week in is_two_way else [])]
    return Weeks(
        streak=_streak(ends[-1], is_two_way),
        longest_streak=max(_streak(week, is_two_way) for week in (*ends, *year)),
        share=sum(week in is_two_way for week in year) / known if known else None,
    )


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _streak(week: date, is_two_way: set[date]) -> int:
    """How many weeks in a row up to and with this one."""
    count = 0
    while week - count * _WEEK in is_two_way:
        count += 1
    return count

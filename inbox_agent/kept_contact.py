"""Whether contact is kept: no silence too long, and enough people of theirs who write."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from inbox_agent.kept_answers import RISK, KeptStandard, Now, StandardName, StandardState
from inbox_agent.letters import Letter
from inbox_agent.silence_gaps import Gap, Rhythm, exceeds, too_long_at
from inbox_agent.standards import DAY_SECONDS, Span

_UNIT_WORDS = {"seconds": "days", "working_days": "working days", "working_seconds": "hours"}
_UNIT_SIZES = {"seconds": DAY_SECONDS, "working_days": 1, "working_seconds": 3600}


def contact_kept(name: StandardName, span: Span, rhythm: Rhythm, now: Now) -> KeptStandard:
    """Whether no silence of the window was longer than the standard allows.

    `actual` is the longest silence that ended in the window or since, in days of the standard's own
    kind (working hours where it is set in those); the present one is reckoned up to the last
    midnight. One that was too long keeps the standard broken until it leaves the window. It is at
    risk in the last fifth of the time the present silence may take, at most the last 7 days: of 30
    days, from the 24th on. Empty without any contact.
    """
    last = rhythm.last_contact_at
    if last is None:
        return KeptStandard(name, span.words)
    ends_at = too_long_at(last, span, now.clock)
    is_over = now.as_of >= ends_at
    ended = [gap for gap in rhythm.gaps if gap.ended_at and gap.ended_at >= now.window_start]
    missed = [gap.key for gap in ended if exceeds(gap, span, now.clock)]
    missed += [rhythm.gaps[-1].key] if is_over else []
    lengths = [_length(gap, span, now) for gap in ended] + [_present(last, span, now)]
    lengths += [span.amount] if is_over else []
    is_near = now.midnight(0) >= ends_at - min((ends_at - last) / 5, RISK)
    return KeptStandard(
        standard=name,
        target=span.words,
        actual=round(max(lengths) / _UNIT_SIZES[span.unit], 2),
        unit=_UNIT_WORDS[span.unit],
        state="broken" if missed else "at risk" if is_near else "met",
        breaks_at=None if missed else ends_at,
        misses=len(missed),
        missed=tuple(missed),
        changes_at=None if is_over else ends_at,
    )


def _length(gap: Gap, span: Span, now: Now) -> float:
    """How long a gap was, in the unit of the span."""
    if span.unit == "working_days":
        return gap.gap_working_days or 0
    if span.unit == "working_seconds":
        return now.clock.working_seconds(gap.began_at, gap.ended_at or gap.began_at)
    return gap.gap_seconds or 0


def _present(last: datetime, span: Span, now: Now) -> float:
    if span.unit == "working_days":
        return now.clock.working_days(now.clock.local_date(last), now.day)
    if span.unit == "working_seconds":
        return now.clock.working_seconds(last, now.midnight(0))
    return max(0.0, (now.midnight(0) - last).total_seconds())


def people_kept(letters: Sequence[Letter], fewest: int, now: Now) -> KeptStandard:
    """Whether enough people of theirs wrote a letter that counts in the window.

    Good for a partnership that is not to hang on one person. `breaks_at` is the midnight at which,
    if nobody writes, the last letter of one too many leaves the window; it is at risk from 7 days
    before. What came today counts from the next midnight on. Empty where nobody of theirs ever
    wrote.
    """
    wrote = [
        (letter.author.key, now.clock.local_date(letter.instant))
        for letter in letters
        if letter.counts and letter.side == "them" and letter.author is not None
    ]
    before = [(who, day) for who, day in wrote if day < now.day]
    if not before:
        return KeptStandard("min_contacts", _people(fewest))
    first = now.day - timedelta(days=now.window_days)
    count = len({who for who, day in before if first <= day})
    breaks_at = _falls_at(wrote, fewest, now) if count >= fewest else None
    began_at = now.clock.midnight(before[0][1] + timedelta(days=1))
    kept: StandardState = "at risk" if now.is_soon(breaks_at) else "met"
    return KeptStandard(
        standard="min_contacts",
        target=_people(fewest),
        actual=count,
        unit="people",
        state="broken" if count < fewest else kept,
        misses_left=count - fewest,
        breaks_at=breaks_at,
        changes_at=breaks_at,
        since_at=(_falls_at(before, fewest, now) or began_at) if count < fewest else None,
    )


def _falls_at(wrote: Sequence[tuple[str, date]], fewest: int, now: Now) -> datetime | None:
    """The midnight from which on fewer wrote in the window; None where they were never enough.

    `wrote` is in order, so that the last day of each stays.
    """
    latest = sorted(dict(wrote).values(), reverse=True)
    if len(latest) < fewest:
        return None
    return now.clock.midnight(latest[fewest - 1] + timedelta(days=now.window_days + 1))


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count} people"

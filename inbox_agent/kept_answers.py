"""Whether enough is answered in time, on either side: met, at risk or broken, and until when."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import groupby
from typing import Literal

from inbox_agent.addresses import Side
from inbox_agent.business_clock import BusinessClock
from inbox_agent.response_times import Ask
from inbox_agent.standards import Span
from inbox_agent.survival import FEWEST_ASKS

StandardName = Literal[
    "we_answer_within",
    "they_answer_within",
    "contact_every",
    "contact_at_least_every",
    "min_contacts",
]
StandardState = Literal["met", "at risk", "broken"]

#: What breaks within so long, if nobody writes, is at risk.
RISK = timedelta(days=7)
#: With so many asks it is a risk by itself when none may be missed any more.
_ENOUGH_ASKS = 10
_MOMENT = timedelta(seconds=1)
_DAY = timedelta(days=1)
_SLACK = 1e-9


@dataclass(frozen=True, slots=True)
class KeptStandard:
    """One standard, what is asked for, what was reached, and whether it is kept.

    Good for knowing how much room is left: `misses_left` is how many more may be missed before it
    is broken, asks answered late or people who fall silent; below 0 it is broken by so many.
    `breaks_at` is when it breaks if nobody writes from now on, other things staying as they are;
    empty where it is broken already, or would not be for as long as the window is. The state is
    met, at risk or broken, and empty without anything to judge by; the target is empty where there
    is only a suggestion.
    """

    standard: StandardName
    target: str | None
    actual: float | None = None
    unit: str | None = None
    share: float | None = None
    state: StandardState | None = None
    misses_left: int | None = None
    breaks_at: datetime | None = None
    asks: int | None = None
    misses: int | None = None
    #: The keys of the asks or silences that count against it.
    missed: tuple[str, ...] = ()
    suggested: str | None = None
    #: When some of this changes without new mail, besides midnights and due times.
    changes_at: datetime | None = None
    #: When it broke, of one that is broken; of answers when 10 asks or more first said so, where
    #: they do. Of one that is at risk since when none of them may be missed any more.
    since_at: datetime | None = None
    #: The key of the ask with which it broke, once it was judged by enough of them.
    broken_by: str | None = None

    @property
    def is_of_few_asks(self) -> bool:
        """Whether it is judged by asks, and by too few of them to say anything."""
        return self.asks is not None and 0 < self.asks < FEWEST_ASKS


@dataclass(frozen=True, slots=True)
class Now:
    """The instant, the day it lies in, and the window, which ends with the midnight before it."""

    clock: BusinessClock
    window_days: int
    as_of: datetime

    @property
    def day(self) -> date:
        """Today, in our zone."""
        return self.clock.local_date(self.as_of)

    @property
    def window_start(self) -> datetime:
        """The midnight that begins the window."""
        return self.midnight(-self.window_days)

    def midnight(self, days: int) -> datetime:
        """The midnight that begins the day so many days from today."""
        return self.clock.midnight(self.day + timedelta(days=days))

    def is_soon(self, breaks_at: datetime | None) -> bool:
        """Whether it lies within 7 days of the last midnight; so it holds for a whole day."""
        return breaks_at is not None and breaks_at <= self.midnight(0) + RISK


@dataclass(frozen=True, slots=True)
class AnswerStandard:
    """What one side is held to: a share of the asks answered within a span."""

    responder: Side
    within: Span
    share: float

    @property
    def name(self) -> StandardName:
        """The key it is set by."""
        return "we_answer_within" if self.responder == "us" else "they_answer_within"

    @property
    def target(self) -> str:
        """It in words: ``1 business day, 9 of 10``."""
        part = Fraction(self.share).limit_denominator(1000)
        how_many = "all" if part == 1 else f"{part.numerator} of {part.denominator}"
        return f"{self.within.words}, {how_many}"

    def left(self, step: Step) -> int:
        """How many more asks may be missed; below 0 the standard is broken."""
        return math.floor((1 - self.share) * step.asks + _SLACK) - step.misses


@dataclass(frozen=True, slots=True)
class Step:
    """How many asks are in the window from an instant on, and how many of them were missed."""

    at: datetime
    asks: int
    misses: int


def answers_kept(asks: Iterable[Ask], held: AnswerStandard, now: Now) -> KeptStandard:
    """Whether enough of the asks of the window are answered in time.

    Of the asks that have a due time, 1 in 10 may be missed, unless you set another share, rounded
    down: of 25 asks two may, and with the third the standard is broken. It is at risk when it
    breaks within 7 days if nobody writes, or when of 10 asks or more none may be missed any more.
    `breaks_at` is a second after the due time of an ask that waits, or a midnight at which asks
    that were answered in time leave the window. `actual` is the share not missed so far; those not
    yet due are no misses.
    """
    promised = [ask for ask in asks if ask.responder == held.responder and _is_promised(ask)]
    start, today = now.window_start, now.midnight(0)
    rated = [ask for ask in promised if ask.asked_at >= start]
    before = [ask for ask in rated if ask.asked_at < today]
    steps = _steps(rated, now)
    here = next((s for s in reversed(steps) if s.at <= now.as_of), Step(now.as_of, 0, 0))
    is_broken = held.left(here) < 0
    breaks_at = None if is_broken else _breaks_at(steps, held, now)
    since, judged_since = _since(promised, held, now, here)
    kept = KeptStandard(
        standard=held.name,
        target=held.target,
        unit="share",
        share=held.share,
        breaks_at=breaks_at,
        changes_at=breaks_at,
        since_at=judged_since or since,
        broken_by=_last_missed(promised, judged_since, now) if judged_since else None,
        asks=here.asks,
        misses=here.misses,
        missed=tuple(ask.key for ask in before if ask.met_standard is False),
    )
    return _judged(kept, here, held, now) if here.asks else kept


def _is_promised(ask: Ask) -> bool:
    return ask.is_in_figures and ask.due_at is not None


def _breaks_at(steps: Iterable[Step], held: AnswerStandard, now: Now) -> datetime | None:
    until = now.midnight(now.window_days)
    ahead = (step for step in steps if now.as_of < step.at <= until)
    return next((step.at for step in ahead if held.left(step) < 0), None)


def _since(
    asks: Sequence[Ask], held: AnswerStandard, now: Now, here: Step
) -> tuple[datetime | None, datetime | None]:
    """Since when it is as it is, and since when 10 asks or more say that it is broken.

    Looked for only where it is broken or none may be missed: it takes all asks there ever were.
    """
    left = held.left(here)
    if left < 0:
        return _broken_since(asks, held, now)
    is_none_left = left == 0 and here.asks >= _ENOUGH_ASKS
    return (_none_left_since(asks, held, now) if is_none_left else None), None


def _broken_since(
    asks: Sequence[Ask], held: AnswerStandard, now: Now
) -> tuple[datetime | None, datetime | None]:
    """When a standard broke that is broken now, and since when it is so by 10 asks or more."""
    since = judged = None
    for step in _steps(asks, now):
        if step.at > now.as_of:
            break
        if held.left(step) < 0:
            since = since or step.at
            judged = judged or (step.at if step.asks >= _ENOUGH_ASKS else None)
        else:
            since = judged = None
    return since, judged


def _none_left_since(asks: Sequence[Ask], held: AnswerStandard, now: Now) -> datetime | None:
    """Since when none may be missed any more of 10 asks or more; None where some may."""
    since = None
    for step in _steps(asks, now):
        if step.at > now.as_of:
            break
        is_none_left = step.asks >= _ENOUGH_ASKS and held.left(step) <= 0
        since = (since or step.at) if is_none_left else None
    return since


def _last_missed(asks: Iterable[Ask], at: datetime, now: Now) -> str | None:
    """The latest ask that was missed by then: what names the trouble for as long as it lasts."""
    missed = [ask for ask in asks if (missed_at := _missed_at(ask, now)) and missed_at <= at]
    return max(missed, key=lambda ask: ask.letter.order).key if missed else None


def _judged(kept: KeptStandard, here: Step, held: AnswerStandard, now: Now) -> KeptStandard:
    left = held.left(here)
    state: StandardState = "met"
    if left < 0:
        state = "broken"
    elif now.is_soon(kept.breaks_at) or (left == 0 and here.asks >= _ENOUGH_ASKS):
        state = "at risk"
    actual = (here.asks - here.misses) / here.asks
    return replace(kept, actual=actual, state=state, misses_left=left)


def _changes(ask: Ask, now: Now) -> Iterator[tuple[datetime, int, int]]:
    """When an ask enters and leaves the window, and is missed: what is then to be added."""
    day = now.clock.local_date(ask.asked_at)
    leaves = now.clock.midnight(day + timedelta(days=now.window_days + 1))
    missed_at = _missed_at(ask, now)
    yield _enters(ask, now), 1, 0
    if missed_at is None or missed_at >= leaves:
        yield leaves, -1, 0
    else:
        yield missed_at, 0, 1
        yield leaves, -1, -1


def _enters(ask: Ask, now: Now) -> datetime:
    return now.clock.midnight(now.clock.local_date(ask.asked_at) + _DAY)


def _missed_at(ask: Ask, now: Now) -> datetime | None:
    """When an ask counts as missed if nobody answers, else was; None of one that is not."""
    is_answered = ask.met_standard is None and ask.answered_at is not None
    if ask.met_standard is True or is_answered or not ask.due_at:
        return None
    return max(_enters(ask, now), ask.due_at + _MOMENT)


def _steps(asks: Iterable[Ask], now: Now) -> list[Step]:
    changes = sorted(change for ask in asks for change in _changes(ask, now))
    steps: list[Step] = []
    count = misses = 0
    for at, here in groupby(changes, key=lambda change: change[0]):
        for _, more_asks, more_misses in here:
            count, misses = count + more_asks, misses + more_misses
        steps.append(Step(at, count, misses))
    return steps

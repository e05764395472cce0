"""What the chart of response times is made of, and how it is told in words and in a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from inbox_agent.datasette_plugin.charts.model import DataTable, Side
from inbox_agent.datasette_plugin.charts.words import Promise, asked, month_name, spoken, times
from inbox_agent.datasette_plugin.enough import FEWEST_ASKS

#: A year, and the month of the year before for comparison.
MONTHS = 13


@dataclass(frozen=True, slots=True)
class Month:
    """What was asked of one side in a month. `is_half`: whether half was answered, if known."""

    month: str
    asks: int = 0
    p50: int | None = None
    p90: int | None = None
    is_half: bool | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """One ask of a month with few: when, in months from the first one shown, and how long."""

    at: float
    seconds: int
    is_answered: bool


@dataclass(frozen=True, slots=True)
class Quarter:
    """A quarter, by the month shown in which it begins (-2 where that is before the first)."""

    begins: int
    asks: int
    p50: int | None


@dataclass(frozen=True, slots=True)
class SideTimes:
    """One side's answers: the months shown, the same months a year before, single waits.

    `is_known` is False where too little of what we sent is held to say anything of our answers.
    """

    side: Side
    months: tuple[Month, ...]
    before: tuple[Month, ...]
    waits: tuple[Wait, ...]
    promise: Promise | None
    is_known: bool = True
    quarters: tuple[Quarter, ...] = ()

    @property
    def asks(self) -> int:
        """Asks in the months shown."""
        return sum(month.asks for month in self.months)

    @property
    def is_sparse(self) -> bool:
        """Whether fewer than half of the months with asks have enough of them for a figure."""
        asked = [month for month in self.months if month.asks]
        return 2 * sum(month.asks >= FEWEST_ASKS for month in asked) < len(asked)


def sentences(side: SideTimes) -> Iterator[str]:
    """What the chart shows of one side."""
    who = "We" if side.side == "us" else "They"
    if not side.is_known:
        yield (
            "How long we take is unknown: too little of what we sent is in the mailboxes "
            f"({times(side.asks, 'ask')})."
        )
        return
    told = [month for month in side.months if month.p50 is not None or month.is_half is False]
    if told:
        yield _latest(who, told[-1]) + (f"; {_earlier(told[-2])}." if told[1:] else ".")
    else:
        few = f", never {FEWEST_ASKS} times in one month" if side.asks >= FEWEST_ASKS else ""
        yield f"{who} were {asked(side.asks)} in {len(side.months)} months{few}."
    yield from _longest(side)


def _latest(who: str, month: Month) -> str:
    asks = f"{month_name(month.month)} ({times(month.asks, 'ask')})"
    if month.p50 is None:
        return f"{who} answered fewer than half of all asks of {asks}"
    return f"{who} answered half of all asks within {spoken(month.p50)} in {asks}"


def _earlier(month: Month) -> str:
    name = month_name(month.month)
    return f"in {name} " + (f"within {spoken(month.p50)}" if month.p50 is not None
                            else "fewer than half")  # fmt: skip


def _longest(side: SideTimes) -> Iterator[str]:
    if not side.waits:
        return
    longest = max(side.waits, key=lambda wait: wait.seconds)
    how = "" if longest.is_answered else ", without an answer"
    if len(side.waits) == 1:
        yield f"The one single wait is {spoken(longest.seconds)}{how}."
    else:
        yield (
            f"Of {len(side.waits)} single waits, in months with fewer than {FEWEST_ASKS} asks, the "
            f"longest is {spoken(longest.seconds)}{how}."
        )


# -- the table ------------------------------------------------------------------------------------


def table(sides: Sequence[SideTimes], period: str) -> DataTable:
    """Asks and times by month, the latest first; of months with few asks each single wait."""
    heads = ["Month"]
    for side in sides:
        who = "we" if side.side == "us" else "they"
        heads += [
            f"Asks {who} got",
            f"Half {who} answered within",
            f"9 of 10 {who} answered within",
        ]
    rows = tuple(
        (month_name(sides[0].months[n].month),
         *(cell for side in sides for cell in _cells(side, n)))
        for n in reversed(range(len(sides[0].months)))
    )  # fmt: skip
    return DataTable(
        f"Response times by month, {period}: by the calendar, nights and weekends included",
        tuple(heads),
        rows,
        words=frozenset({2, 5}),
    )


def _cells(side: SideTimes, n: int) -> tuple[str, str, str]:
    month = side.months[n]
    if 0 < month.asks < FEWEST_ASKS:
        singles = sorted((wait for wait in side.waits if int(wait.at) == n), key=lambda w: w.at)
        return str(month.asks), ", ".join(map(_single, singles)) or "—", "—"
    half = "fewer than half" if month.is_half is False else _or_dash(month.p50)
    return f"{month.asks:,}", half, _or_dash(month.p90)


def _single(wait: Wait) -> str:
    return spoken(wait.seconds) + ("" if wait.is_answered else " (no answer)")


def _or_dash(seconds: int | None) -> str:
    return "—" if seconds is None else spoken(seconds)

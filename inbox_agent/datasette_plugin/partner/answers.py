"""How fast each side answers: the window beside the last whole quarter before it.

With fewer than 5 asks nothing can be said of all of them; then each single wait is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any, Literal

from inbox_agent.catalogue import OF_A_PARTNER
from inbox_agent.datasette_plugin.enough import FEWEST_ASKS, is_unseen
from inbox_agent.datasette_plugin.page import Page
from inbox_agent.datasette_plugin.partner.periods import (
    Window,
    quarter_before,
    quarter_window,
    window_of,
)
from inbox_agent.datasette_plugin.partner.words import (
    Difference,
    counts_differ,
    shares_differ,
    times_differ,
)
from inbox_agent.datasette_plugin.reading import Row
from inbox_agent.figure_names import change_said
from inbox_agent.words import counted, duration, within, working_duration

Side = Literal["us", "them"]
_TONES = {"slower": "worse", "faster": "better"}

_QUARTER = """
SELECT * FROM response_times_by_period
WHERE partner = :partner AND responder IN ('us', 'them') AND period = :period
"""
_ASKS = f"""
SELECT asked_at, asked_by, answered_at, outcome, response_seconds, nudges, conversation, response
FROM response_times
WHERE partner = :partner AND {OF_A_PARTNER} AND responder = :side AND needs_reply = 'yes'
  AND outcome IN ('answered', 'open', 'lapsed')
  AND NOT (outcome = 'answered' AND response_seconds IS NULL)
  AND asked_at >= :begin AND asked_at < :end
ORDER BY asked_at LIMIT 10
"""  # noqa: S608 - our own words

# Figure, label, its definition, how it is shown and compared.
_FIGURES = (
    ("asks", "Asks", "asks, answered, open, lapsed", "count"),
    ("p50_seconds", "Half answered within", "p50_seconds, p90_seconds", "time"),
    ("p90_seconds", "Nine of ten answered within", "p50_seconds, p90_seconds", "time"),
    (
        "p50_business_seconds",
        "Half, in working time",
        "p50_business_seconds, p90_business_seconds",
        "working time",
    ),
    ("response_rate", "Answered at all", "response_rate", "share"),
    ("met_standard_share", "In time by the standard", "met_standard_share", "share"),
    ("answered_p50_seconds", "When they answer, half within", "answered_p50_seconds", "time"),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One figure in both periods; where a value is empty its `…_because` says why."""

    figure: str
    label: str
    definition: str
    kind: str
    now: Any
    before: Any
    now_because: str
    before_because: str
    difference: Difference | None


@dataclass(frozen=True, slots=True)
class Answers:
    """One side's answers: `lines` with enough asks, else `asks` one by one.

    With too few asks before there is nothing to compare with; `before` then says so.
    """

    side: Side
    headline: str
    is_unknown: bool
    count: int
    before: str
    lines: Sequence[Line]
    asks: Sequence[Row]
    arrow: str | None

    @property
    def change(self) -> str:
        """What the arrow says; empty without one."""
        return change_said(self.arrow, is_shown=True) if self.arrow else ""

    def agrees(self, difference: Difference) -> bool:
        """Whether the test found what a difference says: only then is it more than words."""
        return _TONES.get(self.arrow or "") == difference.tone


@dataclass(frozen=True, slots=True)
class Periods:
    """The two periods, in days and by name."""

    window: Window
    quarter: str
    quarter_words: str


def periods_of(page: Page, as_of: str) -> Periods:
    """The window that ends at the last midnight before `as_of`, and the quarter before it."""
    window = window_of(page.times.local_date(as_of), (page.about or {})["window_seconds"])
    quarter = quarter_before(window.begin)
    days = quarter_window(quarter)
    return Periods(window, quarter, days.words if days else quarter)


async def answers_of(page: Page, standing: Row, periods: Periods) -> tuple[Answers, Answers]:
    """Our answers and theirs."""
    partner = standing["partner"]
    rows = await page.reader.rows(_QUARTER, partner=partner, period=periods.quarter)
    before = {row["responder"]: row for row in rows}
    unseen = is_unseen(standing["sent_coverage_high"])
    ours = _Measured("us", _now(standing, "ours_"), before.get("us"), unseen)
    theirs = _Measured("them", _now(standing, "theirs_"), before.get("them"), False)
    return (
        await _answers(page, partner, ours, periods, standing["ours_arrow"]),
        await _answers(page, partner, theirs, periods, standing["theirs_arrow"]),
    )


def _now(standing: Row, prefix: str) -> dict[str, Any]:
    return {name: standing[prefix + name] for name in _NAMES}


_NAMES = (*(figure[0] for figure in _FIGURES), "answered", "open", "lapsed", "rate_so_far",
          "followed_seconds", "p50_reached")  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Measured:
    side: Side
    now: Mapping[str, Any]
    before: Row | None
    is_unknown: bool


async def _answers(
    page: Page, partner: str, measured: _Measured, periods: Periods, arrow: str | None
) -> Answers:
    side, now = measured.side, measured.now
    count = now["asks"] or 0
    lines = [line_of(figure, side, now, measured.before) for figure in _FIGURES]
    return Answers(
        side=side,
        headline=headline(side, now, is_unknown=measured.is_unknown),
        is_unknown=measured.is_unknown,
        count=count,
        before=before_words(measured.before, periods.quarter),
        lines=[line for line in lines if line.now is not None or line.now_because]
        if count >= FEWEST_ASKS and not measured.is_unknown
        else [],
        asks=await _asks(page, partner, side, periods.window) if 0 < count < FEWEST_ASKS else (),
        arrow=arrow,
    )


async def _asks(page: Page, partner: str, side: Side, window: Window) -> Sequence[Row]:
    begin, end = (
        datetime.combine(day, time(), page.times.zone).astimezone(UTC)
        for day in (window.begin, window.end)
    )
    return await page.reader.rows(
        _ASKS,
        partner=partner,
        side=side,
        begin=f"{begin:%Y-%m-%dT%H:%M:%SZ}",
        end=f"{end:%Y-%m-%dT%H:%M:%SZ}",
    )


def headline(side: Side, now: Mapping[str, Any], *, is_unknown: bool) -> str:
    """What there is to say first of one side's answers in the window."""
    asked = "They asked us" if side == "us" else "We asked them"
    count = now["asks"] or 0
    if not count:
        return f"{asked} nothing in this time."
    if is_unknown:
        return f"{asked} {counted(count, 'time')}; how fast we answered is unknown."
    if count < FEWEST_ASKS:
        only = "once" if count == 1 else f"only {count} times"
        return f"{asked} {only}: too few for figures, so here is each."
    if now["p50_seconds"] is not None:
        who = "we answered" if side == "us" else "they answered"
        return f"{asked} {count} times; {who} half within {within(now['p50_seconds'])}."
    if not now["answered"]:
        return f"{asked} {count} times; none has been answered."
    return f"{asked} {count} times; fewer than half were answered."


def before_words(before: Row | None, quarter: str) -> str:
    """Why the quarter before can't be compared with; empty where it can."""
    count = (before or {}).get("asks") or 0
    if count >= FEWEST_ASKS:
        return ""
    if not count:
        return f"Nothing was asked in {quarter}, so there is nothing to compare with."
    return f"Only {counted(count, 'ask')} in {quarter}: too few to compare with."


def line_of(
    figure: tuple[str, str, str, str], side: Side, now: Mapping[str, Any], before: Row | None
) -> Line:
    """A figure now and before, with the difference in words where both are known."""
    name, label, definition, kind = figure
    if name == "answered_p50_seconds" and side == "us":
        label = "When we answer, half within"
    then = before[name] if before else None
    return Line(
        figure=("ours_" if side == "us" else "theirs_") + name,
        label=label,
        definition=definition,
        kind=kind,
        now=now[name],
        before=then,
        now_because=why_empty(name, now),
        before_because=why_empty(name, before) if before else "no asks",
        difference=_difference(kind, now[name], then),
    )


def _difference(kind: str, now: Any, before: Any) -> Difference | None:
    if kind == "count":
        return counts_differ(now, before) if before else None
    if kind == "share":
        return shares_differ(now, before)
    return times_differ(now, before, working_duration if kind == "working time" else duration)


_NOT_REACHED = {
    "p50_seconds": "fewer than half were",
    "p50_business_seconds": "fewer than half were",
    "p90_seconds": "fewer were",
    "response_rate": "not followed to the end yet",
}


def why_empty(name: str, figures: Mapping[str, Any]) -> str:
    """Why a figure of a set of asks is empty; nothing for one that is there or has no reason."""
    if figures[name] is not None:
        return ""
    count = figures["asks"] or 0
    if count < FEWEST_ASKS:
        return "too few asks" if count else "no asks"
    if figures["p50_reached"] is None:
        return "unknown"
    return _NOT_REACHED.get(name, "" if figures["answered"] else "none was")

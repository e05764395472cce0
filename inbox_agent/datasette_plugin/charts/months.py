"""Reads what the chart of response times is made of."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from inbox_agent.catalogue import OF_A_PARTNER
from inbox_agent.datasette_plugin.charts.model import Side
from inbox_agent.datasette_plugin.charts.time import as_of, text
from inbox_agent.datasette_plugin.charts.waits import MONTHS, Month, Quarter, SideTimes, Wait
from inbox_agent.datasette_plugin.charts.words import Promise, months_before
from inbox_agent.datasette_plugin.enough import ENOUGH_HELD, FEWEST_ASKS
from inbox_agent.datasette_plugin.local_times import instant
from inbox_agent.datasette_plugin.page import Page
from inbox_agent.datasette_plugin.reading import Row

SIDES: tuple[Side, ...] = ("us", "them")

_PERIODS = """
SELECT responder, period, asks, p50_seconds, p50_reached, p90_seconds
FROM response_times_by_period
WHERE partner = :partner AND responder IN ('us', 'them') AND period_kind = 'month'
  AND period BETWEEN :first AND :last
"""
_QUARTERS = """
SELECT responder, period, asks, p50_seconds FROM response_times_by_period
WHERE partner = :partner AND responder IN ('us', 'them') AND period_kind = 'quarter'
  AND period BETWEEN :first AND :last
"""
#: The asks that figures are made of.
IN_FIGURES = """needs_reply = 'yes' AND outcome <> 'void'
  AND (outcome <> 'answered' OR response_seconds IS NOT NULL)"""
_WAITS = """
SELECT responder, asked_at, outcome, response_seconds
FROM response_times
WHERE partner = :partner AND {of_a_partner} AND responder = :side AND {figures} AND ({months})
"""
_STANDARDS = """
SELECT standard, target FROM standards
WHERE partner = :partner AND standard IN ('we_answer_within', 'they_answer_within')
"""


async def side_times(page: Page, partner: Row) -> tuple[SideTimes, ...]:
    """Both sides' months up to that of the partner's `as_of`."""
    key = partner["partner"]
    last = f"{as_of(page, partner).astimezone(page.times.zone):%Y-%m}"
    earliest = months_before(last, 2 * MONTHS - 2)
    rows = await page.reader.rows(_PERIODS, partner=key, first=earliest, last=last)
    found = {(row["responder"], row["period"]): _month(row) for row in rows}
    names = _shown(last, (row["period"] for row in rows if row["asks"]))
    promises, quarters = await _promises(page, key), await _quarters(page, key, names)
    is_known = {"them": True, "us": await ours_are_known(page, key)}

    async def of(side: Side) -> SideTimes:
        months = tuple(found.get((side, name), Month(name)) for name in names)
        before = (found.get((side, months_before(name, 12)), Month("")) for name in names)
        return SideTimes(
            side=side,
            months=months,
            before=tuple(before),
            waits=await _waits(page, partner, side, months) if is_known[side] else (),
            promise=promises.get(side),
            is_known=is_known[side],
            quarters=quarters[side],
        )

    return await of("us"), await of("them")


def _shown(last: str, asked: Iterable[str]) -> list[str]:
    """The months shown: from the first in which anything was asked, six at least."""
    names = [months_before(last, n) for n in reversed(range(MONTHS))]
    first = min((name for name in asked if name >= names[0]), default=names[0])
    return names[min(names.index(first), MONTHS - 6) :]


def _month(row: Row) -> Month:
    reached = row["p50_reached"]
    return Month(
        month=row["period"],
        asks=row["asks"],
        p50=row["p50_seconds"],
        p90=row["p90_seconds"],
        is_half=None if reached is None else bool(reached),
    )


async def _promises(page: Page, key: str) -> dict[str, Promise | None]:
    rows = await page.reader.rows(_STANDARDS, partner=key)
    return {"us" if row["standard"] == "we_answer_within" else "them": Promise.of(row["target"])
            for row in rows}  # fmt: skip


async def _quarters(page: Page, key: str, names: Sequence[str]) -> dict[Side, tuple[Quarter, ...]]:
    ends = {"first": _quarter(names[0]), "last": _quarter(names[-1])}
    rows = await page.reader.rows(_QUARTERS, partner=key, **ends)
    return {side: tuple(Quarter(_begins(row["period"], names[0]), row["asks"], row["p50_seconds"])
                        for row in rows if row["responder"] == side) for side in SIDES}  # fmt: skip


def _quarter(month: str) -> str:
    return f"{month[:4]}-Q{(int(month[5:]) + 2) // 3}"


def _begins(quarter: str, first: str) -> int:
    """How many months after another one a quarter begins."""
    years, month = int(quarter[:4]) - int(first[:4]), 3 * int(quarter[6:]) - 2
    return 12 * years + month - int(first[5:])


async def ours_are_known(page: Page, key: str) -> bool:
    """Whether enough of what we sent is held to speak of our own response times."""
    sql = "SELECT sent_coverage_high AS high FROM partner_standing WHERE partner = :partner"
    row = await page.reader.row(sql, partner=key)
    return row is None or row["high"] is None or row["high"] >= ENOUGH_HELD


async def _waits(page: Page, partner: Row, side: Side, months: Sequence[Month]) -> tuple[Wait, ...]:
    few = [month.month for month in months if 0 < month.asks < FEWEST_ASKS]
    if not few:
        return ()
    ends: dict[str, Any] = {}
    for n, month in enumerate(few):
        ends[f"a{n}"], ends[f"b{n}"] = _ends(month, page.times.zone)
    either = " OR ".join(f"asked_at >= :a{n} AND asked_at < :b{n}" for n in range(len(few)))
    sql = _WAITS.format(of_a_partner=OF_A_PARTNER, figures=IN_FIGURES, months=either)
    rows = await page.reader.rows(sql, partner=partner["partner"], side=side, **ends)
    now, give_up = as_of(page, partner), int((page.about or {})["give_up_after_seconds"])
    return tuple(
        Wait(
            at=_position(instant(row["asked_at"]).astimezone(page.times.zone), months[0].month),
            seconds=min(int((now - instant(row["asked_at"])).total_seconds()), give_up)
            if row["response_seconds"] is None
            else row["response_seconds"],
            is_answered=row["outcome"] == "answered",
        )
        for row in rows
    )


def _position(local: datetime, first: str) -> float:
    """Months since the first one began, with the part of its own that had gone by."""
    months = (local.year - int(first[:4])) * 12 + local.month - int(first[5:])
    return months + (local.day - 1 + local.hour / 24) / monthrange(local.year, local.month)[1]


def _ends(month: str, zone: ZoneInfo) -> tuple[str, str]:
    """The instants at which a month of the zone begins and the next one does."""
    first = [datetime.fromisoformat(f"{name}-01").replace(tzinfo=zone)
             for name in (month, months_before(month, -1))]  # fmt: skip
    begins, ends = map(text, first)
    return begins, ends

"""Who a figure is made of: people who wrote, weeks in which both sides did, introductions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from inbox_agent.datasette_plugin.why.behind import Behind, Explained
from inbox_agent.datasette_plugin.why.cuts import Cut
from inbox_agent.datasette_plugin.why.lists import ROWS, Listing, Wanted
from inbox_agent.datasette_plugin.why.waits import letters_left_out
from inbox_agent.datasette_plugin.why.windows import Days
from inbox_agent.words import counted

_WEEK = timedelta(days=7)
_WEEKS = 53


async def of_people(behind: Behind, side: str, said: Sequence[str] = ()) -> Explained:
    """The people of one side who wrote in the window, those who wrote most first."""
    letters = behind.cut("messages", side=side, counts=1).between(
        "at", behind.days.begins_at, behind.days.ends_at
    )
    source, arguments = letters.sql
    rows = await behind.page.reader.rows(
        "SELECT from_address, count(*) AS letters, min(at) AS first_at, max(at) AS last_at"
        f" {source} GROUP BY from_address ORDER BY letters DESC, from_address LIMIT {ROWS}",
        **arguments,
    )
    total = await behind.lists.count(letters)
    listing = _counted_letters(
        behind,
        letters,
        kind="people",
        title="Who wrote in these days, by how much",
        rows=list(_carried(rows, total)),
        note=f"{counted(total, 'letter')} in all.",
        marked=("carries", True),
    )
    left_out = await letters_left_out(behind, behind.days)
    return Explained(said=[*said, *_hidden(side, rows)], made_of=[listing], left_out=left_out)


def _counted_letters(behind: Behind, letters: Cut, **more: Any) -> Listing:
    """A list of what letters were counted by; the table and the download are of the letters."""
    return Listing(
        name="rows",
        total=len(more["rows"]),
        table=letters.page(behind.page.datasette, _sort="at"),
        csv=letters.csv(behind.page.datasette),
        **more,
    )


def _carried(rows: Iterable[Mapping[str, Any]], total: int) -> Iterable[Mapping[str, Any]]:
    reached = 0
    for row in rows:
        carries = 5 * reached < 4 * total
        reached += row["letters"]
        yield {**row, "share": row["letters"] / total, "carries": carries}


def _hidden(side: str, rows: Sequence[Mapping[str, Any]]) -> Sequence[str]:
    if side == "us" and [row["from_address"] for row in rows] == ["us"]:
        return ["Our own people are not shown, so they stand in one row."]
    if any(row["from_address"] and "@" not in row["from_address"] for row in rows):
        return ["People are not shown in full; two who look alike stand in one row."]
    return []


# -- weeks ----------------------------------------------------------------------------------


async def of_weeks(behind: Behind) -> Explained:
    """The last 52 complete weeks and the present one: who wrote in which."""
    calendar = behind.calendar
    this_week = calendar.today - timedelta(days=calendar.today.weekday())
    weeks = [this_week - number * _WEEK for number in range(_WEEKS)]
    begins = [calendar.midnight(week) for week in weeks]
    letters = behind.cut("messages", counts=1, at__gte=begins[-1])
    wrote = await _by_week(behind, letters, sorted({each[11:] for each in begins}))
    rows = [_week(week, wrote.get((week, "us"), 0), wrote.get((week, "them"), 0)) for week in weeks]
    listing = _counted_letters(
        behind,
        letters,
        kind="weeks",
        title="Weeks from Monday to Sunday, the latest first",
        rows=rows,
        note=f"{counted(sum(row['is_both'] for row in rows), 'week')} with letters of both.",
        marked=("is_both", True),
    )
    said = [
        "Reckoned over the last 52 complete weeks, or those since the first letter.",
        "The week that is going on adds to a row of weeks, and never breaks it.",
    ]
    days = Days(begins[-1], calendar.window.ends_at, weeks[-1], calendar.today)
    return Explained(said=said, made_of=[listing], left_out=await letters_left_out(behind, days))


def _week(week: date, us: int, them: int) -> Mapping[str, Any]:
    return {"week": week, "us": us, "them": them, "is_both": bool(us and them)}


async def _by_week(
    behind: Behind, letters: Cut, midnights: Sequence[str]
) -> Mapping[tuple[date, str], int]:
    """Letters by the Monday of their week and side, in one pass.

    A day of UTC is cut at the times at which days of the zone begin in winter and in summer, so
    that each piece lies in one of them.
    """
    source, arguments = letters.sql
    cuts = "".join(f" + (substr(at, 12) >= '{time}')" for time in midnights)
    rows = await behind.page.reader.rows(
        f"SELECT side, min(at) AS at, count(*) AS n {source}"
        f" GROUP BY side, substr(at, 1, 10), 0{cuts}",
        **arguments,
    )
    found: dict[tuple[date, str], int] = {}
    for row in rows:
        day = datetime.fromisoformat(row["at"]).astimezone(behind.calendar.zone).date()
        key = (day - timedelta(days=day.weekday()), row["side"])
        found[key] = found.get(key, 0) + row["n"]
    return found


# -- introductions, and what we see of our own mail -------------------------------------------


async def of_introductions(behind: Behind) -> Explained:
    """Those of the 12 months before the last midnight."""
    days = behind.calendar.months_12
    is_received = int(behind.figure.name == "introductions_received")
    all_of_them = behind.cut("introductions", received=is_received)
    cut = all_of_them.between("introduced_at", days.begins_at, days.ends_at)
    earlier = all_of_them.and_(introduced_at__lt=days.begins_at)
    lines = [await behind.left_out(earlier, "introductions", "longer than 12 months ago")]
    wanted = Wanted("rows", "introductions", "Introductions", cut, "introduced_at, newcomer")
    return Explained(
        said=["Counted by the letter that introduced, up to the last midnight."],
        made_of=await behind.listed(wanted),
        left_out=[line for line in lines if line],
    )


async def of_coverage(behind: Behind) -> Explained:
    """Month by month, and their letters that prove what we sent."""
    days = behind.calendar.months_12
    letters = behind.cut("messages").between("at", days.begins_at, days.ends_at)
    missing, held = letters.and_(proves="missing"), letters.and_(proves="held")
    counts = [await behind.lists.count(cut) for cut in (held, missing)]
    said = [
        f"In 12 months they answered {counted(sum(counts), 'letter')} of ours.",
        f"{counts[0]} of those are in the mailbox.",
    ]
    if behind.figure.value is None:
        said.append("With fewer than 10 no share is told.")
    by_month = behind.cut("sent_coverage", month__gte=f"{days.first:%Y-%m}")
    months = Wanted("rows", "months", "By the month of their answer", by_month, "month")
    proofs = (
        ("missing", "Their answers to letters of ours that are not in the mailbox", missing),
        ("held", "Their answers to letters of ours that are in the mailbox", held),
    )
    wanted = [
        Wanted(name, "letters", title, cut, "at, message", sort={"_sort": "at"})
        for name, title, cut in proofs
    ]
    return Explained(said=said, made_of=await behind.listed(months, *wanted))

"""The waits a figure is made of, those it is not made of, and the letters that count in none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import exp
from typing import Any

from inbox_agent.datasette_plugin.enough import is_unseen
from inbox_agent.datasette_plugin.why.behind import Behind, Explained, LeftOut
from inbox_agent.datasette_plugin.why.cuts import Cut
from inbox_agent.datasette_plugin.why.lists import ROWS, Listing, Wanted
from inbox_agent.datasette_plugin.why.windows import Days
from inbox_agent.datasette_plugin.why.words import Sums, sentences
from inbox_agent.figure_names import WHY_NOT_COUNTED, Responder
from inbox_agent.kinds import WHY_NOT
from inbox_agent.words import counted

#: Which asks that count a figure is made of, where that is not all, and what the others are.
_OF: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "answered": ({"outcome": "answered"}, {"outcome__not": "answered"}, "not answered"),
    "open": ({"outcome": "open"}, {"outcome__not": "open"}, "not open any more"),
    "lapsed": ({"outcome": "lapsed"}, {"outcome__not": "lapsed"}, "not given up on"),
    "naive_p50_seconds": ({"outcome": "answered"}, {"outcome__not": "answered"}, "not answered"),
    "naive_mean_seconds": ({"outcome": "answered"}, {"outcome__not": "answered"}, "not answered"),
    "met_standard_share": (
        {"met_standard__notnull": 1},
        {"met_standard__isnull": 1},
        "without a due time, or not decided yet",
    ),
}
#: The column that a figure is one value of.
_MEASURED = {
    "p50_seconds": "response_seconds",
    "p90_seconds": "response_seconds",
    "answered_p50_seconds": "response_seconds",
    "naive_p50_seconds": "response_seconds",
    "p50_business_seconds": "business_seconds",
    "p90_business_seconds": "business_seconds",
}
_WHO = {"us": "They asked, we answer", "them": "We asked, they answer"}
_AGE = "strftime('%s', :as_of) - strftime('%s', asked_at)"


async def of_asks(behind: Behind, side: Responder) -> Explained:
    """A figure of the asks of one side in the window or a period."""
    base = behind.figure.name.removeprefix("ours_").removeprefix("theirs_")
    asks = asks_of(behind, side, behind.days)
    column = _MEASURED.get(base, "response_seconds")
    sums = await _sums(behind, side, asks.and_(counts=1), column)
    here, others, why = _OF.get(base, ({}, {}, ""))
    value = behind.figure.value
    made_of = await behind.listed(
        waits(side, asks.and_(counts=1, **here), column, value if base in _MEASURED else None)
    )
    said = list(sentences(base, value, sums, side))
    lines = [await behind.left_out(asks.and_(counts=1, **others), "asks", why)] if why else []
    lines += await asks_left_out(behind, (side,), behind.days)
    return Explained(
        said=[*said, *await _marked(behind, base, asks.and_(counts=1, **here), made_of[0].total)],
        made_of=made_of,
        left_out=[line for line in lines if line] + await letters_left_out(behind, behind.days),
        others=await behind.listed(passed_over(behind, side, behind.days)),
    )


def asks_of(behind: Behind, side: str, days: Days) -> Cut:
    """All asks of one direction in some days, counted or not."""
    return behind.cut("response_times", responder=side).between(
        "asked_at", days.begins_at, days.ends_at
    )


def waits(side: Responder, cut: Cut, column: str = "response_seconds", value: Any = None) -> Wanted:
    """The waits of one side, the shortest first, then what was not answered, the oldest first."""
    return Wanted(
        name=side,
        kind="waits",
        title=_WHO[side],
        cut=cut,
        order=f"{column} IS NULL, {column}, asked_at, response",
        marked=(column, value) if value is not None else None,
        counted_by=column,
        sort={"_sort": column},
    )


async def _sums(behind: Behind, side: str, cut: Cut, column: str) -> Sums:
    value = behind.figure.value if isinstance(behind.figure.value, int) else -1
    row = await behind.one(
        "count(*) AS asks, sum(outcome = 'answered') AS answered, sum(outcome = 'open') AS open,"
        " sum(outcome = 'lapsed') AS lapsed, count(met_standard) AS known,"
        " sum(met_standard) AS met, sum(basis = 'inferred') AS inferred,"
        f" sum(response_seconds) AS total, sum({column} <= :value) AS reached,"
        f" sum(outcome = 'open' AND ({_is_calendar(column)} IS 0 OR {_AGE} < :value)) AS younger",
        cut,
        value=value,
        as_of=behind.figures.standing.get("as_of"),
    )
    standing = behind.figures.standing
    return Sums(
        asks=row["asks"],
        **{name: row[name] or 0 for name in ("answered", "open", "lapsed", "known", "met")},
        inferred=row["inferred"] or 0,
        total_seconds=row["total"] or 0,
        reached=row["reached"] or 0,
        younger=row["younger"] or 0,
        is_unknown=side == "us" and is_unseen(standing.get("sent_coverage_high")),
        give_up_seconds=behind.give_up_seconds,
    )


def _is_calendar(column: str) -> int:
    """Only the age by the calendar is known here: in working time each open ask may be younger."""
    return int(column == "response_seconds")


async def _marked(behind: Behind, base: str, cut: Cut, total: int) -> Sequence[str]:
    """Which page of a long list it stands on."""
    if total <= ROWS or base not in _MEASURED or behind.figure.value is None:
        return []
    shorter = await behind.lists.count(cut.and_(**{f"{_MEASURED[base]}__lt": behind.figure.value}))
    if shorter < ROWS:
        return []
    return [f"It stands on page {shorter // ROWS + 1} of the list."]


# -- what is left out -----------------------------------------------------------------------


async def asks_left_out(
    behind: Behind, sides: Sequence[Responder], days: Days
) -> list[LeftOut | None]:
    """The asks of these sides outside the days, and those in them that no figure is made of."""
    lines = []
    for side in sides:
        whose = "" if len(sides) == 1 else f" ({_WHO[side]})"
        lines += await asks_outside(behind, side, days, whose)
        here = asks_of(behind, side, days)
        for row in await behind.grouped("why_not", here.and_(counts=0), "why_not"):
            cut = here.and_(why_not=row["why_not"])
            words = f"{WHY_NOT_COUNTED.get(row['why_not'], row['why_not'])}{whose}"
            lines.append(behind.line(row["n"], cut, "asks", words))
    return lines


async def asks_outside(
    behind: Behind, side: Responder, days: Days, whose: str = ""
) -> list[LeftOut | None]:
    """The asks of one side before the days and after them."""
    asks = behind.cut("response_times", responder=side)
    before, after = "the window", "since the last midnight, when the window ends"
    if behind.period:
        before, after = "it", "after it"
    earlier, later = asks.and_(asked_at__lt=days.begins_at), asks.and_(asked_at__gte=days.ends_at)
    return [
        await behind.left_out(earlier, "asks", f"asked before {before}{whose}"),
        await behind.left_out(later, "asks", f"asked {after}{whose}"),
    ]


def passed_over(behind: Behind, side: Responder, days: Days) -> Wanted:
    """The asks in some days that no figure is made of, with the reason of each."""
    return Wanted(
        name=f"left_out_{side}",
        kind="passed_over",
        title=f"{_WHO[side]}: asks that are in no figure",
        cut=asks_of(behind, side, days).and_(counts=0),
        order="why_not, asked_at, response",
    )


async def letters_left_out(behind: Behind, days: Days) -> list[LeftOut]:
    """The letters of some days that count in nothing, by reason and rule; the undated ones, too."""
    letters = behind.cut("messages", counts=0)
    meaning = dict(WHY_NOT.values())
    found = []
    for cut in (letters.between("at", days.begins_at, days.ends_at), letters.and_(at__isnull=1)):
        for row in await behind.grouped("why_not, rule", cut, "why_not, rule"):
            here = cut.and_(why_not=row["why_not"], rule=row["rule"])
            words = f"{row['why_not']}, by rule {row['rule']}: {meaning.get(row['why_not'], '')}"
            found.append(behind.line(row["n"], here, "letters", words))
    return found


async def of_both_sides(behind: Behind) -> Explained:
    """Who waits longer: the waits of both sides, each with its typical one marked."""
    standing = behind.figures.standing
    name = "answered_p50_seconds" if standing.get("fairness_basis") == "answered" else "p50_seconds"
    made_of: list[Listing] = []
    said = []
    for side, prefix in _SIDES:
        value = standing.get(f"{prefix}{name}")
        cut = asks_of(behind, side, behind.days).and_(counts=1)
        made_of += await behind.listed(replace(waits(side, cut, value=value), word="typical"))
        said.append(f"{_WHO[side]}: {counted(made_of[-1].total, 'ask')}.")
    sides = [side for side, _ in _SIDES]
    return Explained(
        said=[*said, _fair(standing.get("fairness"))],
        made_of=made_of,
        left_out=[line for line in await asks_left_out(behind, sides, behind.days) if line]
        + await letters_left_out(behind, behind.days),
        others=await behind.listed(*(passed_over(behind, side, behind.days) for side in sides)),
    )


def _fair(fairness: float | None) -> str:
    if fairness is None:
        return (
            "It is empty: fewer than 5 asks or 5 answers on either side, or how fast we answer is"
            " unknown."
        )
    who = "they take" if fairness > 0 else "we take"
    return (
        f"By the two marked below {who} {exp(abs(fairness)):.1f} times as long (each plus a"
        " minute); the figure is the natural logarithm of their time over ours."
    )


_SIDES: tuple[tuple[Responder, str], ...] = (("us", "ours_"), ("them", "theirs_"))

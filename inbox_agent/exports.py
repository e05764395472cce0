"""Published tables and views as files for reviews, CSV or Excel, all from one snapshot."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from inbox_agent.catalogue import TABLES, VIEWS
from inbox_agent.errors import ConfigError
from inbox_agent.safe_cells import safe_cell
from inbox_agent.sqlite_files import must_exist, published_snapshot
from inbox_agent.workbooks import about_lines, sheet_of, write_workbook

#: Excel takes a file for UTF-8 only with a byte order mark.
_ENCODING = "utf-8-sig"
_WORKBOOK = "partners.xlsx"


def exportable() -> tuple[str, ...]:
    """The names of the tables and views people export: all that are not hidden."""
    tables = (table.name for table in TABLES if not table.hidden)
    return (*tables, *(view.name for view in VIEWS if not view.hidden))


def export_csv(database: Path, names: Sequence[str], directory: Path) -> list[tuple[Path, int]]:
    """Write one file per table or view (all when none is named): (path, rows) of each.

    One read transaction, so that all files are of the same generation. Text that a spreadsheet
    would run as a formula is made harmless. Raises ConfigError for a name that is none.
    """
    wanted = _wanted(names)
    _make(database, directory)
    with published_snapshot(database) as connection:
        return [_export(connection, name, directory) for name in wanted]


def export_xlsx(database: Path, names: Sequence[str], directory: Path) -> list[tuple[Path, int]]:
    """Write one workbook, ``partners.xlsx``, with a sheet per table or view: its path and rows.

    As `export_csv` in all else; its first sheet names the generation and the columns' meanings.
    """
    wanted = _wanted(names)
    _make(database, directory)
    path, unfinished = directory / _WORKBOOK, directory / f".{_WORKBOOK}.unfinished"
    with published_snapshot(database) as connection, _can_be_written(path):
        sheets = (sheet_of(connection, name) for name in wanted)
        try:
            with unfinished.open("wb") as file:
                count = write_workbook(file, about_lines(connection), sheets)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
    return [(path, count)]


def _make(database: Path, directory: Path) -> None:
    must_exist(database)
    with _can_be_written(directory):
        directory.mkdir(parents=True, exist_ok=True)


@contextmanager
def _can_be_written(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise ConfigError(f"{path}: can't be written: {exc.strerror}; choose another --to") from exc


def _wanted(names: Sequence[str]) -> Sequence[str]:
    known = exportable()
    for name in names:
        if name not in known:
            raise ConfigError(f"there is no table {name!r}; there are: {', '.join(known)}")
    return names or known


def _export(connection: sqlite3.Connection, name: str, directory: Path) -> tuple[Path, int]:
    cursor = connection.execute(f'select * from "{name}"')  # noqa: S608 - a name we know
    path = directory / f"{name}.csv"
    unfinished = directory / f".{name}.csv.unfinished"
    with _can_be_written(path):
        try:
            count = _write(unfinished, cursor)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
    return path, count


def _write(path: Path, cursor: sqlite3.Cursor) -> int:
    count = 0
    with path.open("w", encoding=_ENCODING, newline="") as file:
        writer = csv.writer(file)
        writer.writerow(safe_cell(column[0]) for column in cursor.description)
        for row in cursor:
            writer.writerow(_cells(row))
            count += 1
    return count


def _cells(row: Iterable[object]) -> list[object]:
    return [safe_cell(value) if isinstance(value, str) else value for value in row]

"""Any table or view of `partners.db` as an Excel workbook: whole, or as filtered on its page.

Excel takes no file it has not the end of, so a workbook is written whole before it is sent: in a
thread of its own, one at a time, from one read transaction, into a file that has no name. Few may
be under way at the same time, those that wait and those on their way out with them: each holds a
file, and who waits behind many would give up anyway.
"""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlencode
from weakref import WeakKeyDictionary

from datasette.filters import Filters
from datasette.utils.asgi import BadRequest, NotFound, Response

from inbox_agent.catalogue import DATABASE, TABLES, VIEWS, Table, View
from inbox_agent.datasette_plugin.access import must_view, must_view_table
from inbox_agent.datasette_plugin.page import HEADERS
from inbox_agent.workbooks import Sheet, about_lines, sheet_of, write_workbook

if TYPE_CHECKING:
    from datasette.app import Datasette

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: Arguments of a table's page that choose rows in a way a workbook can't follow.
CHOOSES_ROWS = ("_search", "_where", "_through")
_CHUNK_OCTETS = 256 * 1024
_RELATIONS: tuple[Table | View, ...] = (*TABLES, *VIEWS)
_NAMES = frozenset(item.name for item in _RELATIONS)
#: So many workbooks are under way; who asks for more is asked to come back after so long.
MOST_UNDER_WAY, RETRY_SECONDS = 4, 30
_BUSY = "503: several workbooks are being made at the moment; try again in half a minute\n"
_PLACES: WeakKeyDictionary[Datasette, asyncio.Semaphore] = WeakKeyDictionary()
_writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="workbook")

#: Makes what the first sheet says, and the sheets, of a snapshot.
Make = Callable[[sqlite3.Connection], tuple[Mapping[str, object], Sequence[Sheet]]]


@dataclass(frozen=True, slots=True)
class Download:
    """A file on its way to a browser; it is gone once it was sent."""

    file: IO[bytes]
    name: str
    places: asyncio.Semaphore

    async def asgi_send(self, send: Any) -> None:
        """What Datasette calls of an answer."""
        try:
            with self.file as file:
                await self._sent(file, send)
        finally:
            self.places.release()

    async def _sent(self, file: IO[bytes], send: Any) -> None:
        headers = {
            **HEADERS,
            "content-type": CONTENT_TYPE,
            "content-disposition": f'attachment; filename="{self.name}"',
            "content-length": str(file.seek(0, 2)),
        }
        file.seek(0)
        raw = [(key.encode(), value.encode()) for key, value in headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": raw})
        while chunk := await asyncio.to_thread(file.read, _CHUNK_OCTETS):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def table_workbook(datasette: Datasette, request: Any) -> Download | Response:
    """One table or view; the filters of its page hold here, too."""
    await must_view(datasette, request)
    relation = unquote(request.url_vars["table"])
    if relation not in _NAMES:
        raise NotFound("There is no such table here.")
    await must_view_table(datasette, request, relation)
    database = datasette.get_database(DATABASE)
    if not (await database.table_exists(relation) or relation in await database.view_names()):
        raise NotFound("Nothing has been published yet.")
    columns = await database.table_columns(relation)
    conditions, arguments = conditions_of(relation, columns, request.query_string)

    def make(connection: sqlite3.Connection) -> tuple[Mapping[str, object], Sequence[Sheet]]:
        about = about_lines(connection)
        chosen = {"rows chosen": request.query_string} if conditions else {}
        return {**about, **chosen}, [sheet_of(connection, relation, conditions, arguments)]

    return await workbook(datasette, make, relation)


def workbook_path(datasette: Datasette, table: str, given: Sequence[tuple[str, str]]) -> str | None:
    """The address of the workbook of a table's page; None where it would hold more than that."""
    if table not in _NAMES or any(key.startswith(CHOOSES_ROWS) for key, _ in given):
        return None
    filters = [(key, value) for key, value in given if not key.startswith("_")]
    query = f"?{urlencode(filters)}" if filters else ""
    return f"{datasette.urls.path(f'/-/xlsx/{table}.xlsx')}{query}"


async def workbook(datasette: Datasette, make: Make, stem: str) -> Download | Response:
    """A workbook made of one snapshot and named after its generation; 503 behind many others."""
    path = Path(datasette.get_database(DATABASE).path)
    places = _PLACES.setdefault(datasette, asyncio.Semaphore(MOST_UNDER_WAY))
    if places.locked():
        headers = {**HEADERS, "retry-after": str(RETRY_SECONDS)}
        return Response(_BUSY, 503, headers, "text/plain; charset=utf-8")
    await places.acquire()
    loop = asyncio.get_running_loop()
    try:
        file, generation = await loop.run_in_executor(_writer, _written, path, make)
    except BaseException:
        places.release()
        raise
    return Download(file, f"{stem}-generation-{generation}.xlsx", places)


def _written(path: Path, make: Make) -> tuple[IO[bytes], object]:
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed when it was sent
    try:
        uri = f"{path.resolve().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            connection.execute("begin")
            about, sheets = make(connection)
            write_workbook(file, about, sheets)
    except BaseException:
        file.close()
        raise
    return file, about.get("generation", 0)


def conditions_of(
    relation: str, columns: Sequence[str], query: str
) -> tuple[list[str], dict[str, Any]]:
    """The filters of a table's page as SQL conditions; what only shapes a page is passed over.

    Raises BadRequest where not every one can be followed: a workbook must not hold more than was
    asked for.
    """
    given = parse_qsl(query, keep_blank_values=True)
    if any(key.startswith(CHOOSES_ROWS) for key, _ in given):
        raise BadRequest("Rows that were searched for can't be downloaded as Excel; filter them.")
    pairs = [(key, value) for key, value in given if not key.startswith("_")]
    unknown = [key for key, _ in pairs if key.rpartition("__")[0] not in columns]
    unknown = [key for key in unknown if key not in columns]
    conditions, arguments = Filters(pairs).build_where_clauses(relation)
    if unknown or len(conditions) != len(pairs):
        raise BadRequest("There is no such filter here.")
    return list(conditions), dict(arguments)

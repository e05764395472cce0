"""CSV downloads: safe to open in a spreadsheet, whole, and named after their generation.

Three things Datasette leaves undone are done in one place, an ASGI wrapper:

* cells that begin like a formula are neutralised (`safe_cells`);
* a `.csv` address without a page of its own gives every row; Datasette stops at a row limit
  without a sign in the file;
* when Datasette fails in the middle it writes the error as a last line and ends the file as if
  nothing were amiss. Here the connection is broken off, so that the download fails.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from inbox_agent.datasette_plugin.reading import Reader
from inbox_agent.safe_cells import StreamNeutraliser

if TYPE_CHECKING:
    from datasette.app import Datasette

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Any, Send], Awaitable[None]]

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class DownloadCutShort(Exception):
    """A CSV ended in the middle of a line; the browser is to see a failed download."""


def wrap(app: App, datasette: Datasette) -> App:
    """The application with every CSV made safe, whole and named."""

    async def wrapped(scope: Scope, receive: Any, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        is_csv = scope["path"].endswith(".csv")
        scope = _whole(scope) if is_csv else scope
        download = _Download(send, is_csv, await _generation(datasette) if is_csv else None)
        await app(scope, receive, download.send)

    return wrapped


def _whole(scope: Scope) -> Scope:
    """The request, asking for all rows unless it asks for a page of its own."""
    query = scope.get("query_string", b"").decode("latin-1")
    given = parse_qs(query, keep_blank_values=True)
    more = [] if "_size" in given else ["_size=max"]
    if "_next" in given or given.get("_size", ["max"]) != ["max"]:
        return scope
    more += [] if "_stream" in given else ["_stream=on"]
    return {**scope, "query_string": "&".join(filter(None, [query, *more])).encode("latin-1")}


async def _generation(datasette: Datasette) -> int | None:
    """Which publication of the tables is being read; None when there is none yet."""
    about = await Reader(datasette).about()
    return about["generation"] if about else None


class _Download:
    """One response on its way out: untouched, unless it turns out to be CSV."""

    def __init__(self, send: Send, is_csv: bool, generation: int | None) -> None:
        self._send = send
        self._is_csv = is_csv
        self._generation = generation
        self._neutraliser: StreamNeutraliser | None = None
        self._preamble = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            message = self._start(message)
        elif message["type"] == "http.response.body" and self._neutraliser:
            message = self._body(message, self._neutraliser)
        await self._send(message)

    def _start(self, message: Message) -> Message:
        headers = {name.lower(): value for name, value in message.get("headers", [])}
        content_type = headers.get(b"content-type", b"")
        is_download = content_type.startswith(b"text/csv")
        is_text = self._is_csv and content_type.startswith(b"text/plain")
        is_csv = message["status"] == 200 and (is_download or is_text)
        # What is packed already can't be read; a packer belongs outside of this wrapper.
        if b"content-encoding" in headers or not is_csv:
            return message
        self._neutraliser = StreamNeutraliser()
        self._preamble = _BYTE_ORDER_MARK if is_download else b""  # Excel reads UTF-8 by it
        changed = [self._header(name, value) for name, value in message["headers"]]
        return {**message, "headers": [header for header in changed if header]}

    def _header(self, name: bytes, value: bytes) -> tuple[bytes, bytes] | None:
        if name.lower() == b"content-length":
            return None
        if name.lower() == b"content-disposition" and self._generation is not None:
            value = value.replace(b'.csv"', b'-generation-%d.csv"' % self._generation)
        return name, value

    def _body(self, message: Message, neutraliser: StreamNeutraliser) -> Message:
        body = neutraliser.feed(message.get("body", b""))
        if not message.get("more_body") and neutraliser.is_inside_record:
            raise DownloadCutShort(
                "a CSV download ended in the middle: see the log line before this"
            )
        body, self._preamble = self._preamble + body, b""
        return {**message, "body": body}

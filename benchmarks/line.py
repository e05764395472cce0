"""A line to a server on which every octet takes its time, and is counted.

The way there and the way back take half of the delay each; nothing is lost, and nothing slowed.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_HOST = "127.0.0.1"


@dataclass
class Line:
    """Where it begins, and what went over it: octets, and how often we spoke and had to wait."""

    port: int = 0
    up: int = 0
    down: int = 0
    turns: int = 0
    _is_ours: set[int] = field(default_factory=set, repr=False)

    def clear(self) -> None:
        """Count anew."""
        self.up = self.down = self.turns = 0

    def count(self, connection: int, octets: int, *, is_up: bool) -> None:
        """So many octets of a connection; a turn begins where we speak after the server did."""
        if is_up:
            self.up += octets
            self.turns += connection not in self._is_ours
            self._is_ours.add(connection)
        else:
            self.down += octets
            self._is_ours.discard(connection)


@contextmanager
def line_to(port: int, delay_seconds: float = 0.0) -> Iterator[Line]:
    """A line to a server on this computer, with this round trip, for the block."""
    line, ready = Line(), threading.Event()
    over: list[Callable[[], object]] = []

    async def serve() -> None:
        end, loop = asyncio.Event(), asyncio.get_running_loop()
        server = await asyncio.start_server(
            lambda *ours: _connection(line, port, delay_seconds / 2, *ours), _HOST, 0, backlog=512
        )
        line.port = server.sockets[0].getsockname()[1]
        over.append(lambda: loop.call_soon_threadsafe(end.set))
        ready.set()
        await end.wait()
        server.close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    ready.wait()
    try:
        yield line
    finally:
        over[0]()
        thread.join()


async def _connection(
    line: Line,
    port: int,
    delay: float,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    connection = id(writer)
    theirs, to_them = await asyncio.open_connection(_HOST, port)
    with suppress(asyncio.CancelledError):
        await asyncio.gather(
            _pump(line, delay, (reader, to_them), connection, is_up=True),
            _pump(line, delay, (theirs, writer), connection, is_up=False),
        )


async def _pump(
    line: Line,
    delay: float,
    ends: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    connection: int,
    *,
    is_up: bool,
) -> None:
    reader, writer = ends
    loop = asyncio.get_running_loop()
    with suppress(ConnectionError):
        while data := await reader.read(65_536):
            line.count(connection, len(data), is_up=is_up)
            loop.call_later(delay, writer.write, data)
    loop.call_later(delay, writer.close)

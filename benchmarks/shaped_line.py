"""A line that is long and narrow: so many seconds there and back, so many octets a second.

Each direction has a queue of its own; what does not fit into it waits at the sender, as with TCP.
It is a process of its own, so that it takes no turn from whom it serves.
"""

from __future__ import annotations

import multiprocessing
import queue
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized
from typing import Any

HOST = "127.0.0.1"
_PIECE = 8_192
#: What waits before the narrow place, in seconds: as a router's memory.
_QUEUED_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Line:
    """Where to connect, and how many octets came down."""

    port: int
    down: Synchronized[int]


@contextmanager
def shaped_line(port: int, round_trip_seconds: float, octets_a_second: float) -> Iterator[Line]:
    """A line to the server at `port` of loopback, for the block."""
    listener = socket.create_server((HOST, 0), backlog=50)
    down: Any = multiprocessing.Value("q", 0)
    shape = round_trip_seconds / 2, octets_a_second
    child = multiprocessing.Process(target=_serve, args=(listener, port, shape, down), daemon=True)
    child.start()
    try:
        yield Line(listener.getsockname()[1], down)
    finally:
        child.terminate()
        child.join()
        listener.close()


def _serve(listener: socket.socket, port: int, shape: tuple[float, float], down: Any) -> None:
    while True:
        client, _ = listener.accept()
        server = socket.create_connection((HOST, port))
        for ends, count in (((server, client), down), ((client, server), None)):
            for each in ends:
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=_one_way, args=(*ends, shape, count), daemon=True).start()


def _one_way(
    source: socket.socket, sink: socket.socket, shape: tuple[float, float], n: Any
) -> None:
    delay, rate = shape
    under_way: queue.Queue[tuple[float, bytes]] = queue.Queue()
    threading.Thread(target=_deliver, args=(under_way, sink), daemon=True).start()
    free_at = time.monotonic()
    with suppress(OSError):
        while data := source.recv(_PIECE):
            if n is not None:
                n.value += len(data)
            now = time.monotonic()
            free_at = max(now, free_at) + len(data) / rate
            under_way.put((free_at + delay, data))
            time.sleep(max(0.0, free_at - now - _QUEUED_SECONDS))
    under_way.put((time.monotonic() + delay, b""))


def _deliver(under_way: queue.Queue[tuple[float, bytes]], sink: socket.socket) -> None:
    with suppress(OSError):
        while True:
            due, data = under_way.get()
            time.sleep(max(0.0, due - time.monotonic()))
            if not data:
                sink.shutdown(socket.SHUT_WR)
                return
            sink.sendall(data)

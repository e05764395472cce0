"""A proxy before the server that passes so many octets and then cuts, in one of four manners."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from faults.runs import forked

HOST = "127.0.0.1"
#: FIN: closed in good order. RST: torn down. stall: nothing passes either way any more, and both
#: ends stay open. one-way: nothing more passes from the side that was counted.
MANNERS = ("FIN", "RST", "stall", "one-way")
SIDES = ("server", "client")
_COUNTS_SECONDS = 10


@dataclass(frozen=True)
class Cut:
    """After `octets` from `side`, counted in each connection by itself."""

    side: str
    octets: int
    manner: str

    def __str__(self) -> str:
        return f"{self.manner} after {self.octets} octets from the {self.side}"


@dataclass(frozen=True)
class Proxy:
    """Where it listens, and where it passes things on to. It is started anew for each run."""

    listener: socket.socket
    server_port: int
    counts: Path

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    @contextmanager
    def running(self, cut: Cut | None = None) -> Iterator[None]:
        """Pass things on, cutting every connection there."""
        self.counts.unlink(missing_ok=True)
        child = forked(lambda: self._serve(cut), self.counts.with_name("proxy.log"))
        try:
            yield
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)

    def passed(self) -> dict[str, int]:
        """How many octets went through the last connection, by the side they came from.

        Asked for while the proxy still runs: it tells when both ends are closed.
        """
        until = time.monotonic() + _COUNTS_SECONDS
        while not self.counts.exists() and time.monotonic() < until:
            time.sleep(0.002)
        return dict(zip(SIDES, map(int, self.counts.read_text().split()), strict=True))

    def _serve(self, cut: Cut | None) -> int:
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self._relay, args=(client, cut), daemon=True).start()

    def _relay(self, client: socket.socket, cut: Cut | None) -> None:
        server = socket.create_connection((HOST, self.server_port))
        passed = relay({"server": server, "client": client}, cut)
        draft = self.counts.with_suffix(".new")
        draft.write_text(f"{passed['server']} {passed['client']}")
        draft.replace(self.counts)


def relay(ends: dict[str, socket.socket], cut: Cut | None) -> dict[str, int]:
    """Pass octets on, cut, and close both ends; gives how many passed, by side."""
    passed = dict.fromkeys(SIDES, 0)
    with ends["server"], ends["client"], contextlib.suppress(OSError):
        _until_cut(ends, cut, passed)
        if cut and passed[cut.side] == cut.octets:
            _cut(ends, cut)
    return passed


def _until_cut(ends: dict[str, socket.socket], cut: Cut | None, passed: dict[str, int]) -> None:
    """Pass octets on until an end closes or the cut is due; counts them in `passed`."""
    other = {"server": "client", "client": "server"}
    while cut is None or passed[cut.side] < cut.octets:
        readable, _, _ = select.select(list(ends.values()), [], [])
        for side, end in ends.items():
            if end not in readable:
                continue
            room = cut.octets - passed[side] if cut and cut.side == side else 65_536
            data = end.recv(min(room, 65_536)) if room else b""
            if not data:
                return
            ends[other[side]].sendall(data)
            passed[side] += len(data)


def _cut(ends: dict[str, socket.socket], cut: Cut) -> None:
    client = ends["client"]
    if cut.manner == "RST":  # RFC 9293 §3.10.5: with nothing to linger for, close is an abort
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if cut.manner in ("FIN", "RST"):
        return  # closed by the caller
    source = ends["client" if cut.side == "server" else "server"]
    while data := source.recv(65_536):  # until the end that is still heard gives up
        if cut.manner == "one-way":
            ends[cut.side].sendall(data)


def listening(server_port: int, counts: Path) -> Proxy:
    """A proxy on a port of its own."""
    return Proxy(socket.create_server((HOST, 0), backlog=50), server_port, counts)

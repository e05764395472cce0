"""The octets of one connection: kept alive, read with an eye on the clock, compressed."""

from __future__ import annotations

import io
import socket
import time
import zlib
from contextlib import suppress
from typing import Any

#: Seconds of silence before the first probe, between probes, and how many go unanswered before
#: the connection counts as dead (RFC 9293 §3.8.4). Routers forget silent connections.
KEEPALIVE_IDLE, KEEPALIVE_EVERY, KEEPALIVE_PROBES = 60, 20, 3

_RECEIVED_AT_ONCE = 65_536


def keep_alive(sock: socket.socket) -> None:
    """Have the system find out that the other end is gone, though nothing is being sent."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", KEEPALIVE_IDLE),
        ("TCP_KEEPINTVL", KEEPALIVE_EVERY),
        ("TCP_KEEPCNT", KEEPALIVE_PROBES),
    ):
        if hasattr(socket, name):  # not every system lets a program choose
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


class TimelyReader(io.RawIOBase):
    """Reads a socket until `due` (by the monotonic clock), whatever comes.

    A socket's own timeout is for each read; a server that sends an octet every half second
    never meets it.
    """

    def __init__(self, sock: socket.socket, due: float) -> None:
        self.sock = sock
        self.due = due

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what is there, at least one octet; 0 at the end. Raises TimeoutError, OSError."""
        left = self.due - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer took too long")
        patience = self.sock.gettimeout()
        self.sock.settimeout(left if patience is None else min(left, patience))
        try:
            return self.sock.recv_into(buffer)
        finally:
            self.sock.settimeout(patience)


class DeflatedSocket:
    """A socket whose octets are compressed in both directions (RFC 4978 §3).

    What is not about octets is that socket's own.
    """

    def __init__(self, sock: socket.socket, came: bytes) -> None:
        """Go on with `sock`; `came` was read from it already, compressed."""
        self._sock = sock
        self._came = came
        self._may_hold_more = False
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        self._deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)

    def sendall(self, data: bytes) -> None:
        """Send it, whole, and nothing is left in the compressor."""
        self._sock.sendall(self._deflater.compress(data) + self._deflater.flush(zlib.Z_SYNC_FLUSH))

    def recv_into(self, buffer: Any) -> int:
        """Read at least one octet; 0 at the end. Raises OSError, also for what is not deflated."""
        while True:
            inflated = self._inflated(len(buffer))
            if inflated:
                buffer[: len(inflated)] = inflated
                return len(inflated)
            if self._inflater.eof:
                return 0
            self._came = self._sock.recv(_RECEIVED_AT_ONCE)
            if not self._came:
                return 0

    def _inflated(self, most: int) -> bytes:
        """Up to so many octets of what came; none when it has all been given."""
        if not (self._came or self._may_hold_more):
            return b""
        try:
            inflated = self._inflater.decompress(self._came, most)
        except zlib.error as exc:
            raise OSError("what came is not compressed as it should be") from exc
        self._came = self._inflater.unconsumed_tail
        self._may_hold_more = len(inflated) == most
        return inflated

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


def waiting_in(buffered: io.BufferedReader[Any], sock: socket.socket) -> bytes:
    """What has come and was not read yet; nothing is waited for."""
    patience = sock.gettimeout()
    sock.settimeout(0)
    try:
        with suppress(OSError):
            return buffered.peek()
    finally:
        sock.settimeout(patience)
    return b""

"""The octets of one connection: kept alive, and read with an eye on the clock."""

from __future__ import annotations

import io
import socket
import time
from typing import Any

#: Seconds of silence before the first probe, between probes, and how many go unanswered before
#: the connection counts as dead (RFC 9293 §3.8.4). Routers forget silent connections.
KEEPALIVE_IDLE, KEEPALIVE_EVERY, KEEPALIVE_PROBES = 60, 20, 3


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

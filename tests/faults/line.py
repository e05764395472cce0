"""The line to a server, with moods: it passes, stalls, is down, or the server is out of sorts."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

HOST = "127.0.0.1"
#: What new connections meet, beside PASS; CODES are what the server says to every login.
PASS, STALL, DOWN, BYE = "pass", "stall", "down", "bye"
CODES = ("UNAVAILABLE", "AUTHENTICATIONFAILED")
#: How the connections there are end.
ENDS = ("FIN", "RST", "BYE")
_GOODBYE = b"* BYE [UNAVAILABLE] closed for now\r\n"
_LOOKS_SECONDS = 0.02


@dataclass
class Line:
    """A proxy whose mood may change at any time."""

    server_port: int
    listener: socket.socket
    mood: str = PASS
    #: How the connections begun before number `ended` end.
    end: str = "FIN"
    ended: int = 0
    begun: int = field(default=0)

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def cut(self, end: str) -> None:
        """End every connection there is."""
        self.end, self.ended = end, self.begun

    def serve(self) -> None:
        """Until the listener is shut."""
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                self.begun += 1
                threading.Thread(target=self._met, args=(client, self.begun), daemon=True).start()

    def _met(self, client: socket.socket, number: int) -> None:
        with client, contextlib.suppress(OSError):
            while self.mood == STALL and number > self.ended:
                time.sleep(_LOOKS_SECONDS)
            if self.mood == BYE:
                client.sendall(_GOODBYE)
            elif self.mood in CODES:
                _refuse(client, self.mood)
            elif self.mood == DOWN:
                _reset(client)
            else:
                with socket.create_connection((HOST, self.server_port)) as server:
                    self._relay(client, server, number)

    def _relay(self, client: socket.socket, server: socket.socket, number: int) -> None:
        other = {client: server, server: client}
        while number > self.ended:
            if self.mood == STALL:
                time.sleep(_LOOKS_SECONDS)
                continue
            for end in select.select([client, server], [], [], _LOOKS_SECONDS)[0]:
                data = end.recv(65_536)
                if not data:
                    return
                other[end].sendall(data)
        if self.end == "RST":
            _reset(client)
        elif self.end == "BYE":
            client.sendall(_GOODBYE)


def _reset(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _refuse(client: socket.socket, code: str) -> None:
    """Be a server that takes no login."""
    client.settimeout(2)
    client.sendall(b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hello\r\n")
    with client.makefile("rb") as lines:
        for line in lines:
            tag, _, command = line.rstrip().partition(b" ")
            said = b"OK done"
            if command.upper().startswith(b"AUTHENTICATE"):
                client.sendall(b"+ \r\n")
                lines.readline()
                said = f"NO [{code}] not now".encode()
            if command.upper() == b"CAPABILITY":
                client.sendall(b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n")
            client.sendall(tag + b" " + said + b"\r\n")


@contextmanager
def line_to(server_port: int) -> Iterator[Line]:
    """A line on a port of its own, for the block."""
    line = Line(server_port, socket.create_server((HOST, 0), backlog=50))
    thread = threading.Thread(target=line.serve)
    thread.start()
    try:
        yield line
    finally:
        line.mood = PASS
        line.cut("FIN")
        line.listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        line.listener.close()

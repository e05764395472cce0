"""The floor of a first read: the same fields drained by a plain socket, nothing looked at."""

from __future__ import annotations

import socket
from collections.abc import Iterator

from inbox_agent.imap_commands import FETCH_ITEMS

_AT_ONCE = 500
_RECEIVED = 1 << 18
_LAST = b"\r\nlast OK"


def drain(host: str, port: int, login: tuple[str, str], folders: tuple[str, ...]) -> int:
    """Have everything sent that a first read asks for; gives how many octets came."""
    with socket.create_connection((host, port)) as sock:
        sock.sendall(f"in LOGIN {login[0]} {login[1]}\r\n".encode())
        octets = sum(map(len, _until(sock, b"\r\nin OK")))
        for folder in folders:
            sock.sendall(f'open EXAMINE "{folder}"\r\n'.encode())
            said = b"".join(_until(sock, b"\r\nopen OK"))
            count = next(int(line.split()[1]) for line in said.split(b"\r\n") if b"EXISTS" in line)
            sock.sendall(_commands(count))
            octets += len(said) + sum(map(len, _until(sock, _LAST)))
    return octets


def _commands(count: int) -> bytes:
    """All of them at once, which is as far as pipelining goes."""
    fetches = "".join(
        f"f{low} FETCH {low}:{min(count, low + _AT_ONCE - 1)} {FETCH_ITEMS}\r\n"
        for low in range(1, count + 1, _AT_ONCE)
    )
    return f"{fetches}last NOOP\r\n".encode()


def _until(sock: socket.socket, end: bytes) -> Iterator[bytes]:
    tail = b"\r\n"
    while end not in tail:
        data = sock.recv(_RECEIVED)
        if not data:
            raise ConnectionError("the server hung up")
        tail = tail[-len(end) :] + data
        yield data

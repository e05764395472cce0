"""An IMAP server that says just what a test has it say, and a proxy that writes down what we say.

For faults no good server will produce (RFC 3501's grammar broken on purpose).
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

HOST = "127.0.0.1"
HANG_UP = b""
#: An answer: lines without their CRLF joined by it, ``{tag}`` for the tag; HANG_UP closes. One
#: that is too long, or has to take its time, is made piece by piece.
Answer = bytes | Callable[[bytes], bytes | Iterator[bytes]]

_POLITE: dict[str, Answer] = {
    "CAPABILITY": b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n{tag} OK done",
    "AUTHENTICATE": b"{tag} OK done",
    "LOGIN": b"{tag} OK done",
    "LIST": b'* LIST () "/" INBOX\r\n* LIST (\\Sent) "/" Sent\r\n{tag} OK done',
    "EXAMINE": b"* 3 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT 4] ok\r\n"
    b"{tag} OK [READ-ONLY] done",
    "UID SEARCH": b"* SEARCH\r\n{tag} OK done",
    "UID FETCH": b"{tag} OK done",
    "LOGOUT": b"* BYE bye\r\n{tag} OK done",
}


@dataclass
class ScriptedServer:
    """Where it listens, and the commands it was given, without their tags."""

    port: int = 0
    commands: list[bytes] = field(default_factory=list)


@contextlib.contextmanager
def scripted(
    answers: Mapping[str, Answer] | None = None, greeting: bytes = b"* OK hello"
) -> Iterator[ScriptedServer]:
    """Serve connections, one after the other; commands not in `answers` get a polite one."""
    script = {**_POLITE, **(answers or {})}
    seen = ScriptedServer()

    def serve(client: socket.socket) -> None:
        client.sendall(greeting + b"\r\n" if greeting else b"")
        if greeting.startswith(b"* BYE"):
            return
        with client.makefile("rb") as lines:
            for line in lines:
                tag, _, command = line.rstrip(b"\r\n").partition(b" ")
                seen.commands.append(command)
                if command.startswith(b"AUTHENTICATE"):
                    client.sendall(b"+ \r\n")
                    seen.commands.append(lines.readline().strip())
                said = _said(script, command)
                if said == HANG_UP:
                    return
                if not isinstance(said, bytes):
                    for piece in said:
                        client.sendall(piece.replace(b"{tag}", tag))
                    continue
                client.sendall(said.replace(b"{tag}", tag) + b"\r\n")
                if said.startswith(b"* BYE"):
                    return

    with _listening(serve) as seen.port:
        yield seen


def _said(script: Mapping[str, Answer], command: bytes) -> bytes | Iterator[bytes]:
    words = command.decode("latin-1").upper().split(" ")
    answer = script.get(" ".join(words[:2]), script.get(words[0], b"{tag} BAD what?"))
    return answer(command) if callable(answer) else answer


@contextlib.contextmanager
def recorded(port: int) -> Iterator[ScriptedServer]:
    """A proxy before the server at `port`: passes everything on, keeps the lines we sent."""
    seen = ScriptedServer()

    def serve(client: socket.socket) -> None:
        with socket.create_connection((HOST, port)) as server:
            back = threading.Thread(target=_pass_on, args=(server, client))
            back.start()
            pending = b""
            with contextlib.suppress(OSError):
                while data := client.recv(65536):
                    *lines, pending = (pending + data).split(b"\r\n")
                    seen.commands += [line.partition(b" ")[2] or line for line in lines]
                    server.sendall(data)
                server.shutdown(socket.SHUT_WR)
            back.join()

    with _listening(serve) as seen.port:
        yield seen


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def _listening(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    open_now: list[socket.socket] = []
    with socket.create_server((HOST, 0)) as listener:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    open_now.append(client)
                    with client, contextlib.suppress(OSError, ssl.SSLError):
                        serve(client)

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            # close() alone would leave accept() waiting
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            for client in open_now:
                with contextlib.suppress(OSError):
                    client.shutdown(socket.SHUT_RDWR)
            thread.join()
